package runtime

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/google/uuid"

	"galaxy/backend/platform/httpx"
	"galaxy/backend/platform/pg"
	enginev1 "galaxy/backend/proto/engine/v1"
)

// Start requests that a game's engine runs, and returns the operation that
// follows. The first start creates the record and needs an active version; a
// later one keeps the init request once the engine has been initialized. A start
// of an engine that failed, crashed or was stopped is a new generation, of the
// given version if there is one; a repeat of one under way returns that one's
// operation.
func (s *Service) Start(ctx context.Context, tx *pg.Tx, spec Spec, by Source) (uuid.UUID, error) {
	r, err := s.store.lock(ctx, tx, spec.GameID)
	if errors.Is(err, ErrNotFound) {
		return s.create(ctx, tx, spec, by)
	}
	if err != nil {
		return uuid.Nil, fmt.Errorf("start the engine of game %s: %w", spec.GameID, err)
	}
	if r.InProgress(OpStart) {
		return *r.OperationID, nil
	}
	down := r.Desired != WantRunning || r.Observed.Final()
	if down && spec.Version != "" {
		r.Version = spec.Version
	}
	if err := s.versions.RestartableVersion(ctx, r.Version); err != nil {
		return uuid.Nil, fmt.Errorf("start the engine of game %s: %w", spec.GameID, err)
	}
	if r.InitializedAt == nil && len(spec.Init.Races) > 0 {
		if r.Init, err = encodeInit(spec.Init, r.Init); err != nil {
			return uuid.Nil, err
		}
	}
	if down {
		r.BeginGeneration()
	}
	r.Desired, r.Source = WantRunning, by
	return s.update(ctx, tx, r, OpStart)
}

// create makes the record of a game's first start.
func (s *Service) create(ctx context.Context, tx *pg.Tx, spec Spec, by Source) (uuid.UUID, error) {
	if spec.Version == "" {
		return uuid.Nil, ErrNeverStarted
	}
	if err := s.versions.StartableVersion(ctx, spec.Version); err != nil {
		return uuid.Nil, fmt.Errorf("start the engine of game %s: %w", spec.GameID, err)
	}
	request, err := encodeInit(spec.Init, nil)
	if err != nil {
		return uuid.Nil, err
	}
	r := Record{
		GameID: spec.GameID, Desired: WantRunning, Version: spec.Version, Generation: 1, Source: by,
		Init: request, Observed: Starting,
	}
	s.store.insert(tx, r, s.clock.Now())
	return s.addOperation(ctx, tx, r, OpStart)
}

// Stop requests that the engine is stopped; its state stays.
func (s *Service) Stop(ctx context.Context, tx *pg.Tx, game uuid.UUID, by Source) (uuid.UUID, error) {
	return s.change(ctx, tx, game, by, OpStop, func(r *Record) error {
		r.Desired = WantStopped
		return nil
	})
}

// Remove requests that the engine's container is removed; the state directory
// stays.
func (s *Service) Remove(ctx context.Context, tx *pg.Tx, game uuid.UUID, by Source) (uuid.UUID, error) {
	return s.change(ctx, tx, game, by, OpRemove, func(r *Record) error {
		r.Desired = WantRemoved
		return nil
	})
}

// Restart requests that the engine is stopped and started again, whatever it
// does now.
func (s *Service) Restart(ctx context.Context, tx *pg.Tx, game uuid.UUID, by Source) (uuid.UUID, error) {
	return s.change(ctx, tx, game, by, OpRestart, func(r *Record) error {
		r.BeginGeneration()
		r.Desired = WantRunning
		return s.versions.RestartableVersion(ctx, r.Version)
	})
}

func (s *Service) change(
	ctx context.Context, tx *pg.Tx, game uuid.UUID, by Source, kind OperationKind, apply func(*Record) error,
) (uuid.UUID, error) {
	r, err := s.store.lock(ctx, tx, game)
	if err == nil && r.InProgress(kind) {
		return *r.OperationID, nil
	}
	if err == nil {
		r.Source = by
		err = apply(&r)
	}
	if err != nil {
		return uuid.Nil, fmt.Errorf("%s the engine of game %s: %w", kind, game, err)
	}
	return s.update(ctx, tx, r, kind)
}

// update writes what is desired and the operation that follows it.
func (s *Service) update(ctx context.Context, tx *pg.Tx, r Record, kind OperationKind) (uuid.UUID, error) {
	s.store.updateDesired(tx, r, s.clock.Now())
	return s.addOperation(ctx, tx, r, kind)
}

func (s *Service) addOperation(ctx context.Context, tx *pg.Tx, r Record, kind OperationKind) (uuid.UUID, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return uuid.Nil, fmt.Errorf("make an operation id: %w", err)
	}
	s.store.insertOperation(tx, Operation{
		ID: id, GameID: r.GameID, Kind: kind, Source: r.Source, Actor: actor(ctx), RequestID: httpx.RequestID(ctx),
		Generation: r.Generation, CreatedAt: s.clock.Now(),
	})
	s.states.put(tx, r)
	tx.OnCommit(s.signal.Send)
	return id, nil
}

// actor is the operator or the user behind the request, or "".
func actor(ctx context.Context) string {
	user := ""
	if id := httpx.UserID(ctx); id != uuid.Nil {
		user = id.String()
	}
	return cmp.Or(httpx.PrincipalOf(ctx).Username, user)
}

// encodeInit renders an init request. A seed that is missing is that of the
// former request, or drawn: the engine recognises a repeat by all of it.
func encodeInit(req enginev1.InitRequest, former []byte) ([]byte, error) {
	if req.Seed == "" && former != nil {
		var old enginev1.InitRequest
		if err := json.Unmarshal(former, &old); err != nil {
			return nil, fmt.Errorf("read the former init request: %w", err)
		}
		req.Seed = old.Seed
	}
	if req.Seed == "" {
		var b [8]byte
		_, _ = rand.Read(b[:]) // never fails
		req.Seed = strconv.FormatUint(binary.BigEndian.Uint64(b[:]), 10)
	}
	text, err := json.Marshal(req)
	if err != nil {
		return nil, fmt.Errorf("encode the init request: %w", err)
	}
	return text, nil
}
