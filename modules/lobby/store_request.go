package lobby

import (
	"context"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/platform/pg"
)

// The names of the constraints that two requests can run into.
const (
	gamesReplay        = "games_replay"
	applicationsLive   = "applications_live"
	applicationsReplay = "applications_replay"
	invitesLive        = "invites_live"
	invitesReplay      = "invites_replay"
)

const applicationColumns = ` a.application_id, a.game_id, a.user_id, a.race_name, a.message, a.state, a.reason, a.request_hash, a.created_at, a.decided_at,
	(SELECT name FROM games WHERE game_id = a.game_id) AS game_name `

const selectApplication = `SELECT` + applicationColumns + `FROM applications a WHERE a.application_id = $1`

func (store) application(ctx context.Context, q pg.Querier, id uuid.UUID) (Application, error) {
	a, err := pg.Get[Application](ctx, q, selectApplication, id)
	return a, notFound(err)
}

const selectEarlierApplication = `SELECT` + applicationColumns + `FROM applications a
	WHERE a.user_id = $1 AND (a.idempotency_key = $2 OR $2 IS NULL AND a.game_id = $3 AND a.state IN ('pending', 'approved'))
	ORDER BY a.application_id DESC LIMIT 1`

// earlierApplication is what an earlier request made: under the same key, or
// without one the live application of the user to the game.
func (store) earlierApplication(ctx context.Context, q pg.Querier, user uuid.UUID, key *string, game uuid.UUID) (Application, error) {
	a, err := pg.Get[Application](ctx, q, selectEarlierApplication, user, key, game)
	return a, notFound(err)
}

const insertApplication = `INSERT INTO applications (application_id, game_id, user_id, race_name, message, state, idempotency_key, request_hash, created_at, decided_at)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`

func (store) insertApplication(tx *pg.Tx, a Application, key *string) {
	tx.Queue(insertApplication, a.ID, a.GameID, a.UserID, a.RaceName, a.Message, a.State, key, a.Hash, a.CreatedAt, a.DecidedAt)
}

const decideApplication = `UPDATE applications SET state = $2, reason = $3, decided_at = $4 WHERE application_id = $1`

func (store) decideApplication(tx *pg.Tx, a Application) {
	tx.Queue(decideApplication, a.ID, a.State, a.Reason, a.DecidedAt)
}

const selectApplications = `SELECT` + applicationColumns + `FROM applications a WHERE a.game_id = $1 AND a.application_id < $2 ORDER BY a.application_id DESC LIMIT $3`

func (store) applications(ctx context.Context, q pg.Querier, game, before uuid.UUID, n int) ([]Application, error) {
	return pg.All[Application](ctx, q, selectApplications, game, upTo(before), n)
}

const selectMyApplications = `SELECT` + applicationColumns + `FROM applications a WHERE a.user_id = $1 AND a.application_id < $2 ORDER BY a.application_id DESC LIMIT $3`

func (store) applicationsOf(ctx context.Context, q pg.Querier, user, before uuid.UUID, n int) ([]Application, error) {
	return pg.All[Application](ctx, q, selectMyApplications, user, upTo(before), n)
}

const rejectAll = `UPDATE applications SET state = 'rejected', reason = $2, decided_at = $3 WHERE game_id = $1 AND state = 'pending'
	RETURNING application_id, user_id, created_at`

func (store) rejectAll(ctx context.Context, tx *pg.Tx, game uuid.UUID, reason string, at time.Time) ([]Application, error) {
	return pg.All[Application](ctx, tx, rejectAll, game, reason, at)
}

const withdrawAll = `UPDATE applications SET state = 'withdrawn', reason = $2, decided_at = $3 WHERE user_id = $1 AND state = 'pending'`

func (store) withdrawAll(tx *pg.Tx, user uuid.UUID, reason string, at time.Time) {
	tx.Queue(withdrawAll, user, reason, at)
}

// Users who once wanted to join: they hear of a seat that becomes free.
const selectInterested = `SELECT DISTINCT a.user_id FROM applications a WHERE a.game_id = $1 AND a.state = 'rejected'
	AND NOT EXISTS (SELECT FROM memberships m WHERE m.game_id = a.game_id AND m.user_id = a.user_id) ORDER BY a.user_id LIMIT 100`

func (store) interested(ctx context.Context, q pg.Querier, game uuid.UUID) ([]uuid.UUID, error) {
	return pg.All[uuid.UUID](ctx, q, selectInterested, game)
}

const inviteColumns = ` i.invite_id, i.game_id, i.user_id, i.inviter_id, i.message, i.state, i.reason, i.request_hash, i.created_at, i.expires_at, i.decided_at,
	(SELECT name FROM games WHERE game_id = i.game_id) AS game_name `

const selectInvite = `SELECT` + inviteColumns + `FROM invites i WHERE i.invite_id = $1`

func (store) invite(ctx context.Context, q pg.Querier, id uuid.UUID) (Invite, error) {
	i, err := pg.Get[Invite](ctx, q, selectInvite, id)
	return i, notFound(err)
}

const selectEarlierInvite = `SELECT` + inviteColumns + `FROM invites i
	WHERE i.idempotency_key = $1 AND i.inviter_id = $2 OR $1 IS NULL AND i.game_id = $3 AND i.user_id = $4 AND i.state = 'pending'`

// earlierInvite is what an earlier request made: under the same key, or without
// one the live invite of the user to the game.
func (store) earlierInvite(ctx context.Context, q pg.Querier, i Invite, key *string) (Invite, error) {
	i, err := pg.Get[Invite](ctx, q, selectEarlierInvite, key, i.InviterID, i.GameID, i.UserID)
	return i, notFound(err)
}

const insertInvite = `INSERT INTO invites (invite_id, game_id, user_id, inviter_id, message, state, idempotency_key, request_hash, created_at, expires_at)
	VALUES ($1, $2, $3, $4, $5, 'pending', $6, $7, $8, $9)`

const countInvite = `UPDATE games SET invites_made = invites_made + 1 WHERE game_id = $1`

func (store) insertInvite(tx *pg.Tx, i Invite, key *string) {
	tx.Queue(insertInvite, i.ID, i.GameID, i.UserID, i.InviterID, i.Message, key, i.Hash, i.CreatedAt, i.ExpiresAt)
	tx.Queue(countInvite, i.GameID)
}

// inviting is a locked game with what an invite depends on.
type inviting struct {
	Game
	Made       int    `db:"invites_made"`
	Membership string `db:"membership"`
}

const lockInviting = `SELECT` + gameColumns + `, g.invites_made,
	coalesce((SELECT m.status FROM memberships m WHERE m.game_id = g.game_id AND m.user_id = $2), '') AS membership
	FROM games g WHERE g.game_id = $1 FOR UPDATE OF g`

func (store) lockInviting(ctx context.Context, tx *pg.Tx, game, invitee uuid.UUID) (inviting, error) {
	g, err := pg.Get[inviting](ctx, tx, lockInviting, game, invitee)
	return g, notFound(err)
}

const decideInvite = `UPDATE invites SET state = $2, reason = $3, decided_at = $4 WHERE invite_id = $1`

func (store) decideInvite(tx *pg.Tx, i Invite) {
	tx.Queue(decideInvite, i.ID, i.State, i.Reason, i.DecidedAt)
}

const selectInvites = `SELECT` + inviteColumns + `FROM invites i WHERE i.game_id = $1 AND i.invite_id < $2 ORDER BY i.invite_id DESC LIMIT $3`

func (store) invites(ctx context.Context, q pg.Querier, game, before uuid.UUID, n int) ([]Invite, error) {
	return pg.All[Invite](ctx, q, selectInvites, game, upTo(before), n)
}

const selectMyInvites = `SELECT` + inviteColumns + `FROM invites i WHERE i.user_id = $1 AND i.invite_id < $2 ORDER BY i.invite_id DESC LIMIT $3`

func (store) invitesOf(ctx context.Context, q pg.Querier, user, before uuid.UUID, n int) ([]Invite, error) {
	return pg.All[Invite](ctx, q, selectMyInvites, user, upTo(before), n)
}

const revokeAll = `UPDATE invites SET state = 'revoked', reason = $2, decided_at = $3 WHERE game_id = $1 AND state = 'pending'
	RETURNING invite_id, user_id, created_at, expires_at`

func (store) revokeAll(ctx context.Context, tx *pg.Tx, game uuid.UUID, reason string, at time.Time) ([]Invite, error) {
	return pg.All[Invite](ctx, tx, revokeAll, game, reason, at)
}

const declineAll = `UPDATE invites SET state = 'declined', reason = $2, decided_at = $3 WHERE user_id = $1 AND state = 'pending'`

func (store) declineAll(tx *pg.Tx, user uuid.UUID, reason string, at time.Time) {
	tx.Queue(declineAll, user, reason, at)
}

// Skips what a request is just deciding; its own check of the time decides.
const expireInvites = `UPDATE invites SET state = 'expired', decided_at = $1 WHERE invite_id IN (
	SELECT invite_id FROM invites WHERE state = 'pending' AND expires_at <= $1 ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED)`

func (store) expireInvites(ctx context.Context, tx *pg.Tx, now time.Time, n int) (int64, error) {
	return tx.Exec(ctx, expireInvites, now, n)
}
