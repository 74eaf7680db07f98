package runtime

import (
	"context"

	"github.com/google/uuid"

	"galaxy/backend/modules/admin"
	"galaxy/backend/platform/pg"
)

// Filter chooses records for a list, newest game first. Zero values do not
// filter; Before is the last game of the page before.
type Filter struct {
	Observed Observed
	Version  string
	Before   uuid.UUID
	Limit    int
}

// Records lists what is kept about engines.
func (s *Service) Records(ctx context.Context, f Filter) ([]Record, error) {
	return s.store.list(ctx, s.db, f)
}

// Counts says how many engines are in which state, for the overview.
func (s *Service) Counts(ctx context.Context) (map[Observed]int, error) {
	return s.store.counts(ctx, s.db)
}

// Record is what is kept about one engine.
func (s *Service) Record(ctx context.Context, game uuid.UUID) (Record, error) {
	return s.store.get(ctx, s.db, game)
}

// Operation is the row of one request.
func (s *Service) Operation(ctx context.Context, id uuid.UUID) (Operation, error) {
	return s.store.operation(ctx, s.db, id)
}

// Operations lists the requests about one engine, newest first. before is the
// last one of the page before, or Nil.
func (s *Service) Operations(ctx context.Context, game, before uuid.UUID, limit int) ([]Operation, error) {
	if _, err := s.State(ctx, game); err != nil {
		return nil, err
	}
	return s.store.operations(ctx, s.db, game, before, limit)
}

// Order is an operator's request about an engine that exists, with its audit
// row. It returns the operation that follows it.
func (s *Service) Order(ctx context.Context, game uuid.UUID, kind OperationKind) (Operation, error) {
	request := map[OperationKind]func(context.Context, *pg.Tx, uuid.UUID, Source) (uuid.UUID, error){
		OpStart: s.startAgain, OpStop: s.Stop, OpRestart: s.Restart, OpRemove: s.Remove,
	}[kind]
	var id uuid.UUID
	err := s.db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) (err error) {
		if id, err = request(ctx, tx, game, Operator); err != nil {
			return err
		}
		return s.auditor.Record(ctx, tx, admin.Entry{
			Action: "runtime." + string(kind), Target: "game:" + game.String(), After: map[string]any{"operation_id": id},
		})
	})
	if err != nil {
		return Operation{}, err
	}
	return s.Operation(ctx, id)
}

// startAgain starts an engine that its game started before.
func (s *Service) startAgain(ctx context.Context, tx *pg.Tx, game uuid.UUID, by Source) (uuid.UUID, error) {
	return s.Start(ctx, tx, Spec{GameID: game}, by)
}

// Nudge makes the engine's game due: an operator wants it looked at now.
func (s *Service) Nudge(ctx context.Context, game uuid.UUID) error {
	return s.db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error {
		if err := s.store.nudge(ctx, tx, game, s.clock.Now()); err != nil {
			return err
		}
		tx.OnCommit(s.Wake)
		return s.auditor.Record(ctx, tx, admin.Entry{Action: "runtime.reconcile", Target: "game:" + game.String()})
	})
}
