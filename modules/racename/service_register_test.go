package racename

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/notification"
	"galaxy/backend/modules/user"
	"galaxy/backend/platform/fault"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/testkit"
)

func TestAnEarnedNameIsRegisteredOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ada, bob := f.addUser(2), f.addUser(2)
	g := f.earn(ada, "Zorg")
	_, err := f.s.Register(t.Context(), bob, "Zorg")
	require.ErrorIs(t, err, ErrNotFound)
	first := f.register(ada, "zorg")
	require.Equal(t, []any{"Zorg", Registered, noon, g},
		[]any{first.Display, first.State, *first.RegisteredAt, *first.SourceGameID})
	require.Nil(t, first.ExpiresAt)
	f.clock.Advance(time.Hour)
	require.Equal(t, first, f.register(ada, "ZORG"), "a repeat answers as the first")
	told := f.intents.SentTo(ada, notification.KindRaceNameRegistered)
	require.Len(t, told, 1)
	require.Equal(t, notification.RaceNameRegistered{RaceName: "Zorg"}, told[0].Payload)
	f.clock.Advance(10 * ttl)
	f.sweep()
	require.Equal(t, []string{"registered Zorg"}, f.namesOf(ada), "it never expires")
}

func TestANameThatIsOnlyReservedCannotBeRegistered(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ada := f.addUser(2)
	f.reserve(ada, "Zorg")
	_, err := f.s.Register(t.Context(), ada, "Zorg")
	require.ErrorIs(t, err, ErrNotFound)
	_, err = f.s.Register(t.Context(), uuid.New(), "Zorg")
	require.ErrorIs(t, err, user.ErrUserUnknown)
}

func TestALimitKeepsFromRegisteringAndTakesNothingAway(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ada := f.addUser(2)
	for _, name := range []string{"Zorg", "Vogon", "Klingon"} {
		f.earn(ada, name)
	}
	f.register(ada, "Zorg")
	f.register(ada, "Vogon")
	f.users.SetLimit(ada, user.RegisteredRaceNames, 1, nil) // a smaller plan
	_, err := f.s.Register(t.Context(), ada, "Klingon")
	require.ErrorIs(t, err, ErrLimit)
	require.Equal(t, 1, fault.From(err).Details["limit"])
	require.Equal(t, []string{"registered Zorg", "registered Vogon", "pending_registration Klingon"}, f.namesOf(ada))
	f.register(ada, "Zorg") // a repeat is not a further name
	f.users.SetLimit(ada, user.RegisteredRaceNames, 3, nil)
	f.register(ada, "Klingon")
}

func TestALimitHoldsAgainstManyRegistrationsAtOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ada, names := f.addUser(2), []string{"Zorg", "Vogon", "Klingon", "Romulan", "Ferengi"}
	for _, name := range names {
		f.earn(ada, name)
	}
	succeeded, failures := testkit.AtOnce(numbers(len(names)), func(i int) error {
		_, err := f.s.Register(t.Context(), ada, names[i])
		return err
	})
	require.Equal(t, 2, succeeded)
	for _, err := range failures {
		require.ErrorIs(t, err, ErrLimit)
	}
}

func TestANameThatIsEarnedAgainIsOnlyExtended(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ada := f.addUser(2)
	f.earn(ada, "Zorg")
	f.clock.Advance(24 * time.Hour)
	f.earn(ada, "Zorg")
	require.Equal(t, []string{"pending_registration Zorg"}, f.namesOf(ada))
	require.Equal(t, 1, f.intents.CountTo(ada, notification.KindRaceNamePending))
	names, err := f.s.Names(t.Context(), ada, uuid.Max, 1)
	require.NoError(t, err)
	require.Equal(t, noon.Add(ttl+24*time.Hour), *names[0].ExpiresAt)
	f.register(ada, "Zorg")
	f.earn(ada, "Zorg")
	require.Equal(t, []string{"registered Zorg"}, f.namesOf(ada), "a registered name is not earned again")
	require.Equal(t, 1, f.intents.CountTo(ada, notification.KindRaceNamePending))
	f.checkKeys()
}

func TestAGameThatEndedEarlierDoesNotShortenTheTimeToRegister(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ada := f.addUser(2)
	second := f.reserve(ada, "Zorg")
	f.earn(ada, "Zorg")
	require.NoError(t, f.inTx(func(ctx context.Context, tx *pg.Tx) error {
		return f.s.Promote(ctx, tx, second, []uuid.UUID{ada}, noon.Add(-time.Hour))
	}))
	names, err := f.s.Names(t.Context(), ada, uuid.Max, 1)
	require.NoError(t, err)
	require.Equal(t, noon.Add(ttl), *names[0].ExpiresAt)
}
