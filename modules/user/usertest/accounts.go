package usertest

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/modules/user"
	"galaxy/backend/modules/user/person"
	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/pg"
)

// TB is what Accounts needs of a test. Both *testing.T and *rapid.T have it.
type TB interface {
	Helper()
	Fatalf(format string, args ...any)
}

// Accounts stands in for *user.Accounts and *user.Service. It is safe for concurrent use.
type Accounts struct {
	t     TB
	db    *pg.DB
	clock clock.Clock
	store store

	mu    sync.Mutex
	users map[uuid.UUID]*record
	err   error
}

// record is everything about one user.
type record struct {
	user.Account
	plan      user.Plan
	planEnds  *time.Time
	overrides map[user.LimitName]override
	sanctions []user.ActiveSanction
}

// override is a number in the place of a plan's, until expires unless that is nil.
type override struct {
	value   int
	expires *time.Time
}

// New makes Accounts without anybody. A helper that cannot do what it is asked
// for ends the test t.
func New(t TB, db *pg.DB, clk clock.Clock) *Accounts {
	return &Accounts{t: t, db: db, clock: clk, users: map[uuid.UUID]*record{}}
}

func newRecord(a user.Account) *record {
	return &record{Account: a, plan: user.Free, overrides: map[user.LimitName]override{}}
}

func expired(end *time.Time, now time.Time) bool { return end != nil && !now.Before(*end) }

func (r *record) snapshot(now time.Time) user.Snapshot {
	s := user.Snapshot{UserID: r.ID, UserName: r.UserName, DisplayName: r.DisplayName, Email: r.Email,
		Language: r.PreferredLanguage, TimeZone: r.TimeZone, Deleted: r.DeletedAt != nil, Plan: r.plan,
		PlanEndsAt: r.planEnds, Sanctions: []user.ActiveSanction{}}
	if expired(r.planEnds, now) {
		s.Plan, s.PlanEndsAt = user.Free, nil
	}
	s.Limits = s.Plan.Limits()
	for name, o := range r.overrides {
		if !expired(o.expires, now) {
			s.Limits.Set(name, o.value)
		}
	}
	for _, one := range r.sanctions {
		if !expired(one.ExpiresAt, now) {
			s.Sanctions = append(s.Sanctions, one)
		}
	}
	return s
}

// block is the first active sanction of one of the kinds, or nil.
func (r *record) block(now time.Time, kinds ...user.SanctionKind) *user.ActiveSanction {
	for i, s := range r.sanctions {
		if slices.Contains(kinds, s.Kind) && !expired(s.ExpiresAt, now) {
			return &r.sanctions[i]
		}
	}
	return nil
}

// find returns the user, for as long as mu is held.
func (a *Accounts) find(id uuid.UUID) (*record, error) {
	if a.err != nil {
		return nil, a.err
	}
	r, ok := a.users[id]
	if !ok {
		return nil, user.ErrUserUnknown
	}
	return r, nil
}

// Snapshot is the user, deleted or not, or user.ErrUserUnknown.
func (a *Accounts) Snapshot(_ context.Context, id uuid.UUID) (user.Snapshot, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	r, err := a.find(id)
	if err != nil {
		return user.Snapshot{}, err
	}
	return r.snapshot(a.clock.Now()), nil
}

// Snapshots is Snapshot of many users; those that do not exist are missing.
func (a *Accounts) Snapshots(_ context.Context, ids []uuid.UUID) (map[uuid.UUID]user.Snapshot, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.err != nil {
		return nil, a.err
	}
	out := make(map[uuid.UUID]user.Snapshot, len(ids))
	for _, id := range ids {
		if r, ok := a.users[id]; ok {
			out[id] = r.snapshot(a.clock.Now())
		}
	}
	return out, nil
}

// Lock holds the account's row until tx ends and returns the user, deleted or
// not, or user.ErrUserUnknown.
func (a *Accounts) Lock(ctx context.Context, tx *pg.Tx, id uuid.UUID) (user.Snapshot, error) {
	r, err := a.lock(ctx, tx, id)
	if err != nil {
		return user.Snapshot{}, err
	}
	return r.snapshot(a.clock.Now()), nil
}

// lock returns a copy of the user whose account is as tx sees it.
func (a *Accounts) lock(ctx context.Context, tx *pg.Tx, id uuid.UUID) (*record, error) {
	if err := a.failure(); err != nil {
		return nil, err
	}
	account, err := a.store.lock(ctx, tx, id)
	if errors.Is(err, pg.ErrNoRows) {
		return nil, user.ErrUserUnknown
	}
	if err != nil {
		return nil, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	r := newRecord(account) // tx itself may have registered the account
	if current := a.users[id]; current != nil {
		r = current.clone()
		r.Account = account
	}
	return r, nil
}

// Exists returns user.ErrNotFound unless there is such a user, deleted or not.
func (a *Accounts) Exists(ctx context.Context, id uuid.UUID) error {
	_, err := a.Snapshot(ctx, id)
	if errors.Is(err, user.ErrUserUnknown) {
		return user.ErrNotFound
	}
	return err
}

// Admit implements httpx.UserGate.
func (a *Accounts) Admit(_ context.Context, id uuid.UUID) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	r, err := a.find(id)
	if err != nil {
		return err
	}
	if r.DeletedAt != nil {
		return user.ErrUserUnknown
	}
	if block := r.block(a.clock.Now(), user.PermanentBlock); block != nil {
		return user.ErrBlocked.With("reason", block.Reason)
	}
	return nil
}

// FindByUserName returns the live account of a user name, or user.ErrNotFound.
func (a *Accounts) FindByUserName(ctx context.Context, q pg.Querier, name string) (user.Account, error) {
	if err := a.failure(); err != nil {
		return user.Account{}, err
	}
	account, err := a.store.byUserName(ctx, q, name)
	if errors.Is(err, pg.ErrNoRows) {
		return user.Account{}, user.ErrNotFound
	}
	return account, err
}

// FindByEmail returns the live account of a canonical address; false when there
// is none.
func (a *Accounts) FindByEmail(ctx context.Context, q pg.Querier, canonical string) (user.Account, bool, error) {
	if err := a.failure(); err != nil {
		return user.Account{}, false, err
	}
	account, err := a.store.byEmail(ctx, q, canonical)
	if errors.Is(err, pg.ErrNoRows) {
		return user.Account{}, false, nil
	}
	return account, err == nil, err
}

// LoginBlocked reports whether a live account of the address may not sign in.
func (a *Accounts) LoginBlocked(ctx context.Context, q pg.Querier, canonical string) (bool, error) {
	account, ok, err := a.FindByEmail(ctx, q, canonical)
	if !ok {
		return false, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	r, ok := a.users[account.ID]
	return ok && r.block(a.clock.Now(), user.LoginBlock, user.PermanentBlock) != nil, nil
}

// Register makes an account on the free plan, or returns the live account that
// has the address.
func (a *Accounts) Register(ctx context.Context, tx *pg.Tx, n user.NewAccount) (user.Account, error) {
	if err := a.failure(); err != nil {
		return user.Account{}, err
	}
	canonical, err := person.NormalizeEmail(n.Email)
	if err != nil {
		return user.Account{}, err
	}
	if n.ID == uuid.Nil {
		n.ID = uuid.Must(uuid.NewV7())
	}
	name := person.NewUserName()
	now := a.clock.Now()
	made, err := a.store.insert(ctx, tx, user.Account{ID: n.ID, Email: n.Email, UserName: name, DisplayName: name,
		PreferredLanguage: n.Language, TimeZone: n.TimeZone, DeclaredCountry: n.Country, CreatedAt: now}, canonical)
	if err != nil {
		return user.Account{}, err
	}
	if made.ID == n.ID {
		tx.OnCommit(func() { a.put(made) })
	}
	return made, nil
}

// ChangeEmail gives the account another address and returns the one it had. An
// address that another live account has is user.ErrEmailTaken.
func (a *Accounts) ChangeEmail(ctx context.Context, tx *pg.Tx, id uuid.UUID, email string) (old string, err error) {
	canonical, err := person.NormalizeEmail(email)
	if err != nil {
		return "", err
	}
	r, err := a.lock(ctx, tx, id)
	if err != nil {
		return "", err
	}
	now := a.clock.Now()
	if r.DeletedAt != nil {
		return "", user.ErrUserUnknown
	}
	if block := r.block(now, user.PermanentBlock); block != nil {
		return "", user.ErrBlocked.With("reason", block.Reason)
	}
	if block := r.block(now, user.ProfileUpdateBlock); block != nil {
		return "", user.ErrProfileBlocked.With("reason", block.Reason)
	}
	old = r.Email
	if old == email {
		return old, nil
	}
	r.Email, r.Version, r.UpdatedAt = email, r.Version+1, now
	if err := a.store.update(ctx, tx, r.Account, canonical); err != nil {
		return "", err
	}
	tx.OnCommit(func() { a.put(r.Account) })
	return old, nil
}
