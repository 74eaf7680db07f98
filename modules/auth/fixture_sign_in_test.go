package auth_test

import (
	"context"
	"regexp"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/auth"
	"galaxy/backend/modules/user"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/testkit"
)

const (
	publicPath   = "/api/v1/public/auth/"
	accountPath  = "/api/v1/user/account"
	emailPath    = "/api/v1/user/account/email"
	sessionsPath = "/api/v1/user/sessions"
)

func internalPath(session uuid.UUID) string { return "/api/v1/internal/sessions/" + session.String() }

func adminUserPath(user uuid.UUID) string { return "/api/v1/admin/users/" + user.String() }

type issued struct {
	ChallengeID uuid.UUID `json:"challenge_id"`
	ExpiresAt   time.Time `json:"expires_at"`
}

type signedIn struct {
	Session uuid.UUID `json:"device_session_id"`
	User    uuid.UUID `json:"user_id"`
}

type credential struct {
	Session   uuid.UUID `json:"device_session_id"`
	User      uuid.UUID `json:"user_id"`
	PublicKey string    `json:"client_public_key"`
	Status    string    `json:"status"`
	Reason    *string   `json:"revoked_reason"`
}

type account struct {
	Email           string `json:"email"`
	UserName        string `json:"user_name"`
	DisplayName     string `json:"display_name"`
	TimeZone        string `json:"time_zone"`
	DeclaredCountry string `json:"declared_country"`
}

// sendCode asks for a code over HTTP.
func (f *fixture) sendCode(email string) issued {
	f.Helper()
	body := map[string]any{"email": email, "language": "en"}
	return testkit.Into[issued](f.api.Post(publicPath+"send-email-code", body).Want(200))
}

var codePattern = regexp.MustCompile(`[0-9A-Z]{4}-[0-9A-Z]{4}`)

// mailedCode waits for the next code mailed to an address; other mail is passed
// over.
func (f *fixture) mailedCode(email string) string {
	f.Helper()
	for {
		m := f.inbox.Next(email, f.lastRead[strings.ToLower(email)])
		f.lastRead[strings.ToLower(email)] = m.ID
		if code := codePattern.FindString(m.Text); code != "" {
			return code
		}
	}
}

// confirmBody is a confirmation as it is sent.
func confirmBody(challenge uuid.UUID, code string, d device) map[string]any {
	return map[string]any{"challenge_id": challenge, "code": code, "client_public_key": d.publicKey(),
		"time_zone": "Europe/Amsterdam", "language": "en",
		"device": map[string]any{"name": "Pixel 9", "user_agent": "galaxy/1.4"}}
}

// confirm confirms a challenge over HTTP.
func (f *fixture) confirm(challenge uuid.UUID, code string, d device) testkit.Reply {
	f.Helper()
	return f.api.Post(publicPath+"confirm-email-code", confirmBody(challenge, code, d))
}

// from sends requests from an address of a network in mmdb.Networks.
func (f *fixture) from(ip string) *fixture {
	other := *f
	other.api = f.api.With("X-Forwarded-For", ip)
	return &other
}

// signIn signs in over HTTP with a mailed code.
func (f *fixture) signIn(email string, d device) signedIn {
	f.Helper()
	c := f.sendCode(email)
	return testkit.Into[signedIn](f.confirm(c.ChallengeID, f.mailedCode(email), d).Want(200))
}

// register makes an account without a sign-in.
func (f *fixture) register(email string) user.Account {
	f.Helper()
	var a user.Account
	require.NoError(f, f.db.InTx(f.Context(), func(ctx context.Context, tx *pg.Tx) (err error) {
		a, err = f.users.Register(ctx, tx, user.NewAccount{Email: email, Language: "en", TimeZone: "UTC"})
		return err
	}))
	return a
}

// requestCode asks the service for a code that the fake mailer keeps.
func (f *fixture) requestCode(email string) (challenge uuid.UUID, code string) {
	f.Helper()
	c, err := f.auth.SendCode(f.Context(), email, "en")
	require.NoError(f, err)
	return c.ChallengeID, f.mailer.LastCode(email)
}

// confirmation is what a device confirms a challenge with.
func confirmation(challenge uuid.UUID, code string, d device) auth.Confirmation {
	return auth.Confirmation{ChallengeID: challenge, Code: code, PublicKey: d.publicKey(), TimeZone: "UTC"}
}

// signInDirectly signs in by the service, with a code from the fake mailer. It
// moves the clock past the throttle and the caps.
func (f *fixture) signInDirectly(email string, d device) signedIn {
	f.Helper()
	f.clock.Advance(time.Hour)
	f.clock.BlockUntil(backgroundLoops)
	challenge, code := f.requestCode(email)
	s, err := f.auth.Confirm(f.Context(), confirmation(challenge, code, d))
	require.NoError(f, err)
	return signedIn{s.ID, s.UserID}
}

// credential is a session as the gateway sees it.
func (f *fixture) credential(session uuid.UUID) credential {
	f.Helper()
	return testkit.Into[credential](f.api.Get(internalPath(session)).Want(200))
}
