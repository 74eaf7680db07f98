package turn

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/modules/lobby"
	"galaxy/backend/platform/pg"
)

// fakeGames stands in for the games: real rows to lock, everything else in
// memory.
type fakeGames struct {
	observer *Observer
	engine   *fakeEngine

	mu         sync.Mutex
	games      map[uuid.UUID]lobby.Game
	seats      map[uuid.UUID][]lobby.Seat
	recorded   []lobby.TurnRecord
	failRecord error // of the next RecordTurn
	fail       error // of everything that reads
}

func newFakeGames(e *fakeEngine) *fakeGames {
	return &fakeGames{engine: e, games: map[uuid.UUID]lobby.Game{}, seats: map[uuid.UUID][]lobby.Seat{}}
}

func (f *fakeGames) add(g lobby.Game, seats []lobby.Seat) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.games[g.ID], f.seats[g.ID] = g, seats
}

func (f *fakeGames) game(id uuid.UUID) lobby.Game {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.games[id]
}

func (f *fakeGames) seatsOf(game uuid.UUID) []lobby.Seat {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.seats[game])
}

func (f *fakeGames) changeSeat(game uuid.UUID, i int, change func(*lobby.Seat)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(&f.seats[game][i])
}

func (f *fakeGames) changeGame(game uuid.UUID, change func(*lobby.Game)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	g := f.games[game]
	change(&g)
	f.games[game] = g
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

func (f *fakeGames) Game(_ context.Context, id uuid.UUID) (lobby.Game, error) {
	g := f.game(id)
	if g.ID == uuid.Nil {
		return g, lobby.ErrNotFound
	}
	return g, f.failure()
}

func (f *fakeGames) Seats(_ context.Context, game uuid.UUID) ([]lobby.Seat, error) {
	return f.seatsOf(game), f.failure()
}

func (f *fakeGames) SeatsIn(ctx context.Context, _ *pg.Tx, game uuid.UUID) ([]lobby.Seat, error) {
	return f.Seats(ctx, game)
}

func (f *fakeGames) Stats(_ context.Context, _ pg.Querier, game uuid.UUID, _ int) ([]lobby.RaceStats, error) {
	return raceStats(f.engine.game(game).status().Races), f.failure()
}

func (f *fakeGames) Seat(_ context.Context, game, user uuid.UUID) (lobby.Seat, error) {
	for _, s := range f.seatsOf(game) {
		if s.UserID == user {
			return s, f.failure()
		}
	}
	return lobby.Seat{}, lobby.ErrNotMember
}

func (f *fakeGames) LockGame(ctx context.Context, tx *pg.Tx, id uuid.UUID) (lobby.Game, error) {
	state, err := pg.Get[string](ctx, tx, `SELECT state FROM games WHERE game_id = $1 FOR UPDATE`, id)
	if err != nil {
		return lobby.Game{}, lobby.ErrNotFound.Because(err)
	}
	g := f.game(id)
	g.State = lobby.State(state)
	return g, nil
}

func (f *fakeGames) RecordTurn(ctx context.Context, tx *pg.Tx, r lobby.TurnRecord) error {
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
		return f.setState(ctx, tx, r.GameID, lobby.Finished, "", lobby.EventFinished)
	}
	return nil
}

func (f *fakeGames) Pause(ctx context.Context, tx *pg.Tx, game uuid.UUID, reason string) error {
	return f.setState(ctx, tx, game, lobby.Paused, reason, lobby.EventPaused)
}

func (f *fakeGames) setState(ctx context.Context, tx *pg.Tx, game uuid.UUID, s lobby.State, reason string,
	e lobby.Event,
) error {
	if s != lobby.Paused {
		reason = ""
	}
	const update = `UPDATE games SET state = $2, pause_reason = NULLIF($3, '') WHERE game_id = $1`
	if _, err := tx.Exec(ctx, update, game, string(s), reason); err != nil {
		return err
	}
	g := f.game(game)
	g.State, g.PauseReason = s, reason
	tx.OnCommit(func() { f.changeGame(game, func(g *lobby.Game) { g.State, g.PauseReason = s, reason }) })
	return f.observer.GameChanged(ctx, tx, g, e, nil)
}

func (f *fakeGames) SetNextTurn(tx *pg.Tx, game uuid.UUID, at *time.Time) {
	tx.Queue(`UPDATE games SET next_turn_at = $2 WHERE game_id = $1`, game, at)
}

func (f *fakeGames) SetVacant(tx *pg.Tx, game uuid.UUID, race string, vacant bool) {
	tx.OnCommit(func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		for i := range f.seats[game] {
			if f.seats[game][i].RaceName == race {
				f.seats[game][i].Vacant = vacant
			}
		}
	})
}
