package admin

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"galaxy/backend/platform/httpx"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/testkit"
)

// loginModel is the model of who can sign in: after every change the very next
// request is judged by it, whatever was cached. It fails on any error that it does
// not foresee.
type loginModel struct {
	f        *fixture
	accounts map[string]*modelAccount
	mutate   func(f *fixture, name string, before accountRow) // a defect, or nil
	tries    int
}

type modelAccount struct {
	password string
	role     httpx.Role
	disabled bool
}

var (
	modelNames     = []string{"anna", "bob", "carl"}
	modelPasswords = []string{"the first of passwords", "the second of passwords", "the third of passwords"}
	modelRoles     = []httpx.Role{httpx.Viewer, httpx.Operator, httpx.Administrator}
)

func (m *loginModel) admins() (n int) {
	for _, a := range m.accounts {
		if !a.disabled && a.role == httpx.Administrator {
			n++
		}
	}
	return n
}

// change applies one change and compares its outcome with the model.
func (m *loginModel) change(t *rapid.T, do func(name string) error, edit func(*modelAccount)) {
	name := rapid.SampledFrom(modelNames).Draw(t, "name")
	before, _ := m.f.accounts.Peek(name)
	err := do(name)
	a, exists := m.accounts[name]
	if !exists {
		if !errors.Is(err, ErrNotFound) {
			t.Fatalf("change of an unknown account: %v", err)
		}
		return
	}
	old := *a
	edit(a)
	if m.admins() == 0 {
		*a = old
		if !errors.Is(err, ErrLastAdmin) {
			t.Fatalf("change of the last admin: %v", err)
		}
		return
	}
	if err != nil {
		t.Fatalf("change: %v", err)
	}
	if m.mutate != nil {
		m.mutate(m.f, name, before)
	}
}

func (m *loginModel) actions() map[string]func(*rapid.T) {
	ctx := m.f.asAdmin()
	return map[string]func(*rapid.T){
		"create": func(t *rapid.T) {
			name, password := rapid.SampledFrom(modelNames).Draw(t, "name"),
				rapid.SampledFrom(modelPasswords).Draw(t, "password")
			role := rapid.SampledFrom(modelRoles).Draw(t, "role")
			a, exists := m.accounts[name]
			_, created, err := m.f.Create(ctx, name, password, role)
			switch {
			case exists && a.role != role:
				if !errors.Is(err, ErrExists) {
					t.Fatalf("create again with another role: %v", err)
				}
			case err != nil || created == exists:
				t.Fatalf("create: created=%t, %v", created, err)
			case created:
				m.accounts[name] = &modelAccount{password: password, role: role}
			}
		},
		"disable": func(t *rapid.T) {
			m.change(t, func(n string) error { _, err := m.f.Disable(ctx, n); return err },
				func(a *modelAccount) { a.disabled = true })
		},
		"enable": func(t *rapid.T) {
			m.change(t, func(n string) error { _, err := m.f.Enable(ctx, n); return err },
				func(a *modelAccount) { a.disabled = false })
		},
		"role": func(t *rapid.T) {
			role := rapid.SampledFrom(modelRoles).Draw(t, "role")
			m.change(t, func(n string) error { _, err := m.f.SetRole(ctx, n, role); return err },
				func(a *modelAccount) { a.role = role })
		},
		"reset": func(t *rapid.T) {
			password := rapid.SampledFrom(modelPasswords).Draw(t, "password")
			m.change(t, func(n string) error { _, err := m.f.ResetPassword(ctx, n, password); return err },
				func(a *modelAccount) { a.password = password })
		},
		"wait": func(t *rapid.T) {
			m.f.clock.Advance(time.Duration(rapid.IntRange(1, 400).Draw(t, "seconds")) * time.Second)
		},
		"": m.check,
	}
}

// check tries one user name with every password, each from a source of its own and
// slowly enough for the throttle, and compares the cache with the table.
func (m *loginModel) check(t *rapid.T) {
	name := rapid.SampledFrom(modelNames).Draw(t, "name")
	for _, password := range modelPasswords {
		m.tries++
		p, err := m.f.Authenticate(m.f.Context(), name, password, sourceNumber(m.tries))
		a, exists := m.accounts[name]
		switch {
		case exists && !a.disabled && a.password == password:
			if err != nil || p != (httpx.Principal{Username: name, Role: a.role}) {
				t.Fatalf("%s should sign in as %v: got %v, %v", name, a.role, p, err)
			}
		case !errors.Is(err, ErrCredentials):
			t.Fatalf("%s should not sign in: got %v, %v", name, p, err)
		}
	}
	m.f.clock.Advance(36 * time.Second)
	rows, err := m.f.store.accounts(m.f.Context(), m.f.db)
	if err != nil {
		t.Fatalf("read: %v", err)
	}
	for _, r := range rows {
		cached, ok := m.f.accounts.Peek(r.Username)
		if !ok || cached.Hash != r.Hash || cached.Role != r.Role || (cached.DisabledAt == nil) != (r.DisabledAt == nil) {
			t.Fatalf("cache and table differ about %s", r.Username)
		}
	}
}

// plaintextHasher does not hash at all.
var plaintextHasher = passwordHasher{
	generate: func(password []byte, _ int) ([]byte, error) { return append([]byte("plain:"), password...), nil },
	compare: func(hash, password []byte) error {
		if string(hash) != "plain:"+string(password) {
			return ErrCredentials
		}
		return nil
	},
}

// checkLogins runs the model on one service, whose accounts it deletes before each
// run.
func checkLogins(t rapid.TB, f *fixture, mutate func(*fixture, string, accountRow)) {
	f.verifier.hasher = plaintextHasher
	rapid.Check(t, func(t *rapid.T) {
		if err := f.deleteAccounts(); err != nil {
			t.Fatalf("delete accounts: %v", err)
		}
		m := &loginModel{f: f, mutate: mutate, accounts: map[string]*modelAccount{
			"anna": {password: modelPasswords[0], role: httpx.Administrator}}}
		if _, _, err := f.Create(f.asAdmin(), "anna", modelPasswords[0], httpx.Administrator); err != nil {
			t.Fatalf("create: %v", err)
		}
		t.Repeat(m.actions())
	})
}

// deleteAccounts leaves no account, in the table and in the cache.
func (f *fixture) deleteAccounts() error {
	err := f.db.InTx(f.Context(), func(_ context.Context, tx *pg.Tx) error {
		tx.Queue(`DELETE FROM admin_accounts`)
		for _, name := range append([]string{"root"}, modelNames...) {
			f.accounts.Drop(tx, name)
		}
		return nil
	})
	f.clock.Advance(24 * time.Hour)
	return err
}

func TestLoginsFollowTheirModel(t *testing.T) {
	t.Parallel()
	checkLogins(t, newFixture(t), nil)
}

// A model that no defect makes fail proves nothing.
func TestTheModelOfLoginsDetectsItsMutants(t *testing.T) {
	edit := func(change func(now *accountRow, before accountRow)) func(*fixture, string, accountRow) {
		return func(f *fixture, name string, before accountRow) {
			row, _ := f.accounts.Peek(name)
			change(&row, before)
			f.accounts.Warm(name, row)
		}
	}
	for name, mutate := range map[string]func(*fixture, string, accountRow){
		"the cache keeps the old row":    edit(func(now *accountRow, before accountRow) { *now = before }),
		"the old password stays":         edit(func(now *accountRow, before accountRow) { now.Hash = before.Hash }),
		"the role stays":                 edit(func(now *accountRow, before accountRow) { now.Role = before.Role }),
		"a disabled account signs in":    edit(func(now *accountRow, _ accountRow) { now.DisabledAt = nil }),
		"the cache ignores the password": func(f *fixture, name string, _ accountRow) { f.trustCachedCredentials(name) },
		"the change is in the cache only": func(f *fixture, name string, before accountRow) {
			_ = f.db.InTx(f.Context(), func(_ context.Context, tx *pg.Tx) error {
				f.store.updateAccount(tx, before)
				return nil
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			require.True(t, testkit.DetectsMutant(t, func(t rapid.TB) { checkLogins(t, f, mutate) }))
		})
	}
}

// trustCachedCredentials makes every cached credential of an account valid for its
// present password.
func (f *fixture) trustCachedCredentials(name string) {
	row, _ := f.accounts.Peek(name)
	v := f.verifier
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, password := range modelPasswords {
		mac := v.mac(name, password)
		if r, ok := v.cached[mac]; ok {
			r.hash = row.Hash
			v.cached[mac] = r
		}
	}
}
