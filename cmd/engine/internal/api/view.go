package api

import (
	"errors"
	"maps"

	"go.uber.org/zap"

	"galaxy/backend/cmd/engine/internal/game"
	"galaxy/backend/cmd/engine/internal/store"
	enginev1 "galaxy/backend/proto/engine/v1"
)

// view is an immutable snapshot of the game, published for readers.
type view struct {
	failed      error // why the directory cannot be trusted
	game        *store.Game
	snapshot    *store.Snapshot
	live        *game.State // the snapshot's state with later commands applied
	orders      map[int]store.OrderList
	log         []store.Entry // of this turn
	previousLog []store.Entry // of the turn before
	revision    int           // distinguishes views of one turn
}

// loadView loads the directory.
func (e *Engine) loadView() *view {
	c, err := e.store.Load()
	v := &view{game: c.Game, failed: err}
	if c.Game == nil || err != nil {
		return v
	}
	if want := e.options.GameID; want != "" && want != c.Game.Config.Request.GameID {
		v.failed = &store.CorruptError{Path: "game.json", Err: errors.New("belongs to another game")}
		return v
	}
	v.snapshot, v.orders, v.log, v.previousLog = c.Snapshot, c.Orders, c.Commands, c.PreviousCommands
	v.live = store.CurrentState(&c.Game.Config, v.snapshot.Turn.State, v.log, v.orders)
	if err := e.store.CompactBefore(v.turn()); err != nil {
		e.options.Log.Warn("old turns not compressed", zap.Error(err))
	}
	return v
}

// afterTurn is the view of a turn that has just been committed.
func (v *view) afterTurn(snapshot *store.Snapshot) *view {
	return &view{
		game: v.game, snapshot: snapshot, live: snapshot.Turn.State,
		orders: map[int]store.OrderList{}, previousLog: v.log,
	}
}

// afterEntry is the view after one more entry of the log.
func (v *view) afterEntry(live *game.State, entry store.Entry) *view {
	next := *v
	next.live = live
	next.log = append(v.log[:len(v.log):len(v.log)], entry)
	next.revision++
	return &next
}

// afterOrders is the view after a race has submitted a list.
func (v *view) afterOrders(live *game.State, list store.OrderList) *view {
	next := *v
	next.live = live
	next.orders = maps.Clone(v.orders)
	next.orders[list.Race] = list
	next.revision++
	return &next
}

func (v *view) config() *game.Config { return &v.game.Config }

func (v *view) turn() int { return v.snapshot.Turn.State.Turn }

func (v *view) finished() bool { return v.snapshot.Turn.State.Result != nil }

// requireTurn refuses requests for any turn but the current one.
func (v *view) requireTurn(turn int) error {
	if turn == v.turn() {
		return nil
	}
	return newFailure(enginev1.CodeTurnMismatch, "engine is at turn %d, request was for turn %d", v.turn(), turn).
		with(enginev1.DetailCurrentTurn, v.turn())
}

func errGameFinished() error { return newFailure(enginev1.CodeGameFinished, "the game is over") }

// race finds a race that exists.
func (v *view) race(name string) (int, error) {
	if race := v.config().Race(name); race >= 0 {
		return race, nil
	}
	return 0, newFailure(enginev1.CodeRaceNotFound, "no race %q", name)
}

// activeRace finds a race that may act in the given turn.
func (v *view) activeRace(name string, turn int) (int, error) {
	race, err := v.race(name)
	if err != nil {
		return 0, err
	}
	if v.finished() {
		return 0, errGameFinished()
	}
	if err := v.requireTurn(turn); err != nil {
		return 0, err
	}
	if state := v.live.Races[race].State; !state.InPlay() {
		return 0, newFailure(enginev1.CodeRaceInactive, "race %q is out of play: %s", name, state)
	}
	return race, nil
}

// statusOf describes a state of the game; hasOrders is asked per race.
func (e *Engine) statusOf(v *view, s *game.State, hasOrders func(int) bool) enginev1.Status {
	status := enginev1.Status{
		ContractVersion: enginev1.ContractVersion, EngineVersion: e.options.Version, Ruleset: enginev1.Ruleset,
		GameID: new(v.config().Request.GameID), State: enginev1.StateRunning, Turn: new(s.Turn),
		TurnCreatedAt: new(v.snapshot.Meta.CreatedAt), Finished: s.Result != nil, Result: s.Result,
		Map: new(game.MapInfo(v.config(), s)), StateHash: v.snapshot.Hash[:16],
		Races: game.RaceStatuses(v.config(), s, hasOrders),
	}
	status.Map.Races = 0
	if s.Result != nil {
		status.State = enginev1.StateFinished
	}
	return status
}

// status describes the game now.
func (e *Engine) status() enginev1.Status {
	v := e.view.Load()
	if v.failed != nil {
		return e.failedStatus(v)
	}
	if v.game == nil {
		return enginev1.Status{
			ContractVersion: enginev1.ContractVersion, EngineVersion: e.options.Version, State: enginev1.StateUninitialized,
		}
	}
	status := e.statusOf(v, v.live, func(race int) bool {
		_, has := v.orders[race]
		return has
	})
	status.Generating = e.generating.Load()
	return status
}

func (e *Engine) failedStatus(v *view) enginev1.Status {
	status := enginev1.Status{
		ContractVersion: enginev1.ContractVersion, EngineVersion: e.options.Version, State: enginev1.StateFailed,
	}
	if v.game != nil {
		status.Ruleset, status.GameID = enginev1.Ruleset, new(v.config().Request.GameID)
	}
	return status
}

// health reports whether the engine can accept writes.
func (e *Engine) health() enginev1.Health {
	h := enginev1.Health{Status: enginev1.HealthOK, EngineVersion: e.options.Version}
	switch v := e.view.Load(); {
	case e.closing.Load():
		h.Status, h.Reason = enginev1.HealthShuttingDown, enginev1.CodeShuttingDown
	case v.failed != nil:
		h.Status, h.Reason = enginev1.HealthFailed, toFailure(v.failed).code
	case e.store.Broken():
		h.Status, h.Reason = enginev1.HealthFailed, enginev1.CodeStorageUnavailable
	}
	return h
}
