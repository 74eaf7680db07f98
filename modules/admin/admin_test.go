package admin

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"golang.org/x/crypto/bcrypt"

	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/httpx"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/secret"
	"galaxy/backend/platform/testkit"

	"github.com/google/uuid"
)

func TestMain(m *testing.M) { testkit.Main(m) }

const (
	password = "correct horse battery"
	other    = "a different password"
)

var (
	noon   = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	source = netip.MustParseAddr("192.0.2.7")
)

type office struct {
	*testing.T
	*Service
	db    *pg.DB
	clock *clock.Fake
}

// newOffice starts the service with the bootstrap account root.
func newOffice(t *testing.T) *office {
	t.Helper()
	o := &office{T: t, db: testkit.DB(t), clock: clock.NewFake(noon)}
	var err error
	o.Service, err = NewService(o.db, o.clock, zap.NewNop(), Config{BootstrapUser: "Root", BootstrapPassword: secret.New(password)})
	require.NoError(t, err)
	cheap(t, o.Service)
	require.NoError(t, o.Start(t.Context()))
	return o
}

// cheap hashes at bcrypt's least cost: under the race detector one of cost 12
// takes seconds.
func cheap(t *testing.T, s *Service) {
	t.Helper()
	s.verifier.bcrypt.cost = bcrypt.MinCost
	dummy, err := bcrypt.GenerateFromPassword([]byte("dummy"), bcrypt.MinCost)
	require.NoError(t, err)
	s.verifier.dummy = dummy
}

func (o *office) as(role httpx.Role) context.Context {
	return httpx.WithCall(o.Context(), "req-1", uuid.Nil, httpx.Principal{Username: "root", Role: role})
}

func (o *office) login(username, password string) error {
	_, err := o.Authenticate(o.Context(), username, password, source)
	return err
}

func TestTheBootstrapAccountIsInsertedOnce(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	a, err := o.Account(t.Context(), "root")
	require.NoError(t, err)
	require.True(t, a.Bootstrap)
	require.Equal(t, httpx.Administrator, a.Role)
	_, err = o.ResetPassword(o.as(httpx.Administrator), "root", other)
	require.NoError(t, err)

	again, err := NewService(o.db, o.clock, zap.NewNop(), o.cfg)
	require.NoError(t, err)
	cheap(t, again)
	require.NoError(t, again.Start(t.Context()))
	_, err = again.Authenticate(t.Context(), "root", other, source)
	require.NoError(t, err, "a later start does not bring the old password back")
	_, err = again.Authenticate(t.Context(), "root", password, source)
	require.ErrorIs(t, err, ErrCredentials)
}

func TestAVerifiedCredentialIsRememberedBriefly(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	for range 20 {
		require.NoError(t, o.login("root", password))
	}
	require.EqualValues(t, 1, o.verifier.hashed.Load())
	o.clock.Advance(rememberFor)
	require.NoError(t, o.login("ROOT", password), "another case names the same account")
	require.EqualValues(t, 2, o.verifier.hashed.Load())
}

func TestAChangedOrDisabledAccountIsOutAtOnce(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	ctx := o.as(httpx.Administrator)
	_, created, err := o.Create(ctx, "Anna", password, httpx.Operator)
	require.NoError(t, err)
	require.True(t, created)
	require.NoError(t, o.login("anna", password))
	_, err = o.Disable(ctx, "anna")
	require.NoError(t, err)
	require.ErrorIs(t, o.login("anna", password), ErrCredentials)
	_, err = o.Enable(ctx, "anna")
	require.NoError(t, err)
	require.NoError(t, o.login("anna", password))
	_, err = o.ResetPassword(ctx, "anna", other)
	require.NoError(t, err)
	require.ErrorIs(t, o.login("anna", password), ErrCredentials)
	require.NoError(t, o.login("anna", other))
	_, err = o.SetRole(ctx, "anna", httpx.Viewer)
	require.NoError(t, err)
	p, err := o.Authenticate(t.Context(), "anna", other, source)
	require.NoError(t, err)
	require.Equal(t, httpx.Principal{Username: "anna", Role: httpx.Viewer}, p)
}

func TestWrongUnknownAndMalformedAreOneAnswerAndOnlyTheLastIsFree(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	_, err := o.store.account(t.Context(), o.db, "root")
	require.NoError(t, err)
	_, _, err = o.Create(o.as(httpx.Administrator), "gone", password, httpx.Administrator)
	require.NoError(t, err)
	_, err = o.Disable(o.as(httpx.Administrator), "gone")
	require.NoError(t, err)
	for name, c := range map[string]struct {
		username, password string
		bcrypts            int64
	}{
		"wrong password": {"root", "not the password", 1}, "unknown user": {"nobody", password, 1}, "disabled": {"gone", password, 1},
		"not a user name": {"ro ot", password, 0}, "empty": {"", "", 0}, "73 bytes": {"root", fmt.Sprintf("%073d", 1), 0},
		"14 bytes": {"root", fmt.Sprintf("%014d", 1), 0}, "the right one and more": {"root", password + strings.Repeat(" ", 73), 0},
	} {
		before := o.verifier.hashed.Load()
		require.ErrorIs(t, o.login(c.username, c.password), ErrCredentials, name)
		require.Equal(t, c.bcrypts, o.verifier.hashed.Load()-before, name)
	}
}

func TestGuessingIsThrottledAndCannotLockAWorkingOperatorOut(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	require.NoError(t, o.login("root", password))
	throttled := 0
	for i := range 30 {
		if err := o.login("root", fmt.Sprintf("a guess of number %d", i)); err != nil && !isCredentials(err) {
			require.ErrorIs(t, err, ErrThrottled)
			throttled++
		}
	}
	require.GreaterOrEqual(t, throttled, 25)
	require.LessOrEqual(t, o.verifier.hashed.Load(), int64(6))
	require.NoError(t, o.login("root", password), "a remembered credential passes the throttle")
	o.clock.Advance(time.Minute)
	require.ErrorIs(t, o.login("root", "one more guess at it"), ErrCredentials)
}

func isCredentials(err error) bool { return err != nil && err.Error() == ErrCredentials.Error() }

func TestTheLastEnabledAdminStays(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	ctx := o.as(httpx.Administrator)
	_, err := o.Disable(ctx, "root")
	require.ErrorIs(t, err, ErrLastAdmin)
	_, err = o.SetRole(ctx, "root", httpx.Operator)
	require.ErrorIs(t, err, ErrLastAdmin)
	_, _, err = o.Create(ctx, "anna", password, httpx.Administrator)
	require.NoError(t, err)

	var wg sync.WaitGroup
	errs := make([]error, 2)
	for i, name := range []string{"root", "anna"} {
		wg.Go(func() { _, errs[i] = o.Disable(ctx, name) })
	}
	wg.Wait()
	refused := 0
	for _, err := range errs {
		if err != nil {
			require.ErrorIs(t, err, ErrLastAdmin)
			refused++
		}
	}
	require.Equal(t, 1, refused, "two at once: one wins")
}

func TestCreatingAgainIsTheSameAccount(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	ctx := o.as(httpx.Administrator)
	_, created, err := o.Create(ctx, "anna", password, httpx.Operator)
	require.NoError(t, err)
	require.True(t, created)
	_, created, err = o.Create(ctx, "ANNA", other, httpx.Operator)
	require.NoError(t, err)
	require.False(t, created)
	require.NoError(t, o.login("anna", password), "the password stays")
	newer, _ := o.accounts.Peek("anna")
	newer.Hash = "of a reset that is committing meanwhile"
	o.accounts.Warm("anna", newer)
	_, _, err = o.Create(ctx, "anna", other, httpx.Operator)
	require.NoError(t, err)
	cached, _ := o.accounts.Peek("anna")
	require.Equal(t, newer.Hash, cached.Hash, "what was merely read is not cached")
	_, _, err = o.Create(ctx, "anna", other, httpx.Viewer)
	require.ErrorIs(t, err, ErrExists)
	for _, weak := range []string{"short", fmt.Sprintf("%073d", 1), password + "\n", password + "\x7f", password + "\xff"} {
		_, _, err = o.Create(ctx, "bob", weak, httpx.Viewer)
		require.ErrorIs(t, err, ErrWeakPassword)
	}
	_, _, err = o.Create(ctx, "x", password, httpx.Viewer)
	require.ErrorIs(t, err, ErrUsername)
	_, err = o.Disable(ctx, "nobody")
	require.ErrorIs(t, err, ErrNotFound)
}

func TestEveryMutationLeavesOneAuditRowWithoutSecrets(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	ctx := o.as(httpx.Administrator)
	_, _, err := o.Create(ctx, "anna", password, httpx.Operator)
	require.NoError(t, err)
	_, err = o.ResetPassword(ctx, "anna", other)
	require.NoError(t, err)
	_, err = o.Disable(ctx, "root") // anna is no admin
	require.ErrorIs(t, err, ErrLastAdmin)
	o.Refused(ctx, httpx.AuditEntry{Actor: "root", Role: httpx.Administrator, Op: "disableAdminAccount", Target: "/admin-accounts/root/disable",
		RequestID: "req-1", Source: source, Status: 409, Reason: "last_admin"})

	rows, err := o.Audit(t.Context(), AuditFilter{Limit: 10})
	require.NoError(t, err)
	require.Len(t, rows, 3)
	require.Equal(t, []Outcome{Refused, Succeeded, Succeeded}, []Outcome{rows[0].Outcome, rows[1].Outcome, rows[2].Outcome})
	require.Equal(t, "admin.reset_password", rows[1].Action)
	require.Equal(t, "admin:anna", rows[1].Target)
	require.Equal(t, "req-1", rows[1].RequestID)
	shown, err := json.Marshal(rows)
	require.NoError(t, err)
	require.NotContains(t, string(shown), password)
	require.NotContains(t, string(shown), "$2a$")
	filtered, err := o.Audit(t.Context(), AuditFilter{Action: "admin.create", Actor: "root", Target: "admin:anna", Since: noon, Before: rows[0].ID, Limit: 10})
	require.NoError(t, err)
	require.Len(t, filtered, 1)
}

func TestTheAuditLogCannotBeChanged(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	_, _, err := o.Create(o.as(httpx.Administrator), "anna", password, httpx.Operator)
	require.NoError(t, err)
	for _, sql := range []string{`UPDATE admin_audit SET actor = 'nobody'`, `DELETE FROM admin_audit`, `TRUNCATE admin_audit`} {
		err := o.db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
			_, err := tx.Exec(ctx, sql)
			return err
		})
		require.ErrorContains(t, err, "append-only")
	}
}

func TestPasswordsAreStoredAtCostTwelve(t *testing.T) {
	t.Parallel()
	v, err := newVerifier(clock.System{})
	require.NoError(t, err)
	require.Equal(t, 12, v.bcrypt.cost)
	cost, err := bcrypt.Cost(v.dummy)
	require.NoError(t, err)
	require.Equal(t, 12, cost, "an unknown user costs as much")
}

func TestConfigNamesEveryProblem(t *testing.T) {
	t.Parallel()
	require.NoError(t, Config{}.Validate())
	require.NoError(t, Config{BootstrapUser: "root", BootstrapPassword: secret.New(password)}.Validate())
	for want, c := range map[string]Config{
		"BACKEND_ADMIN_BOOTSTRAP_USER is required": {BootstrapPassword: secret.New(password)},
		"BACKEND_ADMIN_BOOTSTRAP_USER must be":     {BootstrapUser: "r oot", BootstrapPassword: secret.New(password)},
		"BACKEND_ADMIN_BOOTSTRAP_PASSWORD":         {BootstrapUser: "root"},
	} {
		require.ErrorContains(t, c.Validate(), want)
		require.NotContains(t, c.Validate().Error(), password)
	}
}
