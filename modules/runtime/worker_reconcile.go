package runtime

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"go.uber.org/zap"

	"galaxy/backend/modules/notification"
	"galaxy/backend/modules/runtime/driver"
	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/worker"
)

// Reconciler compares the records with the driver's list of engines.
type Reconciler struct {
	db       *pg.DB
	clock    clock.Clock
	log      *zap.Logger
	store    store
	driver   *DriverClient
	notifier Notifier
	signal   *worker.Signal
}

// NewReconciler makes a reconciler. signal is sent when it has made games due.
func NewReconciler(
	db *pg.DB, clk clock.Clock, log *zap.Logger, d *DriverClient, n Notifier, signal *worker.Signal,
) *Reconciler {
	return &Reconciler{db: db, clock: clk, log: log, driver: d, notifier: n, signal: signal}
}

// runOnce makes games due whose engine runs and is not wanted, or is gone and
// should run. What is not ours, or of a game that nobody knows, is reported and
// left alone.
func (r *Reconciler) runOnce(ctx context.Context) (again bool, err error) {
	seen, err := r.driver.list(ctx)
	if errors.Is(err, driver.ErrUnavailable) {
		return false, nil // nothing follows about any engine
	}
	if err != nil {
		return false, fmt.Errorf("list engines: %w", err)
	}
	games := make([]uuid.UUID, 0, len(seen))
	for _, o := range seen {
		games = append(games, o.GameID)
	}
	records, err := r.store.listed(ctx, r.db, games)
	if err != nil {
		return false, fmt.Errorf("look up engines: %w", err)
	}
	due, unknown := compare(records, seen)
	if len(due)+len(unknown) == 0 {
		return false, nil
	}
	return false, r.db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error {
		for _, o := range unknown {
			if err := r.report(ctx, tx, o); err != nil {
				return err
			}
		}
		if len(due) > 0 {
			r.store.hint(tx, due, r.clock.Now())
			tx.OnCommit(r.signal.Send)
		}
		return nil
	})
}

// compare finds the games whose record and engine disagree, and the engines that
// belong to no record.
func compare(records []listedRecord, seen []driver.Observed) (due []uuid.UUID, unknown []driver.Observed) {
	byGame := make(map[uuid.UUID]listedRecord, len(records))
	for _, r := range records {
		byGame[r.GameID] = r
	}
	running := map[uuid.UUID]bool{}
	for _, o := range seen {
		r, recorded := byGame[o.GameID]
		switch {
		case o.Foreign, !recorded:
			unknown = append(unknown, o)
			continue
		case r.Settled && !r.Observed.Final() && o.Phase == driver.PhaseRunning:
			due = append(due, o.GameID)
		}
		running[o.GameID] = o.Phase == driver.PhaseRunning
	}
	for _, r := range records {
		if r.Observed.Up() && !running[r.GameID] {
			due = append(due, r.GameID)
		}
	}
	return due, unknown
}

// report tells operators of an engine that is not ours, once per container.
func (r *Reconciler) report(ctx context.Context, tx *pg.Tx, o driver.Observed) error {
	r.log.Warn("foreign engine seen", zap.String("container", o.Name), zap.String("container_id", o.ContainerID))
	return r.notifier.Submit(ctx, tx, notification.Intent{
		Key:     "container:" + o.ContainerID,
		Payload: notification.ContainerForeign{Container: o.Name, ContainerID: o.ContainerID},
	})
}
