package lobby

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/game"
	"galaxy/backend/modules/notification"
	"galaxy/backend/modules/user"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/testkit"
)

func TestLeavingEnrollmentSettlesWhatIsOpen(t *testing.T) {
	t.Parallel()
	for verb, reason := range map[game.Verb]string{
		game.Close: "enrollment_closed", game.ForceStart: "game_started", game.Cancel: "game_cancelled",
	} {
		f := newFixture(t)
		p := f.addUsers(5)
		g := f.opened(by(p[0]), byApplying)
		f.enrollAll(g, p[1], p[2])
		a, err := f.apply(g, p[3], "Zorg")
		require.NoError(t, err)
		i := f.invite(g, p[4])
		f.move(root, g.ID, verb)
		a = f.applicationRow(a.ID)
		i = f.inviteRow(i.ID)
		require.Equal(t, []string{rejected, reason, revoked}, []string{a.State, a.Reason, i.State})
		require.Equal(t, 1, f.intents.CountTo(p[3], notification.KindApplicationRejected))
		require.Equal(t, 1, f.intents.CountTo(p[4], notification.KindInviteRevoked))
	}
}

func TestAnEndOfEnrollmentThatCannotBeToldIsRolledBack(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	p := f.addUsers(3)
	applied, invited := f.opened(by(p[0]), byApplying), f.opened(by(p[0]))
	a, err := f.apply(applied, p[1], "Zorg")
	require.NoError(t, err)
	i := f.invite(invited, p[2])
	broken := errors.New("broken")
	f.intents.FailWith(broken)
	for _, g := range []game.Game{applied, invited} {
		_, err := f.games.Move(t.Context(), by(p[0]), g.ID, game.Cancel)
		require.ErrorIs(t, err, broken)
		require.Equal(t, game.EnrollmentOpen, f.game(g.ID).State)
	}
	require.Equal(t, []string{pending, pending}, []string{f.applicationRow(a.ID).State, f.inviteRow(i.ID).State})
}

func TestAnErasureChangesNoRequest(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	p := f.addUsers(2)
	a, err := f.apply(f.opened(by(p[0]), byApplying), p[1], "Zorg")
	require.NoError(t, err)
	f.depart(p[1], user.Erased)
	require.Equal(t, pending, f.applicationRow(a.ID).State)
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
		i := f.invite(invited, eve)
		mine, alone := f.opened(by(eve)), f.opened(by(eve))
		f.enrollAll(mine, bob)
		f.clock.Advance(time.Second)
		f.enrollAll(mine, ada)

		f.depart(eve, why)

		require.Equal(t, game.Removed, f.membership(waiting, eve).Status)
		require.Equal(t, 1, f.game(waiting.ID).SeatsTaken)
		require.Equal(t, []game.BlockedRace{{RaceName: races[0], Cause: cause}}, f.observer.blocked())
		require.False(t, f.membership(playing, eve).Free())
		a = f.applicationRow(a.ID)
		i = f.inviteRow(i.ID)
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
	_, lost := testkit.AtOnce(attempts, func(fn func() error) error { return fn() })
	require.Empty(t, lost)
	for _, g := range lobbies {
		require.Equal(t, 4, f.game(g.ID).SeatsTaken)
	}
	f.checkNames()
}

func TestWhatTheEndOfAnAccountSettledIsNotDecidedAgain(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	p := f.addUsers(2)
	ada, eve := p[0], p[1]
	asked, invited := f.opened(by(ada), byApplying), f.opened(by(ada))
	a, err := f.apply(asked, eve, "Zorg")
	require.NoError(t, err)
	i := f.invite(invited, eve)
	before := len(f.intents.Intents())
	done := make(chan error, 1)
	require.NoError(t, f.db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
		if err := f.departIn(ctx, tx, eve, user.Deleted); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `SELECT 1`); err != nil { // what is queued reaches the database
			return err
		}
		require.True(t, testkit.Blocks(t, f.db, done, func() error {
			_, err := f.s.Reject(context.WithoutCancel(t.Context()), by(ada), a.ID, "no")
			return err
		}))
		return nil
	}))
	require.ErrorIs(t, <-done, ErrApplicationEnded)
	_, err = f.s.Revoke(t.Context(), by(ada), i.ID)
	require.ErrorIs(t, err, ErrInviteEnded)
	a = f.applicationRow(a.ID)
	require.Equal(t, withdrawn, a.State)
	require.Len(t, f.intents.Intents(), before, "nobody is told of what did not happen")
}

func TestRequestsOfAUserAreCountedAndExported(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ada, bob := f.addUser(), f.addUser()
	a, err := f.apply(f.opened(by(bob), byApplying), ada, "Zorg")
	require.NoError(t, err)
	sent := f.invite(f.opened(by(ada)), bob)
	received := f.invite(f.opened(by(bob)), ada)
	for who, want := range map[uuid.UUID]struct {
		pending      int
		applications []uuid.UUID
		invites      []uuid.UUID
	}{
		ada:        {1, []uuid.UUID{a.ID}, []uuid.UUID{sent.ID, received.ID}},
		bob:        {0, []uuid.UUID{}, []uuid.UUID{sent.ID, received.ID}},
		uuid.New(): {0, []uuid.UUID{}, []uuid.UUID{}},
	} {
		require.Equal(t, map[string]int{"pending_applications": want.pending}, f.usage(who))
		applications, invites := f.exported(who)
		require.Equal(t, want.applications, applications)
		require.Equal(t, want.invites, invites)
	}
}

// usage is what the domain counts of a user.
func (f *fixture) usage(u uuid.UUID) map[string]int {
	f.Helper()
	i := slices.IndexFunc(f.hooks.Usages, func(h user.Usage) bool { return h.Name() == "lobby" })
	counts, err := f.hooks.Usages[i].Usage(f.Context(), f.db, u)
	require.NoError(f, err)
	return counts
}

// exported are the requests that the domain exports of a user, oldest first.
func (f *fixture) exported(u uuid.UUID) (applications, invites []uuid.UUID) {
	f.Helper()
	i := slices.IndexFunc(f.hooks.Exports, func(h user.Export) bool { return h.Name() == "lobby" })
	data, err := f.hooks.Exports[i].Export(f.Context(), f.db, u)
	require.NoError(f, err)
	text, err := json.Marshal(data)
	require.NoError(f, err)
	var out struct {
		Applications []struct {
			ID uuid.UUID `json:"application_id"`
		}
		Invites []struct {
			ID uuid.UUID `json:"invite_id"`
		}
	}
	require.NoError(f, json.Unmarshal(text, &out))
	applications, invites = []uuid.UUID{}, []uuid.UUID{}
	for _, a := range out.Applications {
		applications = append(applications, a.ID)
	}
	for _, i := range out.Invites {
		invites = append(invites, i.ID)
	}
	return applications, invites
}
