package auth_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"net/netip"
	"slices"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/admin"
	"galaxy/backend/modules/mail"
	"galaxy/backend/modules/push"
	"galaxy/backend/platform/httpx"
	"galaxy/backend/platform/pg"
)

// fakeGateways keeps the invalidations of committed transactions.
type fakeGateways struct {
	mu   sync.Mutex
	told []push.Invalidation
}

// Invalidate implements auth.Invalidator.
func (g *fakeGateways) Invalidate(tx *pg.Tx, inv ...push.Invalidation) {
	tx.OnCommit(func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.told = append(g.told, inv...)
	})
}

// invalidations is what the gateways were told, oldest first.
func (g *fakeGateways) invalidations() []push.Invalidation {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.told)
}

// sessionIDs names the sessions of invalidations.
func (g *fakeGateways) sessionIDs() []uuid.UUID {
	var ids []uuid.UUID
	for _, inv := range g.invalidations() {
		ids = append(ids, inv.DeviceSessionID)
	}
	return ids
}

// fakeAdminGate knows one operator and one viewer, without the cost of bcrypt.
type fakeAdminGate struct{}

// Authenticate implements httpx.AdminGate.
func (fakeAdminGate) Authenticate(_ context.Context, username, given string, _ netip.Addr) (httpx.Principal, error) {
	role := map[string]httpx.Role{operator: httpx.Operator, viewer: httpx.Viewer}[username]
	if role == httpx.NoRole || given != password {
		return httpx.Principal{}, admin.ErrCredentials
	}
	return httpx.Principal{Username: username, Role: role}, nil
}

// fakeMailer keeps mail instead of sending it. It takes what is enqueued in a
// transaction that is rolled back as well.
type fakeMailer struct {
	mu   sync.Mutex
	sent []mail.Message
}

// Enqueue implements auth.Mailer and user.Mailer.
func (m *fakeMailer) Enqueue(_ context.Context, _ *pg.Tx, msg mail.Message) (uuid.UUID, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sent = append(m.sent, msg)
	return uuid.New(), nil
}

// EraseAddress implements user.Mailer.
func (m *fakeMailer) EraseAddress(context.Context, *pg.Tx, string) error { return nil }

// SentTo implements user.Mailer.
func (m *fakeMailer) SentTo(context.Context, pg.Querier, string, int) ([]mail.Summary, error) {
	return nil, nil
}

// messages is every message of a template, oldest first.
func (m *fakeMailer) messages(template string) []mail.Message {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(m.sent), func(msg mail.Message) bool { return msg.Template != template })
}

// lastCode is the code of the newest mail to an address that was not suppressed.
func (m *fakeMailer) lastCode(email string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	code := ""
	for _, msg := range m.sent {
		if text, ok := msg.Data["code"].(string); ok && msg.To == email && !msg.Suppressed {
			code = text
		}
	}
	return code
}

// codes is every code written to an address, suppressed or not, oldest first.
func (m *fakeMailer) codes(email string) []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []string
	for _, msg := range m.sent {
		if text, ok := msg.Data["code"].(string); ok && msg.To == email {
			out = append(out, text)
		}
	}
	return out
}

// nthCode is the nth code written to an address, from 1.
func (m *fakeMailer) nthCode(email string, n int) string { return m.codes(email)[n-1] }

func (m *fakeMailer) reset() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sent = nil
}

// suppressed says of each sign-in code whether its mail was suppressed.
func (m *fakeMailer) suppressed() []bool {
	var out []bool
	for _, msg := range m.messages("auth.login_code") {
		out = append(out, msg.Suppressed)
	}
	return out
}

// device is a client with a key of its own.
type device struct{ key ed25519.PublicKey }

func newDevice(t testing.TB) device {
	t.Helper()
	key, _, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	return device{key}
}

// publicKey is the device's key as it is sent.
func (d device) publicKey() string { return base64.StdEncoding.EncodeToString(d.key) }
