//go:build integration

package integration

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/platform/smtpsink"
	"galaxy/backend/platform/testkit"
)

// TestEveryDocumentedOperationWorksEndToEnd calls every operation of openapi.yaml
// as gateways, users and operators do, and fails when one was left out. It does not
// depend on other tests.
func TestEveryDocumentedOperationWorksEndToEnd(t *testing.T) {
	s := newScenario(t)
	for _, c := range []struct {
		title string
		run   func()
	}{
		{"the platform is up", s.platformIsUp},
		{"admin accounts are managed", s.adminAccountsAreManaged},
		{"engine versions are managed", s.engineVersionsAreKept},
		{"users sign up", s.usersSignUp},
		{"sessions are revoked", s.sessionsAreRevoked},
		{"accounts change", s.accountsChange},
		{"operators manage users", s.operatorsManageUsers},
		{"limits and sanctions apply", s.limitsAndSanctionsApply},
		{"a public game fails to start", s.publicGameFailsToStart},
		{"a private game fills and ends", s.privateGameFillsAndEnds},
		{"a private game starts at the second try", s.privateGameStartsAtTheSecondTry},
		{"a turn is played", s.turnIsPlayed},
		{"the game ends and a name is earned", s.gameEndsAndANameIsEarned},
		{"operators schedule turns", s.operatorsScheduleTurns},
		{"a turn fails and is retried", s.turnFailsAndIsRetried},
		{"seats are replaced", s.seatsAreReplaced},
		{"runtimes are operated", s.runtimesAreOperated},
		{"the public game is retried", s.publicGameIsRetried},
		{"mail that was refused is sent again", s.refusedMailIsSentAgain},
		{"inboxes are read", s.inboxesAreRead},
		{"countries are counted", s.countriesAreCounted},
		{"the audit log is complete", s.auditLogIsComplete},
	} {
		begin := time.Now()
		c.run()
		t.Logf("%-42s %s", c.title, time.Since(begin).Round(time.Millisecond))
		require.False(t, t.Failed(), "the contract was broken in: %s", c.title)
	}
	missing, err := testkit.Unexercised("/")
	require.NoError(t, err)
	require.Empty(t, missing, "documented operations that were not called successfully")
	s.stream.close()
	require.Zero(t, s.terminate())
	requireNoSecrets(t, s.backend)
}

const (
	publicAPI           = "/api/v1/public/auth"
	internalAPI         = "/api/v1/internal/sessions/"
	userAPI             = "/api/v1/user"
	lobbyAPI            = "/api/v1/user/lobby"
	adminAPI            = "/api/v1/admin"
	missingImageVersion = "0.2.0" // an engine version whose image does not exist
)

type object = map[string]any

// scenario is one backend and the state that steps share.
type scenario struct {
	*backend
	root   *testkit.API // the operator of the configuration
	stream *gateway
	begin  time.Time

	ada, bob, cyd, dan, eve *user

	publicGame   uuid.UUID // the public game that starts badly
	botGame      uuid.UUID // the game that is played to its end
	operatedGame uuid.UUID // the game that operators change
}

// newScenario runs a backend that does not retry a failed turn by itself during
// the test: only the operator's retry does.
func newScenario(t *testing.T) *scenario {
	b := newFixture(t).start("BACKEND_TURN_RETRY_BASE=1h").ready()
	s := &scenario{backend: b, root: b.operator(), begin: time.Now()}
	s.stream = s.subscribe("scenario-gateway")
	s.eventually("the subscription", func() bool { return strings.Contains(s.log.String(), "gateway subscribed") })
	return s
}

// user is a user behind the gateway: calls carry the user's id and address.
type user struct {
	*testkit.API
	id      uuid.UUID
	email   string
	name    string // user name
	from    string // address
	session uuid.UUID
	key     string
}

type signedIn struct {
	Session uuid.UUID `json:"device_session_id"`
	User    uuid.UUID `json:"user_id"`
	key     string
}

type challenge struct {
	ID uuid.UUID `json:"challenge_id"`
}

// signIn signs in from a new device: a code by mail, a key, a session.
func (s *scenario) signIn(email, from, device string) signedIn {
	s.Helper()
	visitor, before := s.api().With("X-Forwarded-For", from), s.newestMail()
	c := got[challenge](visitor.Post(publicAPI+"/send-email-code", object{"email": email, "language": "en"}))
	code := codeIn(s.awaitMail(email, "sign-in code", before).Text)
	public, _, err := ed25519.GenerateKey(nil)
	require.NoError(s, err)
	key := base64.StdEncoding.EncodeToString(public)
	in := got[signedIn](visitor.Post(publicAPI+"/confirm-email-code", object{
		"challenge_id": c.ID, "code": code, "client_public_key": key, "time_zone": "Europe/Amsterdam", "device": object{"name": device}}))
	in.key = key
	return in
}

func (s *scenario) signUp(name, from string) *user {
	s.Helper()
	p := &user{email: name + "@example.com", from: from}
	in := s.signIn(p.email, from, "laptop")
	p.id, p.session, p.key = in.User, in.Session, in.key
	p.API = s.api().User(p.id).With("X-Forwarded-For", from)
	p.name = got[account](p.Get(userAPI + "/account")).UserName
	return p
}

// newestMail is the id of the newest mail; "" when there is none.
func (s *scenario) newestMail() string {
	all := s.inbox.All()
	if len(all) == 0 {
		return ""
	}
	return all[len(all)-1].ID
}

// awaitMail waits for a mail to an address with a subject that contains a text.
func (s *scenario) awaitMail(to, subject, after string) smtpsink.Message {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.Context(), waitLimit)
	defer cancel()
	sent := smtpsink.SentTo(to, after)
	m, err := s.inbox.Wait(ctx, func(m smtpsink.Message) bool { return sent(m) && strings.Contains(m.Subject, subject) })
	require.NoError(s, err, "a mail to %s about %q", to, subject)
	return m
}

// eventually calls done repeatedly, from the test's own goroutine, so that done
// may fail the test.
func (s *scenario) eventually(what string, done func() bool) {
	s.Helper()
	limit, tick := time.After(waitLimit), time.NewTicker(25*time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-tick.C:
		case err := <-s.done:
			s.done <- err
			s.Fatalf("the backend ended while waiting for %s: %v", what, err)
		case <-limit:
			s.Fatalf("waited too long for %s", what)
		}
	}
}

func got[T any](r testkit.Reply) T      { return testkit.Into[T](r.Want(200)) }
func created[T any](r testkit.Reply) T  { return testkit.Into[T](r.Want(201)) }
func accepted[T any](r testkit.Reply) T { return testkit.Into[T](r.Want(202)) }

// page is any list.
type page[T any] struct {
	Items  []T
	Unread int
	Counts map[string]int
}

type account struct {
	ID          uuid.UUID  `json:"user_id"`
	Email       string     `json:"email"`
	UserName    string     `json:"user_name"`
	DisplayName string     `json:"display_name"`
	Country     string     `json:"declared_country"`
	Plan        string     `json:"plan"`
	DeletedAt   *time.Time `json:"deleted_at"`
}
