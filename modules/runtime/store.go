package runtime

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/platform/outbox"
	"galaxy/backend/platform/pg"
)

type store struct{}

// queue is the outbox's view of runtime_records. It has no busy state: the
// lease alone says that somebody works on a game.
var queue = outbox.Queue{Table: "runtime_records", Key: "game_id", Ready: "NOT q.settled"}

const columns = `
SELECT r.game_id, r.desired, r.version, r.generation, r.revision, r.source, r.init, r.initialized_at, r.observed,
       r.launched_generation, r.launched_at, r.container_id, r.image, r.endpoint, r.state_dir, r.last_seen_at, r.exit_code,
       r.oom, r.failures, r.restarts, r.restarts_since, r.last_code, r.last_error, r.settled, r.created_at, r.updated_at, o.operation_id, o.kind
FROM runtime_records r
LEFT JOIN runtime_operations o ON o.game_id = r.game_id AND o.status IN ('queued', 'running')`

const selectRecord = columns + `
WHERE r.game_id = $1`

func (store) get(ctx context.Context, q pg.Querier, game uuid.UUID) (Record, error) {
	return orNotFound(pg.Get[Record](ctx, q, selectRecord, game))
}

// lockRecord makes requests about one game follow each other.
const lockRecord = selectRecord + ` FOR UPDATE OF r`

func (store) lock(ctx context.Context, tx *pg.Tx, game uuid.UUID) (Record, error) {
	return orNotFound(pg.Get[Record](ctx, tx, lockRecord, game))
}

// A worker whose lease ran out must not work on.
const selectClaimed = selectRecord + ` AND r.claim_token = $2 AND r.lease_until > clock_timestamp()`

func (store) claimed(ctx context.Context, q pg.Querier, c outbox.Claim) (Record, error) {
	r, err := pg.Get[Record](ctx, q, selectClaimed, c.Key, c.Token)
	if errors.Is(err, pg.ErrNoRows) {
		return r, ErrLeaseLost
	}
	return r, err
}

func orNotFound(r Record, err error) (Record, error) {
	if errors.Is(err, pg.ErrNoRows) {
		return Record{}, ErrNotFound
	}
	return r, err
}

const insertRecord = `
INSERT INTO runtime_records (game_id, desired, version, generation, source, init, observed, next_attempt_at, created_at, updated_at)
VALUES ($1, 'running', $2, 1, $3, $4, 'starting', $5, $5, $5)`

func (store) insert(tx *pg.Tx, r Record, now time.Time) {
	tx.Queue(insertRecord, r.GameID, r.Version, r.Source, r.Init, now)
}

// A request never touches the lease: whoever holds it finds another revision.
const updateDesired = `
UPDATE runtime_records SET desired = $2, version = $3, generation = $4, source = $5, init = $6, observed = $7, failures = $8,
       last_error = $9, last_code = $13, restarts = $10, restarts_since = $11, revision = revision + 1, settled = false, next_attempt_at = $12, updated_at = $12
WHERE game_id = $1`

func (store) updateDesired(tx *pg.Tx, r Record, now time.Time) {
	tx.Queue(updateDesired, r.GameID, r.Desired, r.Version, r.Generation, r.Source, r.Init, r.Observed, r.Failures,
		r.LastError, r.Restarts, r.RestartsSince, now, r.LastCode)
}

// updateObserved ends a claim and is void when a request came or the lease was
// lost meanwhile.
const updateObserved = `
UPDATE runtime_records SET initialized_at = $4, observed = $5, launched_generation = $6, launched_at = $7, container_id = $8,
       image = $9, endpoint = $10, state_dir = $11, last_seen_at = $12, exit_code = $13, oom = $14, failures = $15, restarts = $16,
       restarts_since = $17, last_error = $18, last_code = $23, settled = $19, next_attempt_at = $20, updated_at = $21, attempts = 0,
       claim_token = CASE WHEN $22 THEN claim_token END, lease_until = CASE WHEN $22 THEN lease_until END
WHERE game_id = $1 AND claim_token = $2 AND revision = $3 AND lease_until > clock_timestamp()`

// updateObserved records a step. keep says that the worker goes on with the same
// claim.
func (store) updateObserved(
	ctx context.Context, tx *pg.Tx, c outbox.Claim, r Record, next, now time.Time, keep bool,
) error {
	n, err := tx.Exec(ctx, updateObserved, r.GameID, c.Token, r.Revision, r.InitializedAt, r.Observed,
		r.LaunchedGeneration, r.LaunchedAt,
		r.ContainerID, r.Image, r.Endpoint, r.StateDir, r.LastSeenAt, r.ExitCode, r.OOM, r.Failures, r.Restarts,
		r.RestartsSince,
		r.LastError, r.Settled, next, now, keep, r.LastCode)
	if err == nil && n == 0 {
		return ErrLeaseLost
	}
	return err
}

const releaseClaim = `
UPDATE runtime_records SET claim_token = NULL, lease_until = NULL, next_attempt_at = $3
WHERE game_id = $1 AND claim_token = $2`

// releaseClaim ends a claim without a record. A claim that is lost stays lost.
func (store) releaseClaim(tx *pg.Tx, c outbox.Claim, next time.Time) {
	tx.Queue(releaseClaim, c.Key, c.Token, next)
}

// The lease of a turn run is the same as that of convergence. It is only given
// for an engine that runs and shall run.
const takeLease = `
UPDATE runtime_records SET claim_token = gen_random_uuid(), lease_until = clock_timestamp() + $2::interval
WHERE game_id = $1 AND desired = 'running' AND observed = 'running' AND (lease_until IS NULL OR lease_until < clock_timestamp())
RETURNING claim_token AS token, version`

type leaseRow struct {
	Token   uuid.UUID `db:"token"`
	Version string    `db:"version"`
}

func (store) lease(ctx context.Context, tx *pg.Tx, game uuid.UUID, d time.Duration) (leaseRow, error) {
	return pg.Get[leaseRow](ctx, tx, takeLease, game, d)
}

const releaseLease = `
UPDATE runtime_records SET claim_token = NULL, lease_until = NULL WHERE game_id = $1 AND claim_token = $2`

func (store) release(tx *pg.Tx, l Lease) { tx.Queue(releaseLease, l.GameID, l.Token) }

const makeDue = `
UPDATE runtime_records SET next_attempt_at = least(next_attempt_at, $2), settled = false WHERE game_id = $1`

// makeDue has a game looked at now.
func (store) makeDue(ctx context.Context, tx *pg.Tx, game uuid.UUID, now time.Time) error {
	n, err := tx.Exec(ctx, makeDue, game, now)
	if err == nil && n == 0 {
		return ErrNotFound
	}
	return err
}

// A game that is being brought up waits for a reason: a hint about the container
// that just died must not cut its backoff short.
const hintRecords = `
UPDATE runtime_records SET next_attempt_at = least(next_attempt_at, $2), settled = false
WHERE game_id = ANY($1) AND (settled OR observed IN ('running', 'engine_unreachable'))`

// hint makes games due whose container may have changed.
func (store) hint(tx *pg.Tx, games []uuid.UUID, now time.Time) { tx.Queue(hintRecords, games, now) }

// selectListed is asked once per comparison with the driver's list: the games
// on it, and those that should be.
const selectListed = `
SELECT game_id, observed, settled FROM runtime_records
WHERE game_id = ANY($1) OR observed IN ('running', 'engine_unreachable')`

type listedRecord struct {
	GameID   uuid.UUID `db:"game_id"`
	Observed Observed  `db:"observed"`
	Settled  bool      `db:"settled"`
}

func (store) listed(ctx context.Context, q pg.Querier, games []uuid.UUID) ([]listedRecord, error) {
	return pg.All[listedRecord](ctx, q, selectListed, games)
}

const listRecords = columns + `
WHERE ($1::text = '' OR r.observed = $1) AND ($2::text = '' OR r.version = $2) AND ($3::uuid IS NULL OR r.game_id < $3)
ORDER BY r.game_id DESC
LIMIT $4`

func (store) list(ctx context.Context, q pg.Querier, f Filter) ([]Record, error) {
	return pg.All[Record](ctx, q, listRecords, string(f.Observed), f.Version, orNull(f.Before), f.Limit)
}

const listUnsettled = columns + `
WHERE NOT r.settled
ORDER BY r.next_attempt_at
LIMIT $1`

func (store) unsettled(ctx context.Context, q pg.Querier, limit int) ([]Record, error) {
	return pg.All[Record](ctx, q, listUnsettled, limit)
}

func orNull(id uuid.UUID) any {
	if id == uuid.Nil {
		return nil
	}
	return id
}
