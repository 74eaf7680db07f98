package auth_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/admin"
	"galaxy/backend/modules/mail/mailtest"
	"galaxy/backend/platform/httpx"
)

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

// suppressedCodes says of each sign-in code whether its mail was suppressed.
func suppressedCodes(o *mailtest.Outbox) []bool {
	var out []bool
	for _, msg := range o.Messages("auth.login_code") {
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
