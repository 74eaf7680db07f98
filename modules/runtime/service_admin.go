package runtime

import (
	"context"

	"github.com/google/uuid"

	"galaxy/backend/modules/admin"
	"galaxy/backend/platform/pg"
)

// requestFunc is one of Service's requests, in the caller's transaction.
type requestFunc func(ctx context.Context, tx *pg.Tx, game uuid.UUID, by Source) (uuid.UUID, error)

// Request is an operator's request about an engine that exists, with its audit
// row. It returns the operation that follows it.
func (s *Service) Request(ctx context.Context, game uuid.UUID, kind OperationKind) (Operation, error) {
	request := map[OperationKind]requestFunc{
		OpStart: s.startAgain, OpStop: s.Stop, OpRestart: s.Restart, OpRemove: s.Remove,
	}[kind]
	var id uuid.UUID
	err := s.db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) (err error) {
		if id, err = request(ctx, tx, game, Operator); err != nil {
			return err
		}
		return s.auditor.Record(ctx, tx, auditEntry(string(kind), game, map[string]any{"operation_id": id}))
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

// Reconcile has an engine looked at now, for an operator.
func (s *Service) Reconcile(ctx context.Context, game uuid.UUID) error {
	return s.db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error {
		if err := s.store.makeDue(ctx, tx, game, s.clock.Now()); err != nil {
			return err
		}
		tx.OnCommit(s.signal.Send)
		return s.auditor.Record(ctx, tx, auditEntry("reconcile", game, nil))
	})
}

func auditEntry(action string, game uuid.UUID, after any) admin.Entry {
	return admin.Entry{Action: "runtime." + action, Target: "game:" + game.String(), After: after}
}
