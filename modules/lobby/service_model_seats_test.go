package lobby

import (
	"slices"

	"galaxy/backend/modules/game"
	"galaxy/backend/modules/notification"
)

func (m *model) leave(u int) bool {
	s := m.member(u)
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

// endMembership is removing and blocking.
func (m *model) endMembership(who, u int, status string) bool {
	s := m.member(u)
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
	if status == game.Removed {
		m.notify(notification.KindMembershipRemoved)
		return true
	}
	s.reason = game.ReasonBanned
	m.notify(notification.KindMembershipBlocked)
	return true
}

func (m *model) unban(u int) bool {
	s := m.member(u)
	switch {
	case s == nil || s.status != game.Blocked:
		return false
	case m.launched:
		s.status, s.reason = game.Removed, game.ReasonBanned
	default:
		m.members = slices.DeleteFunc(m.members, func(x modelMembership) bool { return x.user == u })
	}
	return true
}

// holder is the last member who played the race that a user founded.
func (m *model) holder(origin int) *modelMembership {
	for i := range m.members {
		if s := &m.members[i]; s.origin == origin && s.founding && s.reason != game.ReasonReplaced {
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
	listeners := m.owner != noUser
	for u, states := range m.applications {
		listeners = listeners || m.member(u) == nil && slices.Contains(states, rejected)
	}
	if listeners {
		m.notify(notification.KindGameSeatOffered)
	}
	return true
}

func (m *model) take(u, origin int) bool {
	s := m.holder(origin)
	if mine := m.member(u); mine != nil {
		return mine.status == game.Active && mine.successor && mine.origin == origin &&
			m.launched && !m.state.Terminal()
	}
	if m.gone[u] || !m.visible(u) || !m.launched || m.state.Terminal() || s == nil || !s.free() || !s.offered {
		return false
	}
	s.reason, s.offered = game.ReasonReplaced, false
	if m.inviteState(u) == pending {
		m.invites[u].state = redeemed
	}
	m.members = append(m.members, modelMembership{user: u, origin: origin, status: game.Active,
		founding: true, successor: true})
	return true
}

func (m *model) depart(u int) {
	m.gone[u] = true
	if m.applicationState(u) == pending {
		m.decide(u, withdrawn)
	}
	if m.inviteState(u) == pending {
		m.invites[u].state = declined
	}
	if m.state.Terminal() {
		return
	}
	if s := m.member(u); s != nil && s.status == game.Active {
		s.status, s.reason = game.Removed, game.ReasonDeleted
	}
	if m.owner != u {
		return
	}
	for _, s := range m.members {
		if s.status == game.Active {
			m.owner = s.user
			return
		}
	}
	m.cancel()
}
