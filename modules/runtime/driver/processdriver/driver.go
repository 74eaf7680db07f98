package processdriver

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
	"go.uber.org/zap"

	"galaxy/backend/modules/runtime/driver"
	"galaxy/backend/platform/clock"
)

const (
	exitPoll     = 20 * time.Millisecond // how often an adopted engine is asked whether it has ended
	logReadLimit = 1 << 20
)

// Driver implements driver.Driver.
type Driver struct {
	binary   string
	records  records
	instance driver.Instance
	clk      clock.Clock
	log      *zap.Logger
	starter  *starter
	reapers  sync.WaitGroup
	locks    gameLocks

	starting sync.RWMutex // held for reading while an engine is started
	closing  bool         // written under starting and mu

	mu       sync.Mutex // guards the rest, and that an exit is recorded once
	children map[uuid.UUID]*child
	watchers map[chan driver.Hint]struct{}
}

// gameLocks have calls about one game follow each other.
type gameLocks struct{ byGame sync.Map }

func (l *gameLocks) lock(game uuid.UUID) (unlock func()) {
	m, _ := l.byGame.LoadOrStore(game, &sync.Mutex{})
	mu := m.(*sync.Mutex)
	mu.Lock()
	return mu.Unlock
}

var _ driver.Driver = (*Driver)(nil)

// New makes the driver for one engine program. root is the folder of the state
// directories.
func New(binary, root string, instance driver.Instance, clk clock.Clock, log *zap.Logger) *Driver {
	return &Driver{
		binary: binary, records: records{filepath.Join(root, ".process")}, instance: instance, clk: clk, log: log,
		starter: newStarter(), children: map[uuid.UUID]*child{}, watchers: map[chan driver.Hint]struct{}{},
	}
}

// Ensure implements driver.Driver.
func (d *Driver) Ensure(ctx context.Context, spec driver.Spec) (driver.Observed, error) {
	if err := spec.Validate(); err != nil {
		return driver.Observed{}, err
	}
	if info, err := os.Stat(spec.StateDir); err != nil || !info.IsDir() {
		return driver.Observed{}, startError(spec, fmt.Errorf("%w: no state directory", driver.ErrConfigInvalid))
	}
	instance, err := d.instance.ID(ctx)
	if err != nil {
		return driver.Observed{}, err
	}
	defer d.locks.lock(spec.GameID)()
	r, found, err := d.records.read(spec.GameID)
	if err != nil {
		return driver.Observed{}, err
	}
	if found && !r.ownOrUnmarked(instance) {
		err := driver.OtherInstance("the record "+d.records.path(spec.GameID, ".json"), r.Instance.String(), instance)
		return driver.Observed{}, startError(spec, err)
	}
	if found && r.alive() {
		if r.Spec != spec.Hash() {
			return r.observed(), startError(spec, driver.ErrConflict)
		}
		return r.observed(), nil
	}
	d.awaitRecordedExit(spec.GameID)
	d.starting.RLock()
	defer d.starting.RUnlock()
	if d.closing {
		return driver.Observed{}, startError(spec, fmt.Errorf("%w: the backend ends", driver.ErrUnavailable))
	}
	if r, err = d.launch(spec, instance); err != nil {
		return driver.Observed{}, startError(spec, err)
	}
	d.mu.Lock()
	d.notify(driver.Hint{GameID: spec.GameID, Action: "start"})
	d.mu.Unlock()
	return r.observed(), nil
}

func startError(spec driver.Spec, err error) error {
	return fmt.Errorf("ensure engine of game %s: %w", spec.GameID, err)
}

// Stop implements driver.Driver.
func (d *Driver) Stop(ctx context.Context, game uuid.UUID, grace time.Duration) error {
	defer d.locks.lock(game)()
	r, found, err := d.find(ctx, game)
	if err != nil || !found {
		return err
	}
	if err := d.terminate(ctx, r, grace); err != nil {
		return fmt.Errorf("stop engine of game %s: %w", game, err)
	}
	return nil
}

// Remove implements driver.Driver.
func (d *Driver) Remove(ctx context.Context, game uuid.UUID) error {
	instance, err := d.instance.ID(ctx)
	if err != nil {
		return err
	}
	defer d.locks.lock(game)()
	r, found, err := d.records.read(game)
	switch {
	case err != nil:
		return err
	case found && !r.ownOrUnmarked(instance):
		return nil
	case found:
		if err := d.terminate(ctx, r, 0); err != nil {
			return fmt.Errorf("remove engine of game %s: %w", game, err)
		}
	}
	return d.records.remove(game)
}

// find reads the record of a game's engine. That of another instance counts as
// none.
func (d *Driver) find(ctx context.Context, game uuid.UUID) (r record, found bool, err error) {
	instance, err := d.instance.ID(ctx)
	if err != nil {
		return record{}, false, err
	}
	r, found, err = d.records.read(game)
	return r, found && r.ownOrUnmarked(instance), err
}

// Close implements driver.Driver: it ends every child, all at once.
func (d *Driver) Close(ctx context.Context) error {
	d.starting.Lock()
	d.mu.Lock()
	again := d.closing
	d.closing = true
	games := slices.Collect(maps.Keys(d.children))
	d.mu.Unlock()
	d.starting.Unlock()
	if again {
		return nil
	}
	grace := time.Minute
	if deadline, ok := ctx.Deadline(); ok {
		grace = deadline.Sub(d.clk.Now()) * 9 / 10 // the rest is for those that have to be killed
	}
	errs := make([]error, len(games))
	var wg sync.WaitGroup
	for i, game := range games {
		wg.Go(func() { errs[i] = d.Stop(ctx, game, grace) })
	}
	wg.Wait()
	d.reapers.Wait()
	d.starter.close()
	return errors.Join(errs...)
}
