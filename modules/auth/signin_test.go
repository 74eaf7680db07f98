package auth_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/platform/testkit"
)

type account struct {
	UserID          uuid.UUID `json:"user_id"`
	Email           string    `json:"email"`
	UserName        string    `json:"user_name"`
	DisplayName     string    `json:"display_name"`
	TimeZone        string    `json:"time_zone"`
	DeclaredCountry string    `json:"declared_country"`
}

type credential struct {
	Session   uuid.UUID `json:"device_session_id"`
	User      uuid.UUID `json:"user_id"`
	PublicKey string    `json:"client_public_key"`
	Status    string    `json:"status"`
	Reason    *string   `json:"revoked_reason"`
}

func (h *house) credential(session uuid.UUID) credential {
	h.Helper()
	return testkit.Into[credential](h.api.Get("/api/v1/internal/sessions/" + session.String()).Want(200))
}

func TestSigningInWithAMailedCodeMakesAnAccountAndASession(t *testing.T) {
	t.Parallel()
	h, phone := open(t), newDevice(t)
	me := h.from("203.0.113.7").signIn("Ada@Example.org", phone)

	seen := h.credential(me.Session)
	require.Equal(t, credential{Session: me.Session, User: me.User, PublicKey: phone.text(), Status: "active"}, seen)

	a := testkit.Into[account](h.api.User(me.User).Get("/api/v1/user/account").Want(200))
	require.Equal(t, "Ada@Example.org", a.Email)
	require.Equal(t, a.UserName, a.DisplayName)
	require.Equal(t, "Europe/Amsterdam", a.TimeZone)
	require.Equal(t, "DE", a.DeclaredCountry)
	require.Regexp(t, `^player-[a-z0-9]{8}$`, a.UserName)
}

func TestASecondSignInIsTheSameAccountInAnySpelling(t *testing.T) {
	t.Parallel()
	h := open(t)
	first := h.signIn("ada@example.org", newDevice(t))
	h.clock.Advance(2 * time.Minute)
	second := h.signIn("ADA@example.ORG", newDevice(t))
	require.Equal(t, first.User, second.User)
	require.NotEqual(t, first.Session, second.Session)
	require.Equal(t, 1, h.count(`SELECT count(*) FROM accounts`))
}
