package lobby

import (
	"slices"
	"time"

	"galaxy/backend/modules/game"
	"galaxy/backend/modules/notification"
)

// apply also says yes to a repeat.
func (m *model) apply(u int) bool {
	switch {
	case m.gone[u] || !m.visible(u) || u == m.owner:
		return false
	case m.member(u) != nil:
		states := m.applications[u]
		return m.member(u).status == game.Active && (slices.Contains(states, approved) || slices.Contains(states, pending))
	case !m.mayEnroll(u) || m.policy == game.PolicyInvite || m.inviteState(u) == pending:
		return false
	case m.policy == game.PolicyAuto:
		m.applications[u] = append(m.applications[u], approved)
		m.enroll(u)
	case m.applicationState(u) != pending:
		m.applications[u] = append(m.applications[u], pending)
		if m.owner != noUser {
			m.notify(notification.KindApplicationSubmitted)
		}
	}
	return true
}

func (m *model) approve(who, u int) bool {
	switch {
	case !m.manages(who) || m.applicationState(u) == "":
		return false
	case m.applicationState(u) == approved:
		return true
	case m.applicationState(u) != pending || !m.mayEnroll(u):
		return false
	}
	m.decide(u, approved)
	m.notify(notification.KindApplicationApproved)
	m.enroll(u)
	return true
}

func (m *model) reject(who, u int) bool {
	switch {
	case !m.manages(who) || m.applicationState(u) != pending && m.applicationState(u) != rejected:
		return false
	case m.applicationState(u) == pending:
		m.decide(u, rejected)
		m.notify(notification.KindApplicationRejected)
	}
	return true
}

func (m *model) withdraw(u int) bool {
	switch m.applicationState(u) {
	case pending:
		m.decide(u, withdrawn)
	case withdrawn:
	default:
		return false
	}
	return true
}

func (m *model) invite(who, u int) bool {
	switch {
	case who != m.owner || m.gone[u] || u == who || m.member(u) != nil:
		return false
	case m.state != game.EnrollmentOpen && (!m.launched || m.state.Terminal() || !m.offering()):
		return false
	case m.answerable(u):
		return true
	}
	m.invites[u] = &modelInvite{state: pending, expires: m.now.Add(168 * time.Hour)}
	m.notify(notification.KindInviteReceived)
	return true
}

// offering reports whether a seat is on offer.
func (m *model) offering() bool {
	return slices.ContainsFunc(m.members, func(s modelMembership) bool { return s.offered })
}

func (m *model) redeem(u int) bool {
	if m.inviteState(u) == redeemed && m.member(u) != nil && m.member(u).status == game.Active {
		return !m.member(u).successor // that race has another name
	}
	if !m.answerable(u) || !m.mayEnroll(u) {
		return false
	}
	m.invites[u].state = redeemed
	m.enroll(u)
	return true
}

// endInvite is declining and revoking.
func (m *model) endInvite(u int, state string) bool {
	if m.inviteState(u) == state {
		return true
	}
	if !m.answerable(u) {
		return false
	}
	m.invites[u].state = state
	if state == revoked {
		m.notify(notification.KindInviteRevoked)
	}
	return true
}

func (m *model) join(u int) bool {
	s := m.member(u)
	switch {
	case u != m.owner:
		return false
	case s != nil:
		return s.status == game.Active && s.origin == u
	case !m.mayEnroll(u):
		return false
	}
	m.enroll(u)
	return true
}

// expireInvites is what a sweep does.
func (m *model) expireInvites() {
	for u := range m.invites {
		if m.inviteState(u) == pending && !m.answerable(u) {
			m.invites[u].state = expired
		}
	}
}
