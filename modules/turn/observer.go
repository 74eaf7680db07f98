package turn

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/modules/lobby"
	"galaxy/backend/modules/notification"
	"galaxy/backend/modules/turn/pace"
	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/httpx"
	"galaxy/backend/platform/pg"
	enginev1 "galaxy/backend/proto/engine/v1"
)

// Observer sets clocks by what happens to games. It hangs on lobby's ledger and
// not on the Service: lobby's service needs it to exist first. It implements
// lobby.Observer; every call runs in lobby's transaction, which holds the game's
// row.
type Observer struct {
	clock    clock.Clock
	store    store
	ledger   Ledger
	notifier Notifier
	wake     func() // the runner's, which comes later
}

// NewObserver makes the hook that lobby calls.
func NewObserver(clk clock.Clock, l Ledger, n Notifier) *Observer {
	return &Observer{clock: clk, ledger: l, notifier: n, wake: func() {}}
}

// Name implements lobby.Observer.
func (o *Observer) Name() string { return "turn" }

// GameChanged implements lobby.Observer.
func (o *Observer) GameChanged(ctx context.Context, tx *pg.Tx, g lobby.Game, e lobby.Event, status *enginev1.Status) error {
	now := o.clock.Now()
	switch e {
	case lobby.EventStarted:
		if status == nil || status.At() < 0 {
			return fmt.Errorf("game %s started without a status", g.ID)
		}
		return o.begin(ctx, tx, g, *status)
	case lobby.EventRaceBlocked:
		if g.Blocked == nil {
			return fmt.Errorf("game %s: a race was blocked and not named", g.ID)
		}
		if err := o.banish(ctx, tx, g.ID, *g.Blocked); err != nil {
			return err
		}
		return o.hasten(ctx, tx, g)
	case lobby.EventSeatLeft:
		return o.hasten(ctx, tx, g)
	case lobby.EventSeatTaken:
		return o.welcome(ctx, tx, g)
	case lobby.EventPaused, lobby.EventResumed, lobby.EventFinished, lobby.EventCancelled, lobby.EventSettings:
	default:
		return nil
	}
	c, err := o.store.lockClock(ctx, tx, g.ID)
	if err != nil {
		return ignoreMissing(err) // the game ended or changed before it ever started
	}
	after := c
	switch e {
	case lobby.EventPaused:
		after = c.Pause(now)
		o.store.Dismiss(tx, g.ID, "game_paused", now)
	case lobby.EventResumed:
		after = c.Resume(g.Turns, now)
	case lobby.EventSettings:
		after = c.Reschedule(g.Turns, now)
	default:
		after = c.Stop()
		o.store.Dismiss(tx, g.ID, "game_over", now)
	}
	o.store.save(tx, after)
	o.ledger.SetNextTurn(tx, g.ID, after.NextTurnAt)
	tx.OnCommit(o.wake)
	if e == lobby.EventSettings || e == lobby.EventResumed {
		return o.hasten(ctx, tx, g)
	}
	return nil
}

// welcome has the turn under way wait for a successor, whose predecessor's
// readiness is not theirs. A race that is out of play is waited for by nobody.
func (o *Observer) welcome(ctx context.Context, tx *pg.Tx, g lobby.Game) error {
	if g.Taken == nil {
		return fmt.Errorf("game %s: a seat was taken and not named", g.ID)
	}
	c, err := o.store.clock(ctx, tx, g.ID)
	if err != nil {
		return ignoreMissing(err)
	}
	races, err := o.ledger.Stats(ctx, tx, g.ID, c.Turn)
	if err != nil {
		return fmt.Errorf("races of game %s: %w", g.ID, err)
	}
	if inPlay(races, g.Taken.RaceName) {
		o.store.Reseat(tx, c, g.Taken.RaceName, g.Taken.UserID)
	}
	return nil
}

// inPlay reports whether a race had a part in the turn after those stats.
func inPlay(races []lobby.RaceStats, race string) bool {
	return slices.ContainsFunc(races, func(r lobby.RaceStats) bool {
		return r.RaceName == race && enginev1.RaceState(r.State).InPlay()
	})
}

// hasten makes an early turn when the change leaves nobody to wait for.
func (o *Observer) hasten(ctx context.Context, tx *pg.Tx, g lobby.Game) error {
	if !hastens(g) {
		return nil
	}
	c, err := o.store.clock(ctx, tx, g.ID)
	if err != nil {
		return ignoreMissing(err)
	}
	seats, err := o.ledger.SeatsIn(ctx, tx, g.ID)
	if err != nil {
		return fmt.Errorf("seats of game %s: %w", g.ID, err)
	}
	queued, err := o.store.hasten(ctx, tx, g, c, seats, o.clock.Now())
	if queued {
		tx.OnCommit(o.wake)
	}
	return err
}

func (o *Observer) begin(ctx context.Context, tx *pg.Tx, g lobby.Game, status enginev1.Status) error {
	c := pace.Started(g.ID, status.At(), g.Turns, o.clock.Now())
	fresh, err := o.store.begin(ctx, tx, c)
	if err != nil || !fresh {
		return err
	}
	o.ledger.SetNextTurn(tx, g.ID, c.NextTurnAt)
	seats, err := o.ledger.SeatsIn(ctx, tx, g.ID)
	if err != nil {
		return fmt.Errorf("seats of game %s: %w", g.ID, err)
	}
	o.store.OpenTurn(tx, c, pace.Opening(status.Races, seats, g.Turns.IdleAfter))
	for _, seat := range seats {
		if cause := seat.Banishes(); cause != "" { // while the engine came up
			if err := o.banish(ctx, tx, g.ID, lobby.BlockedRace{RaceName: seat.RaceName, Cause: cause}); err != nil {
				return err
			}
		}
		if seat.Status != lobby.Active {
			continue
		}
		payload := announcement(g, c)
		payload["race_name"] = seat.RaceName
		err := o.notifier.Submit(ctx, tx, notification.Intent{
			Kind: notification.KindGameStarted, Key: turnKey(c) + ":" + seat.UserID.String(),
			Recipients: []uuid.UUID{seat.UserID}, Payload: payload,
		})
		if err != nil {
			return err
		}
	}
	tx.OnCommit(o.wake)
	return nil
}

// banish queues the run that takes a member's race out of its engine. A game
// that has not started has no race to banish yet: begin looks again.
func (o *Observer) banish(ctx context.Context, tx *pg.Tx, game uuid.UUID, race lobby.BlockedRace) error {
	c, err := o.store.clock(ctx, tx, game)
	if err != nil {
		return ignoreMissing(err)
	}
	r, err := newRun(ctx, c, KindBanish, race.Cause, o.clock.Now())
	if err != nil {
		return err
	}
	r.Turn, r.RaceName = nil, &race.RaceName
	if _, err := o.store.Add(ctx, tx, r); err != nil {
		return fmt.Errorf("queue a banish in game %s: %w", game, err)
	}
	tx.OnCommit(o.wake)
	return nil
}

// newRun makes a queued run of c's next turn.
func newRun(ctx context.Context, c Clock, kind, cause string, now time.Time) (Run, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return Run{}, fmt.Errorf("make a run id: %w", err)
	}
	next := c.Turn + 1
	return Run{
		ID: id, GameID: c.GameID, Epoch: c.Epoch, Kind: kind, Cause: cause, Turn: &next,
		RequestedBy: requester(ctx), RequestID: httpx.RequestID(ctx), Status: RunQueued, NextAttemptAt: now, DueAt: now, CreatedAt: now,
	}, nil
}

// requester names who is behind ctx.
func requester(ctx context.Context) string {
	if name := httpx.PrincipalOf(ctx).Username; name != "" {
		return name
	}
	if id := httpx.UserID(ctx); id != uuid.Nil {
		return "user:" + id.String()
	}
	return "system"
}
