package game

import (
	"context"
	"encoding/json"
	"maps"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/notification"
	"galaxy/backend/modules/user"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/testkit"
)

func TestAnAccountThatEndsLeavesItsGames(t *testing.T) {
	t.Parallel()
	for why, c := range map[user.Reason]struct{ reason, cause string }{
		user.Deleted: {ReasonDeleted, CauseDeleted}, user.Blocked: {ReasonBlocked, CauseBlocked},
	} {
		f := newFixture(t)
		p := f.addUsers(3)
		eve, ada, bob := p[0], p[1], p[2]
		waiting := f.opened(root)
		f.enrollAll(waiting, eve, ada)
		playing, races := f.running(root, eve, bob)
		finished, ended := f.running(root, eve, ada)
		f.finish(finished, ended...)

		f.depart(eve, why)

		require.Equal(t, []string{Removed, c.reason},
			[]string{f.membership(waiting, eve).Status, f.membership(waiting, eve).Reason})
		require.Equal(t, 1, f.game(waiting.ID).SeatsTaken)
		require.Equal(t, []BlockedRace{{RaceName: races[0], Cause: c.cause}}, f.observer.blocked())
		require.False(t, f.membership(playing, eve).Free())
		require.Equal(t, Active, f.membership(finished, eve).Status, "what is over stays as it was")
		require.Empty(t, f.namesOf(eve))

		before := f.fingerprint()
		f.depart(eve, why) // a repeat finds nothing to do
		f.depart(eve, user.Erased)
		require.Equal(t, before, f.fingerprint())
	}
}

func TestTheLongestStandingMemberInheritsAGame(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	p := f.addUsers(4)
	eve, left, bob, ada := p[0], p[1], p[2], p[3]
	g := f.opened(by(eve))
	f.enrollAll(g, left, eve, bob, ada)
	require.NoError(t, f.s.Leave(t.Context(), left, g.ID))
	f.users.SetLimit(bob, user.OwnedPrivateGames, 0, nil) // nobody is asked, and no limit refuses it
	f.depart(eve, user.Deleted)
	after := f.game(g.ID)
	require.True(t, after.OwnedBy(bob))
	require.Equal(t, []any{EnrollmentOpen, 2}, []any{after.State, after.SeatsTaken})
	require.Equal(t, Removed, f.membership(g, eve).Status)
}

func TestAGameThatNobodyInheritsIsCancelled(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	p := f.addUsers(2)
	eve, left := p[0], p[1]
	draft, waiting := f.draft(by(eve)), f.opened(by(eve))
	f.enrollAll(waiting, eve, left)
	require.NoError(t, f.s.Leave(t.Context(), left, waiting.ID))
	playing, _ := f.running(by(eve), eve)
	paused, _ := f.running(by(eve), eve)
	f.move(by(eve), paused.ID, Pause)
	f.depart(eve, user.Blocked)
	for _, g := range []Game{draft, waiting, playing, paused} {
		require.Equal(t, []any{Cancelled, f.clock.Now()}, []any{f.game(g.ID).State, *f.game(g.ID).FinishedAt})
	}
	require.Len(t, f.launcher.Stops(), 2)
	require.Empty(t, f.intents.Intents(notification.KindGameCancelled), "nobody is left to be told")
	require.Zero(t, f.count(`SELECT count(*) FROM race_names`))
}

func TestAGameOfOthersGoesOnWithoutAMember(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	p := f.addUsers(2)
	g, _ := f.running(by(p[0]), p...)
	f.depart(p[1], user.Deleted)
	require.Equal(t, []any{Running, true, 1},
		[]any{f.game(g.ID).State, f.game(g.ID).OwnedBy(p[0]), f.game(g.ID).SeatsTaken})
}

func TestADepartureThatFailsIsRolledBack(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	p := f.addUsers(2)
	f.running(by(p[0]), p...)
	before := f.fingerprint()
	f.observer.failWith(errBroken)
	err := f.db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
		return f.departIn(ctx, tx, p[0], user.Deleted)
	})
	require.ErrorIs(t, err, errBroken)
	require.Equal(t, before, f.fingerprint())
}

func TestTheMembersOfOneGameDepartAtOnceWithoutADeadlock(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	p := f.addUsers(4)
	var games []Game
	for range 3 {
		g := f.opened(root, func(n *NewGame) { n.MaxPlayers = 8 })
		f.enrollAll(g, p...)
		games = append(games, g)
	}
	succeeded, failures := testkit.AtOnce(p, func(u uuid.UUID) error {
		return f.db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
			return f.departIn(ctx, tx, u, user.Deleted)
		})
	})
	require.Equal(t, 4, succeeded, "%v", failures)
	for _, g := range games {
		require.Zero(t, f.game(g.ID).SeatsTaken)
	}
}

// usage is what the domains count against a user's limits.
func (f *fixture) usage(who uuid.UUID) map[string]int {
	f.Helper()
	counts := map[string]int{}
	for _, h := range f.hooks.Usages {
		part, err := h.Usage(f.Context(), f.db, who)
		require.NoError(f, err)
		maps.Copy(counts, part)
	}
	return counts
}

func TestOnlyWhatGoesOnCountsAgainstLimits(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ada, bob := f.addUser(), f.addUser()
	own := f.opened(by(ada))
	f.enrollAll(own, ada)
	f.enrollAll(f.opened(root), ada)
	cancelled := f.opened(by(ada))
	f.enrollAll(cancelled, ada)
	f.move(by(ada), cancelled.ID, Cancel)
	left := f.opened(root)
	f.enrollAll(left, ada)
	require.NoError(t, f.s.Leave(t.Context(), ada, left.ID))
	finished, races := f.running(by(ada), ada, bob)
	f.finish(finished, races...)
	require.Equal(t, map[string]int{"owned_private_games": 1, "active_memberships": 2, "registered_race_names": 0},
		f.usage(ada))
	require.Equal(t, map[string]int{"owned_private_games": 0, "active_memberships": 0, "registered_race_names": 0},
		f.usage(uuid.New()))
}

func TestAUserIsToldWhatIsHeldOnThem(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ada, bob := f.addUser(), f.addUser()
	g := f.opened(by(ada))
	f.enroll(g, ada, "Zorg")
	f.enroll(g, bob, "Vogon")
	require.NoError(t, f.s.Leave(t.Context(), ada, g.ID))
	type export struct {
		OwnedGames []struct {
			GameID      uuid.UUID `json:"game_id"`
			Name, State string
		} `json:"owned_games"`
		Memberships []struct {
			GameID         uuid.UUID `json:"game_id"`
			RaceName       string    `json:"race_name"`
			Status, Reason string
		}
	}
	of := func(who uuid.UUID) (out export) {
		part, err := newUserHooks(f.s).Export(t.Context(), f.db, who)
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(part.(json.RawMessage), &out))
		return out
	}
	got := of(ada)
	require.Len(t, got.OwnedGames, 1)
	require.Equal(t, []any{g.ID, g.Name, "enrollment_open"},
		[]any{got.OwnedGames[0].GameID, got.OwnedGames[0].Name, got.OwnedGames[0].State})
	require.Len(t, got.Memberships, 1)
	require.Equal(t, []any{g.ID, "Zorg", Removed, ReasonLeft}, []any{got.Memberships[0].GameID,
		got.Memberships[0].RaceName, got.Memberships[0].Status, got.Memberships[0].Reason})
	require.Equal(t, export{OwnedGames: nonNil(got.OwnedGames[:0]), Memberships: nonNil(got.Memberships[:0])},
		of(uuid.New()), "empty lists, not null")
}

func nonNil[T any](s []T) []T { return append([]T{}, s...) }
