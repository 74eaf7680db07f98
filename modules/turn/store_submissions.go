package turn

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/modules/turn/pace"
	"galaxy/backend/platform/pg"
)

const submissionColumns = `turn, race_name, user_id, awaited, orders_at, orders, order_hash, commands, ready_at, excused_at, outcome`

const selectSubmissions = `SELECT ` + submissionColumns + ` FROM turn_submissions
WHERE game_id = $1 AND epoch = $2 AND turn = $3 ORDER BY race_name`

// submissions lists those of the turn that c is at.
func (store) submissions(ctx context.Context, q pg.Querier, c pace.Clock) ([]pace.Submission, error) {
	return pg.All[pace.Submission](ctx, q, selectSubmissions, c.GameID, c.Epoch, c.Turn)
}

const selectSubmissionsBetween = `SELECT ` + submissionColumns + ` FROM turn_submissions
WHERE game_id = $1 AND epoch = $2 AND turn BETWEEN $3 AND $4 ORDER BY turn DESC, race_name`

// submissionsBetween lists those of turns from..to.
func (store) submissionsBetween(ctx context.Context, q pg.Querier, c pace.Clock, from, to int,
) ([]pace.Submission, error) {
	return pg.All[pace.Submission](ctx, q, selectSubmissionsBetween, c.GameID, c.Epoch, from, to)
}

// exportedSubmission is a turn of a user's race as the user may keep it: that
// orders came and when, not what they were, which is the game's.
type exportedSubmission struct {
	GameID   uuid.UUID  `db:"game_id" json:"game_id"`
	Turn     int        `db:"turn" json:"turn"`
	RaceName string     `db:"race_name" json:"race_name"`
	OrdersAt *time.Time `db:"orders_at" json:"orders_at"`
	Orders   int        `db:"orders" json:"orders"`
	Commands int        `db:"commands" json:"commands"`
	ReadyAt  *time.Time `db:"ready_at" json:"ready_at"`
	Outcome  *string    `db:"outcome" json:"outcome"`
}

const selectSubmissionsOfUser = `SELECT game_id, turn, race_name, orders_at, orders, commands, ready_at, outcome
FROM turn_submissions WHERE user_id = $1 ORDER BY game_id DESC, turn DESC LIMIT $2`

// submissionsOfUser lists a user's, those of the newest games first.
func (store) submissionsOfUser(ctx context.Context, q pg.Querier, user uuid.UUID, limit int,
) ([]exportedSubmission, error) {
	return pg.All[exportedSubmission](ctx, q, selectSubmissionsOfUser, user, limit)
}

// An order may have arrived for the new turn before the turn was recorded.
const insertSubmissions = `INSERT INTO turn_submissions (game_id, epoch, turn, race_name, user_id, awaited)
SELECT $1, $2, $3, u.race_name, u.user_id, u.awaited FROM unnest($4::text[], $5::uuid[], $6::boolean[]) AS u (race_name, user_id, awaited)
ON CONFLICT (game_id, epoch, turn, race_name) DO NOTHING`

// openTurn adds the submissions that the turn c is at begins with.
func (store) openTurn(tx *pg.Tx, c pace.Clock, submissions []pace.Submission) {
	n := len(submissions)
	if n == 0 {
		return
	}
	races, users, awaited := make([]string, n), make([]uuid.UUID, n), make([]bool, n)
	for i, s := range submissions {
		races[i], users[i], awaited[i] = s.RaceName, s.UserID, s.Awaited
	}
	tx.Queue(insertSubmissions, c.GameID, c.Epoch, c.Turn, races, users, awaited)
}

const updateOutcomes = `UPDATE turn_submissions s SET outcome = u.outcome
FROM unnest($4::text[], $5::text[]) AS u (race_name, outcome)
WHERE s.game_id = $1 AND s.epoch = $2 AND s.turn = $3 AND s.race_name = u.race_name`

// closeTurn records what became of the turn c is at, by race.
func (store) closeTurn(tx *pg.Tx, c pace.Clock, outcomes map[string]string) {
	if len(outcomes) == 0 {
		return
	}
	races := slices.Sorted(maps.Keys(outcomes))
	values := make([]string, len(races))
	for i, r := range races {
		values[i] = outcomes[r]
	}
	tx.Queue(updateOutcomes, c.GameID, c.Epoch, c.Turn, races, values)
}

// Whoever sends something is waited for again. The engine may be a turn ahead
// of the clock for a moment. A new list withdraws readiness: what was ready has
// changed.
const upsertOrders = `INSERT INTO turn_submissions (game_id, epoch, turn, race_name, user_id, awaited, orders_at, orders, order_hash)
SELECT c.game_id, c.epoch, $2, $3, $4, true, $5, $6, $7 FROM turn_clocks c WHERE c.game_id = $1 AND $2 - c.turn IN (0, 1)
ON CONFLICT (game_id, epoch, turn, race_name) DO UPDATE
SET user_id = EXCLUDED.user_id, awaited = true, orders_at = EXCLUDED.orders_at, orders = EXCLUDED.orders, order_hash = EXCLUDED.order_hash,
    ready_at = CASE WHEN turn_submissions.order_hash = EXCLUDED.order_hash THEN turn_submissions.ready_at END`

// recordOrders takes the turn from s, since no clock has been read.
func (store) recordOrders(tx *pg.Tx, gameID uuid.UUID, s pace.Submission) {
	tx.Queue(upsertOrders, gameID, s.Turn, s.RaceName, s.UserID, s.OrdersAt, s.Orders, s.OrderHash)
}

const upsertCommand = `INSERT INTO turn_submissions (game_id, epoch, turn, race_name, user_id, awaited, commands)
SELECT c.game_id, c.epoch, $2, $3, $4, true, 1 FROM turn_clocks c WHERE c.game_id = $1 AND $2 - c.turn IN (0, 1)
ON CONFLICT (game_id, epoch, turn, race_name) DO UPDATE
SET user_id = EXCLUDED.user_id, awaited = true, commands = turn_submissions.commands + 1`

// recordCommand counts one command.
func (store) recordCommand(tx *pg.Tx, gameID uuid.UUID, turn int, race string, user uuid.UUID) {
	tx.Queue(upsertCommand, gameID, turn, race, user)
}

const updateReady = `UPDATE turn_submissions SET user_id = $5, awaited = true, ready_at = COALESCE(ready_at, $6)
WHERE game_id = $1 AND epoch = $2 AND turn = $3 AND race_name = $4`

// setReady reports false when the race has no submission for the turn.
func (store) setReady(ctx context.Context, tx *pg.Tx, c pace.Clock, race string, user uuid.UUID, now time.Time,
) (bool, error) {
	n, err := tx.Exec(ctx, updateReady, c.GameID, c.Epoch, c.Turn, race, user, now)
	return n == 1, err
}

const clearReady = `UPDATE turn_submissions SET ready_at = NULL WHERE game_id = $1 AND epoch = $2 AND turn = $3 AND race_name = $4`

func (store) clearReady(tx *pg.Tx, c pace.Clock, race string) {
	tx.Queue(clearReady, c.GameID, c.Epoch, c.Turn, race)
}

const upsertPlayer = `INSERT INTO turn_submissions (game_id, epoch, turn, race_name, user_id, awaited)
VALUES ($1, $2, $3, $4, $5, true)
ON CONFLICT (game_id, epoch, turn, race_name) DO UPDATE SET user_id = EXCLUDED.user_id, awaited = true, ready_at = NULL`

// setPlayer opens the turn that c is at for a race's new player.
func (store) setPlayer(tx *pg.Tx, c pace.Clock, race string, user uuid.UUID) {
	tx.Queue(upsertPlayer, c.GameID, c.Epoch, c.Turn, race, user)
}

const deleteSubmission = `DELETE FROM turn_submissions WHERE game_id = $1 AND epoch = $2 AND turn = $3 AND race_name = $4`

// deleteSubmission takes a race that is out of play off the turn that c is at.
func (store) deleteSubmission(tx *pg.Tx, c pace.Clock, race string) {
	tx.Queue(deleteSubmission, c.GameID, c.Epoch, c.Turn, race)
}

type raceCount struct {
	RaceName string `db:"race_name"`
	N        int    `db:"n"`
}

const countExcuses = `SELECT race_name, count(*) AS n FROM turn_submissions
WHERE game_id = $1 AND epoch = $2 AND excused_at IS NOT NULL AND outcome = 'excused' GROUP BY race_name`

// excusesUsed counts the misses of each race that extended a deadline, before
// c's turn.
func (store) excusesUsed(ctx context.Context, q pg.Querier, c pace.Clock) (map[string]int, error) {
	rows, err := pg.All[raceCount](ctx, q, countExcuses, c.GameID, c.Epoch)
	used := make(map[string]int, len(rows))
	for _, r := range rows {
		used[r.RaceName] = r.N
	}
	return used, err
}

const updateExcused = `UPDATE turn_submissions SET excused_at = $5
WHERE game_id = $1 AND epoch = $2 AND turn = $3 AND race_name = ANY($4)`

// excuse records for whom the deadline of c's turn is extended.
func (store) excuse(tx *pg.Tx, c pace.Clock, races []string, now time.Time) {
	tx.Queue(updateExcused, c.GameID, c.Epoch, c.Turn, races, now)
}
