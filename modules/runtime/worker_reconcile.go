package runtime

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"go.uber.org/zap"

	"galaxy/backend/modules/notification"
	"galaxy/backend/modules/runtime/driver"
	"galaxy/backend/platform/pg"
)

// reconcile compares the driver's list with the table. An engine that runs and
// is not wanted, or is gone and should run, makes its game due. What is not
// ours, or of a game that nobody knows, is reported and left alone.
func (c *Converger) reconcile(ctx context.Context) (again bool, err error) {
	var seen []driver.Observed
	err = c.verb(ctx, "list", inspectTime, func(ctx context.Context) error {
		seen, err = c.driver.List(ctx)
		return err
	})
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
	rows, err := c.store.known(ctx, c.db, games)
	if err != nil {
		return false, fmt.Errorf("look up engines: %w", err)
	}
	due, strangers := compare(rows, seen)
	if len(due)+len(strangers) == 0 {
		return false, nil
	}
	return false, c.db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error {
		for _, o := range strangers {
			if err := c.report(ctx, tx, o); err != nil {
				return err
			}
		}
		if len(due) > 0 {
			c.store.hint(tx, due, c.clock.Now())
			tx.OnCommit(c.Wake)
		}
		return nil
	})
}

// compare finds the games whose record and engine disagree, and the engines of
// nobody.
func compare(rows []known, seen []driver.Observed) (due []uuid.UUID, strangers []driver.Observed) {
	byGame := make(map[uuid.UUID]known, len(rows))
	for _, k := range rows {
		byGame[k.GameID] = k
	}
	runs := map[uuid.UUID]bool{}
	for _, o := range seen {
		k, known := byGame[o.GameID]
		switch {
		case o.Foreign, !known:
			strangers = append(strangers, o)
			continue
		case k.Settled && !k.Observed.Final() && o.Phase == driver.PhaseRunning:
			due = append(due, o.GameID)
		}
		runs[o.GameID] = o.Phase == driver.PhaseRunning
	}
	for _, k := range rows {
		if k.Observed.Up() && !runs[k.GameID] {
			due = append(due, k.GameID)
		}
	}
	return due, strangers
}

// report tells operators of a stranger, once per container.
func (c *Converger) report(ctx context.Context, tx *pg.Tx, o driver.Observed) error {
	c.log.Warn("foreign engine seen", zap.String("container", o.Name), zap.String("container_id", o.ContainerID))
	return c.notifier.Submit(ctx, tx, notification.Intent{
		Kind: notification.KindContainerForeign, Key: "container:" + o.ContainerID,
		Payload: map[string]any{"container": o.Name, "container_id": o.ContainerID},
	})
}

// prefetch pulls one image that an operator wants ahead.
func (c *Converger) prefetch(ctx context.Context) (again bool, err error) {
	return c.PullNext(ctx, func(ctx context.Context, v Version) error {
		_, err := c.pull(ctx, v)
		return err
	})
}
