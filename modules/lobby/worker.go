package lobby

import (
	"context"

	"github.com/google/uuid"
	"go.uber.org/zap"

	"galaxy/backend/modules/runtime"
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
	s.wake = w.loop.Wake
	return w
}

// Start starts the loop.
func (w *Sweeper) Start(ctx context.Context) error { return w.loop.Start(ctx) }

// Stop waits for the pass under way.
func (w *Sweeper) Stop(ctx context.Context) error { return w.loop.Stop(ctx) }

// runOnce is one pass. Each thing has a transaction of its own: one that cannot
// be settled is logged and delays nobody.
func (w *Sweeper) runOnce(ctx context.Context) (again bool, err error) {
	now := w.service.clock.Now()
	games, err := w.service.store.sweepableGames(ctx, w.service.db, now, batch)
	if err != nil {
		return false, err
	}
	done := 0
	for _, id := range games {
		if err := w.service.sweepGame(ctx, id); err != nil {
			w.log.Warn("enrolment not settled", zap.Stringer("game_id", id), zap.Error(err))
			continue
		}
		done++
	}
	names, err := w.service.names.Due(ctx, now, batch)
	if err != nil {
		return false, err
	}
	for _, id := range names {
		if err := w.service.names.Expire(ctx, id, now); err != nil {
			w.log.Warn("race name not released", zap.Stringer("race_name_id", id), zap.Error(err))
			continue
		}
		done++
	}
	var invites int64
	err = w.service.db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error {
		invites, err = w.service.store.expireInvites(ctx, tx, now, batch)
		return err
	})
	full := len(games) >= batch || len(names) >= batch || invites == batch
	return full && (done > 0 || invites > 0), err
}

// sweepGame closes an enrolment that is over or full, and starts a full game that
// is to start by itself. Close and start are two steps: a start that is refused
// leaves the game ready to be started by hand.
func (s *Service) sweepGame(ctx context.Context, id uuid.UUID) error {
	err := s.inGame(ctx, id, func(ctx context.Context, tx *pg.Tx, g *Game) error {
		over := g.EnrollmentEndsAt != nil && !g.EnrollmentEndsAt.After(s.clock.Now())
		switch {
		case g.State != EnrollmentOpen || !over && !(g.StartWhenFull && g.Full()):
			return nil
		case g.SeatsTaken >= g.MinPlayers:
			return s.move(ctx, tx, g, Close, system, runtime.System)
		}
		g.State = Cancelled
		return s.cancel(ctx, tx, g, "not_enough_players", runtime.System)
	})
	if err != nil {
		return err
	}
	return s.inGame(ctx, id, func(ctx context.Context, tx *pg.Tx, g *Game) error {
		if g.State != ReadyToStart || !g.StartWhenFull || !g.Full() {
			return nil
		}
		return s.move(ctx, tx, g, Start, system, runtime.System)
	})
}

func (s *Service) inGame(ctx context.Context, id uuid.UUID, fn func(context.Context, *pg.Tx, *Game) error) error {
	return s.db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error {
		g, err := s.store.lockGame(ctx, tx, id)
		if err != nil {
			return err
		}
		return fn(ctx, tx, &g)
	})
}
