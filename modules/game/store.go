package game

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/platform/pg"
)

// store is the SQL of the domain.
type store struct{}

// gamesReplay is the constraint that a repeated creation runs into.
const gamesReplay = "games_replay"

// notFound turns a missing row into the domain's own fault.
func notFound(err error) error {
	if errors.Is(err, pg.ErrNoRows) {
		return ErrNotFound
	}
	return err
}

// Columns is what a Game is read from; games has the alias g. Stores of other
// domains read games with it, and never write them.
const Columns = ` g.game_id, g.owner_id, g.visibility, g.name, g.description, g.state, coalesce(g.pause_reason, '') AS pause_reason, g.last_error,
	g.min_players, g.max_players, g.join_policy, g.enrollment_ends_at, g.start_when_full, g.engine_version, g.turns, g.map,
	g.seats_taken, g.version, g.current_turn, g.last_turn_at, g.next_turn_at, g.state_hash, g.active_races, g.result,
	g.runtime_status, g.engine_health, g.created_at, g.updated_at, g.launched_at, g.started_at, g.finished_at `

const selectGame = `SELECT` + Columns + `FROM games g WHERE g.game_id = $1`

// game reads a game.
func (store) game(ctx context.Context, q pg.Querier, id uuid.UUID) (Game, error) {
	g, err := pg.Get[Game](ctx, q, selectGame, id)
	return g, notFound(err)
}

// The row lock serialises every change of a game.
const selectGameLocked = selectGame + ` FOR UPDATE`

// lockGame reads a game and holds its row until the transaction ends.
func (store) lockGame(ctx context.Context, tx *pg.Tx, id uuid.UUID) (Game, error) {
	g, err := pg.Get[Game](ctx, tx, selectGameLocked, id)
	return g, notFound(err)
}

// In order of id, so that two departures never wait for each other.
const selectGamesLocked = `SELECT` + Columns + `FROM games g
	WHERE g.state NOT IN ('finished', 'cancelled') AND g.game_id IN (
		SELECT game_id FROM memberships WHERE user_id = $1 AND status = 'active'
		UNION SELECT game_id FROM games WHERE owner_id = $1)
	ORDER BY g.game_id FOR UPDATE`

func (store) lockGamesOf(ctx context.Context, tx *pg.Tx, user uuid.UUID) ([]Game, error) {
	return pg.All[Game](ctx, tx, selectGamesLocked, user)
}

// replayKey makes a creation repeatable: who asks, under which key, what.
type replayKey struct {
	actor string
	key   *string // nil without an Idempotency-Key
	hash  []byte
}

const insertGame = `INSERT INTO games (game_id, owner_id, created_by, idempotency_key, request_hash, visibility, name, description,
	state, min_players, max_players, join_policy, enrollment_ends_at, start_when_full, engine_version, turns, map, version, created_at, updated_at)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $19)`

func (store) insertGame(tx *pg.Tx, g Game, r replayKey) {
	tx.Queue(insertGame, g.ID, g.OwnerID, r.actor, r.key, r.hash, g.Visibility, g.Name, g.Description, g.State, g.MinPlayers, g.MaxPlayers,
		g.JoinPolicy, g.EnrollmentEndsAt, g.StartWhenFull, g.EngineVersion, g.Turns, g.Map, g.Version, g.CreatedAt)
}

const selectReplayedGame = `SELECT` + Columns + `FROM games g WHERE g.created_by = $1 AND g.idempotency_key = $2`

const selectGameHash = `SELECT request_hash FROM games WHERE game_id = $1`

// replayedGame is the game that an earlier request under the same key made.
func (store) replayedGame(ctx context.Context, q pg.Querier, r replayKey) (Game, []byte, error) {
	g, err := pg.Get[Game](ctx, q, selectReplayedGame, r.actor, r.key)
	if err != nil {
		return Game{}, nil, notFound(err)
	}
	hash, err := pg.Get[[]byte](ctx, q, selectGameHash, g.ID)
	return g, hash, err
}

const updateGame = `UPDATE games SET owner_id = $2, name = $3, description = $4, state = $5, pause_reason = nullif($6, ''), last_error = $7,
	min_players = $8, max_players = $9, join_policy = $10, enrollment_ends_at = $11, start_when_full = $12, engine_version = $13,
	turns = $14, map = $15, seats_taken = $16, version = $17, current_turn = $18, last_turn_at = $19, next_turn_at = $20,
	state_hash = $21, active_races = $22, result = $23, runtime_status = $24, engine_health = $25, updated_at = $26,
	launched_at = $27, started_at = $28, finished_at = $29 WHERE game_id = $1`

// updateGame writes all that can change. The caller holds the row's lock.
func (store) updateGame(tx *pg.Tx, g Game) {
	tx.Queue(updateGame, g.ID, g.OwnerID, g.Name, g.Description, g.State, g.PauseReason, g.LastError, g.MinPlayers, g.MaxPlayers, g.JoinPolicy,
		g.EnrollmentEndsAt, g.StartWhenFull, g.EngineVersion, g.Turns, g.Map, g.SeatsTaken, g.Version, g.CurrentTurn, g.LastTurnAt, g.NextTurnAt,
		g.StateHash, g.ActiveRaces, g.Result, g.RuntimeStatus, g.EngineHealth, g.UpdatedAt, g.LaunchedAt, g.StartedAt, g.FinishedAt)
}

const updateNextTurn = `UPDATE games SET next_turn_at = $2, version = version + 1 WHERE game_id = $1`

func (store) updateNextTurn(tx *pg.Tx, game uuid.UUID, at *time.Time) {
	tx.Queue(updateNextTurn, game, at)
}

const countOwned = `SELECT count(*) FROM games WHERE owner_id = $1 AND state NOT IN ('finished', 'cancelled')`

func (store) countOwned(ctx context.Context, q pg.Querier, user uuid.UUID) (int, error) {
	return pg.Get[int](ctx, q, countOwned, user)
}

const warmGames = `SELECT` + Columns + `FROM games g WHERE g.state NOT IN ('finished', 'cancelled') ORDER BY g.game_id DESC LIMIT $1`

func (store) liveGames(ctx context.Context, q pg.Querier, n int) ([]Game, error) {
	return pg.All[Game](ctx, q, warmGames, n)
}

const selectGamesToStop = `SELECT game_id FROM games
	WHERE state = 'finished' AND finished_at <= $1 AND runtime_status IN ('starting', 'running', 'engine_unreachable')
	ORDER BY finished_at LIMIT $2`

func (store) gamesToStop(ctx context.Context, q pg.Querier, before time.Time, n int) ([]uuid.UUID, error) {
	return pg.All[uuid.UUID](ctx, q, selectGamesToStop, before, n)
}

// Games whose enrollment ended, or that start by themselves and are full.
const selectGamesToSweep = `(SELECT game_id FROM games WHERE state = 'enrollment_open' AND enrollment_ends_at <= $1 ORDER BY enrollment_ends_at LIMIT $2)
	UNION SELECT game_id FROM (SELECT game_id FROM games WHERE start_when_full AND seats_taken = max_players
		AND state IN ('enrollment_open', 'ready_to_start') ORDER BY game_id LIMIT $2) full_games`

func (store) gamesToSweep(ctx context.Context, q pg.Querier, now time.Time, n int) ([]uuid.UUID, error) {
	return pg.All[uuid.UUID](ctx, q, selectGamesToSweep, now, n)
}
