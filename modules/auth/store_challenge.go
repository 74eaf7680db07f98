package auth

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/platform/pg"
)

// challenge is a row of auth_challenges.
type challenge struct {
	ID        uuid.UUID  `db:"challenge_id"`
	Purpose   Purpose    `db:"purpose"`
	UserID    *uuid.UUID `db:"user_id"`
	Email     string     `db:"email"`
	Canonical string     `db:"email_canonical"`
	Language  string     `db:"language"`
	Source    string     `db:"source"`
	Mailed    bool       `db:"mailed"`
	MAC       []byte     `db:"code_mac"`
	Admitted  bool       `db:"admitted"` // the given attempt is within the limit
	CreatedAt time.Time  `db:"created_at"`
	ExpiresAt time.Time  `db:"expires_at"`
	UsedAt    *time.Time `db:"consumed_at"`
	SessionID *uuid.UUID `db:"session_id"`
	PublicKey []byte     `db:"public_key"`
}

// lockEmail serialises everything that counts challenges of an address.
const lockEmail = `SELECT pg_advisory_xact_lock(hashtextextended('auth ' || $1, 0))`

// recentRequests is what an address, a network and an account have asked for lately.
type recentRequests struct {
	Live         int        `db:"live"` // unused challenges within the throttle's window
	Newest       *uuid.UUID `db:"newest"`
	ExpiresAt    *time.Time `db:"expires_at"`
	AddressHour  int        `db:"mailed_hour"`
	AddressDay   int        `db:"mailed_day"`
	SourceMinute int        `db:"mailed_source"`
	UserHour     int        `db:"mailed_user_hour"` // by the account, to any address
	UserDay      int        `db:"mailed_user_day"`
}

func (r recentRequests) mayMail() bool {
	return max(r.AddressHour, r.UserHour) < maxMailsPerHour && max(r.AddressDay, r.UserDay) < maxMailsPerDay &&
		r.SourceMinute < maxMailsPerSourceMinute
}

const selectRecentRequests = `
SELECT count(*) FILTER (WHERE live) AS live,
       (array_agg(challenge_id ORDER BY created_at DESC, challenge_id DESC) FILTER (WHERE live))[1] AS newest,
       (array_agg(expires_at ORDER BY created_at DESC, challenge_id DESC) FILTER (WHERE live))[1] AS expires_at,
       count(*) FILTER (WHERE mailed AND created_at > $5) AS mailed_hour,
       count(*) FILTER (WHERE mailed) AS mailed_day,
       (SELECT count(*) FROM auth_challenges WHERE mailed AND source <> '' AND source = $7 AND created_at > $8) AS mailed_source,
       (SELECT count(*) FROM auth_challenges WHERE mailed AND user_id = $3 AND created_at > $5) AS mailed_user_hour,
       (SELECT count(*) FROM auth_challenges WHERE mailed AND user_id = $3 AND created_at > $6) AS mailed_user_day
FROM (SELECT challenge_id, expires_at, mailed, created_at,
             purpose = $2 AND user_id IS NOT DISTINCT FROM $3 AND consumed_at IS NULL AND expires_at > $9 AND created_at > $4 AS live
      FROM auth_challenges
      WHERE email_canonical = $1 AND created_at > $6) c`

// recentRequests locks the address of a new challenge and counts.
func (store) recentRequests(ctx context.Context, tx *pg.Tx, c challenge, window time.Duration) (recentRequests, error) {
	now := c.CreatedAt
	tx.Queue(lockEmail, c.Canonical)
	return pg.Get[recentRequests](ctx, tx, selectRecentRequests, c.Canonical, c.Purpose, c.UserID, now.Add(-window),
		now.Add(-time.Hour), now.Add(-day), c.Source, now.Add(-time.Minute), now)
}

const insertChallenge = `
INSERT INTO auth_challenges (challenge_id, purpose, user_id, email, email_canonical, language, source, mailed, code_mac, created_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`

func (store) insertChallenge(tx *pg.Tx, c challenge) {
	tx.Queue(insertChallenge, c.ID, c.Purpose, c.UserID, c.Email, c.Canonical, c.Language, c.Source, c.Mailed, c.MAC,
		c.CreatedAt, c.ExpiresAt)
}

// An attempt is an id in a list: one whose id is in the list may compare the code.
// It is a list and not a count, so that recording an attempt needs no answer,
// travels ahead of the transaction that reads it, and may be sent twice.
const recordAttempt = `
UPDATE auth_challenges SET attempt_ids = attempt_ids || $2::uuid
WHERE challenge_id = $1 AND expires_at > $4 AND $2::uuid <> ALL (attempt_ids)
  AND cardinality(attempt_ids) < CASE WHEN consumed_at IS NULL THEN $3::integer ELSE 2 * $3::integer END`

func (store) recordAttempt(tx *pg.Tx, id, attempt uuid.UUID, most int, now time.Time) {
	tx.Autonomous(recordAttempt, id, attempt, most, now)
}

const lockEmailOf = `
SELECT pg_advisory_xact_lock(hashtextextended('auth ' || email_canonical, 0)) FROM auth_challenges WHERE challenge_id = $1`

const selectChallenge = `
SELECT challenge_id, purpose, user_id, email, email_canonical, language, source, mailed, code_mac,
       $2 = ANY (attempt_ids) AS admitted, created_at, expires_at, consumed_at, session_id, public_key
FROM auth_challenges WHERE challenge_id = $1`

// challenge locks the challenge's address and returns the challenge, with Admitted
// for the given attempt, or ErrCode when there is none.
func (store) challenge(ctx context.Context, tx *pg.Tx, id, attempt uuid.UUID) (challenge, error) {
	tx.Queue(lockEmailOf, id)
	c, err := pg.Get[challenge](ctx, tx, selectChallenge, id, attempt)
	if errors.Is(err, pg.ErrNoRows) {
		return challenge{}, ErrCode
	}
	return c, err
}

// The challenge that was used keeps what a repeat is answered with; the other live
// ones of the address are only used up, whatever their purpose.
const consumeChallenges = `
UPDATE auth_challenges SET consumed_at = $3,
    session_id = CASE WHEN challenge_id = $1 THEN $4::uuid END, public_key = CASE WHEN challenge_id = $1 THEN $5::bytea END
WHERE email_canonical = $2 AND consumed_at IS NULL AND (expires_at > $3 OR challenge_id = $1)`

func (store) consume(tx *pg.Tx, c challenge, now time.Time) {
	tx.Queue(consumeChallenges, c.ID, c.Canonical, now, c.SessionID, c.PublicKey)
}

const deleteChallenges = `
DELETE FROM auth_challenges WHERE challenge_id IN (SELECT challenge_id FROM auth_challenges WHERE created_at < $1 ORDER BY created_at LIMIT $2)`

func (store) deleteChallenges(ctx context.Context, tx *pg.Tx, before time.Time, n int) (int64, error) {
	return tx.Exec(ctx, deleteChallenges, before, n)
}
