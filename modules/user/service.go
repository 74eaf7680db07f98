package user

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"galaxy/backend/modules/admin"
	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/httpx"
	"galaxy/backend/platform/pg"
)

// Service owns users. It is the user surface's gate.
type Service struct {
	db    *pg.DB
	clock clock.Clock
	cfg   Config
	cache *Cache
	mail  Mailer
	audit admin.Auditor
	hooks Hooks
	store store
}

// NewService makes the service; Start warms its cache.
func NewService(db *pg.DB, clk clock.Clock, cfg Config, cache *Cache, m Mailer, a admin.Auditor, h Hooks) *Service {
	return &Service{db: db, clock: clk, cfg: cfg, cache: cache, mail: m, audit: a, hooks: h}
}

// warmPage is how many accounts one statement of the warm-up reads: a full cache
// takes longer than a statement may.
const warmPage = 5_000

// Start warms the cache with the newest live accounts, as many as fit.
func (s *Service) Start(ctx context.Context) error {
	before := uuid.Max
	for left := s.cache.max; left > 0; left -= warmPage {
		n := min(left, warmPage)
		rows, err := s.store.liveRecords(ctx, s.db, before, n)
		if err != nil {
			return fmt.Errorf("warm users: %w", err)
		}
		for i := range rows {
			s.cache.Warm(rows[i].ID, &rows[i])
			before = rows[i].ID
		}
		if len(rows) < n {
			return nil
		}
	}
	return nil
}

// Admit implements httpx.UserGate. It answers from memory.
func (s *Service) Admit(ctx context.Context, id uuid.UUID) error {
	r, err := s.find(ctx, id)
	if err != nil {
		return err
	}
	if r.DeletedAt != nil {
		return ErrUserUnknown
	}
	if block := r.activeSanction(PermanentBlock, s.clock.Now()); block != nil {
		return ErrBlocked.With("reason", block.Reason)
	}
	return nil
}

// find returns the cached record, which is shared and must not be changed, or
// ErrUserUnknown.
func (s *Service) find(ctx context.Context, id uuid.UUID) (*record, error) {
	r, ok, err := s.cache.Get(ctx, id)
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
func (s *Service) Snapshot(ctx context.Context, id uuid.UUID) (Snapshot, error) {
	r, err := s.find(ctx, id)
	if err != nil {
		return Snapshot{}, err
	}
	return r.snapshot(s.clock.Now()), nil
}

// Snapshots is Snapshot of many users; those that do not exist are missing. What
// the cache lacks is read in one query.
func (s *Service) Snapshots(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]Snapshot, error) {
	now := s.clock.Now()
	out := make(map[uuid.UUID]Snapshot, len(ids))
	var missing []uuid.UUID
	for _, id := range ids {
		if r, ok := s.cache.Peek(id); ok {
			out[id] = r.snapshot(now)
		} else {
			missing = append(missing, id)
		}
	}
	if missing == nil {
		return out, nil
	}
	rows, err := s.store.records(ctx, s.db, missing)
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
func (s *Service) Lock(ctx context.Context, tx *pg.Tx, id uuid.UUID) (Snapshot, error) {
	r, err := s.store.lock(ctx, tx, id)
	if errors.Is(err, ErrNotFound) {
		return Snapshot{}, ErrUserUnknown
	}
	if err != nil {
		return Snapshot{}, fmt.Errorf("lock user %s: %w", id, err)
	}
	return r.snapshot(s.clock.Now()), nil
}

// Account is the account as cached, or ErrUserUnknown. Deleted accounts are
// returned as well.
func (s *Service) Account(ctx context.Context, id uuid.UUID) (Account, error) {
	r, err := s.find(ctx, id)
	if err != nil {
		return Account{}, err
	}
	return r.Account, nil
}

// FindByUserName returns the live account of a user name, or ErrNotFound.
func (s *Service) FindByUserName(ctx context.Context, q pg.Querier, name string) (Account, error) {
	a, err := s.store.byUserName(ctx, q, name)
	if errors.Is(err, pg.ErrNoRows) {
		return Account{}, ErrNotFound
	}
	return a, err
}

// FindByEmail returns the live account of a canonical address; false when there
// is none.
func (s *Service) FindByEmail(ctx context.Context, q pg.Querier, canonical string) (Account, bool, error) {
	a, err := s.store.byEmail(ctx, q, canonical)
	if errors.Is(err, pg.ErrNoRows) {
		return Account{}, false, nil
	}
	return a, err == nil, err
}

// LoginBlocked reports whether a live account of the address may not sign in. It
// is the same query for any address, so that nobody can tell them apart.
func (s *Service) LoginBlocked(ctx context.Context, q pg.Querier, canonical string) (bool, error) {
	return s.store.loginBlocked(ctx, q, canonical, s.clock.Now())
}

// update runs fn on the locked record of an account and stages what fn makes of
// it. A deleted account is ErrDeleted.
func (s *Service) update(ctx context.Context, id uuid.UUID,
	fn func(ctx context.Context, tx *pg.Tx, r *record) error) error {
	return s.db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error {
		r, err := s.store.lock(ctx, tx, id)
		if err != nil {
			return err
		}
		if r.DeletedAt != nil {
			return ErrDeleted
		}
		if err := fn(ctx, tx, &r); err != nil {
			return err
		}
		s.cache.stage(tx, r)
		return nil
	})
}

// actor names who acts: the operator behind the request, else the system.
func actor(ctx context.Context) string {
	if p := httpx.PrincipalOf(ctx); p.Username != "" {
		return p.Username
	}
	return systemActor
}

const systemActor = "system"

// auditTarget names a user in the audit log.
func auditTarget(id uuid.UUID) string { return "user:" + id.String() }
