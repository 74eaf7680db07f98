package runtime

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"galaxy/backend/platform/cache"
	"galaxy/backend/platform/pg"
)

// States is what is desired and observed of every engine, in memory. Whoever
// changes a record puts its state there.
type States struct {
	db    *pg.DB
	store store
	table *cache.Table[uuid.UUID, State]
	max   int // most states that are kept
}

// NewStates makes an empty cache, which reads what is asked for.
func NewStates(db *pg.DB, size CacheConfig) *States {
	s := &States{db: db, max: size.RuntimesMax}
	s.table = cache.New("runtimes", size.RuntimesMax, s.load)
	return s
}

// State is ErrNotFound for a game that never had an engine.
func (s *States) State(ctx context.Context, game uuid.UUID) (State, error) {
	state, ok, err := s.table.Get(ctx, game)
	if err == nil && !ok {
		return State{}, ErrNotFound
	}
	return state, err
}

// Warm reads the states of engines that are worked on, before anybody asks.
func (s *States) Warm(ctx context.Context) error {
	records, err := s.store.unsettled(ctx, s.db, s.max)
	if err != nil {
		return fmt.Errorf("warm the engine states: %w", err)
	}
	for _, r := range records {
		s.table.Warm(r.GameID, r.State())
	}
	return nil
}

// put is seen once tx has been committed.
func (s *States) put(tx *pg.Tx, r Record) { s.table.Put(tx, r.GameID, r.State()) }

func (s *States) load(ctx context.Context, game uuid.UUID) (State, bool, error) {
	r, err := s.store.get(ctx, s.db, game)
	if errors.Is(err, ErrNotFound) {
		return State{}, false, nil
	}
	return r.State(), err == nil, err
}
