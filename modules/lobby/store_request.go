package lobby

import (
	"context"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/modules/lobby/internal/games"
	"galaxy/backend/platform/pg"
)

// requests is the SQL of applications and invites.
type requests struct{}

// The names of the constraints that two requests can run into.
const (
	applicationsLive   = "applications_live"
	applicationsReplay = "applications_replay"
	invitesLive        = "invites_live"
	invitesReplay      = "invites_replay"
)

const applicationColumns = ` a.application_id, a.game_id, a.user_id, a.race_name, a.message, a.state, a.reason, a.request_hash, a.created_at, a.decided_at,
	(SELECT name FROM games WHERE game_id = a.game_id) AS game_name `

const selectApplication = `SELECT` + applicationColumns + `FROM applications a WHERE a.application_id = $1`

func (requests) application(ctx context.Context, q pg.Querier, id uuid.UUID) (Application, error) {
	a, err := pg.Get[Application](ctx, q, selectApplication, id)
	return a, games.NotFound(err)
}

// An answer waits for whatever else settles the application: the end of an
// account does so without the lock of the game.
const lockApplication = selectApplication + ` FOR UPDATE`

func (requests) lockApplication(ctx context.Context, tx *pg.Tx, id uuid.UUID) (Application, error) {
	a, err := pg.Get[Application](ctx, tx, lockApplication, id)
	return a, games.NotFound(err)
}

const selectEarlierApplication = `SELECT` + applicationColumns + `FROM applications a
	WHERE a.user_id = $1 AND (a.idempotency_key = $2 OR $2 IS NULL AND a.game_id = $3 AND a.state IN ('pending', 'approved'))
	ORDER BY a.application_id DESC LIMIT 1`

// earlierApplication is what an earlier request made: under the same key, or
// without one the live application of the user to the game.
func (requests) earlierApplication(ctx context.Context, q pg.Querier, user uuid.UUID, key *string, game uuid.UUID) (Application, error) {
	a, err := pg.Get[Application](ctx, q, selectEarlierApplication, user, key, game)
	return a, games.NotFound(err)
}

const insertApplication = `INSERT INTO applications (application_id, game_id, user_id, race_name, message, state, idempotency_key, request_hash, created_at, decided_at)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`

func (requests) insertApplication(tx *pg.Tx, a Application, key *string) {
	tx.Queue(insertApplication, a.ID, a.GameID, a.UserID, a.RaceName, a.Message, a.State, key, a.Hash, a.CreatedAt, a.DecidedAt)
}

const decideApplication = `UPDATE applications SET state = $2, reason = $3, decided_at = $4 WHERE application_id = $1`

func (requests) decideApplication(tx *pg.Tx, a Application) {
	tx.Queue(decideApplication, a.ID, a.State, a.Reason, a.DecidedAt)
}

const selectApplications = `SELECT` + applicationColumns + `FROM applications a WHERE a.game_id = $1 AND a.application_id < $2 ORDER BY a.application_id DESC LIMIT $3`

func (requests) applications(ctx context.Context, q pg.Querier, game, before uuid.UUID, n int) ([]Application, error) {
	return pg.All[Application](ctx, q, selectApplications, game, games.UpTo(before), n)
}

const selectMyApplications = `SELECT` + applicationColumns + `FROM applications a WHERE a.user_id = $1 AND a.application_id < $2 ORDER BY a.application_id DESC LIMIT $3`

func (requests) applicationsOf(ctx context.Context, q pg.Querier, user, before uuid.UUID, n int) ([]Application, error) {
	return pg.All[Application](ctx, q, selectMyApplications, user, games.UpTo(before), n)
}

// Users who once wanted to join: they hear of a seat that becomes free.
const selectInterested = `SELECT DISTINCT a.user_id FROM applications a WHERE a.game_id = $1 AND a.state = 'rejected'
	AND NOT EXISTS (SELECT FROM memberships m WHERE m.game_id = a.game_id AND m.user_id = a.user_id) ORDER BY a.user_id LIMIT 100`

func (requests) interested(ctx context.Context, q pg.Querier, game uuid.UUID) ([]uuid.UUID, error) {
	return pg.All[uuid.UUID](ctx, q, selectInterested, game)
}

const inviteColumns = ` i.invite_id, i.game_id, i.user_id, i.inviter_id, i.message, i.state, i.reason, i.request_hash, i.created_at, i.expires_at, i.decided_at,
	(SELECT name FROM games WHERE game_id = i.game_id) AS game_name `

const selectInvite = `SELECT` + inviteColumns + `FROM invites i WHERE i.invite_id = $1`

func (requests) invite(ctx context.Context, q pg.Querier, id uuid.UUID) (Invite, error) {
	i, err := pg.Get[Invite](ctx, q, selectInvite, id)
	return i, games.NotFound(err)
}

// As lockApplication; the sweeper skips what is locked.
const lockInvite = selectInvite + ` FOR UPDATE`

func (requests) lockInvite(ctx context.Context, tx *pg.Tx, id uuid.UUID) (Invite, error) {
	i, err := pg.Get[Invite](ctx, tx, lockInvite, id)
	return i, games.NotFound(err)
}

const selectEarlierInvite = `SELECT` + inviteColumns + `FROM invites i
	WHERE i.idempotency_key = $1 AND i.inviter_id = $2 OR $1 IS NULL AND i.game_id = $3 AND i.user_id = $4 AND i.state = 'pending'`

// earlierInvite is what an earlier request made: under the same key, or without
// one the live invite of the user to the game.
func (requests) earlierInvite(ctx context.Context, q pg.Querier, i Invite, key *string) (Invite, error) {
	i, err := pg.Get[Invite](ctx, q, selectEarlierInvite, key, i.InviterID, i.GameID, i.UserID)
	return i, games.NotFound(err)
}

const insertInvite = `INSERT INTO invites (invite_id, game_id, user_id, inviter_id, message, state, idempotency_key, request_hash, created_at, expires_at)
	VALUES ($1, $2, $3, $4, $5, 'pending', $6, $7, $8, $9)`

// An invite whose time is over makes room for the next one, swept or not.
const expireInvite = `UPDATE invites SET state = 'expired', decided_at = $3 WHERE game_id = $1 AND user_id = $2 AND state = 'pending' AND expires_at <= $3`

const countInvite = `UPDATE games SET invites_made = invites_made + 1 WHERE game_id = $1`

func (requests) insertInvite(tx *pg.Tx, i Invite, key *string) {
	tx.Queue(expireInvite, i.GameID, i.UserID, i.CreatedAt)
	tx.Queue(insertInvite, i.ID, i.GameID, i.UserID, i.InviterID, i.Message, key, i.Hash, i.CreatedAt, i.ExpiresAt)
	tx.Queue(countInvite, i.GameID)
}

// inviting is a locked game with what an invite depends on.
type inviting struct {
	Game
	Made       int    `db:"invites_made"`
	Membership string `db:"membership"`
	Offered    bool   `db:"offered"` // a seat is
}

const lockInviting = `SELECT` + games.GameColumns + `, g.invites_made,
	coalesce((SELECT m.status FROM memberships m WHERE m.game_id = g.game_id AND m.user_id = $2), '') AS membership,
	EXISTS (SELECT FROM memberships m WHERE m.game_id = g.game_id AND m.offered_at IS NOT NULL) AS offered
	FROM games g WHERE g.game_id = $1 FOR UPDATE OF g`

func (requests) lockInviting(ctx context.Context, tx *pg.Tx, game, invitee uuid.UUID) (inviting, error) {
	g, err := pg.Get[inviting](ctx, tx, lockInviting, game, invitee)
	return g, games.NotFound(err)
}

const decideInvite = `UPDATE invites SET state = $2, reason = $3, decided_at = $4 WHERE invite_id = $1`

func (requests) decideInvite(tx *pg.Tx, i Invite) {
	tx.Queue(decideInvite, i.ID, i.State, i.Reason, i.DecidedAt)
}

const redeemInvites = `UPDATE invites SET state = 'redeemed', decided_at = $3 WHERE game_id = $1 AND user_id = $2 AND state = 'pending'`

// redeemed notes that somebody who was invited has taken a seat another way.
func (requests) redeemed(tx *pg.Tx, game, user uuid.UUID, now time.Time) {
	tx.Queue(redeemInvites, game, user, now)
}

const selectInvites = `SELECT` + inviteColumns + `FROM invites i WHERE i.game_id = $1 AND i.invite_id < $2 ORDER BY i.invite_id DESC LIMIT $3`

func (requests) invites(ctx context.Context, q pg.Querier, game, before uuid.UUID, n int) ([]Invite, error) {
	return pg.All[Invite](ctx, q, selectInvites, game, games.UpTo(before), n)
}

const selectMyInvites = `SELECT` + inviteColumns + `FROM invites i WHERE i.user_id = $1 AND i.invite_id < $2 ORDER BY i.invite_id DESC LIMIT $3`

func (requests) invitesOf(ctx context.Context, q pg.Querier, user, before uuid.UUID, n int) ([]Invite, error) {
	return pg.All[Invite](ctx, q, selectMyInvites, user, games.UpTo(before), n)
}

// Skips what a request is just deciding; its own check of the time decides.
const expireInvites = `UPDATE invites SET state = 'expired', decided_at = $1 WHERE invite_id IN (
	SELECT invite_id FROM invites WHERE state = 'pending' AND expires_at <= $1 ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED)`

func (requests) expireInvites(ctx context.Context, tx *pg.Tx, now time.Time, n int) (int64, error) {
	return tx.Exec(ctx, expireInvites, now, n)
}

// Locks the game and the invite: what is read of either is not older.
const selectInvited = `SELECT` + games.GameColumns + games.StandingColumns + `, who.user_id AS who_user_id, who.state AS who_state, who.expires_at AS who_expires_at
	FROM games g JOIN invites who ON who.game_id = g.game_id WHERE who.invite_id = $1 FOR UPDATE OF g, who`

type invitedRow struct {
	games.Candidate
	WhoUserID    uuid.UUID `db:"who_user_id"`
	WhoState     string    `db:"who_state"`
	WhoExpiresAt time.Time `db:"who_expires_at"`
}

// invited is the candidate whom an invite names, and of the invite what decides.
func (requests) invited(ctx context.Context, tx *pg.Tx, id uuid.UUID) (games.Candidate, Invite, error) {
	r, err := pg.Get[invitedRow](ctx, tx, selectInvited, id)
	return r.Candidate, Invite{ID: id, GameID: r.ID, UserID: r.WhoUserID, State: r.WhoState, ExpiresAt: r.WhoExpiresAt}, games.NotFound(err)
}
