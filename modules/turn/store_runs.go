package turn

import (
	"context"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/platform/outbox"
	"galaxy/backend/platform/pg"
)

// runQueue is how runs are claimed.
var runQueue = outbox.Queue{
	Table: "turn_runs", Key: "run_id",
	Ready: "q.status = 'queued'", Busy: "q.status = 'running'", Claimed: "status = 'running'",
}

const runColumns = `run_id, game_id, epoch, kind, cause, turn, race_name, keep_deadline, requested_by, request_id, status, attempts,
    next_attempt_at, engine_before, engine_after, replayed, duration_ms, error_code, error, state_hash, due_at, created_at, started_at, finished_at`

const insertRun = `INSERT INTO turn_runs (run_id, game_id, epoch, kind, cause, turn, race_name, keep_deadline, requested_by, request_id,
    status, next_attempt_at, due_at, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'queued', $11, $11, $11) ON CONFLICT DO NOTHING`

// addRun reports false when the game has a live run of this kind.
func (store) addRun(ctx context.Context, tx *pg.Tx, r Run) (bool, error) {
	n, err := tx.Exec(ctx, insertRun, r.ID, r.GameID, r.Epoch, r.Kind, r.Cause, r.Turn, r.RaceName, r.KeepDeadline, r.RequestedBy, r.RequestID, r.CreatedAt)
	return n == 1, err
}

func (store) run(ctx context.Context, q pg.Querier, id uuid.UUID) (Run, error) {
	r, err := pg.Get[Run](ctx, q, `SELECT `+runColumns+` FROM turn_runs WHERE run_id = $1`, id)
	return r, missing(err)
}

// liveRun is the game's turn run that has not ended.
func (store) liveRun(ctx context.Context, tx *pg.Tx, game uuid.UUID) (Run, error) {
	r, err := pg.Get[Run](ctx, tx, `SELECT `+runColumns+` FROM turn_runs
WHERE game_id = $1 AND kind = 'turn' AND status IN ('queued', 'running') FOR UPDATE`, game) // a retry must not miss its end
	return r, missing(err)
}

// lastTurnRun is the newest turn run of a game.
func (store) lastTurnRun(ctx context.Context, tx *pg.Tx, game uuid.UUID) (Run, error) {
	r, err := pg.Get[Run](ctx, tx, `SELECT `+runColumns+` FROM turn_runs WHERE game_id = $1 AND kind = 'turn' ORDER BY run_id DESC LIMIT 1`, game)
	return r, missing(err)
}

const selectRuns = `SELECT ` + runColumns + ` FROM turn_runs
WHERE game_id = $1 AND ($2::uuid = '00000000-0000-0000-0000-000000000000' OR run_id < $2) ORDER BY run_id DESC LIMIT $3`

func (store) runs(ctx context.Context, q pg.Querier, game, before uuid.UUID, limit int) ([]Run, error) {
	return pg.All[Run](ctx, q, selectRuns, game, before, limit)
}

// turnRuns lists every run that was to make a turn, newest first.
func (store) turnRuns(ctx context.Context, q pg.Querier, game uuid.UUID, turn int) ([]Run, error) {
	return pg.All[Run](ctx, q, `SELECT `+runColumns+` FROM turn_runs WHERE game_id = $1 AND turn = $2 AND kind = 'turn' ORDER BY run_id DESC LIMIT 100`, game, turn)
}

func (store) markStarted(tx *pg.Tx, ids []uuid.UUID, now time.Time) {
	tx.Queue(`UPDATE turn_runs SET started_at = COALESCE(started_at, $2) WHERE run_id = ANY($1)`, ids, now)
}

const hurryRun = `UPDATE turn_runs SET next_attempt_at = $2, attempts = 0, cause = $3, keep_deadline = $4, requested_by = $5, request_id = $6
WHERE run_id = $1 AND status = 'queued'`

func (store) expedite(tx *pg.Tx, r Run, now time.Time) {
	tx.Queue(hurryRun, r.ID, now, r.Cause, r.KeepDeadline, r.RequestedBy, r.RequestID)
}

// runResult is how an attempt ended.
type runResult struct {
	Before, After *int // where the engine was
	Replayed      bool
	Took          time.Duration
	Hash          string
	Code, Text    string // of what went wrong
}

const finishRun = `UPDATE turn_runs SET status = $3, claim_token = NULL, lease_until = NULL, finished_at = $4,
    engine_before = COALESCE($5, engine_before), engine_after = $6, replayed = $7, duration_ms = $8, state_hash = $9, error_code = $10, error = $11,
    turn = COALESCE($12, turn)
WHERE run_id = $1 AND claim_token = $2`

// finish settles a run, and reports false when the claim is lost.
func (store) finish(ctx context.Context, tx *pg.Tx, c outbox.Claim, status string, r runResult, turn *int, now time.Time) (bool, error) {
	n, err := tx.Exec(ctx, finishRun, c.Key, c.Token, status, now, r.Before, r.After, r.Replayed, r.Took.Milliseconds(), r.Hash, r.Code, r.Text, turn)
	return n == 1, err
}

const delayRun = `UPDATE turn_runs SET status = 'queued', claim_token = NULL, lease_until = NULL, next_attempt_at = $3,
    engine_before = COALESCE($4, engine_before), error_code = $5, error = $6
WHERE run_id = $1 AND claim_token = $2`

func (store) delay(tx *pg.Tx, c outbox.Claim, next time.Time, r runResult) {
	tx.Queue(delayRun, c.Key, c.Token, next, r.Before, r.Code, r.Text)
}

// discard removes a run that is not wanted any more and never reached its engine;
// one that had been tried is kept as failed.
func (store) discard(ctx context.Context, tx *pg.Tx, c outbox.Claim, code string, now time.Time) error {
	n, err := tx.Exec(ctx, `DELETE FROM turn_runs WHERE run_id = $1 AND claim_token = $2 AND attempts <= 1`, c.Key, c.Token)
	if err != nil || n == 1 {
		return err
	}
	tx.Queue(`UPDATE turn_runs SET status = 'failed', claim_token = NULL, lease_until = NULL, finished_at = $3, error_code = $4
WHERE run_id = $1 AND claim_token = $2`, c.Key, c.Token, now, code)
	return nil
}

// cancelQueued does what drop does to the runs of a game that nobody has claimed.
func (store) cancelQueued(tx *pg.Tx, game uuid.UUID, code string, now time.Time) {
	tx.Queue(`DELETE FROM turn_runs WHERE game_id = $1 AND kind = 'turn' AND status = 'queued' AND attempts = 0`, game)
	tx.Queue(`UPDATE turn_runs SET status = 'failed', finished_at = $2, error_code = $3
WHERE game_id = $1 AND kind = 'turn' AND status = 'queued'`, game, now, code)
}

const selectMade = `SELECT ` + runColumns + ` FROM turn_runs
WHERE game_id = $1 AND kind = 'turn' AND status = 'done' AND epoch = $2 AND turn < $3 ORDER BY turn DESC LIMIT $4`

// completedRuns lists the turns of a game that exist, newest first, below a number.
func (store) completedRuns(ctx context.Context, q pg.Querier, game uuid.UUID, epoch, below, limit int) ([]Run, error) {
	return pg.All[Run](ctx, q, selectMade, game, epoch, below, limit)
}

// liveBanishment is the live run that takes a race out.
func (store) liveBanishment(ctx context.Context, tx *pg.Tx, game uuid.UUID, race string) (Run, error) {
	r, err := pg.Get[Run](ctx, tx, `SELECT `+runColumns+` FROM turn_runs
WHERE game_id = $1 AND race_name = $2 AND kind = 'banish' AND status IN ('queued', 'running')`, game, race)
	return r, missing(err)
}
