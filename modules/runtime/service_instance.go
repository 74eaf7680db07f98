package runtime

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/google/uuid"
	"go.uber.org/zap"

	"galaxy/backend/modules/runtime/driver"
	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/pg"
)

// Instance is the identity of this installation, which its engines carry. It is
// made at the first start and lives as long as the database.
type Instance struct {
	db    *pg.DB
	clock clock.Clock
	log   *zap.Logger
	store store
	id    atomic.Pointer[uuid.UUID] // nil until it has been read
}

var _ driver.Instance = (*Instance)(nil)

// NewInstance makes the identity's keeper without asking the database.
func NewInstance(db *pg.DB, clk clock.Clock, log *zap.Logger) *Instance {
	return &Instance{db: db, clock: clk, log: log}
}

// Open reads the identity, or makes it, before anything is asked of a driver.
func (i *Instance) Open(ctx context.Context) error {
	id, err := i.ID(ctx)
	if err == nil {
		i.log.Info("instance identified", zap.Stringer("instance_id", id))
	}
	return err
}

// ID implements driver.Instance.
func (i *Instance) ID(ctx context.Context) (uuid.UUID, error) {
	if id := i.id.Load(); id != nil {
		return *id, nil
	}
	var id uuid.UUID
	err := i.db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) (err error) {
		id, err = i.store.ensureInstance(ctx, tx, uuid.New(), i.clock.Now())
		return err
	})
	if err != nil {
		return uuid.Nil, fmt.Errorf("read the instance: %w: %w", driver.ErrUnavailable, err)
	}
	i.id.Store(&id)
	return id, nil
}
