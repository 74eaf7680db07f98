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

// addRun reports false when the game has a live turn, or a live banishment of
// the race.
func (store) addRun(ctx context.Context, tx *pg.Tx, r Run) (bool, error) {
	n, err := tx.Exec(ctx, insertRun, r.ID, r.GameID, r.Epoch, r.Kind, r.Cause, r.Turn, r.RaceName, r.KeepDeadline,
		r.RequestedBy, r.RequestID, r.CreatedAt)
	return n == 1, err
}

// Whether a turn is due is decided again, by the row as it is now.
const insertDueRuns = `INSERT INTO turn_runs (run_id, game_id, epoch, kind, cause, turn, requested_by, request_id, status, next_attempt_at, due_at, created_at)
SELECT u.run_id, c.game_id, c.epoch, 'turn', 'due', c.turn + 1, 'clock', '', 'queued', $3, c.next_turn_at, $3
FROM unnest($1::uuid[], $2::uuid[]) AS u (run_id, game_id)
JOIN turn_clocks c ON c.game_id = u.game_id
WHERE c.status = 'running' AND c.next_turn_at <= $3
ON CONFLICT DO NOTHING`

func (store) addDueRuns(tx *pg.Tx, ids, games []uuid.UUID, now time.Time) {
	tx.Queue(insertDueRuns, ids, games, now)
}

func (store) run(ctx context.Context, q pg.Querier, id uuid.UUID) (Run, error) {
	r, err := pg.Get[Run](ctx, q, `SELECT `+runColumns+` FROM turn_runs WHERE run_id = $1`, id)
	return r, notFound(err)
}

// Locked: whoever changes the run must not miss its end.
const selectLiveTurnRun = `SELECT ` + runColumns + ` FROM turn_runs
WHERE game_id = $1 AND kind = 'turn' AND status IN ('queued', 'running') FOR UPDATE`

// liveTurnRun is the game's turn run that has not ended.
func (store) liveTurnRun(ctx context.Context, tx *pg.Tx, gameID uuid.UUID) (Run, error) {
	r, err := pg.Get[Run](ctx, tx, selectLiveTurnRun, gameID)
	return r, notFound(err)
}

const selectLiveBanishment = `SELECT ` + runColumns + ` FROM turn_runs
WHERE game_id = $1 AND race_name = $2 AND kind = 'banish' AND status IN ('queued', 'running')`

// liveBanishment is the run that takes a race out and has not ended.
func (store) liveBanishment(ctx context.Context, tx *pg.Tx, gameID uuid.UUID, race string) (Run, error) {
	r, err := pg.Get[Run](ctx, tx, selectLiveBanishment, gameID, race)
	return r, notFound(err)
}

const selectLastTurnRun = `SELECT ` + runColumns + ` FROM turn_runs WHERE game_id = $1 AND kind = 'turn' ORDER BY run_id DESC LIMIT 1`

func (store) lastTurnRun(ctx context.Context, tx *pg.Tx, gameID uuid.UUID) (Run, error) {
	r, err := pg.Get[Run](ctx, tx, selectLastTurnRun, gameID)
	return r, notFound(err)
}

const selectRuns = `SELECT ` + runColumns + ` FROM turn_runs
WHERE game_id = $1 AND run_id < $2 ORDER BY run_id DESC LIMIT $3`

// runs lists a game's runs below an id, newest first.
func (store) runs(ctx context.Context, q pg.Querier, gameID, before uuid.UUID, limit int) ([]Run, error) {
	return pg.All[Run](ctx, q, selectRuns, gameID, before, limit)
}

const selectRunsOfTurn = `SELECT ` + runColumns + ` FROM turn_runs
WHERE game_id = $1 AND turn = $2 AND kind = 'turn' ORDER BY run_id DESC LIMIT 100`

// runsOfTurn lists every run that was to make a turn, newest first.
func (store) runsOfTurn(ctx context.Context, q pg.Querier, gameID uuid.UUID, turn int) ([]Run, error) {
	return pg.All[Run](ctx, q, selectRunsOfTurn, gameID, turn)
}

const selectCompletedRuns = `SELECT ` + runColumns + ` FROM turn_runs
WHERE game_id = $1 AND kind = 'turn' AND status = 'done' AND epoch = $2 AND turn < $3 ORDER BY turn DESC LIMIT $4`

// completedRuns lists the turns of a game that exist, newest first, below a
// number.
func (store) completedRuns(ctx context.Context, q pg.Querier, gameID uuid.UUID, epoch, below, limit int) ([]Run, error) {
	return pg.All[Run](ctx, q, selectCompletedRuns, gameID, epoch, below, limit)
}

func (store) markStarted(tx *pg.Tx, ids []uuid.UUID, now time.Time) {
	tx.Queue(`UPDATE turn_runs SET started_at = COALESCE(started_at, $2) WHERE run_id = ANY($1)`, ids, now)
}

const updateQueuedRun = `UPDATE turn_runs SET next_attempt_at = $2, attempts = 0, cause = $3, keep_deadline = $4, requested_by = $5, request_id = $6
WHERE run_id = $1 AND status = 'queued'`

// expedite has a run that waits tried at once and with all its attempts, for
// whoever r says.
func (store) expedite(tx *pg.Tx, r Run, now time.Time) {
	tx.Queue(updateQueuedRun, r.ID, now, r.Cause, r.KeepDeadline, r.RequestedBy, r.RequestID)
}

const finishRun = `UPDATE turn_runs SET status = $3, claim_token = NULL, lease_until = NULL, finished_at = $4,
    engine_before = COALESCE($5, engine_before), engine_after = $6, replayed = $7, duration_ms = $8, state_hash = $9, error_code = $10, error = $11,
    turn = COALESCE($12, turn)
WHERE run_id = $1 AND claim_token = $2`

// finish ends a run, and reports false when the claim is lost. turn, unless it
// is nil, is when a banishment happened.
func (store) finish(ctx context.Context, tx *pg.Tx, c outbox.Claim, status string, r runResult, turn *int, now time.Time,
) (bool, error) {
	n, err := tx.Exec(ctx, finishRun, c.Key, c.Token, status, now, r.EngineBefore, r.EngineAfter, r.Replayed,
		r.Duration.Milliseconds(), r.StateHash, r.ErrorCode, r.Error, turn)
	return n == 1, err
}

const retryRun = `UPDATE turn_runs SET status = 'queued', claim_token = NULL, lease_until = NULL, next_attempt_at = $3,
    engine_before = COALESCE($4, engine_before), error_code = $5, error = $6
WHERE run_id = $1 AND claim_token = $2`

// retryAt has a run wait for its next attempt.
func (store) retryAt(tx *pg.Tx, c outbox.Claim, next time.Time, r runResult) {
	tx.Queue(retryRun, c.Key, c.Token, next, r.EngineBefore, r.ErrorCode, r.Error)
}

const deleteClaimedRun = `DELETE FROM turn_runs WHERE run_id = $1 AND claim_token = $2 AND attempts <= 1`

const failClaimedRun = `UPDATE turn_runs SET status = 'failed', claim_token = NULL, lease_until = NULL, finished_at = $3, error_code = $4
WHERE run_id = $1 AND claim_token = $2`

// discard removes a run that is not wanted any more and never reached its
// engine; one that had been tried is kept as failed.
func (store) discard(ctx context.Context, tx *pg.Tx, c outbox.Claim, code string, now time.Time) error {
	n, err := tx.Exec(ctx, deleteClaimedRun, c.Key, c.Token)
	if err != nil || n == 1 {
		return err
	}
	tx.Queue(failClaimedRun, c.Key, c.Token, now, code)
	return nil
}

const deleteQueuedRuns = `DELETE FROM turn_runs WHERE game_id = $1 AND kind = 'turn' AND status = 'queued' AND attempts = 0`

const failQueuedRuns = `UPDATE turn_runs SET status = 'failed', finished_at = $2, error_code = $3
WHERE game_id = $1 AND kind = 'turn' AND status = 'queued'`

// discardQueued does what discard does, to the turn runs of a game that nobody
// has claimed.
func (store) discardQueued(tx *pg.Tx, gameID uuid.UUID, code string, now time.Time) {
	tx.Queue(deleteQueuedRuns, gameID)
	tx.Queue(failQueuedRuns, gameID, now, code)
}
