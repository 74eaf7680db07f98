package game

import (
	"context"

	"galaxy/backend/modules/runtime"
	"galaxy/backend/platform/pg"
)

// runtimeObserver follows engines: it implements runtime.Observer.
type runtimeObserver struct{ service *Service }

func newRuntimeObserver(s *Service) runtimeObserver { return runtimeObserver{s} }

// Name implements runtime.Observer.
func (runtimeObserver) Name() string { return "game" }

// RuntimeChanged implements runtime.Observer: it stores what was seen, and moves
// the game on when that decides something.
func (o runtimeObserver) RuntimeChanged(ctx context.Context, tx *pg.Tx, c runtime.Change) error {
	g, err := o.service.store.lockGame(ctx, tx, c.GameID)
	if isNotFound(err) {
		return nil // an operator may run an engine without a game
	}
	if err != nil {
		return err
	}
	g.RuntimeStatus, g.EngineHealth = c.Observed, healthOf(c.Observed)
	verb, reason := transitionFor(g.State, c)
	switch verb {
	case Started:
		g.State = Running
		return o.service.started(ctx, tx, &g, c.Status)
	case Failed:
		g.State, g.LastError = StartFailed, c.Error
		o.service.games.save(tx, &g)
		return nil
	case Pause:
		g.LastError = c.Error
		return o.service.pause(ctx, tx, &g, reason)
	}
	o.service.games.save(tx, &g)
	return nil
}

func healthOf(observed string) string {
	switch runtime.Observed(observed) {
	case runtime.Running:
		return "ok"
	case runtime.Unreachable:
		return "unreachable"
	}
	return "unknown"
}

// transitionFor is what a change of the engine means for a game in this state.
func transitionFor(s State, c runtime.Change) (verb Verb, reason string) {
	down := c.Observed == string(runtime.Stopped) || c.Observed == string(runtime.Removed)
	switch {
	case s == Starting && c.Observed == string(runtime.Running):
		return Started, ""
	case s == Starting && runtime.Observed(c.Observed).Final():
		return Failed, ""
	case s == Starting && down && c.Desired != string(runtime.WantRunning):
		return Failed, "" // an operator took the engine away while it started
	case s == Running && runtime.Observed(c.Observed).Final():
		return Pause, EngineCrashed
	case s == Running && down && c.Desired != string(runtime.WantRunning) && c.Source == runtime.Operator:
		return Pause, ByOperator
	}
	return "", ""
}

var _ runtime.Observer = runtimeObserver{}
