package lobby

import (
	"slices"
	"time"

	"galaxy/backend/modules/game"
	"galaxy/backend/modules/notification"
)

// The lobby as its rules have it, for a few users and one game: written down a
// second time, without a database, to hold the real one against.

// nobody is who owns a public game; chief is an operator.
const (
	nobody = -1
	chief  = -2
)

type modelSeat struct {
	user, origin    int // who sits here; whose race name it is
	status, reason  string
	founding, taken bool // taken over
	offered         bool
}

func (s modelSeat) free() bool {
	return s.founding && s.status == game.Removed && slices.Contains([]string{game.ReasonLeft, game.ReasonRemoved}, s.reason)
}

type modelRequest struct {
	state   string
	expires time.Time // of an invite
}

type model struct {
	state        game.State
	pause        string
	owner        int
	min, max     int
	policy       string
	launched     bool
	seats        []modelSeat           // in the order of joining
	applications map[int][]string      // states, oldest first
	invites      map[int]*modelRequest // the newest
	told         map[notification.Kind]int
	gone         map[int]bool
	now          time.Time
}

func newModel(owner int, policy string, now time.Time) *model {
	return &model{state: game.Draft, owner: owner, min: 2, max: 3, policy: policy, now: now, applications: map[int][]string{},
		invites: map[int]*modelRequest{}, told: map[notification.Kind]int{}, gone: map[int]bool{}}
}

func (m *model) seat(u int) *modelSeat {
	for i := range m.seats {
		if m.seats[i].user == u {
			return &m.seats[i]
		}
	}
	return nil
}

func (m *model) active() (n int) {
	for _, s := range m.seats {
		if s.status == game.Active {
			n++
		}
	}
	return n
}

func (m *model) application(u int) string {
	if all := m.applications[u]; len(all) > 0 {
		return all[len(all)-1]
	}
	return ""
}

func (m *model) decide(u int, state string) { m.applications[u][len(m.applications[u])-1] = state }

func (m *model) invite(u int) string {
	if i := m.invites[u]; i != nil {
		return i.state
	}
	return ""
}

// live reports whether an invite can still be answered.
func (m *model) live(u int) bool { return m.invite(u) == pending && m.invites[u].expires.After(m.now) }

func (m *model) manages(who int) bool { return who == chief || who == m.owner }

func (m *model) visible(u int) bool {
	switch {
	case u == m.owner:
		return true
	case m.owner == nobody:
		return m.state != game.Draft
	case m.policy == game.PolicyApplication && m.state == game.EnrollmentOpen:
		return true
	}
	return m.seat(u) != nil || m.invite(u) == pending || len(m.applications[u]) > 0
}

// room is whether somebody new may sit down.
func (m *model) room(u int) bool {
	return !m.gone[u] && m.seat(u) == nil && !m.launched && m.state == game.EnrollmentOpen && m.active() < m.max
}

func (m *model) sit(u int) {
	m.seats = append(m.seats, modelSeat{user: u, origin: u, status: game.Active})
}

func (m *model) tell(kind notification.Kind) { m.told[kind]++ }

func (m *model) tellMembers(kind notification.Kind) {
	if m.active() > 0 {
		m.tell(kind)
	}
}

// settle answers what is open when an enrollment ends.
func (m *model) settle() {
	for u := range m.applications {
		if m.application(u) == pending {
			m.decide(u, rejected)
			m.tell(notification.KindApplicationRejected)
		}
	}
	for _, i := range m.invites {
		if i.state == pending {
			i.state = revoked
			m.tell(notification.KindInviteRevoked)
		}
	}
}

func (m *model) cancel() {
	m.state, m.pause = game.Cancelled, ""
	m.settle()
	m.tellMembers(notification.KindGameCancelled)
}

func (m *model) launch() {
	if !m.launched {
		m.settle()
		for i := range m.seats {
			m.seats[i].founding = m.seats[i].status == game.Active
		}
	}
	m.state, m.launched = game.Starting, true
}

// move is the diagram once more.
func (m *model) move(verb game.Verb, who int) bool {
	if !m.manages(who) {
		return false
	}
	in := func(states ...game.State) bool { return slices.Contains(states, m.state) }
	by := game.ByUser
	if who == chief {
		by = game.ByOperator
	}
	switch {
	case verb == game.Open && in(game.Draft):
		m.state = game.EnrollmentOpen
	case verb == game.Close && in(game.EnrollmentOpen) && m.active() >= m.min:
		m.state = game.ReadyToStart
		m.settle()
	case verb == game.Start && in(game.ReadyToStart) && m.active() >= m.min, verb == game.Retry && in(game.StartFailed),
		verb == game.ForceStart && who == chief && in(game.EnrollmentOpen, game.ReadyToStart) && m.active() >= 1:
		m.launch()
	case verb == game.Pause && in(game.Running):
		m.pauses(by)
	case verb == game.Resume && in(game.Paused) && (who == chief || m.pause == game.ByUser || m.pause == game.AllMissed):
		m.state, m.pause = game.Running, ""
		m.tellMembers(notification.KindGameResumed)
	case verb == game.Cancel && (in(game.Draft, game.EnrollmentOpen, game.ReadyToStart, game.StartFailed) || who == chief && in(game.Starting, game.Running, game.Paused)),
		verb == game.ForceStop && who == chief && in(game.Running, game.Paused):
		m.cancel()
	default:
		return false
	}
	return true
}

func (m *model) pauses(reason string) {
	m.state, m.pause = game.Paused, reason
	m.tellMembers(notification.KindGamePaused)
}

// apply also says yes to a repeat.
func (m *model) apply(u int) bool {
	switch {
	case m.gone[u] || !m.visible(u) || u == m.owner:
		return false
	case m.seat(u) != nil:
		return m.seat(u).status == game.Active && (slices.Contains(m.applications[u], approved) || slices.Contains(m.applications[u], pending))
	case !m.room(u) || m.policy == game.PolicyInvite || m.invite(u) == pending:
		return false
	case m.policy == game.PolicyAuto:
		m.applications[u] = append(m.applications[u], approved)
		m.sit(u)
	case m.application(u) != pending:
		m.applications[u] = append(m.applications[u], pending)
		if m.owner != nobody {
			m.tell(notification.KindApplicationSubmitted)
		}
	}
	return true
}

func (m *model) approve(who, u int) bool {
	switch {
	case !m.manages(who) || m.application(u) == "":
		return false
	case m.application(u) == approved:
		return true
	case m.application(u) != pending || !m.room(u):
		return false
	}
	m.decide(u, approved)
	m.tell(notification.KindApplicationApproved)
	m.sit(u)
	return true
}

func (m *model) reject(who, u int) bool {
	switch {
	case !m.manages(who) || m.application(u) != pending && m.application(u) != rejected:
		return false
	case m.application(u) == pending:
		m.decide(u, rejected)
		m.tell(notification.KindApplicationRejected)
	}
	return true
}

func (m *model) withdraw(u int) bool {
	switch m.application(u) {
	case pending:
		m.decide(u, withdrawn)
	case withdrawn:
	default:
		return false
	}
	return true
}

func (m *model) ask(who, u int) bool {
	switch {
	case who != m.owner || m.gone[u] || u == who || m.seat(u) != nil:
		return false
	case m.state != game.EnrollmentOpen && (!m.launched || m.state.Terminal() || !m.offering()):
		return false
	case m.live(u):
		return true
	}
	m.invites[u] = &modelRequest{state: pending, expires: m.now.Add(168 * time.Hour)}
	m.tell(notification.KindInviteReceived)
	return true
}

// offering reports whether a seat is on offer.
func (m *model) offering() bool {
	return slices.ContainsFunc(m.seats, func(s modelSeat) bool { return s.offered })
}

func (m *model) redeem(u int) bool {
	if m.invite(u) == redeemed && m.seat(u) != nil && m.seat(u).status == game.Active {
		return !m.seat(u).taken // that race has another name
	}
	if !m.live(u) || !m.room(u) {
		return false
	}
	m.invites[u].state = redeemed
	m.sit(u)
	return true
}

// answer is declining and revoking.
func (m *model) answer(u int, state string) bool {
	if m.invite(u) == state {
		return true
	}
	if !m.live(u) {
		return false
	}
	m.invites[u].state = state
	if state == revoked {
		m.tell(notification.KindInviteRevoked)
	}
	return true
}

func (m *model) join(u int) bool {
	s := m.seat(u)
	switch {
	case u != m.owner:
		return false
	case s != nil:
		return s.status == game.Active && s.origin == u
	case !m.room(u):
		return false
	}
	m.sit(u)
	return true
}

func (m *model) leave(u int) bool {
	s := m.seat(u)
	if s == nil || s.status == game.Blocked {
		return false
	}
	if s.status == game.Removed {
		return true
	}
	if m.state.Terminal() {
		return false
	}
	s.status, s.reason = game.Removed, game.ReasonLeft
	return true
}

// end is removing and blocking.
func (m *model) end(who, u int, status string) bool {
	s := m.seat(u)
	if !m.manages(who) || s == nil {
		return false
	}
	if s.status == status {
		return true
	}
	if m.state.Terminal() || s.status == game.Blocked || s.status == game.Removed && !s.free() {
		return false
	}
	s.status, s.reason, s.offered = status, game.ReasonRemoved, false
	m.tell(map[string]notification.Kind{game.Removed: notification.KindMembershipRemoved, game.Blocked: notification.KindMembershipBlocked}[status])
	if status == game.Blocked {
		s.reason = game.ReasonBanned
	}
	return true
}

func (m *model) unban(u int) bool {
	s := m.seat(u)
	switch {
	case s == nil || s.status != game.Blocked:
		return false
	case m.launched:
		s.status, s.reason = game.Removed, game.ReasonBanned
	default:
		m.seats = slices.DeleteFunc(m.seats, func(x modelSeat) bool { return x.user == u })
	}
	return true
}

// holder is who sits, or sat last, where a user's race is.
func (m *model) holder(origin int) *modelSeat {
	for i := range m.seats {
		if s := &m.seats[i]; s.origin == origin && s.founding && s.reason != game.ReasonReplaced {
			return s
		}
	}
	return nil
}

func (m *model) offer(who, origin int) bool {
	s := m.holder(origin)
	if !m.manages(who) || !m.launched || m.state.Terminal() || s == nil || !s.free() {
		return false
	}
	if s.offered {
		return true
	}
	s.offered = true
	told := m.owner != nobody
	for u, states := range m.applications {
		told = told || m.seat(u) == nil && slices.Contains(states, rejected)
	}
	if told {
		m.tell(notification.KindGameSeatOffered)
	}
	return true
}

func (m *model) take(u, origin int) bool {
	s := m.holder(origin)
	if mine := m.seat(u); mine != nil {
		return mine.status == game.Active && mine.taken && mine.origin == origin && m.launched && !m.state.Terminal()
	}
	if m.gone[u] || !m.visible(u) || !m.launched || m.state.Terminal() || s == nil || !s.free() || !s.offered {
		return false
	}
	s.reason, s.offered = game.ReasonReplaced, false
	if m.invite(u) == pending {
		m.invites[u].state = redeemed
	}
	m.seats = append(m.seats, modelSeat{user: u, origin: origin, status: game.Active, founding: true, taken: true})
	return true
}

func (m *model) depart(u int) {
	m.gone[u] = true
	if m.application(u) == pending {
		m.decide(u, withdrawn)
	}
	if m.invite(u) == pending {
		m.invites[u].state = declined
	}
	if m.state.Terminal() {
		return
	}
	if s := m.seat(u); s != nil && s.status == game.Active {
		s.status, s.reason = game.Removed, game.ReasonDeleted
	}
	if m.owner != u {
		return
	}
	for _, s := range m.seats {
		if s.status == game.Active {
			m.owner = s.user
			return
		}
	}
	m.cancel()
}
