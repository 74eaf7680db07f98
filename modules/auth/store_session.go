package auth

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/platform/pg"
)

const sessionColumns = `device_session_id, user_id, public_key, status, device_name, user_agent, country, created_at, last_seen_at, revoked_at, revoked_reason`

const selectSession = `SELECT ` + sessionColumns + ` FROM device_sessions WHERE device_session_id = $1`

func (store) session(ctx context.Context, q pg.Querier, id uuid.UUID) (Session, error) {
	s, err := pg.Get[Session](ctx, q, selectSession, id)
	if errors.Is(err, pg.ErrNoRows) {
		return Session{}, ErrNotFound
	}
	return s, err
}

const selectNewestActive = `
SELECT ` + sessionColumns + ` FROM device_sessions
WHERE status = 'active' AND device_session_id < $1 ORDER BY device_session_id DESC LIMIT $2`

// newestActive lists the newest active sessions made before one, for the warm-up.
// They are chosen by age and not by when they were last seen: an index on that
// would be written with every sign-in and touch.
func (store) newestActive(ctx context.Context, q pg.Querier, before uuid.UUID, n int) ([]Session, error) {
	return pg.All[Session](ctx, q, selectNewestActive, before, n)
}

const selectActive = `
SELECT ` + sessionColumns + ` FROM device_sessions WHERE user_id = $1 AND status = 'active' ORDER BY last_seen_at, device_session_id`

// active lists a user's active sessions, the one seen least recently first.
func (store) active(ctx context.Context, q pg.Querier, user uuid.UUID) ([]Session, error) {
	return pg.All[Session](ctx, q, selectActive, user)
}

const selectSignedInFrom = `SELECT EXISTS (SELECT FROM device_sessions WHERE user_id = $1 AND country = $2)`

// signedInFrom reports whether a user ever signed in from a country.
func (store) signedInFrom(ctx context.Context, q pg.Querier, user uuid.UUID, country string) (bool, error) {
	return pg.Get[bool](ctx, q, selectSignedInFrom, user, country)
}

const listSessions = `
SELECT ` + sessionColumns + ` FROM device_sessions
WHERE user_id = $1 AND ($2::text = '' OR status = $2) AND ($3::uuid IS NULL OR device_session_id < $3)
ORDER BY device_session_id DESC LIMIT $4`

func (store) sessions(ctx context.Context, q pg.Querier, f SessionFilter) ([]Session, error) {
	before := uuid.NullUUID{UUID: f.Before, Valid: f.Before != uuid.Nil}
	return pg.All[Session](ctx, q, listSessions, f.UserID, f.Status, before, f.Limit)
}

const insertSession = `
INSERT INTO device_sessions (device_session_id, user_id, public_key, status, device_name, user_agent, country, created_at, last_seen_at)
VALUES ($1, $2, $3, 'active', $4, $5, $6, $7, $7)`

func (store) insertSession(tx *pg.Tx, s Session) {
	tx.Queue(insertSession, s.ID, s.UserID, s.PublicKey, s.DeviceName, s.UserAgent, s.Country, s.CreatedAt)
}

const revokeSessions = `
UPDATE device_sessions SET status = 'revoked', revoked_at = $2, revoked_reason = $3
WHERE device_session_id = ANY($1) AND status = 'active'
RETURNING ` + sessionColumns

// revoke revokes those of the given sessions that are active and returns them.
func (store) revoke(
	ctx context.Context, tx *pg.Tx, ids []uuid.UUID, at time.Time, reason RevocationReason,
) ([]Session, error) {
	return pg.All[Session](ctx, tx, revokeSessions, ids, at, reason)
}

const revokeAllSessions = `
UPDATE device_sessions SET status = 'revoked', revoked_at = $2, revoked_reason = $3
WHERE user_id = $1 AND status = 'active' AND device_session_id IS DISTINCT FROM $4
RETURNING ` + sessionColumns

// revokeAll revokes all active sessions of a user except one (nil: every one) and
// returns them.
func (store) revokeAll(
	ctx context.Context, tx *pg.Tx, user uuid.UUID, except *uuid.UUID, at time.Time, reason RevocationReason,
) ([]Session, error) {
	return pg.All[Session](ctx, tx, revokeAllSessions, user, at, reason, except)
}

const touchSession = `
UPDATE device_sessions SET last_seen_at = greatest(last_seen_at, $2) WHERE device_session_id = $1 AND status = 'active'
RETURNING ` + sessionColumns

// touch sets last_seen_at of an active session, or returns ErrNotFound.
func (store) touch(ctx context.Context, tx *pg.Tx, id uuid.UUID, at time.Time) (Session, error) {
	s, err := pg.Get[Session](ctx, tx, touchSession, id, at)
	if errors.Is(err, pg.ErrNoRows) {
		return Session{}, ErrNotFound
	}
	return s, err
}

const selectRevoked = `
SELECT device_session_id, user_id, revoked_at, revoked_reason FROM device_sessions
WHERE status = 'revoked' AND revoked_at >= $1 ORDER BY revoked_at, device_session_id`

// revocation is what the replay says of a session.
type revocation struct {
	SessionID uuid.UUID        `db:"device_session_id"`
	UserID    uuid.UUID        `db:"user_id"`
	RevokedAt time.Time        `db:"revoked_at"`
	Reason    RevocationReason `db:"revoked_reason"`
}

func (store) revokedSince(ctx context.Context, q pg.Querier, since time.Time) ([]revocation, error) {
	return pg.All[revocation](ctx, q, selectRevoked, since)
}

const eraseSessions = `UPDATE device_sessions SET device_name = '', user_agent = '', country = '' WHERE user_id = $1`

// erase removes the personal data of a user's sessions, and their challenges.
func (store) erase(tx *pg.Tx, user uuid.UUID) {
	tx.Queue(eraseSessions, user)
	tx.Queue(`DELETE FROM auth_challenges WHERE user_id = $1`, user)
}
