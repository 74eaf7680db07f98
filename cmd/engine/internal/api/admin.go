package api

import (
	"context"
	"strconv"

	"go.uber.org/zap"

	"galaxy/backend/cmd/engine/internal/game"
	"galaxy/backend/cmd/engine/internal/store"
	"galaxy/backend/cmd/engine/internal/validation"
	enginev1 "galaxy/backend/proto/engine/v1"
)

// initGame starts the game; created is false for a repeat of the same document.
func (e *Engine) initGame(
	ctx context.Context, request enginev1.InitRequest,
) (status enginev1.Status, created bool, err error) {
	if err := validationError(e.checkInit(request)); err != nil {
		return status, false, err
	}
	release, err := e.acquireWriter(ctx, 0)
	if err != nil {
		return status, false, err
	}
	defer release()
	v := e.view.Load()
	if v.failed != nil {
		return status, false, toFailure(v.failed)
	}
	identity := game.Identity(request)
	if v.game != nil && v.game.Identity != identity {
		return status, false, newFailure(enginev1.CodeAlreadyInitialized, "the game was created from another init document")
	}
	if v.game == nil {
		if v, err = e.createGame(request, identity); err != nil {
			return status, false, err
		}
		created = true
		e.view.Store(v)
	}
	status = e.status()
	status.Seed = strconv.FormatUint(v.config().Seed, 10)
	return status, created, nil
}

func (e *Engine) checkInit(request enginev1.InitRequest) []enginev1.FieldError {
	fields := validation.Init(request)
	if want := e.options.GameID; want != "" && want != request.GameID {
		fields = append(fields, enginev1.FieldError{Field: "game_id", Message: "this engine serves another game"})
	}
	return fields
}

func (e *Engine) createGame(request enginev1.InitRequest, identity string) (*view, error) {
	now := e.options.Now().UTC()
	created := store.Game{
		Config:   game.NewConfig(request, e.options.NewSeed),
		Identity: identity, EngineVersion: e.options.Version, CreatedAt: now,
	}
	turn := game.InitialTurn(&created.Config)
	snapshot, err := e.store.CreateGame(created, turn, store.Meta{EngineVersion: e.options.Version, CreatedAt: now})
	if err != nil {
		return nil, err
	}
	e.options.Log.Info("game created", zap.String("game_id", request.GameID), zap.Int("races", len(request.Races)))
	v := &view{game: &created}
	return v.afterTurn(snapshot), nil
}

// advance sees to it that the requested turn exists.
func (e *Engine) advance(ctx context.Context, request enginev1.TurnRequest) (*enginev1.TurnResponse, error) {
	var p []enginev1.FieldError
	if request.Turn < 1 {
		p = append(p, enginev1.FieldError{Field: "turn", Message: "must be at least 1"})
	}
	if err := validationError(p); err != nil {
		return nil, err
	}
	release, err := e.acquireWriter(ctx, 0)
	if err != nil {
		return nil, err
	}
	defer release()
	v, err := e.writableView()
	if err != nil {
		return nil, err
	}
	switch {
	case request.Turn == v.turn():
		return e.turnResponse(v, true), nil
	case v.finished() && request.Turn > v.turn():
		return nil, errGameFinished()
	case request.Turn != v.turn()+1:
		return nil, v.requireTurn(request.Turn)
	}
	if v, err = e.generate(v); err != nil {
		return nil, err
	}
	return e.turnResponse(v, false), nil
}

// generate computes and commits the next turn. On any error the game stays at the
// current one.
func (e *Engine) generate(v *view) (*view, error) {
	e.generating.Store(true)
	defer e.generating.Store(false)
	begin := e.options.Now()
	turn, err := e.runRules(v)
	if err != nil {
		return nil, err
	}
	now := e.options.Now()
	snapshot, err := e.store.Commit(turn, v.snapshot.Hash, store.Meta{
		EngineVersion: e.options.Version, CreatedAt: now.UTC(), DurationMS: now.Sub(begin).Milliseconds(),
	})
	if err != nil {
		return nil, err
	}
	next := v.afterTurn(snapshot)
	e.view.Store(next)
	e.options.Log.Info("turn generated", zap.Int("turn", next.turn()), zap.Duration("took", now.Sub(begin)),
		zap.String("state_hash", snapshot.Hash[:16]), zap.Bool("finished", next.finished()))
	if err := e.store.Compact(v.turn()); err != nil {
		e.options.Log.Warn("old turn not compressed", zap.Int("turn", v.turn()), zap.Error(err))
	}
	return next, nil
}

// runRules runs the rules. They are deterministic: a panic would come again, and
// the host is told so.
func (e *Engine) runRules(v *view) (turn *game.Turn, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			e.options.Log.Error("turn generation panicked", zap.Int("turn", v.turn()+1), zap.Any("cause", cause),
				zap.Stack("stack"))
			turn, err = nil, newFailure(enginev1.CodeTurnFailed, "turn %d cannot be generated", v.turn()+1)
		}
	}()
	return e.options.Advance(v.config(), v.live, store.OrderLists(v.config(), v.orders)), nil
}

// turnResponse describes the turn as it was generated, so that a repeat gets the
// same response.
func (e *Engine) turnResponse(v *view, replayed bool) *enginev1.TurnResponse {
	made := v.snapshot.Turn
	return &enginev1.TurnResponse{
		Turn: v.turn(), Replayed: replayed, DurationMS: v.snapshot.Meta.DurationMS,
		Events: game.PublicEvents(made.Events),
		Status: e.statusOf(v, made.State, func(int) bool { return false }),
	}
}

// banish takes a race out of the game at once.
func (e *Engine) banish(ctx context.Context, request enginev1.BanishRequest) (*enginev1.BanishResponse, error) {
	if err := validationError(checkBanish(request)); err != nil {
		return nil, err
	}
	release, err := e.acquireWriter(ctx, e.options.LockWait)
	if err != nil {
		return nil, err
	}
	defer release()
	v, err := e.writableView()
	if err != nil {
		return nil, err
	}
	race, err := v.race(request.RaceName)
	if err != nil {
		return nil, err
	}
	if v.finished() {
		return nil, errGameFinished()
	}
	replayed := !v.live.Races[race].State.InPlay()
	if !replayed {
		live := v.live.Clone()
		game.Banish(v.config(), live, race)
		entry := store.Entry{Kind: store.KindBanish, Race: race, Reason: request.Reason}
		if err := e.store.Append(v.turn(), entry); err != nil {
			return nil, err
		}
		v = v.afterEntry(live, entry)
		e.view.Store(v)
	}
	r := v.live.Races[race]
	return &enginev1.BanishResponse{
		RaceName: request.RaceName, State: r.State, Turn: v.turn(), Replayed: replayed,
		PlanetsReleased: r.Released, ShipsRemoved: r.Removed,
	}, nil
}
