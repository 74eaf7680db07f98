package runtime

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/platform/pg"
)

// Lease takes a game's engine for d, for work that nothing may interrupt. It is
// ErrBusy while somebody else has it, convergence included, and ErrNotRunning
// when there is no engine to work with. After d the lease is over by itself.
func (s *Service) Lease(ctx context.Context, game uuid.UUID, d time.Duration) (Lease, error) {
	// Or the first claim of convergence would end this lease with those of the
	// process before.
	if err := queue.ReclaimOrphans(ctx, s.db); err != nil {
		return Lease{}, err
	}
	var lease Lease
	err := s.db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error {
		row, err := s.store.lease(ctx, tx, game, d)
		if errors.Is(err, pg.ErrNoRows) {
			return s.leaseRefusal(ctx, tx, game)
		}
		lease = Lease{GameID: game, Token: row.Token, Version: row.Version}
		return err
	})
	if err != nil {
		return Lease{}, fmt.Errorf("lease the engine of game %s: %w", game, err)
	}
	return lease, nil
}

// leaseRefusal says why there is no lease to be had.
func (s *Service) leaseRefusal(ctx context.Context, tx *pg.Tx, game uuid.UUID) error {
	r, err := s.store.get(ctx, tx, game)
	switch {
	case err != nil:
		return err
	case r.Desired != WantRunning || r.Observed != Running:
		return ErrNotRunning.With("observed", r.Observed)
	}
	return ErrBusy
}

// Release gives a lease back. One that is over already is no error.
func (s *Service) Release(ctx context.Context, l Lease) error {
	err := s.db.InTx(ctx, func(_ context.Context, tx *pg.Tx) error {
		s.store.release(tx, l)
		tx.OnCommit(s.signal.Send) // a request may have waited for it
		return nil
	})
	if err != nil {
		return fmt.Errorf("release the engine of game %s: %w", l.GameID, err)
	}
	return nil
}
