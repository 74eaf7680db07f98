package turn

import (
	"context"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/modules/turn/pace"
	"galaxy/backend/platform/pg"
)

// store is the SQL of the domain: clocks in this file, runs and submissions in
// files of their own.
type store struct{}

const clockColumns = `game_id, epoch, turn, status, next_turn_at, paused_at, pause_remaining, extended_total, turn_made_at, timing`

const selectClock = `SELECT ` + clockColumns + ` FROM turn_clocks WHERE game_id = $1`

// clock is ErrNotFound for a game that has not started.
func (store) clock(ctx context.Context, q pg.Querier, gameID uuid.UUID) (pace.Clock, error) {
	c, err := pg.Get[pace.Clock](ctx, q, selectClock, gameID)
	return c, notFound(err)
}

// lockClock comes after the game's lock, which serialises all who decide by a
// clock; it stops statements that lock no game. Rows that refer to the clock do
// not wait for it.
func (store) lockClock(ctx context.Context, tx *pg.Tx, gameID uuid.UUID) (pace.Clock, error) {
	c, err := pg.Get[pace.Clock](ctx, tx, selectClock+` FOR NO KEY UPDATE`, gameID)
	return c, notFound(err)
}

const insertClock = `INSERT INTO turn_clocks (` + clockColumns + `)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (game_id) DO NOTHING`

// createClock reports false when the game has its clock already.
func (store) createClock(ctx context.Context, tx *pg.Tx, c pace.Clock) (bool, error) {
	n, err := tx.Exec(ctx, insertClock, c.GameID, c.Epoch, c.Turn, c.Status, c.NextTurnAt, c.PausedAt,
		c.PauseRemaining, c.ExtendedTotal, c.TurnMadeAt, c.Timing)
	return n == 1, err
}

const updateClock = `UPDATE turn_clocks SET status = $2, next_turn_at = $3, paused_at = $4, pause_remaining = $5,
    extended_total = $6, timing = $7 WHERE game_id = $1`

// saveClock writes everything but the turn.
func (store) saveClock(tx *pg.Tx, c pace.Clock) {
	tx.Queue(updateClock, c.GameID, c.Status, c.NextTurnAt, c.PausedAt, c.PauseRemaining, c.ExtendedTotal, c.Timing)
}

const updateClockTurn = `UPDATE turn_clocks SET turn = $3, next_turn_at = $4, extended_total = '0', turn_made_at = $5, timing = $6
WHERE game_id = $1 AND turn = $2 AND epoch = $7 AND status = 'running'`

// advanceClock is the guard of every turn: it reports false when the clock is
// not at the turn before any more.
func (store) advanceClock(ctx context.Context, tx *pg.Tx, c pace.Clock) (bool, error) {
	n, err := tx.Exec(ctx, updateClockTurn, c.GameID, c.Turn-1, c.Turn, c.NextTurnAt, c.TurnMadeAt, c.Timing, c.Epoch)
	return n == 1, err
}

// markDue makes the turn of a paused game due as soon as it resumes: its engine
// may be a turn ahead.
func (store) markDue(tx *pg.Tx, gameID uuid.UUID) {
	tx.Queue(`UPDATE turn_clocks SET pause_remaining = '0' WHERE game_id = $1 AND status = 'paused'`, gameID)
}

const selectNextDeadline = `SELECT min(next_turn_at) FROM turn_clocks WHERE status = 'running' AND next_turn_at > $1`

// nextDeadline is the earliest one after now, nil when there is none.
func (store) nextDeadline(ctx context.Context, q pg.Querier, now time.Time) (*time.Time, error) {
	return pg.Get[*time.Time](ctx, q, selectNextDeadline, now)
}

// dueClock is a deadline that has come.
type dueClock struct {
	GameID     uuid.UUID `db:"game_id"`
	NextTurnAt time.Time `db:"next_turn_at"`
}

// Games whose run is under way stay due until it has ended.
const selectDue = `SELECT c.game_id, c.next_turn_at FROM turn_clocks c
WHERE c.status = 'running' AND c.next_turn_at <= $1
  AND NOT EXISTS (SELECT 1 FROM turn_runs r WHERE r.game_id = c.game_id AND r.kind = 'turn' AND r.status IN ('queued', 'running'))
ORDER BY c.next_turn_at LIMIT $2`

func (store) dueClocks(ctx context.Context, tx *pg.Tx, now time.Time, limit int) ([]dueClock, error) {
	return pg.All[dueClock](ctx, tx, selectDue, now, limit)
}

// expectedRow is what a game expects of one race's player.
type expectedRow struct {
	GameID     uuid.UUID  `db:"game_id"`
	NextTurnAt *time.Time `db:"next_turn_at"`
	Submitted  bool       `db:"submitted"`
	Ready      bool       `db:"ready"`
}

const selectExpected = `SELECT c.game_id, c.next_turn_at,
    (s.orders_at IS NOT NULL OR s.commands > 0) AS submitted, s.ready_at IS NOT NULL AS ready
FROM unnest($1::uuid[], $2::text[]) AS u (game_id, race_name)
JOIN turn_clocks c ON c.game_id = u.game_id AND c.status = 'running'
JOIN turn_submissions s ON s.game_id = c.game_id AND s.epoch = c.epoch AND s.turn = c.turn AND s.race_name = u.race_name`

// expected skips races without a submission for the turn: they are out of play.
func (store) expected(ctx context.Context, q pg.Querier, games []uuid.UUID, races []string) ([]expectedRow, error) {
	return pg.All[expectedRow](ctx, q, selectExpected, games, races)
}

const countOverdue = `SELECT count(*) FROM turn_clocks WHERE status = 'running' AND next_turn_at < $1`

// overdue counts games whose deadline was before t.
func (store) overdue(ctx context.Context, q pg.Querier, t time.Time) (int64, error) {
	return pg.Get[int64](ctx, q, countOverdue, t)
}
