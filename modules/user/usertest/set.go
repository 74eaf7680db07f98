package usertest

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/modules/user"
	"galaxy/backend/modules/user/person"
	"galaxy/backend/platform/pg"
)

// Add makes a live account on the free plan, with a user name and an address of
// its own unless change says otherwise.
func (a *Accounts) Add(change ...func(*user.Account)) user.Account {
	a.t.Helper()
	account := a.fresh()
	for _, c := range change {
		c(&account)
	}
	a.insert([]user.Account{account})
	return account
}

// AddMany makes n accounts in one statement.
func (a *Accounts) AddMany(n int) []uuid.UUID {
	a.t.Helper()
	accounts, ids := make([]user.Account, n), make([]uuid.UUID, n)
	for i := range accounts {
		accounts[i] = a.fresh()
		ids[i] = accounts[i].ID
	}
	a.insert(accounts)
	return ids
}

func (a *Accounts) fresh() user.Account {
	name, now := person.NewUserName(), a.clock.Now()
	return user.Account{ID: uuid.Must(uuid.NewV7()), Email: name + "@example.org", UserName: name, DisplayName: name,
		PreferredLanguage: "en", TimeZone: "UTC", CreatedAt: now, UpdatedAt: now, Version: 1}
}

func (a *Accounts) insert(accounts []user.Account) {
	a.t.Helper()
	err := a.db.InTx(context.Background(), func(ctx context.Context, tx *pg.Tx) error {
		return a.store.insertMany(ctx, tx, accounts)
	})
	if err != nil {
		a.t.Fatalf("usertest: add %d accounts: %v", len(accounts), err)
	}
	for _, account := range accounts {
		a.put(account)
	}
}

// Set changes what an account says: names, address, language, time zone. It
// must not be called by whoever holds the user's lock.
func (a *Accounts) Set(id uuid.UUID, change func(*user.Account)) {
	a.t.Helper()
	account := a.account(id)
	change(&account)
	account.Version, account.UpdatedAt = account.Version+1, a.clock.Now()
	err := a.db.InTx(context.Background(), func(ctx context.Context, tx *pg.Tx) error {
		tx.OnCommit(func() { a.put(account) })
		return a.store.update(ctx, tx, account, strings.ToLower(account.Email))
	})
	if err != nil {
		a.t.Fatalf("usertest: change account %s: %v", id, err)
	}
}

// Delete closes the account, as a user or an operator does.
func (a *Accounts) Delete(id uuid.UUID) {
	a.t.Helper()
	now := a.clock.Now()
	a.Set(id, func(account *user.Account) { account.DeletedAt = &now })
}

// Restore undoes Delete.
func (a *Accounts) Restore(id uuid.UUID) {
	a.t.Helper()
	a.Set(id, func(account *user.Account) { account.DeletedAt = nil })
}

// Erase empties a deleted account, as happens when the grace period is over.
func (a *Accounts) Erase(id uuid.UUID) {
	a.t.Helper()
	now := a.clock.Now()
	a.Set(id, func(account *user.Account) {
		account.ErasedAt = &now
		account.Email, account.DisplayName, account.DeclaredCountry = "", "", ""
		account.PreferredLanguage, account.TimeZone = "en", "UTC"
	})
}

// SetPlan puts the user on a plan until ends; nil is the plan's own end.
func (a *Accounts) SetPlan(id uuid.UUID, plan user.Plan, ends *time.Time) {
	a.t.Helper()
	if ends == nil {
		ends = plan.DefaultEnd(a.clock.Now())
	}
	a.change(id, func(r *record) { r.plan, r.planEnds = plan, ends })
}

// SetLimit overrides one limit of the plan until expires, for good when that is
// nil.
func (a *Accounts) SetLimit(id uuid.UUID, name user.LimitName, value int, expires *time.Time) {
	a.t.Helper()
	a.change(id, func(r *record) { r.overrides[name] = override{value, expires} })
}

// ClearLimit gives a limit back to the plan.
func (a *Accounts) ClearLimit(id uuid.UUID, name user.LimitName) {
	a.t.Helper()
	a.change(id, func(r *record) { delete(r.overrides, name) })
}

// Sanction applies a sanction until expires, or until it is lifted when that is
// nil. It replaces the one of the same kind.
func (a *Accounts) Sanction(id uuid.UUID, kind user.SanctionKind, reason string,
	expires *time.Time) user.ActiveSanction {
	a.t.Helper()
	s := user.ActiveSanction{ID: uuid.Must(uuid.NewV7()), Kind: kind, Reason: reason, AppliedAt: a.clock.Now(),
		ExpiresAt: expires}
	a.Lift(id, kind)
	a.change(id, func(r *record) { r.sanctions = append(r.sanctions, s) })
	return s
}

// Lift ends the sanction of a kind, if there is one.
func (a *Accounts) Lift(id uuid.UUID, kind user.SanctionKind) {
	a.t.Helper()
	a.change(id, func(r *record) {
		r.sanctions = slices.DeleteFunc(r.sanctions, func(s user.ActiveSanction) bool { return s.Kind == kind })
	})
}

// Fail makes everything that other domains ask for fail with err, until it is
// called with nil.
func (a *Accounts) Fail(err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.err = err
}

func (a *Accounts) failure() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.err
}

// put makes a committed account the one that readers see.
func (a *Accounts) put(account user.Account) {
	a.mu.Lock()
	defer a.mu.Unlock()
	r := newRecord(account)
	if old := a.users[account.ID]; old != nil {
		r = old.clone()
		r.Account = account
	}
	a.users[account.ID] = r
}

func (a *Accounts) account(id uuid.UUID) user.Account {
	a.t.Helper()
	a.mu.Lock()
	defer a.mu.Unlock()
	r, ok := a.users[id]
	if !ok {
		a.t.Fatalf("usertest: there is no user %s", id)
		return user.Account{}
	}
	return r.Account
}

// change replaces a record by a changed copy: readers may still hold the old one.
func (a *Accounts) change(id uuid.UUID, fn func(*record)) {
	a.t.Helper()
	a.mu.Lock()
	defer a.mu.Unlock()
	r, ok := a.users[id]
	if !ok {
		a.t.Fatalf("usertest: there is no user %s", id)
		return
	}
	r = r.clone()
	fn(r)
	a.users[id] = r
}

func (r *record) clone() *record {
	c := *r
	c.overrides, c.sanctions = maps.Clone(r.overrides), slices.Clone(r.sanctions)
	return &c
}
