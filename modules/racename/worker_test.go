package racename

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/notification"
	"galaxy/backend/platform/testkit"
)

func TestAPendingNameExpiresAtItsInstantSweptOrNot(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ada, bob := f.addUser(2), f.addUser(2)
	f.earn(ada, "Zorg")
	f.earn(ada, "Vogon")
	f.clock.Advance(ttl - time.Microsecond)
	f.sweep()
	require.Len(t, f.namesOf(ada), 2)
	f.register(ada, "Vogon") // in time, just
	f.clock.Advance(time.Microsecond)
	_, err := f.s.Register(t.Context(), ada, "Zorg")
	require.ErrorIs(t, err, ErrExpired)
	f.available(bob, "Zorg", Taken)
	f.sweep()
	require.Equal(t, []string{"registered Vogon"}, f.namesOf(ada))
	f.available(bob, "Zorg", Available)
	_, err = f.s.Register(t.Context(), ada, "Zorg")
	require.ErrorIs(t, err, ErrNotFound)
	told := f.intents.SentTo(ada, notification.KindRaceNameExpired)
	require.Len(t, told, 1)
	require.Equal(t, notification.RaceNameExpired{RaceName: "Zorg"}, told[0].Payload)
	f.checkKeys()
}

func TestAnExpiredNameThatIsReservedInAGameKeepsItsKeys(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ada := f.addUser(2)
	f.earn(ada, "Zorg")
	f.reserve(ada, "Zorg")
	f.clock.Advance(ttl)
	f.sweep()
	require.Equal(t, []string{"reserved Zorg"}, f.namesOf(ada))
	f.available(f.addUser(2), "Zorg", Taken)
	f.checkKeys()
}

func TestWhatWasRegisteredOrExtendedSinceTheSweeperLookedStays(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ada := f.addUser(2)
	f.earn(ada, "Zorg")
	f.earn(ada, "Vogon")
	later := noon.Add(ttl)
	due, err := f.s.expired(t.Context(), later, 10)
	require.NoError(t, err)
	require.Len(t, due, 2)
	f.register(ada, "Zorg")
	f.clock.Advance(time.Hour)
	f.earn(ada, "Vogon") // extends it
	for _, id := range append(due, uuid.New()) {
		require.NoError(t, f.s.expire(t.Context(), id, later))
	}
	require.Equal(t, []string{"registered Zorg", "pending_registration Vogon"}, f.namesOf(ada))
	require.Empty(t, f.intents.Intents(notification.KindRaceNameExpired))
}

func TestRegisteringAndExpiryHaveOneWinner(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for i := range 6 {
		ada, name := f.addUser(2), fmt.Sprintf("Zorg %d", i)
		f.earn(ada, name)
		f.clock.Advance(ttl - time.Microsecond)
		succeeded, _ := testkit.AtOnce(numbers(2), func(i int) error {
			if i == 0 {
				_, err := f.s.Register(t.Context(), ada, name)
				return err
			}
			f.clock.Advance(time.Microsecond)
			_, err := f.sweeper.RunOnce(t.Context())
			return err
		})
		want := []string{}
		if succeeded == 2 {
			want = append(want, "registered "+name)
		}
		require.Equal(t, want, f.namesOf(ada))
		f.checkKeys()
	}
}

func TestOnePassReleasesABatchAndAsksForTheNext(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ada := f.addUser(2)
	for i := range sweepBatch + 1 {
		f.earn(ada, fmt.Sprintf("Zorg %c%c", 'a'+i/10, 'a'+i%10))
	}
	f.clock.Advance(ttl)
	for _, want := range []struct {
		again bool
		left  int
	}{{true, 1}, {false, 0}} {
		again, err := f.sweeper.RunOnce(t.Context())
		require.NoError(t, err)
		require.Equal(t, want.again, again)
		require.Len(t, f.namesOf(ada), want.left)
	}
}

func TestANameThatCannotBeReleasedDelaysNobody(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ada := f.addUser(2)
	f.earn(ada, "Zorg")
	f.clock.Advance(time.Second)
	f.earn(ada, "Vogon")
	f.exec(`CREATE TABLE test_names (id uuid REFERENCES race_names)`)
	f.exec(`INSERT INTO test_names SELECT race_name_id FROM race_names WHERE display = 'Zorg'`)
	f.clock.Advance(ttl)
	again, err := f.sweeper.RunOnce(t.Context())
	require.NoError(t, err)
	require.False(t, again)
	require.Equal(t, []string{"pending_registration Zorg"}, f.namesOf(ada))
	require.Equal(t, 1, f.intents.CountTo(ada, notification.KindRaceNameExpired))
	f.exec(`DROP TABLE test_names`)
	f.sweep()
	require.Empty(t, f.namesOf(ada), "it is tried again")
}

func TestAnExpiryThatCannotBeToldIsTriedAgain(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ada := f.addUser(2)
	f.earn(ada, "Zorg")
	f.clock.Advance(ttl)
	f.intents.FailWith(errBroken)
	f.sweep()
	require.Len(t, f.namesOf(ada), 1)
	f.intents.FailWith(nil)
	f.sweep()
	require.Empty(t, f.namesOf(ada))
}
