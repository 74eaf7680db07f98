package lobby

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/game"
	"galaxy/backend/modules/runtime"
	"galaxy/backend/modules/user"
	"galaxy/backend/platform/pg"
)

// step is one thing that can happen to a game; the weight is how often it does.
type step struct {
	name   string
	weight int
	run    func(m *machine)
}

var allSteps = []step{
	{"apply", 2, asUser((*machine).tryApply)},
	{"approve", 1, asManager((*machine).stepApprove)},
	{"reject", 1, asManager((*machine).stepReject)},
	{"withdraw", 1, asUser((*machine).stepWithdraw)},
	{"invite", 3, asManager((*machine).stepInvite)},
	{"invite again", 1, asManager((*machine).stepInviteAgain)},
	{"redeem", 2, asUser((*machine).stepRedeem)},
	{"decline", 1, asUser((*machine).stepDecline)},
	{"revoke", 1, asManager((*machine).stepRevoke)},
	{"join", 1, asUser((*machine).stepJoin)},
	{"leave", 1, asUser((*machine).stepLeave)},
	{"remove", 1, asManager((*machine).stepRemove)},
	{"block", 1, asManager((*machine).stepBlock)},
	{"unban", 1, asManager((*machine).stepUnban)},
	{"offer", 1, asManager((*machine).stepOffer)},
	{"take", 1, asUser((*machine).stepTake)},
	{"move", 3, asManager((*machine).stepMove)},
	{"cancel", 1, asManager((*machine).stepCancel)},
	{"engine", 1, (*machine).stepEngine},
	{"finish", 1, (*machine).stepFinish},
	{"wait", 1, (*machine).stepWait},
	{"sweep", 1, (*machine).stepSweep},
	{"depart", 1, asUser((*machine).stepDepart)},
}

// weightedSteps has every step as often as its weight.
func weightedSteps() (out []step) {
	for _, s := range allSteps {
		for range s.weight {
			out = append(out, s)
		}
	}
	return out
}

// asUser is a step that a user takes whose account is in use.
func asUser(fn func(m *machine, u int)) func(*machine) {
	return func(m *machine) {
		m.advance(time.Second)
		if u := m.randomUser(); !m.model.gone[u] {
			fn(m, u)
		}
	}
}

// asManager is a step that somebody, mostly who manages the game, takes about a
// user.
func asManager(fn func(m *machine, who, u int)) func(*machine) {
	return func(m *machine) {
		m.advance(time.Second)
		manager := m.manager()
		who := []int{manager, manager, manager, operator, m.randomUser()}[m.random(5)]
		if !m.model.gone[who] {
			fn(m, who, m.randomUser())
		}
	}
}

func (m *machine) isInvited(u int) bool { return m.model.inviteState(u) == pending }
func (m *machine) isApplied(u int) bool { return m.model.applicationState(u) == pending }

func (m *machine) isBanned(u int) bool {
	s := m.model.member(u)
	return s != nil && s.status == game.Blocked
}

func (m *machine) hasOfferedRace(u int) bool {
	s := m.model.holder(u)
	return s != nil && s.offered
}

func (m *machine) hasFreeRace(u int) bool {
	s := m.model.holder(u)
	return s != nil && s.free()
}

const (
	newestApplication = `SELECT application_id FROM applications WHERE game_id = $1 AND user_id = $2
		ORDER BY application_id DESC LIMIT 1`
	newestInvite = `SELECT invite_id FROM invites WHERE game_id = $1 AND user_id = $2 ORDER BY invite_id DESC LIMIT 1`
)

// newest is the id that a query finds for a user, or one that does not exist.
func (m *machine) newest(query string, u int) uuid.UUID {
	ids, err := pg.All[uuid.UUID](m.Context(), m.db, query, m.id, m.players[u])
	require.NoError(m, err)
	if len(ids) == 0 {
		return uuid.New()
	}
	return ids[0]
}

// tryEnroll seats a user in the way that the game's policy has.
func (m *machine) tryEnroll(who, u int) {
	if m.model.policy == game.PolicyInvite {
		m.tryInvite(who, u)
		m.tryRedeem(u)
		return
	}
	m.tryApply(u)
	if m.model.policy == game.PolicyApplication {
		m.tryApprove(who, u)
	}
}

func (m *machine) tryApply(u int) {
	m.try("apply", m.model.apply(u), func(ctx context.Context) error {
		_, _, err := m.s.Apply(ctx, Application{GameID: m.id, UserID: m.players[u], RaceName: m.race(u)}, "")
		return err
	})
}

func (m *machine) tryApprove(who, u int) {
	id := m.newest(newestApplication, u)
	m.try("approve", m.model.approve(who, u), func(ctx context.Context) error {
		_, err := m.s.Approve(ctx, m.actor(who), id)
		return err
	})
}

func (m *machine) stepApprove(who, u int) { m.tryApprove(who, m.likely(u, m.isApplied)) }

func (m *machine) stepReject(who, u int) {
	u = m.likely(u, m.isApplied)
	id := m.newest(newestApplication, u)
	m.try("reject", m.model.reject(who, u), func(ctx context.Context) error {
		_, err := m.s.Reject(ctx, m.actor(who), id, "no")
		return err
	})
}

func (m *machine) stepWithdraw(u int) {
	u = m.likely(u, m.isApplied)
	id := m.newest(newestApplication, u)
	m.try("withdraw", m.model.withdraw(u), func(ctx context.Context) error {
		_, err := m.s.Withdraw(ctx, m.players[u], id)
		return err
	})
}

func (m *machine) tryInvite(who, u int) {
	m.try("invite", m.model.invite(who, u), func(ctx context.Context) error {
		_, _, err := m.s.Invite(ctx, m.players[who], Invitation{Game: m.id, UserID: m.players[u]}, "")
		return err
	})
}

func (m *machine) stepInvite(who, u int) {
	if who != operator {
		m.tryInvite(who, u)
	}
}

// stepInviteAgain invites somebody whose invite has expired.
func (m *machine) stepInviteAgain(who, u int) {
	if u = m.likely(u, m.isInvited); who != operator && m.random(3) == 0 {
		m.advance(inviteTTL + time.Hour)
		m.tryInvite(who, u)
	}
}

func (m *machine) tryRedeem(u int) {
	id := m.newest(newestInvite, u)
	m.try("redeem", m.model.redeem(u), func(ctx context.Context) error {
		_, _, err := m.s.Redeem(ctx, m.players[u], id, m.race(u))
		return err
	})
}

func (m *machine) stepRedeem(u int) { m.tryRedeem(m.likely(u, m.isInvited)) }

func (m *machine) stepDecline(u int) {
	u = m.likely(u, m.isInvited)
	id := m.newest(newestInvite, u)
	m.try("decline", m.model.endInvite(u, declined), func(ctx context.Context) error {
		_, err := m.s.Decline(ctx, m.players[u], id, "")
		return err
	})
}

func (m *machine) stepRevoke(who, u int) {
	u = m.likely(u, m.isInvited)
	id := m.newest(newestInvite, u)
	m.try("revoke", who == m.model.owner && m.model.endInvite(u, revoked), func(ctx context.Context) error {
		_, err := m.s.Revoke(ctx, m.actor(who), id)
		return err
	})
}

func (m *machine) stepJoin(u int) {
	m.try("join", m.model.join(u), func(ctx context.Context) error {
		_, _, err := m.s.Join(ctx, m.players[u], m.id, m.race(u))
		return err
	})
}

func (m *machine) stepLeave(u int) {
	m.try("leave", m.model.leave(u), func(ctx context.Context) error { return m.games.Leave(ctx, m.players[u], m.id) })
}

func (m *machine) stepRemove(who, u int) {
	m.try("remove", m.model.endMembership(who, u, game.Removed), func(ctx context.Context) error {
		_, err := m.games.Remove(ctx, m.actor(who), m.id, m.players[u])
		return err
	})
}

func (m *machine) stepBlock(who, u int) {
	m.try("block", m.model.endMembership(who, u, game.Blocked), func(ctx context.Context) error {
		_, err := m.games.Block(ctx, m.actor(who), m.id, m.players[u])
		return err
	})
}

func (m *machine) stepUnban(_, u int) {
	u = m.likely(u, m.isBanned)
	m.try("unban", m.model.unban(u), func(ctx context.Context) error {
		return m.games.Unban(ctx, root, m.id, m.players[u])
	})
}

func (m *machine) stepOffer(who, u int) {
	u = m.likely(u, m.hasFreeRace)
	m.try("offer", m.model.offer(who, u), func(ctx context.Context) error {
		_, err := m.s.Offer(ctx, m.actor(who), m.id, m.race(u))
		return err
	})
}

func (m *machine) stepTake(u int) {
	origin := m.likely(m.randomUser(), m.hasOfferedRace)
	m.try("take", m.model.take(u, origin), func(ctx context.Context) error {
		_, _, err := m.s.Take(ctx, m.players[u], m.id, m.race(origin))
		return err
	})
}

func (m *machine) tryMove(who int, verb game.Verb) {
	m.try(string(verb), m.model.move(verb, who), func(ctx context.Context) error {
		_, err := m.games.Move(ctx, m.actor(who), m.id, verb)
		return err
	})
}

var (
	// usualMoves is how a game goes on when nothing is in its way.
	usualMoves = map[game.State]game.Verb{
		game.Draft: game.Open, game.EnrollmentOpen: game.Close, game.ReadyToStart: game.Start,
		game.StartFailed: game.Retry, game.Running: game.Pause, game.Paused: game.Resume,
	}
	allMoves = []game.Verb{
		game.Open, game.Open, game.Close, game.Start, game.Start, game.Retry, game.Pause, game.Resume, game.Resume,
		game.Cancel, game.ForceStart, game.ForceStop,
	}
)

func (m *machine) stepMove(who, _ int) {
	verb := allMoves[m.random(len(allMoves))]
	if usual, ok := usualMoves[m.model.state]; ok && m.random(3) > 0 {
		verb = usual
	}
	if (verb == game.Cancel || verb == game.ForceStop) && m.random(2) > 0 {
		return // or most games would be over soon
	}
	m.tryMove(who, verb)
}

// stepCancel cancels a game that has requests to join.
func (m *machine) stepCancel(who, u int) {
	if m.random(3) == 0 && (m.isInvited(m.likely(u, m.isInvited)) || m.isApplied(m.likely(u, m.isApplied))) {
		m.tryMove(who, game.Cancel)
	}
}

func (m *machine) stepEngine() {
	all := []runtime.Observed{runtime.Running, runtime.Running, runtime.StartFailed, runtime.Crashed}
	m.engineSeen(all[m.random(len(all))])
}

func (m *machine) engineSeen(seen runtime.Observed) {
	m.model.engineSeen(seen)
	m.observe(m.id, seen, withStatus())
}

func (m *machine) stepFinish() {
	if m.random(4) > 0 {
		return
	}
	m.try("finish", m.model.finish(), func(context.Context) error {
		return m.record(game.TurnRecord{GameID: m.id, Turn: 1, At: m.model.now, Finished: true})
	})
}

func (m *machine) stepWait() { m.advance(time.Duration(m.random(200)) * time.Hour) }

func (m *machine) stepSweep() {
	m.model.expireInvites()
	m.sweep()
}

func (m *machine) stepDepart(u int) {
	if m.random(6) > 0 {
		return
	}
	m.users.Delete(m.players[u])
	m.model.depart(u)
	m.depart(m.players[u], user.Deleted)
}
