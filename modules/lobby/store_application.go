package lobby

import (
	"context"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/platform/pg"
)

// The names of the constraints that two requests can run into.
const (
	applicationsLive   = "applications_live"
	applicationsReplay = "applications_replay"
)

const applicationColumns = ` a.application_id, a.game_id, a.user_id, a.race_name, a.message, a.state, a.reason, a.request_hash, a.created_at, a.decided_at,
	(SELECT name FROM games WHERE game_id = a.game_id) AS game_name `

const selectApplication = `SELECT` + applicationColumns + `FROM applications a WHERE a.application_id = $1`

func (store) application(ctx context.Context, q pg.Querier, id uuid.UUID) (Application, error) {
	a, err := pg.Get[Application](ctx, q, selectApplication, id)
	return a, notFound(err)
}

// An answer waits for whatever else settles the application: the end of an
// account does so without the lock of the game.
const lockApplication = selectApplication + ` FOR UPDATE`

func (store) lockApplication(ctx context.Context, tx *pg.Tx, id uuid.UUID) (Application, error) {
	a, err := pg.Get[Application](ctx, tx, lockApplication, id)
	return a, notFound(err)
}

const selectEarlierApplication = `SELECT` + applicationColumns + `FROM applications a
	WHERE a.user_id = $1 AND (a.idempotency_key = $2 OR $2 IS NULL AND a.game_id = $3 AND a.state IN ('pending', 'approved'))
	ORDER BY a.application_id DESC LIMIT 1`

// earlierApplication is what an earlier request made: under the same key, or
// without one the live application of the user to the game.
func (store) earlierApplication(
	ctx context.Context, q pg.Querier, user uuid.UUID, key *string, game uuid.UUID,
) (Application, error) {
	a, err := pg.Get[Application](ctx, q, selectEarlierApplication, user, key, game)
	return a, notFound(err)
}

const insertApplication = `INSERT INTO applications (application_id, game_id, user_id, race_name, message, state, idempotency_key, request_hash, created_at, decided_at)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`

func (store) insertApplication(tx *pg.Tx, a Application, key *string) {
	tx.Queue(insertApplication, a.ID, a.GameID, a.UserID, a.RaceName, a.Message, a.State, key, a.Hash, a.CreatedAt,
		a.DecidedAt)
}

const decideApplication = `UPDATE applications SET state = $2, reason = $3, decided_at = $4 WHERE application_id = $1`

func (store) decideApplication(tx *pg.Tx, a Application) {
	tx.Queue(decideApplication, a.ID, a.State, a.Reason, a.DecidedAt)
}

const selectApplications = `SELECT` + applicationColumns + `FROM applications a WHERE a.game_id = $1 AND a.application_id < $2 ORDER BY a.application_id DESC LIMIT $3`

func (store) applications(ctx context.Context, q pg.Querier, game, before uuid.UUID, n int) ([]Application, error) {
	return pg.All[Application](ctx, q, selectApplications, game, before, n)
}

const selectMyApplications = `SELECT` + applicationColumns + `FROM applications a WHERE a.user_id = $1 AND a.application_id < $2 ORDER BY a.application_id DESC LIMIT $3`

func (store) applicationsOf(ctx context.Context, q pg.Querier, user, before uuid.UUID, n int) ([]Application, error) {
	return pg.All[Application](ctx, q, selectMyApplications, user, before, n)
}

// Users who once wanted to join: they hear of a seat that becomes free.
const selectFormerApplicants = `SELECT DISTINCT a.user_id FROM applications a WHERE a.game_id = $1 AND a.state = 'rejected'
	AND NOT EXISTS (SELECT FROM memberships m WHERE m.game_id = a.game_id AND m.user_id = a.user_id) ORDER BY a.user_id LIMIT 100`

func (store) formerApplicants(ctx context.Context, q pg.Querier, game uuid.UUID) ([]uuid.UUID, error) {
	return pg.All[uuid.UUID](ctx, q, selectFormerApplicants, game)
}

// request is an application or an invite that ends with its game.
type request struct {
	ID     uuid.UUID `db:"request_id"`
	UserID uuid.UUID `db:"user_id"`
}

const rejectAll = `UPDATE applications SET state = 'rejected', reason = $2, decided_at = $3 WHERE game_id = $1 AND state = 'pending'
	RETURNING application_id AS request_id, user_id`

func (store) rejectAll(ctx context.Context, tx *pg.Tx, game uuid.UUID, reason string, at time.Time) ([]request, error) {
	return pg.All[request](ctx, tx, rejectAll, game, reason, at)
}

const withdrawAll = `UPDATE applications SET state = 'withdrawn', reason = $2, decided_at = $3 WHERE user_id = $1 AND state = 'pending'`

func (store) withdrawAll(tx *pg.Tx, user uuid.UUID, reason string, at time.Time) {
	tx.Queue(withdrawAll, user, reason, at)
}
