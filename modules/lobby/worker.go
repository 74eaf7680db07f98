package lobby

import (
	"context"
	"time"

	"github.com/google/uuid"
	"go.uber.org/zap"

	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/worker"
)

// batch is how many of a kind one pass of the sweeper settles.
const batch = 100

// Sweeper does what is due without anybody asking: it closes enrolments, starts
// games that are full, expires invites, releases race names and puts the engines
// of finished games away.
type Sweeper struct {
	service *Service
	log     *zap.Logger
	keep    time.Duration // how long the engine of a finished game stays up
	loop    *worker.Loop
}

// NewSweeper makes it; a game that becomes full wakes it.
func NewSweeper(s *Service, clk clock.Clock, log *zap.Logger, cfg Config) *Sweeper {
	w := &Sweeper{service: s, log: log, keep: cfg.FinishedEngineTTL}
	w.loop = worker.NewLoop("lobby_sweeper", cfg.SweeperInterval, clk, log, w.runOnce)
	s.OnFull(w.loop.Wake)
	return w
}

// Start starts the loop.
func (w *Sweeper) Start(ctx context.Context) error { return w.loop.Start(ctx) }

// Stop waits for the pass under way.
func (w *Sweeper) Stop(ctx context.Context) error { return w.loop.Stop(ctx) }

// runOnce is one pass. Each thing has a transaction of its own: one that cannot
// be settled is logged and delays nobody.
func (w *Sweeper) runOnce(ctx context.Context) (again bool, err error) {
	now := w.service.Clock.Now()
	full, done := false, 0
	for _, chore := range []struct {
		failed string
		due    func() ([]uuid.UUID, error)
		settle func(id uuid.UUID) error
	}{
		{"enrolment not settled", func() ([]uuid.UUID, error) { return w.service.Sweepable(ctx, now, batch) },
			func(id uuid.UUID) error { return w.service.Sweep(ctx, id) }},
		{"race name not released", func() ([]uuid.UUID, error) { return w.service.Names.Due(ctx, now, batch) },
			func(id uuid.UUID) error { return w.service.Names.Expire(ctx, id, now) }},
		{"engine not put away", func() ([]uuid.UUID, error) { return w.service.Finished(ctx, now.Add(-w.keep), batch) },
			func(id uuid.UUID) error { return w.service.PutAway(ctx, id) }},
	} {
		ids, err := chore.due()
		if err != nil {
			return false, err
		}
		full = full || len(ids) >= batch
		for _, id := range ids {
			if err := chore.settle(id); err != nil {
				w.log.Warn(chore.failed, zap.Stringer("id", id), zap.Error(err))
				continue
			}
			done++
		}
	}
	var invites int64
	err = w.service.DB.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error {
		invites, err = w.service.requests.expireInvites(ctx, tx, now, batch)
		return err
	})
	full = full || invites == batch
	return full && (done > 0 || invites > 0), err
}
