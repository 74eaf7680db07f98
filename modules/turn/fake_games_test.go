package turn

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/modules/game"
	"galaxy/backend/platform/pg"
)

// fakeGames stands in for the games: real rows to lock, everything else in
// memory.
type fakeGames struct {
	observer *Observer
	engine   *fakeEngine

	mu          sync.Mutex
	games       map[uuid.UUID]game.Game
	memberships map[uuid.UUID][]game.Membership
	recorded    []game.TurnRecord
	failRecord  error // of the next RecordTurn
	fail        error // of everything that reads
}

func newFakeGames(e *fakeEngine) *fakeGames {
	return &fakeGames{engine: e, games: map[uuid.UUID]game.Game{}, memberships: map[uuid.UUID][]game.Membership{}}
}

func (f *fakeGames) add(g game.Game, members []game.Membership) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.games[g.ID], f.memberships[g.ID] = g, members
}

func (f *fakeGames) game(id uuid.UUID) game.Game {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.games[id]
}

func (f *fakeGames) members(gameID uuid.UUID) []game.Membership {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.memberships[gameID])
}

func (f *fakeGames) changeMember(gameID uuid.UUID, i int, change func(*game.Membership)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(&f.memberships[gameID][i])
}

func (f *fakeGames) changeGame(gameID uuid.UUID, change func(*game.Game)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	g := f.games[gameID]
	change(&g)
	f.games[gameID] = g
}

// failReads has everything that reads answer err, until it is called with nil.
func (f *fakeGames) failReads(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fail = err
}

func (f *fakeGames) failure() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.fail
}

func (f *fakeGames) Game(_ context.Context, id uuid.UUID) (game.Game, error) {
	g := f.game(id)
	if g.ID == uuid.Nil {
		return g, game.ErrNotFound
	}
	return g, f.failure()
}

func (f *fakeGames) Memberships(_ context.Context, gameID uuid.UUID) ([]game.Membership, error) {
	return f.members(gameID), f.failure()
}

func (f *fakeGames) MembershipsIn(ctx context.Context, _ *pg.Tx, gameID uuid.UUID) ([]game.Membership, error) {
	return f.Memberships(ctx, gameID)
}

func (f *fakeGames) Stats(_ context.Context, _ pg.Querier, gameID uuid.UUID, _ int) ([]game.RaceStats, error) {
	return raceStats(f.engine.game(gameID).status().Races), f.failure()
}

func (f *fakeGames) Membership(_ context.Context, gameID, user uuid.UUID) (game.Membership, error) {
	for _, s := range f.members(gameID) {
		if s.UserID == user {
			return s, f.failure()
		}
	}
	return game.Membership{}, game.ErrNotMember
}

func (f *fakeGames) LockGame(ctx context.Context, tx *pg.Tx, id uuid.UUID) (game.Game, error) {
	state, err := pg.Get[string](ctx, tx, `SELECT state FROM games WHERE game_id = $1 FOR UPDATE`, id)
	if err != nil {
		return game.Game{}, game.ErrNotFound.Because(err)
	}
	g := f.game(id)
	g.State = game.State(state)
	return g, nil
}

func (f *fakeGames) RecordTurn(ctx context.Context, tx *pg.Tx, r game.TurnRecord) error {
	f.mu.Lock()
	err := f.failRecord
	f.failRecord = nil
	f.mu.Unlock()
	if err != nil {
		return err
	}
	const advance = `UPDATE games SET current_turn = $2 WHERE game_id = $1 AND current_turn = $2 - 1`
	if _, err := tx.Exec(ctx, advance, r.GameID, r.Turn); err != nil {
		return err
	}
	tx.OnCommit(func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.recorded = append(f.recorded, r)
	})
	if r.Finished {
		return f.setState(ctx, tx, r.GameID, game.Finished, "", game.EventFinished)
	}
	return nil
}

func (f *fakeGames) Pause(ctx context.Context, tx *pg.Tx, gameID uuid.UUID, reason string) error {
	return f.setState(ctx, tx, gameID, game.Paused, reason, game.EventPaused)
}

func (f *fakeGames) setState(ctx context.Context, tx *pg.Tx, gameID uuid.UUID, s game.State, reason string,
	e game.Event,
) error {
	if s != game.Paused {
		reason = ""
	}
	const update = `UPDATE games SET state = $2, pause_reason = NULLIF($3, '') WHERE game_id = $1`
	if _, err := tx.Exec(ctx, update, gameID, string(s), reason); err != nil {
		return err
	}
	g := f.game(gameID)
	g.State, g.PauseReason = s, reason
	tx.OnCommit(func() { f.changeGame(gameID, func(g *game.Game) { g.State, g.PauseReason = s, reason }) })
	return f.observer.GameChanged(ctx, tx, game.Change{Game: g, Event: e})
}

func (f *fakeGames) SetNextTurn(tx *pg.Tx, gameID uuid.UUID, at *time.Time) {
	tx.Queue(`UPDATE games SET next_turn_at = $2 WHERE game_id = $1`, gameID, at)
}

func (f *fakeGames) SetVacant(tx *pg.Tx, gameID uuid.UUID, race string, vacant bool) {
	tx.OnCommit(func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		for i := range f.memberships[gameID] {
			if f.memberships[gameID][i].RaceName == race {
				f.memberships[gameID][i].Vacant = vacant
			}
		}
	})
}
