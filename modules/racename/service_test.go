package racename

import (
	"context"
	"fmt"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/notification"
	"galaxy/backend/modules/racename/spelling"
	"galaxy/backend/modules/user"
	"galaxy/backend/platform/fault"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/testkit"
)

func TestOfManyClaimsOfOneNameOneWins(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g, users := f.addGame(), f.addUsers(32)
	spellings := []string{"Modern", "modem", "MODERN", "Mo dern", "Rnodern", "mo-dern", "M.o.d.e.r.n", "Ｍｏｄｅｒｎ"}
	succeeded, failures := testkit.AtOnce(numbers(len(users)), func(i int) error {
		return f.claim(users[i], g, spellings[i%len(spellings)])
	})
	require.Equal(t, 1, succeeded)
	for _, err := range failures {
		require.ErrorIs(t, err, ErrTaken)
	}
	f.checkKeys()
}

func TestClaimsAndReleasesOfManyGamesDoNotDeadlock(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	users := f.addUsers(24)
	games := make([]uuid.UUID, len(users))
	for i := range games {
		games[i] = f.addGame()
	}
	_, failures := testkit.AtOnce(numbers(len(users)), func(i int) error {
		if err := f.claim(users[i], games[i], fmt.Sprintf("Zorg %d", i%3)); err != nil {
			return err
		}
		return f.inTx(func(ctx context.Context, tx *pg.Tx) error {
			return f.s.ReleaseReserved(ctx, tx, games[i:i+1], nil)
		})
	})
	for _, err := range failures {
		require.ErrorIs(t, err, ErrTaken)
	}
	require.Zero(t, f.count(`SELECT count(*) FROM race_names`))
	f.checkKeys()
}

func TestANameIsReservedInSeveralGamesAndReleasedWithTheLast(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ada, bob := f.addUser(2), f.addUser(2)
	first, second, other := f.reserve(ada, "Zorg"), f.reserve(ada, "Zorg"), f.addGame()
	require.Equal(t, []string{"reserved Zorg", "reserved Zorg"}, f.namesOf(ada))
	require.ErrorIs(t, f.claim(bob, other, "Z-O-R-G"), ErrTaken, "one namespace, whatever the game")
	f.release(first, &ada)
	require.Equal(t, []string{"reserved Zorg"}, f.namesOf(ada))
	require.ErrorIs(t, f.claim(bob, other, "zorg"), ErrTaken)
	f.release(second, nil)
	require.Empty(t, f.namesOf(ada))
	require.NoError(t, f.claim(bob, other, "zorg"))
	f.checkKeys()
}

func TestAReleaseIsOfOneMemberOrOfAll(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	p := f.addUsers(3)
	g := f.addGame()
	for i, u := range p {
		require.NoError(t, f.claim(u, g, []string{"Zorg", "Vogon", "Klingon"}[i]))
	}
	pending := f.earn(p[0], "Zorg")
	f.release(g, &p[0])
	require.Equal(t, []string{"pending_registration Zorg"}, f.namesOf(p[0]), "only what is reserved is released")
	require.Len(t, f.namesOf(p[1]), 1)
	f.release(g, nil)
	f.release(pending, nil)
	for _, u := range p[1:] {
		require.Empty(t, f.namesOf(u))
	}
	require.Len(t, f.namesOf(p[0]), 1)
	require.NoError(t, f.inTx(func(ctx context.Context, tx *pg.Tx) error {
		return f.s.ReleaseReserved(ctx, tx, nil, nil)
	}), "of no game")
	f.checkKeys()
}

func TestAClaimThatIsRolledBackReservesNothing(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ada, bob, g := f.addUser(2), f.addUser(2), f.addGame()
	name, err := Parse("Zorg")
	require.NoError(t, err)
	err = f.inTx(func(ctx context.Context, tx *pg.Tx) error {
		require.NoError(t, f.s.Claim(ctx, tx, name, ada, g))
		return errBroken
	})
	require.ErrorIs(t, err, errBroken)
	f.available(bob, "Zorg", Available)
	require.NoError(t, f.claim(bob, g, "Zorg"))
}

// available requires an answer, which a fresh cache has to give as well.
func (f *fixture) available(who uuid.UUID, text string, want Availability) {
	f.Helper()
	fresh := NewService(f.db, f.clock, f.s.cfg, CacheConfig{RaceNameKeysMax: 1}, f.users, f.intents)
	for _, s := range []*Service{f.s, fresh} {
		_, got, err := s.Availability(f.Context(), who, text)
		require.NoError(f, err)
		require.Equal(f, want, got, text)
	}
}

func TestAvailabilityIsWhatTheDirectorySays(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ada, bob := f.addUser(2), f.addUser(2)
	f.available(ada, "Zorg", Available)
	g := f.reserve(ada, "Zorg")
	f.available(ada, "zorg", Yours)
	f.available(bob, "z.org", Taken)
	f.promote(g, ada)
	f.available(bob, "Zorg", Taken)
	f.register(ada, "Zorg")
	f.available(ada, "Zorg", Yours)
	f.available(bob, "Zorg", Taken)
	f.depart(ada, user.Deleted)
	f.available(bob, "Zorg", Available)
}

func TestANameIsTakenWhenOneOfItsKeysIs(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ada, bob := f.addUser(2), f.addUser(2)
	name, err := Parse("Zorg")
	require.NoError(t, err)
	half := spelling.Name{Display: "Half", Canonical: name.Canonical, Second: name.Canonical + "x"}
	require.NoError(t, f.inTx(func(ctx context.Context, tx *pg.Tx) error {
		return f.s.Claim(ctx, tx, half, ada, f.addGame())
	}))
	f.available(bob, "Zorg", Taken)
	require.ErrorIs(t, f.claim(bob, f.addGame(), "Zorg"), ErrTaken)
	require.NoError(t, f.claim(ada, f.addGame(), "Zorg"), "and free for whoever holds it")
	f.checkKeys()
}

func TestANameIsAnsweredInItsDisplayForm(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	display, _, err := f.s.Availability(t.Context(), f.addUser(2), "Ｚorg")
	require.NoError(t, err)
	require.Equal(t, "Zorg", display)
}

func TestWhatIsNoRaceNameIsRefusedWithItsProblem(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ada := f.addUser(2)
	for text, problem := range map[string]string{
		"Z": "too_short", "abcdefghijklmnopqrstu": "too_long", "Zo--rg": "bad_separator", "Zorg!": "bad_character",
		"Zоrg": "mixed_scripts", "admin": "reserved",
	} {
		err := f.claim(ada, f.addGame(), text)
		require.ErrorIs(t, err, ErrInvalid, text)
		require.Equal(t, problem, fault.From(err).Details["problem"], text)
		_, err = f.s.Register(t.Context(), ada, text)
		require.ErrorIs(t, err, ErrInvalid, text)
		_, _, err = f.s.Availability(t.Context(), ada, text)
		require.ErrorIs(t, err, ErrInvalidPath, text)
	}
}

func TestAFinishedGamePromotesThoseInGoodStanding(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ada, bob, g := f.addUser(2), f.addUser(2), f.addGame()
	require.NoError(t, f.claim(ada, g, "Zorg"))
	require.NoError(t, f.claim(bob, g, "Vogon"))
	other := f.reserve(bob, "Vogon")
	f.promote(g, ada)
	names, err := f.s.Names(t.Context(), ada, uuid.Max, 10)
	require.NoError(t, err)
	require.Equal(t, []any{Pending, noon.Add(ttl), g}, []any{names[0].State, *names[0].ExpiresAt, *names[0].SourceGameID})
	require.Equal(t, []string{"reserved Vogon"}, f.namesOf(bob), "the name in another game stays")
	told := f.intents.SentTo(ada, notification.KindRaceNamePending)
	require.Equal(t, notification.RaceNamePending{RaceName: "Zorg", ExpiresAt: noon.Add(ttl)}, told[0].Payload)
	require.Len(t, f.intents.Intents(), 1, "whose name is released is told nothing")
	f.promote(g, ada, bob) // nothing is reserved any more
	f.release(other, nil)
	require.Empty(t, f.namesOf(bob))
	f.checkKeys()
}

func TestAPromotionThatCannotBeToldIsRolledBack(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ada := f.addUser(2)
	g := f.reserve(ada, "Zorg")
	f.intents.FailWith(errBroken)
	err := f.inTx(func(ctx context.Context, tx *pg.Tx) error {
		return f.s.Promote(ctx, tx, g, []uuid.UUID{ada}, noon)
	})
	require.ErrorIs(t, err, errBroken)
	require.Equal(t, []string{"reserved Zorg"}, f.namesOf(ada))
}

func TestNamesAreReadPageByPageNewestFirst(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ada, bob := f.addUser(2), f.addUser(2)
	for _, name := range []string{"Zorg", "Vogon", "Klingon"} {
		f.reserve(ada, name)
	}
	f.reserve(bob, "Ferengi")
	first, err := f.s.Names(t.Context(), ada, uuid.Max, 2)
	require.NoError(t, err)
	require.Equal(t, []string{"Klingon", "Vogon"}, []string{first[0].Display, first[1].Display})
	second, err := f.s.Names(t.Context(), ada, first[1].ID, 2)
	require.NoError(t, err)
	require.Len(t, second, 1)
	require.Equal(t, "Zorg", second[0].Display)
}

// numbers are 0 to n-1.
func numbers(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}
