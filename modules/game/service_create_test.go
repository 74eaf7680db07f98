package game

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/engineversion"
	"galaxy/backend/modules/user"
	"galaxy/backend/platform/fault"
	"galaxy/backend/platform/schedule"
	"galaxy/backend/platform/testkit"
)

func TestAUsersGameIsPrivateAndAnOperatorsPublic(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ada := f.addUser()
	private, public := f.draft(by(ada)), f.draft(root)
	require.Equal(t, []any{Private, PolicyInvite, true},
		[]any{private.Visibility, private.JoinPolicy, private.OwnedBy(ada)})
	require.Equal(t, []any{Public, PolicyAuto, (*uuid.UUID)(nil)},
		[]any{public.Visibility, public.JoinPolicy, public.OwnerID})
	require.False(t, public.OwnedBy(uuid.Nil))
	require.Equal(t, "0.1.0", private.EngineVersion)
	require.Equal(t, private, f.game(private.ID))
	members, err := f.games.Memberships(t.Context(), private.ID)
	require.NoError(t, err)
	require.Empty(t, members, "the owner of a game does not have to play in it")
}

func TestOnlyAnOperatorsCreationIsAudited(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.draft(by(f.addUser()))
	require.Empty(t, f.auditor.Entries())
	g := f.draft(root)
	entry := f.auditor.Entries()[0]
	require.Equal(t, []any{"game.create", "game:" + g.ID.String(), nil, map[string]any{"name": g.Name}},
		[]any{entry.Action, entry.Target, entry.Before, entry.After})
}

func TestACreationThatCannotBeAuditedIsNotMade(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.auditor.Fail(errBroken)
	_, made, err := f.s.Create(t.Context(), root, newGame(), "")
	require.ErrorIs(t, err, errBroken)
	require.False(t, made)
	require.Zero(t, f.count(`SELECT count(*) FROM games`))
}

func TestAPlanLimitsOwnedGames(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ada := f.addUser()
	f.users.SetLimit(ada, user.OwnedPrivateGames, 1, nil)
	g := f.draft(by(ada))
	_, _, err := f.s.Create(t.Context(), by(ada), newGame(), "")
	require.ErrorIs(t, err, ErrOwnedLimit)
	require.Equal(t, 1, fault.From(err).Details["limit"])
	f.move(by(ada), g.ID, Cancel)
	f.draft(by(ada)) // a game that is over does not count
}

func TestALimitHoldsAgainstManyCreationsAtOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ada := f.addUser()
	f.users.SetLimit(ada, user.OwnedPrivateGames, 3, nil)
	made, failures := testkit.AtOnce(make([]struct{}, 8), func(struct{}) error {
		_, _, err := f.s.Create(t.Context(), by(ada), newGame(), "")
		return err
	})
	require.Equal(t, 3, made)
	for _, err := range failures {
		require.ErrorIs(t, err, ErrOwnedLimit)
	}
}

func TestASanctionKeepsFromCreatingUntilItEnds(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ada, ends := f.addUser(), noon.Add(time.Hour)
	f.users.Sanction(ada, user.GameCreateBlock, "spam", &ends)
	_, _, err := f.s.Create(t.Context(), by(ada), newGame(), "")
	require.ErrorIs(t, err, ErrCreateBlocked)
	f.clock.Set(ends)
	f.draft(by(ada))
}

func TestWhoeverHasNoAccountCreatesNothing(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	_, _, err := f.s.Create(t.Context(), by(uuid.New()), newGame(), "")
	require.ErrorIs(t, err, user.ErrUserUnknown)
}

func TestCreatingIsRepeatableUnderItsKey(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ada, bob := f.addUser(), f.addUser()
	f.users.SetLimit(ada, user.OwnedPrivateGames, 1, nil)
	first, made, err := f.s.Create(t.Context(), by(ada), newGame(), "key-1")
	require.NoError(t, err)
	require.True(t, made)
	again, made, err := f.s.Create(t.Context(), by(ada), newGame(), "key-1")
	require.NoError(t, err)
	require.False(t, made)
	require.Equal(t, first, again)
	_, _, err = f.s.Create(t.Context(), by(ada), newGame(func(n *NewGame) { n.Name = "Another" }), "key-1")
	require.ErrorIs(t, err, ErrReplay)
	_, made, err = f.s.Create(t.Context(), by(bob), newGame(), "key-1") // the key is the creator's own
	require.NoError(t, err)
	require.True(t, made)
}

func TestTwoCreationsWithoutAKeyMakeTwoGames(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ada := f.addUser()
	require.NotEqual(t, f.draft(by(ada)).ID, f.draft(by(ada)).ID)
}

func TestOfManyCreationsUnderOneKeyOneMakesTheGame(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ids, fresh := make(chan uuid.UUID, 6), make(chan bool, 6)
	succeeded, _ := testkit.AtOnce(make([]struct{}, 6), func(struct{}) error {
		g, made, err := f.s.Create(t.Context(), root, newGame(), "key")
		ids <- g.ID
		fresh <- made
		return err
	})
	require.Equal(t, 6, succeeded)
	first, made := <-ids, 0
	for range 5 {
		require.Equal(t, first, <-ids)
	}
	for range 6 {
		if <-fresh {
			made++
		}
	}
	require.Equal(t, 1, made)
	require.Equal(t, 1, f.count(`SELECT count(*) FROM games`))
}

func TestARepeatAnswersAsTheFirstWhateverHasChanged(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ada, ends := f.addUser(), noon.Add(time.Hour)
	in := newGame(func(n *NewGame) { n.EnrollmentEndsAt = &ends })
	g, _, err := f.s.Create(t.Context(), by(ada), in, "key")
	require.NoError(t, err)
	f.move(by(ada), g.ID, Open)
	f.clock.Advance(2 * time.Hour) // the enrollment would be in the past now
	f.versions.SetStatus("0.1.0", engineversion.Deprecated)
	again, made, err := f.s.Create(t.Context(), by(ada), in, "key")
	require.NoError(t, err)
	require.Equal(t, []any{g.ID, EnrollmentOpen, false}, []any{again.ID, again.State, made})
	in.Name = "x"
	_, _, err = f.s.Create(t.Context(), by(ada), in, "key")
	require.ErrorIs(t, err, ErrReplay)
	_, _, err = f.s.Create(t.Context(), by(ada), in, "another key")
	require.ErrorIs(t, err, ErrInvalidGame, "what no earlier request made is refused for what it is")
}

func TestAGameThatCannotBeSetUpNamesItsFields(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ada, past := f.addUser(), noon.Add(-time.Minute)
	grid := func(zone string) schedule.Settings {
		return schedule.Settings{Mode: schedule.Grid, Times: []string{"19:00"}, Zone: zone}
	}
	for name, c := range map[string]struct {
		by     Actor
		field  string
		change func(*NewGame)
	}{
		"fewer seats than members": {by(ada), "max_players", func(n *NewGame) { n.MinPlayers, n.MaxPlayers = 5, 4 }},
		"private and auto":         {by(ada), "join_policy", func(n *NewGame) { n.JoinPolicy = PolicyAuto }},
		"public and invite":        {root, "join_policy", func(n *NewGame) { n.JoinPolicy = PolicyInvite }},
		"deadline in the past":     {by(ada), "enrollment_ends_at", func(n *NewGame) { n.EnrollmentEndsAt = &past }},
		"deadline now": {by(ada), "enrollment_ends_at", func(n *NewGame) {
			now := noon
			n.EnrollmentEndsAt = &now
		}},
		"a turn every second": {by(ada), "turns.interval_seconds", func(n *NewGame) {
			n.Turns = schedule.Settings{Mode: schedule.Interval, Interval: time.Second}
		}},
		"no such zone": {by(ada), "turns.zone", func(n *NewGame) { n.Turns = grid("Mars/Olympus") }},
		"a turn every minute": {by(ada), "turns.cron", func(n *NewGame) {
			n.Turns = schedule.Settings{Mode: schedule.Grid, Cron: "* * * * *"}
		}},
	} {
		_, _, err := f.s.Create(t.Context(), c.by, newGame(c.change), "")
		require.ErrorIs(t, err, ErrInvalidGame, name)
		fields := fault.From(err).Fields
		require.NotEmpty(t, fields, name)
		require.Equal(t, c.field, fields[0].Name, name)
		require.NotEmpty(t, fields[0].Message, name)
	}
	require.Zero(t, f.count(`SELECT count(*) FROM games`))
}

func TestAllThatIsWrongWithAGameIsToldAtOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	past := noon.Add(-time.Minute)
	_, _, err := f.s.Create(t.Context(), root, newGame(func(n *NewGame) {
		n.MinPlayers, n.JoinPolicy, n.EnrollmentEndsAt, n.Turns.Interval = 9, PolicyInvite, &past, time.Second
	}), "")
	require.ErrorIs(t, err, ErrInvalidGame)
	require.Len(t, fault.From(err).Fields, 4)
}

func TestBothKindsOfGamesMayAskForApplications(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	asking := func(n *NewGame) { n.JoinPolicy = PolicyApplication }
	require.Equal(t, PolicyApplication, f.draft(root, asking).JoinPolicy)
	require.Equal(t, PolicyApplication, f.draft(by(f.addUser()), asking).JoinPolicy)
}

func TestOnlyAnActiveEngineVersionIsChosen(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	require.Equal(t, "0.2.0", f.draft(root, func(n *NewGame) { n.EngineVersion = "0.2.0" }).EngineVersion)
	f.versions.SetStatus("0.2.0", engineversion.Deprecated)
	for version, want := range map[string]error{
		"0.2.0": engineversion.ErrInactive, "9.9.9": engineversion.ErrNotFound,
	} {
		_, _, err := f.s.Create(t.Context(), root, newGame(func(n *NewGame) { n.EngineVersion = version }), "")
		require.ErrorIs(t, err, want, version)
	}
}

func TestADeadlineIsKeptAsTheDatabaseKeepsIt(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ends := noon.Add(time.Hour + 1234*time.Nanosecond)
	g := f.draft(root, func(n *NewGame) { n.EnrollmentEndsAt = &ends })
	require.Equal(t, ends.Truncate(time.Microsecond), *g.EnrollmentEndsAt)
	require.Equal(t, g, f.game(g.ID))
}
