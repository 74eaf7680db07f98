package runtime

import (
	"context"
	"sync"

	"github.com/google/uuid"
	"go.uber.org/zap"

	"galaxy/backend/platform/pg"
)

// maxHints is how many games one write makes due.
const maxHints = 256

// watch turns the driver's hints into due games. Hints may be lost and may be
// wrong: they only make the next look come sooner.
type watch struct {
	c          *Converger
	everything func() // asks for a comparison with the driver's list

	mu   sync.Mutex
	stop context.CancelFunc
	done chan struct{}
}

func newWatch(c *Converger, everything func()) *watch { return &watch{c: c, everything: everything} }

// Start begins to watch.
func (w *watch) Start(context.Context) error {
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
		w.run(ctx)
	}()
	return nil
}

// Stop ends the watch and waits for it.
func (w *watch) Stop(context.Context) error {
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

func (w *watch) run(ctx context.Context) {
	hints := w.c.driver.Watch(ctx)
	for hint := range hints {
		games := map[uuid.UUID]bool{hint.GameID: true}
		for range min(len(hints), maxHints) { // what has come meanwhile shares the write
			games[(<-hints).GameID] = true
		}
		if err := w.pass(ctx, games); err != nil && ctx.Err() == nil {
			w.c.log.Warn("hints were not recorded", zap.Error(err))
		}
	}
}

func (w *watch) pass(ctx context.Context, games map[uuid.UUID]bool) error {
	if games[uuid.Nil] { // anything may have happened
		w.everything()
		delete(games, uuid.Nil)
	}
	if len(games) == 0 {
		return nil
	}
	ids := make([]uuid.UUID, 0, len(games))
	for game := range games {
		ids = append(ids, game)
	}
	return w.c.db.InTx(ctx, func(_ context.Context, tx *pg.Tx) error {
		w.c.store.hint(tx, ids, w.c.clock.Now())
		tx.OnCommit(w.c.Wake)
		return nil
	})
}
