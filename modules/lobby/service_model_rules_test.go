package lobby

import (
	"slices"
	"time"

	"galaxy/backend/modules/game"
	"galaxy/backend/modules/notification"
	"galaxy/backend/modules/runtime"
)

// The rules of the domain for a few users and one game, written down a second
// time and without a database, to compare the real one with.

// noUser is who owns a public game; operator is an operator.
const (
	noUser   = -1
	operator = -2
)

type modelMembership struct {
	user, origin        int // who plays; the user whose race name it is
	status, reason      string
	founding, successor bool
	offered             bool
}

func (s modelMembership) free() bool {
	return s.founding && s.status == game.Removed && (s.reason == game.ReasonLeft || s.reason == game.ReasonRemoved)
}

type modelInvite struct {
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
	members      []modelMembership    // in the order of joining
	applications map[int][]string     // states, oldest first
	invites      map[int]*modelInvite // the newest
	intents      map[notification.Kind]int
	gone         map[int]bool
	now          time.Time
}

func newModel(owner int, policy string, now time.Time) *model {
	return &model{state: game.Draft, owner: owner, min: 2, max: 3, policy: policy, now: now,
		applications: map[int][]string{},
		invites:      map[int]*modelInvite{}, intents: map[notification.Kind]int{}, gone: map[int]bool{}}
}

func (m *model) member(u int) *modelMembership {
	for i := range m.members {
		if m.members[i].user == u {
			return &m.members[i]
		}
	}
	return nil
}

func (m *model) active() (n int) {
	for _, s := range m.members {
		if s.status == game.Active {
			n++
		}
	}
	return n
}

func (m *model) applicationState(u int) string {
	if all := m.applications[u]; len(all) > 0 {
		return all[len(all)-1]
	}
	return ""
}

func (m *model) decide(u int, state string) { m.applications[u][len(m.applications[u])-1] = state }

func (m *model) inviteState(u int) string {
	if i := m.invites[u]; i != nil {
		return i.state
	}
	return ""
}

// answerable reports whether an invite can still be answered.
func (m *model) answerable(u int) bool {
	return m.inviteState(u) == pending && m.invites[u].expires.After(m.now)
}

func (m *model) manages(who int) bool { return who == operator || who == m.owner }

func (m *model) visible(u int) bool {
	switch {
	case u == m.owner:
		return true
	case m.owner == noUser:
		return m.state != game.Draft
	case m.policy == game.PolicyApplication && m.state == game.EnrollmentOpen:
		return true
	}
	return m.member(u) != nil || m.inviteState(u) == pending || len(m.applications[u]) > 0
}

// mayEnroll reports whether a user may become a member now.
func (m *model) mayEnroll(u int) bool {
	return !m.gone[u] && m.member(u) == nil && !m.launched && m.state == game.EnrollmentOpen && m.active() < m.max
}

func (m *model) enroll(u int) {
	m.members = append(m.members, modelMembership{user: u, origin: u, status: game.Active})
}

func (m *model) notify(kind notification.Kind) { m.intents[kind]++ }

func (m *model) notifyMembers(kind notification.Kind) {
	if m.active() > 0 {
		m.notify(kind)
	}
}

// endEnrollment answers what is open when an enrollment ends.
func (m *model) endEnrollment() {
	for u := range m.applications {
		if m.applicationState(u) == pending {
			m.decide(u, rejected)
			m.notify(notification.KindApplicationRejected)
		}
	}
	for _, i := range m.invites {
		if i.state == pending {
			i.state = revoked
			m.notify(notification.KindInviteRevoked)
		}
	}
}

func (m *model) cancel() {
	m.state, m.pause = game.Cancelled, ""
	m.endEnrollment()
	m.notifyMembers(notification.KindGameCancelled)
}

func (m *model) launch() {
	if !m.launched {
		m.endEnrollment()
		for i := range m.members {
			m.members[i].founding = m.members[i].status == game.Active
		}
	}
	m.state, m.launched = game.Starting, true
}

// move is the table of transitions, for the moves that users and operators make.
func (m *model) move(verb game.Verb, who int) bool {
	if !m.manages(who) {
		return false
	}
	in := func(states ...game.State) bool { return slices.Contains(states, m.state) }
	by := game.ByUser
	if who == operator {
		by = game.ByOperator
	}
	switch {
	case verb == game.Open && in(game.Draft):
		m.state = game.EnrollmentOpen
	case verb == game.Close && in(game.EnrollmentOpen) && m.active() >= m.min:
		m.state = game.ReadyToStart
		m.endEnrollment()
	case verb == game.Start && in(game.ReadyToStart) && m.active() >= m.min, verb == game.Retry && in(game.StartFailed),
		verb == game.ForceStart && who == operator && in(game.EnrollmentOpen, game.ReadyToStart) && m.active() >= 1:
		m.launch()
	case verb == game.Pause && in(game.Running):
		m.pauseFor(by)
	case verb == game.Resume && in(game.Paused) &&
		(who == operator || m.pause == game.ByUser || m.pause == game.AllMissed):
		m.state, m.pause = game.Running, ""
		m.notifyMembers(notification.KindGameResumed)
	case verb == game.Cancel && in(game.Draft, game.EnrollmentOpen, game.ReadyToStart, game.StartFailed),
		verb == game.Cancel && who == operator && in(game.Starting, game.Running, game.Paused),
		verb == game.ForceStop && who == operator && in(game.Running, game.Paused):
		m.cancel()
	default:
		return false
	}
	return true
}

func (m *model) pauseFor(reason string) {
	m.state, m.pause = game.Paused, reason
	m.notifyMembers(notification.KindGamePaused)
}

// engineSeen is what an engine that starts, fails or crashes does to the game.
func (m *model) engineSeen(seen runtime.Observed) {
	switch {
	case m.state == game.Starting && seen == runtime.Running:
		m.state = game.Running
	case m.state == game.Starting:
		m.state = game.StartFailed
	case m.state == game.Running && seen != runtime.Running:
		m.pauseFor(game.EngineCrashed)
	}
}

// finish is a last turn.
func (m *model) finish() bool {
	if m.state != game.Running && m.state != game.Paused {
		return false
	}
	m.state, m.pause = game.Finished, ""
	return true
}
