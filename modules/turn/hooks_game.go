package turn

import (
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"galaxy/backend/modules/lobby"
	"galaxy/backend/modules/notification"
	"galaxy/backend/modules/turn/pace"
	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/worker"
	enginev1 "galaxy/backend/proto/engine/v1"
)

// Observer keeps clocks by what happens to games. It needs no Service: that one
// needs lobby's, which needs the observer. It implements lobby.Observer; every
// call runs in lobby's transaction, which holds the game's row.
type Observer struct {
	clock    clock.Clock
	store    store
	games    HookGames
	notifier Notifier
	queue    enqueuer
}

// NewObserver makes the hook that lobby calls. signal is the runner's.
func NewObserver(clk clock.Clock, games HookGames, n Notifier, signal *worker.Signal) *Observer {
	return &Observer{clock: clk, games: games, notifier: n, queue: enqueuer{clock: clk, signal: signal}}
}

// Name implements lobby.Observer.
func (o *Observer) Name() string { return "turn" }

// GameChanged implements lobby.Observer.
func (o *Observer) GameChanged(ctx context.Context, tx *pg.Tx, g lobby.Game, e lobby.Event, status *enginev1.Status,
) error {
	switch e {
	case lobby.EventStarted:
		return o.start(ctx, tx, g, status)
	case lobby.EventRaceBlocked:
		if err := o.banish(ctx, tx, g); err != nil {
			return err
		}
		return o.queueEarly(ctx, tx, g)
	case lobby.EventSeatLeft:
		return o.queueEarly(ctx, tx, g)
	case lobby.EventSeatTaken:
		return o.awaitSuccessor(ctx, tx, g)
	case lobby.EventPaused, lobby.EventFinished, lobby.EventCancelled:
		return o.changeClock(ctx, tx, g, e)
	case lobby.EventResumed, lobby.EventSettings:
		if err := o.changeClock(ctx, tx, g, e); err != nil {
			return err
		}
		return o.queueEarly(ctx, tx, g)
	default:
		return nil
	}
}

// changeClock follows what happened to the game. One that ended or changed before
// it ever started has no clock.
func (o *Observer) changeClock(ctx context.Context, tx *pg.Tx, g lobby.Game, e lobby.Event) error {
	c, err := o.store.lockClock(ctx, tx, g.ID)
	if err != nil {
		return ignoreNotFound(err)
	}
	now := o.clock.Now()
	switch e {
	case lobby.EventPaused:
		c = c.Pause(now)
		o.store.discardQueued(tx, g.ID, "game_paused", now)
	case lobby.EventResumed:
		c = c.Resume(g.Turns, now)
	case lobby.EventSettings:
		c = c.Reschedule(g.Turns, now)
	default:
		c = c.Stop()
		o.store.discardQueued(tx, g.ID, "game_over", now)
	}
	o.store.saveClock(tx, c)
	o.games.SetNextTurn(tx, g.ID, c.NextTurnAt)
	tx.OnCommit(o.queue.signal.Send)
	return nil
}

// start makes the clock of a game whose engine has come up, and opens its first
// turn. A game that has its clock is left alone.
func (o *Observer) start(ctx context.Context, tx *pg.Tx, g lobby.Game, status *enginev1.Status) error {
	if status == nil || status.At() < 0 {
		return fmt.Errorf("game %s started without a status", g.ID)
	}
	c := pace.NewClock(g.ID, status.At(), g.Turns, o.clock.Now())
	created, err := o.store.createClock(ctx, tx, c)
	if err != nil || !created {
		return err
	}
	o.games.SetNextTurn(tx, g.ID, c.NextTurnAt)
	seats, err := o.games.SeatsIn(ctx, tx, g.ID)
	if err != nil {
		return fmt.Errorf("seats of game %s: %w", g.ID, err)
	}
	o.store.openTurn(tx, c, pace.NewSubmissions(status.Races, seats, g.Turns.IdleAfter))
	for _, seat := range seats {
		if cause := seat.Banishes(); cause != "" { // while the engine came up
			if err := o.queue.addBanishment(ctx, tx, c, seat.RaceName, cause); err != nil {
				return err
			}
		}
		if err := o.announceStart(ctx, tx, g, c, seat); err != nil {
			return err
		}
	}
	tx.OnCommit(o.queue.signal.Send)
	return nil
}

// announceStart tells a member that the game has begun, and with which race.
func (o *Observer) announceStart(ctx context.Context, tx *pg.Tx, g lobby.Game, c pace.Clock, seat lobby.Seat) error {
	if seat.Status != lobby.Active {
		return nil
	}
	payload := turnPayload(g, c)
	payload["race_name"] = seat.RaceName
	return o.notifier.Submit(ctx, tx, notification.Intent{
		Kind: notification.GameStarted, Key: turnKey(c) + ":" + seat.UserID.String(),
		Recipients: []uuid.UUID{seat.UserID}, Payload: payload,
	})
}

// banish queues the run that takes a blocked member's race out of its engine. A
// game that has not started has no race to banish yet: start looks again.
func (o *Observer) banish(ctx context.Context, tx *pg.Tx, g lobby.Game) error {
	if g.Blocked == nil {
		return fmt.Errorf("game %s: a race was blocked and not named", g.ID)
	}
	c, err := o.store.clock(ctx, tx, g.ID)
	if err != nil {
		return ignoreNotFound(err)
	}
	return o.queue.addBanishment(ctx, tx, c, g.Blocked.RaceName, g.Blocked.Cause)
}

// awaitSuccessor has the turn under way wait for a race's new player, whose
// predecessor's readiness is not theirs. A race that is out of play is waited for
// by nobody.
func (o *Observer) awaitSuccessor(ctx context.Context, tx *pg.Tx, g lobby.Game) error {
	if g.Taken == nil {
		return fmt.Errorf("game %s: a seat was taken and not named", g.ID)
	}
	c, err := o.store.clock(ctx, tx, g.ID)
	if err != nil {
		return ignoreNotFound(err)
	}
	races, err := o.games.Stats(ctx, tx, g.ID, c.Turn)
	if err != nil {
		return fmt.Errorf("races of game %s: %w", g.ID, err)
	}
	if inPlay(races, g.Taken.RaceName) {
		o.store.setPlayer(tx, c, g.Taken.RaceName, g.Taken.UserID)
	}
	return nil
}

// inPlay reports whether a race had a part in the turn after those stats.
func inPlay(races []lobby.RaceStats, race string) bool {
	return slices.ContainsFunc(races, func(r lobby.RaceStats) bool {
		return r.RaceName == race && enginev1.RaceState(r.State).InPlay()
	})
}

// queueEarly queues an early turn when the change leaves nobody to wait for.
func (o *Observer) queueEarly(ctx context.Context, tx *pg.Tx, g lobby.Game) error {
	if !makesEarlyTurns(g) {
		return nil
	}
	c, err := o.store.clock(ctx, tx, g.ID)
	if err != nil {
		return ignoreNotFound(err)
	}
	seats, err := o.games.SeatsIn(ctx, tx, g.ID)
	if err != nil {
		return fmt.Errorf("seats of game %s: %w", g.ID, err)
	}
	return o.queue.addEarly(ctx, tx, g, c, seats)
}
