package turn

import (
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"galaxy/backend/modules/game"
	"galaxy/backend/modules/notification"
	"galaxy/backend/modules/turn/pace"
	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/worker"
	enginev1 "galaxy/backend/proto/engine/v1"
)

// Observer keeps clocks by what happens to games. It implements game.Observer;
// every call runs in the transaction that changes the game, which holds its row.
type Observer struct {
	clock    clock.Clock
	store    store
	games    Games
	notifier Notifier
	queue    enqueuer
}

// NewObserver makes the hook that game calls. signal is the runner's.
func NewObserver(clk clock.Clock, games Games, n Notifier, signal *worker.Signal) *Observer {
	return &Observer{clock: clk, games: games, notifier: n, queue: enqueuer{clock: clk, signal: signal}}
}

// Name implements game.Observer.
func (o *Observer) Name() string { return "turn" }

// GameChanged implements game.Observer.
func (o *Observer) GameChanged(ctx context.Context, tx *pg.Tx, change game.Change) error {
	g := change.Game
	switch change.Event {
	case game.EventStarted:
		return o.start(ctx, tx, g, change.Status)
	case game.EventRaceBlocked:
		if err := o.banish(ctx, tx, g, change.Blocked); err != nil {
			return err
		}
		return o.queueEarly(ctx, tx, g)
	case game.EventSeatLeft:
		return o.queueEarly(ctx, tx, g)
	case game.EventSeatTaken:
		return o.awaitSuccessor(ctx, tx, g, change.Taken)
	case game.EventPaused, game.EventFinished, game.EventCancelled:
		return o.changeClock(ctx, tx, g, change.Event)
	case game.EventResumed, game.EventSettings:
		if err := o.changeClock(ctx, tx, g, change.Event); err != nil {
			return err
		}
		return o.queueEarly(ctx, tx, g)
	default:
		return nil
	}
}

// changeClock follows what happened to the game. One that ended or changed before
// it ever started has no clock.
func (o *Observer) changeClock(ctx context.Context, tx *pg.Tx, g game.Game, e game.Event) error {
	c, err := o.store.lockClock(ctx, tx, g.ID)
	if err != nil {
		return ignoreNotFound(err)
	}
	now := o.clock.Now()
	switch e {
	case game.EventPaused:
		c = c.Pause(now)
		o.store.discardQueued(tx, g.ID, "game_paused", now)
	case game.EventResumed:
		c = c.Resume(g.Turns, now)
	case game.EventSettings:
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
func (o *Observer) start(ctx context.Context, tx *pg.Tx, g game.Game, status *enginev1.Status) error {
	if status == nil || status.At() < 0 {
		return fmt.Errorf("game %s started without a status", g.ID)
	}
	c := pace.NewClock(g.ID, status.At(), g.Turns, o.clock.Now())
	created, err := o.store.createClock(ctx, tx, c)
	if err != nil || !created {
		return err
	}
	o.games.SetNextTurn(tx, g.ID, c.NextTurnAt)
	members, err := o.games.MembershipsIn(ctx, tx, g.ID)
	if err != nil {
		return fmt.Errorf("memberships of game %s: %w", g.ID, err)
	}
	o.store.openTurn(tx, c, pace.NewSubmissions(status.Races, members, g.Turns.IdleAfter))
	for _, m := range members {
		if cause := m.BanishCause(); cause != "" { // while the engine came up
			if err := o.queue.addBanishment(ctx, tx, c, m.RaceName, cause); err != nil {
				return err
			}
		}
		if err := o.announceStart(ctx, tx, g, c, m); err != nil {
			return err
		}
	}
	tx.OnCommit(o.queue.signal.Send)
	return nil
}

// announceStart tells a member that the game has begun, and with which race.
func (o *Observer) announceStart(ctx context.Context, tx *pg.Tx, g game.Game, c pace.Clock, m game.Membership) error {
	if m.Status != game.Active {
		return nil
	}
	return o.notifier.Submit(ctx, tx, notification.Intent{
		Key: turnKey(c) + ":" + m.UserID.String(), Recipients: []uuid.UUID{m.UserID},
		Payload: notification.GameStarted{
			GameRef: g.Ref(), Turn: c.Turn, NextTurnAt: c.NextTurnAt, RaceName: m.RaceName,
		},
	})
}

// banish queues the run that takes a blocked member's race out of its engine. A
// game that has not started has no race to banish yet: start looks again.
func (o *Observer) banish(ctx context.Context, tx *pg.Tx, g game.Game, race *game.BlockedRace) error {
	if race == nil {
		return fmt.Errorf("game %s: a race was blocked and not named", g.ID)
	}
	c, err := o.store.clock(ctx, tx, g.ID)
	if err != nil {
		return ignoreNotFound(err)
	}
	return o.queue.addBanishment(ctx, tx, c, race.RaceName, race.Cause)
}

// awaitSuccessor has the turn under way wait for a race's new player, whose
// predecessor's readiness is not theirs. A race that is out of play is waited for
// by nobody.
func (o *Observer) awaitSuccessor(ctx context.Context, tx *pg.Tx, g game.Game, successor *game.Membership) error {
	if successor == nil {
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
	if inPlay(races, successor.RaceName) {
		o.store.setPlayer(tx, c, successor.RaceName, successor.UserID)
	}
	return nil
}

// inPlay reports whether a race had a part in the turn after those stats.
func inPlay(races []game.RaceStats, race string) bool {
	return slices.ContainsFunc(races, func(r game.RaceStats) bool {
		return r.RaceName == race && enginev1.RaceState(r.State).InPlay()
	})
}

// queueEarly queues an early turn when the change leaves nobody to wait for.
func (o *Observer) queueEarly(ctx context.Context, tx *pg.Tx, g game.Game) error {
	if !makesEarlyTurns(g) {
		return nil
	}
	c, err := o.store.clock(ctx, tx, g.ID)
	if err != nil {
		return ignoreNotFound(err)
	}
	members, err := o.games.MembershipsIn(ctx, tx, g.ID)
	if err != nil {
		return fmt.Errorf("memberships of game %s: %w", g.ID, err)
	}
	return o.queue.addEarly(ctx, tx, g, c, members)
}
