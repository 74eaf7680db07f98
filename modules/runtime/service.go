package runtime

import (
	"context"

	"github.com/google/uuid"

	"galaxy/backend/modules/admin"
	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/worker"
)

// Service takes requests about engines and answers what is known of them. Its
// methods that take a tx write with the caller's commit; all others open their
// own transaction.
type Service struct {
	db       *pg.DB
	clock    clock.Clock
	store    store
	states   *States
	versions Versions
	auditor  admin.Auditor
	signal   *worker.Signal // the workers'
}

// NewService makes the service. It does nothing until it is asked. signal is
// sent when a game has become due.
func NewService(
	db *pg.DB, clk clock.Clock, states *States, versions Versions, auditor admin.Auditor, signal *worker.Signal,
) *Service {
	return &Service{db: db, clock: clk, states: states, versions: versions, auditor: auditor, signal: signal}
}

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
	if _, err := s.states.State(ctx, game); err != nil {
		return nil, err
	}
	return s.store.operations(ctx, s.db, game, before, limit)
}
