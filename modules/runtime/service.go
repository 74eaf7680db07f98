package runtime

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"go.uber.org/zap"

	"galaxy/backend/modules/admin"
	"galaxy/backend/modules/runtime/registry"
	"galaxy/backend/platform/cache"
	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/outbox"
	"galaxy/backend/platform/pg"
)

// Service is the domain. Its methods that take a tx write with the caller's
// commit; all others open their own transaction.
type Service struct {
	*registry.Registry

	db      *pg.DB
	clock   clock.Clock
	log     *zap.Logger
	store   store
	states  *cache.Table[uuid.UUID, State]
	auditor admin.Auditor
	ceiling int // most states that are kept in memory
	wake    func()
}

// Base is what every part of the domain stands on.
type Base struct {
	DB    *pg.DB
	Clock clock.Clock
	Log   *zap.Logger
}

// NewBase gathers it.
func NewBase(db *pg.DB, clk clock.Clock, log *zap.Logger) Base {
	return Base{DB: db, Clock: clk, Log: log}
}

// NewService makes the service. It does nothing until it is asked.
func NewService(base Base, size CacheConfig, auditor admin.Auditor) *Service {
	s := &Service{db: base.DB, clock: base.Clock, log: base.Log, auditor: auditor, ceiling: size.RuntimesMax, wake: func() {}}
	s.Registry = registry.New(base.DB, base.Clock, auditor, s.Wake)
	s.states = cache.New("runtimes", size.RuntimesMax, s.loadState)
	return s
}

// Wake asks the workers to look for due games soon. Requests do it by
// themselves.
func (s *Service) Wake() { s.wake() }

// State is what is wanted and seen of a game's engine, from memory.
func (s *Service) State(ctx context.Context, game uuid.UUID) (State, error) {
	state, ok, err := s.states.Get(ctx, game)
	if err == nil && !ok {
		return State{}, ErrNotFound
	}
	return state, err
}

// Warm reads the registry and the states of engines that are worked on, before
// anybody asks.
func (s *Service) Warm(ctx context.Context) error {
	if _, err := s.Versions(ctx); err != nil {
		return fmt.Errorf("warm the engine versions: %w", err)
	}
	rows, err := s.store.live(ctx, s.db, s.ceiling)
	if err != nil {
		return fmt.Errorf("warm the runtimes: %w", err)
	}
	for _, r := range rows {
		s.states.Warm(r.GameID, r.State())
	}
	return nil
}

func (s *Service) loadState(ctx context.Context, game uuid.UUID) (State, bool, error) {
	r, err := s.store.get(ctx, s.db, game)
	if errors.Is(err, ErrNotFound) {
		return State{}, false, nil
	}
	return r.State(), err == nil, err
}

// Lease takes a game's engine for d, for work that nothing may interrupt. It is
// ErrBusy while somebody else has it, also converge, and ErrNotRunning when
// there is no engine to work with. After d the lease is over by itself.
func (s *Service) Lease(ctx context.Context, game uuid.UUID, d time.Duration) (Lease, error) {
	if err := queue.ReclaimOrphans(ctx, s.db); err != nil {
		return Lease{}, err
	}
	var lease Lease
	err := s.db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error {
		row, err := s.store.lease(ctx, tx, game, d)
		if errors.Is(err, pg.ErrNoRows) {
			return s.whyNoLease(ctx, tx, game)
		}
		lease = Lease{GameID: game, Token: row.Token, Version: row.Version}
		return err
	})
	if err != nil {
		return Lease{}, fmt.Errorf("lease the engine of game %s: %w", game, err)
	}
	return lease, nil
}

func (s *Service) whyNoLease(ctx context.Context, tx *pg.Tx, game uuid.UUID) error {
	r, err := s.store.get(ctx, tx, game)
	switch {
	case err != nil:
		return err
	case r.Desired != WantRunning || r.Observed != Running:
		return ErrNotRunning.With("observed", r.Observed)
	}
	return ErrBusy
}

// Extend prolongs a lease to d from now. ErrLeaseLost: the work must stop.
func (s *Service) Extend(ctx context.Context, l Lease, d time.Duration) error {
	held, err := queue.Extend(ctx, s.db, outbox.Claim{Key: l.GameID, Token: l.Token}, d)
	if err == nil && !held {
		err = ErrLeaseLost
	}
	return err
}

// Release gives a lease back. One that is over already is no error.
func (s *Service) Release(ctx context.Context, l Lease) error {
	err := s.db.InTx(ctx, func(_ context.Context, tx *pg.Tx) error {
		s.store.release(tx, l)
		tx.OnCommit(s.Wake) // a request may have waited for it
		return nil
	})
	if err != nil {
		return fmt.Errorf("release the engine of game %s: %w", l.GameID, err)
	}
	return nil
}
