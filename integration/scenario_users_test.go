//go:build integration

package integration

import (
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	pushv1 "galaxy/backend/proto/push/v1"
)

// limit is one limit of a user.
type limit struct {
	Name  string `json:"name"`
	Plan  int    `json:"plan"`
	Limit int    `json:"limit"`
}

type credential struct {
	User   uuid.UUID `json:"user_id"`
	Key    string    `json:"client_public_key"`
	Status string    `json:"status"`
	Reason *string   `json:"revoked_reason"`
}

type session struct {
	ID       uuid.UUID `json:"device_session_id"`
	Device   string    `json:"device_name"`
	Country  *string   `json:"country"`
	LastSeen time.Time `json:"last_seen_at"`
	Created  time.Time `json:"created_at"`
}

// credential is what a gateway reads of a session.
func (s *scenario) credential(id uuid.UUID) credential {
	s.Helper()
	return got[credential](s.api().Get(internalAPI + id.String()))
}

// requireRevoked checks that a session was revoked for a reason, and that the
// gateway got an event.
func (s *scenario) requireRevoked(id uuid.UUID, reason string) {
	s.Helper()
	c := s.credential(id)
	require.Equal(s, "revoked", c.Status)
	require.Equal(s, reason, *c.Reason)
	s.awaitPush("a revoked session", func(e *pushv1.PushEvent) bool {
		return e.GetSessionInvalidation().GetDeviceSessionId() == id.String()
	})
}

func (s *scenario) usersSignUp() {
	s.ada, s.bob, s.cyd = s.signUp("ada", "203.0.113.7"), s.signUp("bob", "198.51.100.7"), s.signUp("cyd", "2001:db8::1")
	s.dan, s.eve = s.signUp("dan", "192.0.2.7"), s.signUp("eve", "203.0.113.200")
	a := got[account](s.ada.Get(userAPI + "/account"))
	require.Equal(s, account{ID: s.ada.id, Email: "ada@example.com", UserName: s.ada.name, DisplayName: s.ada.name, Country: "DE"}, a)
	require.Equal(s, credential{User: s.ada.id, Key: s.ada.key, Status: "active"}, s.credential(s.ada.session))
}

func (s *scenario) sessionsAreRevoked() {
	before := s.newestMail()
	phone := s.signIn(s.ada.email, "198.51.100.200", "phone")
	require.Contains(s, s.awaitMail(s.ada.email, "New sign-in", before).Text, "BR")
	s.api().Post(internalAPI+phone.Session.String()+"/touch", nil).Want(204)
	mine := got[page[session]](s.ada.Get(userAPI + "/sessions?status=active")).Items
	require.Len(s, mine, 2)
	require.Equal(s, phone.Session, mine[0].ID, "newest first")
	require.Equal(s, "phone", mine[0].Device)
	require.Equal(s, "BR", *mine[0].Country)
	require.False(s, mine[0].LastSeen.Before(mine[0].Created))

	s.ada.Post(userAPI+"/sessions/"+phone.Session.String()+"/revoke", nil).Want(204)
	s.requireRevoked(phone.Session, "user")
	tablet := s.signIn(s.ada.email, s.ada.from, "tablet")
	type revoked struct{ Revoked int }
	require.Equal(s, 1, got[revoked](s.ada.Post(userAPI+"/sessions/revoke-others", object{"device_session_id": s.ada.session})).Revoked)
	s.requireRevoked(tablet.Session, "user")
	require.Equal(s, "active", s.credential(s.ada.session).Status)

	require.Equal(s, 1, got[revoked](s.cyd.Post(userAPI+"/sessions/revoke-all", nil)).Revoked)
	s.requireRevoked(s.cyd.session, "user")
	s.api().Post(internalAPI+s.bob.session.String()+"/revoke", nil).Want(204)
	s.requireRevoked(s.bob.session, "gateway")

	kiosk := s.signIn(s.eve.email, s.eve.from, "kiosk")
	sessions := adminAPI + "/users/" + s.eve.id.String() + "/sessions"
	require.Len(s, got[page[session]](s.root.Get(sessions+"?status=active")).Items, 2)
	s.root.Post(adminAPI+"/sessions/"+kiosk.Session.String()+"/revoke", nil).Want(204)
	s.requireRevoked(kiosk.Session, "operator")
	require.Equal(s, 1, got[revoked](s.root.Post(sessions+"/revoke-all", nil)).Revoked)
	s.requireRevoked(s.eve.session, "operator")
}

func (s *scenario) accountsChange() {
	changed := got[account](s.ada.Patch(userAPI+"/account", object{"display_name": "Ada L."}))
	require.Equal(s, "Ada L.", changed.DisplayName)

	before, old := s.newestMail(), s.bob.email
	s.bob.email = "robert@example.com"
	c := got[challenge](s.bob.Post(userAPI+"/account/email", object{"email": s.bob.email}))
	code := codeIn(s.awaitMail(s.bob.email, "Confirm", before).Text)
	now := got[account](s.bob.Post(userAPI+"/account/email/confirm", object{"challenge_id": c.ID, "code": code}))
	require.Equal(s, s.bob.email, now.Email)
	require.NotContains(s, s.awaitMail(old, "was changed", before).Text, s.bob.email, "the notice does not contain the new address")

	export := got[struct {
		Account account  `json:"account"`
		Former  []string `json:"former_emails"`
	}](s.bob.Get(userAPI + "/account/export"))
	require.Equal(s, s.bob.email, export.Account.Email)
	require.Equal(s, []string{old}, export.Former)

	rights := got[struct {
		Plan   string
		Limits []limit
	}](s.bob.Get(userAPI + "/account/entitlements"))
	require.Equal(s, "free", rights.Plan)
	require.Contains(s, rights.Limits, limit{"owned_private_games", 1, 1})

	s.eve.Delete(userAPI + "/account").Want(204)
	s.eve.Get(userAPI+"/account").Refused(http.StatusUnauthorized, "user_unknown")
	s.root.Post(adminAPI+"/users/"+s.eve.id.String()+"/restore", nil).Want(200)
	require.Equal(s, s.eve.email, got[account](s.eve.Get(userAPI+"/account")).Email)
}
