package runtime

import (
	"context"
	"maps"
	"slices"
	"sync"

	"github.com/google/uuid"
	"go.uber.org/zap"

	"galaxy/backend/modules/runtime/driver"
	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/worker"
)

// maxHints is how many games one write makes due.
const maxHints = 256

// watcher turns the driver's hints into due games. Hints may be lost and may be
// wrong: they only make the next look come sooner.
type watcher struct {
	db        *pg.DB
	clock     clock.Clock
	log       *zap.Logger
	store     store
	driver    driver.Driver
	signal    *worker.Signal
	reconcile func() // asks for a comparison with the driver's list

	mu   sync.Mutex
	stop context.CancelFunc
	done chan struct{}
}

func newWatcher(
	db *pg.DB, clk clock.Clock, log *zap.Logger, d driver.Driver, signal *worker.Signal, reconcile func(),
) *watcher {
	return &watcher{db: db, clock: clk, log: log, driver: d, signal: signal, reconcile: reconcile}
}

// Start begins to watch.
func (w *watcher) Start(context.Context) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.stop != nil {
		return nil
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	w.stop, w.done = cancel, done
	go func() {
		defer close(done)
		w.watch(ctx)
	}()
	return nil
}

// Stop ends the watch and waits for it.
func (w *watcher) Stop(context.Context) error {
	w.mu.Lock()
	stop, done := w.stop, w.done
	w.stop = nil
	w.mu.Unlock()
	if stop != nil {
		stop()
		<-done
	}
	return nil
}

func (w *watcher) watch(ctx context.Context) {
	hints := w.driver.Watch(ctx)
	for hint := range hints {
		games := map[uuid.UUID]bool{hint.GameID: true}
		for range min(len(hints), maxHints) { // what has come meanwhile shares the write
			games[(<-hints).GameID] = true
		}
		if err := w.record(ctx, games); err != nil && ctx.Err() == nil {
			w.log.Warn("hints were not recorded", zap.Error(err))
		}
	}
}

func (w *watcher) record(ctx context.Context, games map[uuid.UUID]bool) error {
	if games[uuid.Nil] { // anything may have happened
		w.reconcile()
		delete(games, uuid.Nil)
	}
	if len(games) == 0 {
		return nil
	}
	return w.db.InTx(ctx, func(_ context.Context, tx *pg.Tx) error {
		w.store.hint(tx, slices.Collect(maps.Keys(games)), w.clock.Now())
		tx.OnCommit(w.signal.Send)
		return nil
	})
}
