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

// The model of who gets in: after every change the very next request is judged
// by it, whatever was remembered. It fails on any error that it does not foresee.
type gateModel struct {
	o        *office
	accounts map[string]*modelAccount
	mutate   func(o *office, name string, before accountRow) // a mistake, or nil
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

func (m *gateModel) admins() (n int) {
	for _, a := range m.accounts {
		if !a.disabled && a.role == httpx.Administrator {
			n++
		}
	}
	return n
}

// change applies one change and holds what came of it against the model.
func (m *gateModel) change(t *rapid.T, do func(name string) error, edit func(*modelAccount)) {
	name := rapid.SampledFrom(modelNames).Draw(t, "name")
	before, _ := m.o.accounts.Peek(name)
	err := do(name)
	a, there := m.accounts[name]
	if !there {
		if !errors.Is(err, ErrNotFound) {
			t.Fatalf("change of nobody: %v", err)
		}
		return
	}
	old := *a
	edit(a)
	if m.admins() == 0 {
		*a = old
		if !errors.Is(err, ErrLastAdmin) {
			t.Fatalf("the last admin went: %v", err)
		}
		return
	}
	if err != nil {
		t.Fatalf("change: %v", err)
	}
	if m.mutate != nil {
		m.mutate(m.o, name, before)
	}
}

func (m *gateModel) actions() map[string]func(*rapid.T) {
	ctx := m.o.as(httpx.Administrator)
	return map[string]func(*rapid.T){
		"create": func(t *rapid.T) {
			name, password := rapid.SampledFrom(modelNames).Draw(t, "name"), rapid.SampledFrom(modelPasswords).Draw(t, "password")
			role := rapid.SampledFrom(modelRoles).Draw(t, "role")
			a, there := m.accounts[name]
			_, created, err := m.o.Create(ctx, name, password, role)
			switch {
			case there && a.role != role:
				if !errors.Is(err, ErrExists) {
					t.Fatalf("create again with another role: %v", err)
				}
			case err != nil || created == there:
				t.Fatalf("create: created=%t, %v", created, err)
			case created:
				m.accounts[name] = &modelAccount{password: password, role: role}
			}
		},
		"disable": func(t *rapid.T) {
			m.change(t, func(n string) error { _, err := m.o.Disable(ctx, n); return err }, func(a *modelAccount) { a.disabled = true })
		},
		"enable": func(t *rapid.T) {
			m.change(t, func(n string) error { _, err := m.o.Enable(ctx, n); return err }, func(a *modelAccount) { a.disabled = false })
		},
		"role": func(t *rapid.T) {
			role := rapid.SampledFrom(modelRoles).Draw(t, "role")
			m.change(t, func(n string) error { _, err := m.o.SetRole(ctx, n, role); return err }, func(a *modelAccount) { a.role = role })
		},
		"reset": func(t *rapid.T) {
			password := rapid.SampledFrom(modelPasswords).Draw(t, "password")
			m.change(t, func(n string) error { _, err := m.o.ResetPassword(ctx, n, password); return err }, func(a *modelAccount) { a.password = password })
		},
		"wait": func(t *rapid.T) {
			m.o.clock.Advance(time.Duration(rapid.IntRange(1, 400).Draw(t, "seconds")) * time.Second)
		},
		"": m.check,
	}
}

// check tries one name with every password, from a place of its own and slowly
// enough for the throttle, and compares the cache with the table.
func (m *gateModel) check(t *rapid.T) {
	name := rapid.SampledFrom(modelNames).Draw(t, "who")
	for _, password := range modelPasswords {
		m.tries++
		p, err := m.o.Authenticate(m.o.Context(), name, password, elsewhere(m.tries))
		a, there := m.accounts[name]
		switch {
		case there && !a.disabled && a.password == password:
			if err != nil || p != (httpx.Principal{Username: name, Role: a.role}) {
				t.Fatalf("%s should get in as %v: got %v, %v", name, a.role, p, err)
			}
		case !errors.Is(err, ErrCredentials):
			t.Fatalf("%s should not get in: got %v, %v", name, p, err)
		}
	}
	m.o.clock.Advance(36 * time.Second)
	rows, err := m.o.store.accounts(m.o.Context(), m.o.db)
	if err != nil {
		t.Fatalf("read: %v", err)
	}
	for _, r := range rows {
		cached, ok := m.o.accounts.Peek(r.Username)
		if !ok || cached.Hash != r.Hash || cached.Role != r.Role || (cached.DisabledAt == nil) != (r.DisabledAt == nil) {
			t.Fatalf("cache and table differ about %s", r.Username)
		}
	}
}

// plain is no hashing at all.
var plain = hashing{
	make: func(password []byte, _ int) ([]byte, error) { return append([]byte("plain:"), password...), nil },
	compare: func(hash, password []byte) error {
		if string(hash) != "plain:"+string(password) {
			return ErrCredentials
		}
		return nil
	},
}

// follow runs the model on one office, whose accounts it takes away before each
// run.
func follow(t rapid.TB, o *office, mutate func(*office, string, accountRow)) {
	o.verifier.bcrypt = plain
	rapid.Check(t, func(t *rapid.T) {
		if err := o.clean(); err != nil {
			t.Fatalf("clean: %v", err)
		}
		m := &gateModel{o: o, accounts: map[string]*modelAccount{"anna": {password: modelPasswords[0], role: httpx.Administrator}}, mutate: mutate}
		if _, _, err := o.Create(o.as(httpx.Administrator), "anna", modelPasswords[0], httpx.Administrator); err != nil {
			t.Fatalf("create: %v", err)
		}
		t.Repeat(m.actions())
	})
}

// clean leaves no account behind, in the table and in memory.
func (o *office) clean() error {
	err := o.db.InTx(o.Context(), func(_ context.Context, tx *pg.Tx) error {
		tx.Queue(`DELETE FROM admin_accounts`)
		for _, name := range append([]string{"root"}, modelNames...) {
			o.accounts.Drop(tx, name)
		}
		return nil
	})
	o.clock.Advance(24 * time.Hour)
	return err
}

func TestWhoGetsInFollowsTheModel(t *testing.T) {
	t.Parallel()
	follow(t, newOffice(t), nil)
}

// A model that no mistake makes fail proves nothing.
func TestTheModelOfWhoGetsInKillsItsMutants(t *testing.T) {
	edit := func(change func(now *accountRow, before accountRow)) func(*office, string, accountRow) {
		return func(o *office, name string, before accountRow) {
			row, _ := o.accounts.Peek(name)
			change(&row, before)
			o.accounts.Warm(name, row)
		}
	}
	for name, mutate := range map[string]func(*office, string, accountRow){
		"the cache keeps the old row":          edit(func(now *accountRow, before accountRow) { *now = before }),
		"the old password stays":               edit(func(now *accountRow, before accountRow) { now.Hash = before.Hash }),
		"the role stays":                       edit(func(now *accountRow, before accountRow) { now.Role = before.Role }),
		"a disabled account stays in":          edit(func(now *accountRow, _ accountRow) { now.DisabledAt = nil }),
		"memory does not ask for the password": func(o *office, name string, _ accountRow) { o.verifier.believe(o, name) },
		"the change is in memory only": func(o *office, name string, before accountRow) {
			_ = o.db.InTx(o.Context(), func(_ context.Context, tx *pg.Tx) error { o.store.update(tx, before); return nil })
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t)
			require.True(t, testkit.Notices(t, func(t rapid.TB) { follow(t, o, mutate) }))
		})
	}
}

// believe makes every credential that was right once for name right for its
// password now.
func (v *verifier) believe(o *office, name string) {
	row, _ := o.accounts.Peek(name)
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, password := range modelPasswords {
		id := v.identify(name, password)
		if r, ok := v.known[id]; ok {
			r.hash = row.Hash
			v.known[id] = r
		}
	}
}
