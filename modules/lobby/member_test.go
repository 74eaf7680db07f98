package lobby

import (
	"context"
	"encoding/json"
	"maps"
	"testing"
	"time"

	"galaxy/backend/modules/game"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/user"
	"galaxy/backend/platform/pg"
)

func TestAnOfferedSeatIsTakenOverUnderItsLabel(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	p := f.addUsers(5)
	eve, ann := p[3], p[4]
	g, races := f.running(root, p[:3]...)
	_, err := f.s.Offer(t.Context(), root, g.ID, races[1])
	require.ErrorIs(t, err, ErrSeatTaken)
	require.NoError(t, f.games.Leave(t.Context(), p[1], g.ID))
	_, _, err = f.s.Take(t.Context(), eve, g.ID, races[1])
	require.ErrorIs(t, err, ErrSeatNotOffered)
	for range 2 {
		s, err := f.s.Offer(t.Context(), root, g.ID, races[1])
		require.NoError(t, err)
		require.NotNil(t, s.OfferedAt)
	}
	_, _, err = f.s.Take(t.Context(), p[1], g.ID, races[1]) // the quitter cannot come back
	require.ErrorIs(t, err, ErrMemberRemoved)
	_, _, err = f.s.Take(t.Context(), p[0], g.ID, races[1])
	require.ErrorIs(t, err, ErrAlreadyMember)
	won, lost := atOnce([]uuid.UUID{eve, ann}, func(u uuid.UUID) error { _, _, err := f.s.Take(t.Context(), u, g.ID, races[1]); return err })
	require.Equal(t, 1, won)
	require.Len(t, lost, 1)
	heir := eve
	if _, err := f.cache.Membership(t.Context(), g.ID, ann); err == nil {
		heir = ann
	}
	s := f.membership(g, heir)
	require.Equal(t, []any{races[1], game.Active, true, true}, []any{s.RaceName, s.Status, s.Successor, s.Founding})
	require.Empty(t, f.namesOf(heir))
	require.Equal(t, 3, f.game(g.ID).SeatsTaken)
	_, err = f.s.Offer(t.Context(), root, g.ID, races[1])
	require.ErrorIs(t, err, ErrSeatTaken)
	_, err = f.s.Offer(t.Context(), root, g.ID, "Nobody's")
	require.ErrorIs(t, err, game.ErrNotFound)
}

func TestASeatWhoseMemberStaysAwayIsFree(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	p := f.addUsers(3)
	g, races := f.running(root, p[:2]...)
	mark := func(vacant bool) {
		require.NoError(t, f.db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
			f.cache.SetVacant(tx, g.ID, races[1], vacant)
			return nil
		}))
	}
	mark(true)
	require.True(t, f.membership(g, p[1]).Vacant)
	_, err := f.s.Offer(t.Context(), root, g.ID, races[1])
	require.NoError(t, err)
	mark(false) // orders came in
	_, _, err = f.s.Take(t.Context(), p[2], g.ID, races[1])
	require.ErrorIs(t, err, ErrSeatTaken)
	mark(true)
	s, err := f.s.Replace(t.Context(), root, g.ID, p[1], p[2]) // an operator needs no offer
	require.NoError(t, err)
	require.Equal(t, races[1], s.RaceName)
	require.Equal(t, []string{game.Removed, game.ReasonReplaced}, []string{f.membership(g, p[1]).Status, f.membership(g, p[1]).Reason})
	require.Empty(t, f.namesOf(p[1]))
	require.Equal(t, 2, f.game(g.ID).SeatsTaken)
}

func TestAnAccountThatEndsLeavesEverything(t *testing.T) {
	t.Parallel()
	for why, cause := range map[user.Reason]string{user.Deleted: game.CauseDeleted, user.Blocked: game.CauseBlocked} {
		f := newFixture(t)
		p := f.addUsers(4)
		eve, ada, bob := p[0], p[1], p[2]
		f.earnName(eve, "Klingon")
		f.earnName(eve, "Romulan")
		_, err := f.names.Register(t.Context(), eve, "Klingon")
		require.NoError(t, err)
		waiting, asked, invited := f.opened(root), f.opened(by(ada), byApplying), f.opened(by(ada))
		f.enrollAll(waiting, eve, ada)
		playing, races := f.running(root, eve, bob)
		a, err := f.apply(asked, eve, "Zorg")
		require.NoError(t, err)
		i, _, err := f.s.Invite(t.Context(), ada, Invitation{Game: invited.ID, UserID: eve}, "")
		require.NoError(t, err)
		mine, alone := f.opened(by(eve)), f.opened(by(eve))
		f.enrollAll(mine, bob)
		f.clock.Advance(time.Second)
		f.enrollAll(mine, ada)

		f.depart(eve, why)

		require.Equal(t, game.Removed, f.membership(waiting, eve).Status)
		require.Equal(t, 1, f.game(waiting.ID).SeatsTaken)
		require.Equal(t, []game.BlockedRace{{RaceName: races[0], Cause: cause}}, f.observer.blocked())
		require.False(t, f.membership(playing, eve).Free())
		a, err = f.s.store.application(t.Context(), f.db, a.ID)
		require.NoError(t, err)
		i, err = f.s.store.invite(t.Context(), f.db, i.ID)
		require.NoError(t, err)
		require.Equal(t, []string{withdrawn, declined}, []string{a.State, i.State})
		require.True(t, f.game(mine.ID).OwnedBy(bob), "the longest-standing member inherits")
		require.Equal(t, game.Cancelled, f.game(alone.ID).State)
		if why == user.Blocked {
			require.Equal(t, []string{"registered Klingon"}, f.namesOf(eve))
		} else {
			require.Empty(t, f.namesOf(eve))
		}
		f.checkNames()
		f.depart(eve, why) // a repeat finds nothing to do
		f.depart(eve, user.Erased)
		require.Empty(t, f.namesOf(eve))
	}
}

func TestDepartingAndJoiningDoNotDeadlock(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	p := f.addUsers(8)
	var lobbies []game.Game
	for range 4 {
		g := f.opened(root, func(n *game.NewGame) { n.MaxPlayers = 8 })
		f.enrollAll(g, p[:4]...)
		lobbies = append(lobbies, g)
	}
	var attempts []func() error
	for _, u := range p[:4] {
		attempts = append(attempts, func() error {
			return f.db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
				return f.departIn(ctx, tx, u, user.Deleted)
			})
		})
	}
	for _, u := range p[4:] {
		for _, g := range lobbies {
			attempts = append(attempts, func() error { _, err := f.apply(g, u, raceOf(u)); return err })
		}
	}
	_, lost := atOnce(attempts, func(fn func() error) error { return fn() })
	require.Empty(t, lost)
	for _, g := range lobbies {
		require.Equal(t, 4, f.game(g.ID).SeatsTaken)
	}
	f.checkNames()
}

func TestWhatIsHeldOnAUserIsToldAndCounted(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ada, bob := f.addUser(), f.addUser()
	f.earnName(ada, "Klingon")
	_, err := f.names.Register(t.Context(), ada, "Klingon")
	require.NoError(t, err)
	g := f.opened(by(ada))
	f.enrollAll(g, ada, bob)
	_, err = f.apply(f.opened(by(bob), byApplying), ada, "Zorg")
	require.NoError(t, err)
	counts, parts := f.usageAndExport(ada)
	require.Equal(t, map[string]int{"owned_private_games": 1, "active_memberships": 1, "pending_applications": 1, "registered_race_names": 1}, counts)
	for part, n := range map[string]int{"game.owned_games": 1, "game.memberships": 2, "lobby.applications": 2, "lobby.invites": 1, "racename.race_names": 2} {
		require.Len(t, parts[part], n, part) // one application was approved at once, in the game that earned the name
	}
	_, parts = f.usageAndExport(uuid.New())
	for part, rows := range parts {
		require.Equal(t, []any{}, rows, part)
	}
	require.Len(t, parts, 5)
}

// heldOn is what the hooks of the domains count and tell of a user.
func (f *fixture) usageAndExport(u uuid.UUID) (map[string]int, map[string]any) {
	f.Helper()
	counts, parts := map[string]int{}, map[string]any{}
	for _, h := range f.hooks.Usages {
		part, err := h.Usage(f.Context(), f.db, u)
		require.NoError(f, err)
		maps.Copy(counts, part)
	}
	for _, h := range f.hooks.Exports {
		exported, err := h.Export(f.Context(), f.db, u)
		require.NoError(f, err)
		text, err := json.Marshal(exported)
		require.NoError(f, err)
		var all map[string]any
		require.NoError(f, json.Unmarshal(text, &all))
		for name, rows := range all {
			parts[h.Name()+"."+name] = rows
		}
	}
	return counts, parts
}
