package user

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"galaxy/backend/platform/cache"
	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/pg"
)

// Accounts answers who a user is and what they may hold, from memory, and locks
// accounts. It calls no hook, so that a hook's constructor may ask for it; Service
// calls the hooks and needs them first.
type Accounts struct {
	db    *pg.DB
	clock clock.Clock
	max   int
	table *cache.Table[uuid.UUID, *record]
	store store
}

// NewAccounts makes it with an empty cache; Start warms it.
func NewAccounts(db *pg.DB, clk clock.Clock, cfg CacheConfig) *Accounts {
	load := func(ctx context.Context, id uuid.UUID) (*record, bool, error) {
		r, err := store{}.record(ctx, db, id)
		if errors.Is(err, ErrNotFound) {
			return nil, false, nil
		}
		return &r, err == nil, err
	}
	return &Accounts{db: db, clock: clk, max: cfg.UsersMax, table: cache.New("users", cfg.UsersMax, load)}
}

// warmPage is how many accounts one statement of the warm-up reads: a full cache
// takes longer than a statement may.
const warmPage = 5_000

// Start warms the cache with the newest live accounts, as many as fit.
func (a *Accounts) Start(ctx context.Context) error {
	before := uuid.Max
	for left := a.max; left > 0; left -= warmPage {
		n := min(left, warmPage)
		rows, err := a.store.liveRecords(ctx, a.db, before, n)
		if err != nil {
			return fmt.Errorf("warm users: %w", err)
		}
		for i := range rows {
			a.table.Warm(rows[i].ID, &rows[i])
			before = rows[i].ID
		}
		if len(rows) < n {
			return nil
		}
	}
	return nil
}

// find returns the cached record, which is shared and must not be changed, or
// ErrUserUnknown.
func (a *Accounts) find(ctx context.Context, id uuid.UUID) (*record, error) {
	r, ok, err := a.table.Get(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("read user %s: %w", id, err)
	}
	if !ok {
		return nil, ErrUserUnknown
	}
	return r, nil
}

// Snapshot is the user as cached, or ErrUserUnknown. Inside a transaction use
// Lock.
func (a *Accounts) Snapshot(ctx context.Context, id uuid.UUID) (Snapshot, error) {
	r, err := a.find(ctx, id)
	if err != nil {
		return Snapshot{}, err
	}
	return r.snapshot(a.clock.Now()), nil
}

// Snapshots is Snapshot of many users; those that do not exist are missing. What
// the cache lacks is read in one query.
func (a *Accounts) Snapshots(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]Snapshot, error) {
	now := a.clock.Now()
	out := make(map[uuid.UUID]Snapshot, len(ids))
	var missing []uuid.UUID
	for _, id := range ids {
		if r, ok := a.table.Peek(id); ok {
			out[id] = r.snapshot(now)
		} else {
			missing = append(missing, id)
		}
	}
	if missing == nil {
		return out, nil
	}
	rows, err := a.store.records(ctx, a.db, missing)
	if err != nil {
		return nil, fmt.Errorf("read %d users: %w", len(missing), err)
	}
	for i := range rows {
		out[rows[i].ID] = rows[i].snapshot(now)
	}
	return out, nil
}

// Lock takes the account's row until tx ends, which serialises everything that a
// limit of this user counts, and returns the user as the store has it, or
// ErrUserUnknown.
func (a *Accounts) Lock(ctx context.Context, tx *pg.Tx, id uuid.UUID) (Snapshot, error) {
	r, err := a.store.lock(ctx, tx, id)
	if errors.Is(err, ErrNotFound) {
		return Snapshot{}, ErrUserUnknown
	}
	if err != nil {
		return Snapshot{}, fmt.Errorf("lock user %s: %w", id, err)
	}
	return r.snapshot(a.clock.Now()), nil
}

// FindByUserName returns the live account of a user name, or ErrNotFound.
func (a *Accounts) FindByUserName(ctx context.Context, q pg.Querier, name string) (Account, error) {
	account, err := a.store.byUserName(ctx, q, name)
	if errors.Is(err, pg.ErrNoRows) {
		return Account{}, ErrNotFound
	}
	return account, err
}

// stage puts the record that tx makes true into the cache with its commit. The
// value is shared with readers: it is never changed after this.
func (a *Accounts) stage(tx *pg.Tx, r record) { a.table.Put(tx, r.ID, &r) }
