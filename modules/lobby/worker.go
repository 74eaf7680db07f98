package lobby

import (
	"context"

	"go.uber.org/zap"

	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/worker"
)

// batch is how many of a kind one pass of the sweeper settles.
const batch = 100

// Sweeper does what is due without anybody asking: it closes enrolments, starts
// games that are full, expires invites and releases race names.
type Sweeper struct {
	service *Service
	log     *zap.Logger
	loop    *worker.Loop
}

// NewSweeper makes it; a game that becomes full wakes it.
func NewSweeper(s *Service, clk clock.Clock, log *zap.Logger, cfg Config) *Sweeper {
	w := &Sweeper{service: s, log: log}
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
	games, err := w.service.Sweepable(ctx, now, batch)
	if err != nil {
		return false, err
	}
	done := 0
	for _, id := range games {
		if err := w.service.Sweep(ctx, id); err != nil {
			w.log.Warn("enrolment not settled", zap.Stringer("game_id", id), zap.Error(err))
			continue
		}
		done++
	}
	names, err := w.service.Names.Due(ctx, now, batch)
	if err != nil {
		return false, err
	}
	for _, id := range names {
		if err := w.service.Names.Expire(ctx, id, now); err != nil {
			w.log.Warn("race name not released", zap.Stringer("race_name_id", id), zap.Error(err))
			continue
		}
		done++
	}
	var invites int64
	err = w.service.DB.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error {
		invites, err = w.service.requests.expireInvites(ctx, tx, now, batch)
		return err
	})
	full := len(games) >= batch || len(names) >= batch || invites == batch
	return full && (done > 0 || invites > 0), err
}
