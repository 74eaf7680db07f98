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

func (l *lounge) seatOf(g game.Game, u uuid.UUID) game.Membership {
	l.Helper()
	s, err := l.Seat(l.Context(), g.ID, u)
	require.NoError(l, err)
	row, err := l.rows.MembershipIn(l.Context(), l.db, g.ID, u)
	require.NoError(l, err)
	require.Equal(l, row, s, "the cache differs from the row")
	return s
}

func TestAnOfferedSeatIsTakenOverUnderItsLabel(t *testing.T) {
	t.Parallel()
	l := open(t)
	p := l.persons(5)
	eve, ann := p[3], p[4]
	g, races := l.running(root, p[:3]...)
	_, err := l.Offer(t.Context(), root, g.ID, races[1])
	refused(t, err, ErrSeatTaken)
	require.NoError(t, l.Leave(t.Context(), p[1], g.ID))
	_, _, err = l.Take(t.Context(), eve, g.ID, races[1])
	refused(t, err, ErrSeatNotOffered)
	for range 2 {
		s, err := l.Offer(t.Context(), root, g.ID, races[1])
		require.NoError(t, err)
		require.NotNil(t, s.OfferedAt)
	}
	_, _, err = l.Take(t.Context(), p[1], g.ID, races[1]) // the quitter cannot come back
	refused(t, err, ErrMemberRemoved)
	_, _, err = l.Take(t.Context(), p[0], g.ID, races[1])
	refused(t, err, ErrAlreadyMember)
	won, lost := race([]uuid.UUID{eve, ann}, func(u uuid.UUID) error { _, _, err := l.Take(t.Context(), u, g.ID, races[1]); return err })
	require.Equal(t, 1, won)
	require.Len(t, lost, 1)
	heir := eve
	if _, err := l.Seat(t.Context(), g.ID, ann); err == nil {
		heir = ann
	}
	s := l.seatOf(g, heir)
	require.Equal(t, []any{races[1], game.Active, true, true}, []any{s.RaceName, s.Status, s.Successor, s.Founding})
	require.Empty(t, l.held(heir))
	require.Equal(t, 3, l.game(g.ID).SeatsTaken)
	_, err = l.Offer(t.Context(), root, g.ID, races[1])
	refused(t, err, ErrSeatTaken)
	_, err = l.Offer(t.Context(), root, g.ID, "Nobody's")
	refused(t, err, game.ErrNotFound)
}

func TestASeatWhoseMemberStaysAwayIsFree(t *testing.T) {
	t.Parallel()
	l := open(t)
	p := l.persons(3)
	g, races := l.running(root, p[:2]...)
	mark := func(vacant bool) {
		require.NoError(t, l.db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
			l.rows.SetVacant(tx, g.ID, races[1], vacant)
			return nil
		}))
	}
	mark(true)
	require.True(t, l.seatOf(g, p[1]).Vacant)
	_, err := l.Offer(t.Context(), root, g.ID, races[1])
	require.NoError(t, err)
	mark(false) // orders came in
	_, _, err = l.Take(t.Context(), p[2], g.ID, races[1])
	refused(t, err, ErrSeatTaken)
	mark(true)
	s, err := l.Replace(t.Context(), root, g.ID, p[1], p[2]) // an operator needs no offer
	require.NoError(t, err)
	require.Equal(t, races[1], s.RaceName)
	require.Equal(t, []string{game.Removed, game.ReasonReplaced}, []string{l.seatOf(g, p[1]).Status, l.seatOf(g, p[1]).Reason})
	require.Empty(t, l.held(p[1]))
	require.Equal(t, 2, l.game(g.ID).SeatsTaken)
}

func TestAnAccountThatEndsLeavesEverything(t *testing.T) {
	t.Parallel()
	for why, cause := range map[user.Reason]string{user.Deleted: game.CauseDeleted, user.Blocked: game.CauseBlocked} {
		l := open(t)
		p := l.persons(4)
		eve, ada, bob := p[0], p[1], p[2]
		l.earn(eve, "Klingon")
		l.earn(eve, "Romulan")
		_, err := l.names.Register(t.Context(), eve, "Klingon")
		require.NoError(t, err)
		waiting, asked, invited := l.opened(root), l.opened(by(ada), application), l.opened(by(ada))
		l.seated(waiting, eve, ada)
		playing, races := l.running(root, eve, bob)
		a, err := l.apply(asked, eve, "Zorg")
		require.NoError(t, err)
		i, _, err := l.Invite(t.Context(), ada, Invitation{Game: invited.ID, UserID: eve}, "")
		require.NoError(t, err)
		mine, alone := l.opened(by(eve)), l.opened(by(eve))
		l.seated(mine, bob)
		l.clock.Advance(time.Second)
		l.seated(mine, ada)

		l.depart(eve, why)

		require.Equal(t, game.Removed, l.seatOf(waiting, eve).Status)
		require.Equal(t, 1, l.game(waiting.ID).SeatsTaken)
		require.Equal(t, []game.BlockedRace{{RaceName: races[0], Cause: cause}}, l.log.blocked)
		require.False(t, l.seatOf(playing, eve).Free())
		a, err = l.store.application(t.Context(), l.db, a.ID)
		require.NoError(t, err)
		i, err = l.store.invite(t.Context(), l.db, i.ID)
		require.NoError(t, err)
		require.Equal(t, []string{withdrawn, declined}, []string{a.State, i.State})
		require.True(t, l.game(mine.ID).OwnedBy(bob), "the longest-standing member inherits")
		require.Equal(t, game.Cancelled, l.game(alone.ID).State)
		if why == user.Blocked {
			require.Equal(t, []string{"registered Klingon"}, l.held(eve))
		} else {
			require.Empty(t, l.held(eve))
		}
		l.sound()
		l.depart(eve, why) // a repeat finds nothing to do
		l.depart(eve, user.Erased)
		require.Empty(t, l.held(eve))
	}
}

func TestDepartingAndJoiningDoNotDeadlock(t *testing.T) {
	t.Parallel()
	l := open(t)
	p := l.persons(8)
	var lobbies []game.Game
	for range 4 {
		g := l.opened(root, func(n *game.NewGame) { n.MaxPlayers = 8 })
		l.seated(g, p[:4]...)
		lobbies = append(lobbies, g)
	}
	var attempts []func() error
	for _, u := range p[:4] {
		attempts = append(attempts, func() error {
			return l.db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
				if _, err := l.people.Lock(ctx, tx, u); err != nil {
					return err
				}
				return l.departIn(ctx, tx, u, user.Deleted)
			})
		})
	}
	for _, u := range p[4:] {
		for _, g := range lobbies {
			attempts = append(attempts, func() error { _, err := l.apply(g, u, raceOf(u)); return err })
		}
	}
	_, lost := race(attempts, func(fn func() error) error { return fn() })
	require.Empty(t, lost)
	for _, g := range lobbies {
		require.Equal(t, 4, l.game(g.ID).SeatsTaken)
	}
	l.sound()
}

func TestWhatIsHeldOnAUserIsToldAndCounted(t *testing.T) {
	t.Parallel()
	l := open(t)
	ada, bob := l.person(), l.person()
	l.earn(ada, "Klingon")
	_, err := l.names.Register(t.Context(), ada, "Klingon")
	require.NoError(t, err)
	g := l.opened(by(ada))
	l.seated(g, ada, bob)
	_, err = l.apply(l.opened(by(bob), application), ada, "Zorg")
	require.NoError(t, err)
	counts, parts := l.heldOn(ada)
	require.Equal(t, map[string]int{"owned_private_games": 1, "active_memberships": 1, "pending_applications": 1, "registered_race_names": 1}, counts)
	for part, n := range map[string]int{"game.owned_games": 1, "game.memberships": 2, "lobby.applications": 2, "lobby.invites": 1, "racename.race_names": 2} {
		require.Len(t, parts[part], n, part) // one application was approved at once, in the game that earned the name
	}
	_, parts = l.heldOn(uuid.New())
	for part, rows := range parts {
		require.Equal(t, []any{}, rows, part)
	}
	require.Len(t, parts, 5)
}

// heldOn is what the hooks of the domains count and tell of a user.
func (l *lounge) heldOn(u uuid.UUID) (map[string]int, map[string]any) {
	l.Helper()
	counts, parts := map[string]int{}, map[string]any{}
	for _, h := range l.hooks.Usages {
		part, err := h.Usage(l.Context(), l.db, u)
		require.NoError(l, err)
		maps.Copy(counts, part)
	}
	for _, h := range l.hooks.Exports {
		exported, err := h.Export(l.Context(), l.db, u)
		require.NoError(l, err)
		text, err := json.Marshal(exported)
		require.NoError(l, err)
		var all map[string]any
		require.NoError(l, json.Unmarshal(text, &all))
		for name, rows := range all {
			parts[h.Name()+"."+name] = rows
		}
	}
	return counts, parts
}
