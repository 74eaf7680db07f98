package user

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/platform/pg"
)

type store struct{}

const accountColumns = `a.user_id, coalesce(a.email, '') AS email, a.user_name, a.display_name, a.preferred_language, a.time_zone,
       a.declared_country, a.created_at, a.updated_at, a.deleted_at, a.erased_at, a.version`

// Sanctions and overrides that have ended and are not removed yet are read as
// well: whoever reads the record later judges them by the time of that moment.
const selectRecords = `
SELECT ` + accountColumns + `, e.plan, e.starts_at AS plan_starts_at, e.ends_at AS plan_ends_at,
       coalesce((SELECT jsonb_agg(jsonb_build_object('sanction_id', s.sanction_id, 'kind', s.kind, 'reason', s.reason,
                                  'applied_at', s.applied_at, 'expires_at', s.expires_at) ORDER BY s.sanction_id)
                 FROM sanctions s WHERE s.user_id = a.user_id AND s.removed_at IS NULL), '[]') AS sanctions,
       coalesce((SELECT jsonb_agg(jsonb_build_object('override_id', o.override_id, 'name', o.name, 'value', o.value, 'reason', o.reason,
                                  'actor', o.actor, 'set_at', o.set_at, 'expires_at', o.expires_at) ORDER BY o.name)
                 FROM limit_overrides o WHERE o.user_id = a.user_id AND o.removed_at IS NULL), '[]') AS overrides
FROM accounts a
JOIN entitlement_snapshots e ON e.user_id = a.user_id`

const selectRecord = selectRecords + ` WHERE a.user_id = $1`

func (store) record(ctx context.Context, q pg.Querier, id uuid.UUID) (record, error) {
	r, err := pg.Get[record](ctx, q, selectRecord, id)
	if errors.Is(err, pg.ErrNoRows) {
		return record{}, ErrNotFound
	}
	return r, err
}

const selectRecordsByID = selectRecords + ` WHERE a.user_id = ANY($1)`

func (store) records(ctx context.Context, q pg.Querier, ids []uuid.UUID) ([]record, error) {
	return pg.All[record](ctx, q, selectRecordsByID, ids)
}

const selectLiveRecords = selectRecords + ` WHERE a.deleted_at IS NULL AND a.user_id < $1 ORDER BY a.user_id DESC LIMIT $2`

// liveRecords lists the newest accounts made before one, for the warm-up.
func (store) liveRecords(ctx context.Context, q pg.Querier, before uuid.UUID, n int) ([]record, error) {
	return pg.All[record](ctx, q, selectLiveRecords, before, n)
}

// Every change of what the record holds takes this lock first, so that changes of
// one user are serial. It is a statement of its own: subqueries of the statement
// that waits for a lock would still see what was there before.
const lockAccount = `SELECT 1 FROM accounts WHERE user_id = $1 FOR NO KEY UPDATE`

func (s store) lock(ctx context.Context, tx *pg.Tx, id uuid.UUID) (record, error) {
	tx.Queue(lockAccount, id)
	return s.record(ctx, tx, id)
}

const selectByUserName = `SELECT ` + accountColumns + ` FROM accounts a WHERE a.user_name = $1 AND a.deleted_at IS NULL`

func (store) byUserName(ctx context.Context, q pg.Querier, name string) (Account, error) {
	return pg.Get[Account](ctx, q, selectByUserName, name)
}

const selectByEmail = `SELECT ` + accountColumns + ` FROM accounts a WHERE a.email_canonical = $1 AND a.deleted_at IS NULL`

func (store) byEmail(ctx context.Context, q pg.Querier, canonical string) (Account, error) {
	return pg.Get[Account](ctx, q, selectByEmail, canonical)
}

const selectLoginBlocked = `
SELECT EXISTS (
    SELECT FROM accounts a
    JOIN sanctions s ON s.user_id = a.user_id AND s.removed_at IS NULL AND s.kind IN ('login_block', 'permanent_block')
                    AND (s.expires_at IS NULL OR s.expires_at > $2)
    WHERE a.email_canonical = $1 AND a.deleted_at IS NULL)`

func (store) loginBlocked(ctx context.Context, q pg.Querier, canonical string, now time.Time) (bool, error) {
	return pg.Get[bool](ctx, q, selectLoginBlocked, canonical, now)
}

// insertAccount is one round trip for both kinds of sign-in: it makes the account
// or answers with the live one of the address. Neither happens when the user
// name is taken, or when another transaction has just made the account.
const insertAccount = `
WITH made AS (
    INSERT INTO accounts (user_id, email, email_canonical, user_name, display_name, preferred_language, time_zone,
                          declared_country, created_at, updated_at)
    SELECT $1, $2, $3, $4, $4, $5, $6, $7, $8, $8
    WHERE NOT EXISTS (SELECT FROM accounts WHERE email_canonical = $3 AND deleted_at IS NULL)
    ON CONFLICT DO NOTHING
    RETURNING *
)
SELECT ` + accountColumns + ` FROM made a
UNION ALL
SELECT ` + accountColumns + ` FROM accounts a WHERE a.email_canonical = $3 AND a.deleted_at IS NULL`

func (store) insertAccount(ctx context.Context, tx *pg.Tx, a Account, canonical string) (Account, error) {
	return pg.Get[Account](ctx, tx, insertAccount, a.ID, a.Email, canonical, a.UserName, a.PreferredLanguage, a.TimeZone,
		a.DeclaredCountry, a.CreatedAt)
}

const updateProfile = `
UPDATE accounts SET display_name = $2, preferred_language = $3, time_zone = $4, version = $5, updated_at = $6 WHERE user_id = $1`

func (store) updateProfile(tx *pg.Tx, a Account) {
	tx.Queue(updateProfile, a.ID, a.DisplayName, a.PreferredLanguage, a.TimeZone, a.Version, a.UpdatedAt)
}

const updateEmail = `
UPDATE accounts SET email = $2, email_canonical = $3, version = $4, updated_at = $5 WHERE user_id = $1`

const insertFormerEmail = `
INSERT INTO former_emails (user_id, email, email_canonical, replaced_at) VALUES ($1, $2, lower($2), $3) ON CONFLICT DO NOTHING`

// updateEmail is sent at once: whether the address is free shows here.
func (store) updateEmail(ctx context.Context, tx *pg.Tx, a Account, canonical, former string) error {
	tx.Queue(insertFormerEmail, a.ID, former, a.UpdatedAt)
	_, err := tx.Exec(ctx, updateEmail, a.ID, a.Email, canonical, a.Version, a.UpdatedAt)
	return emailConflict(err)
}

const updateDeleted = `UPDATE accounts SET deleted_at = $2, version = $3, updated_at = $4 WHERE user_id = $1`

func (store) updateDeleted(ctx context.Context, tx *pg.Tx, a Account) error {
	_, err := tx.Exec(ctx, updateDeleted, a.ID, a.DeletedAt, a.Version, a.UpdatedAt)
	return emailConflict(err)
}

// emailConflict is ErrEmailTaken when another live account has the address.
func emailConflict(err error) error {
	if pg.IsUnique(err, "accounts_live_email") {
		return ErrEmailTaken.Because(err)
	}
	return err
}

const eraseAccount = `
UPDATE accounts
SET email = NULL, email_canonical = NULL, display_name = '', preferred_language = 'en', time_zone = 'UTC', declared_country = '',
    erased_at = $2, version = $3, updated_at = $2
WHERE user_id = $1`

func (store) eraseAccount(tx *pg.Tx, a Account) {
	tx.Queue(eraseAccount, a.ID, a.ErasedAt, a.Version)
	tx.Queue(`DELETE FROM former_emails WHERE user_id = $1`, a.ID)
	tx.Queue(`DELETE FROM account_notes WHERE user_id = $1`, a.ID)
}

// An address that somebody else uses by now is left alone: the mail to it is
// that account's.
const selectErasableAddresses = `
SELECT own.email FROM (
    SELECT email, email_canonical FROM accounts WHERE user_id = $1 AND email IS NOT NULL
    UNION SELECT email, email_canonical FROM former_emails WHERE user_id = $1
) own
WHERE NOT EXISTS (SELECT FROM accounts o WHERE o.email_canonical = own.email_canonical AND o.user_id <> $1 AND o.deleted_at IS NULL)
ORDER BY own.email`

func (store) erasableAddresses(ctx context.Context, q pg.Querier, id uuid.UUID) ([]string, error) {
	return pg.All[string](ctx, q, selectErasableAddresses, id)
}

const selectFormerEmails = `SELECT email FROM former_emails WHERE user_id = $1 ORDER BY replaced_at`

func (store) formerEmails(ctx context.Context, q pg.Querier, id uuid.UUID) ([]string, error) {
	return pg.All[string](ctx, q, selectFormerEmails, id)
}

// optional is nil for a row that does not exist.
func optional[T any](v T, err error) (*T, error) {
	if errors.Is(err, pg.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &v, nil
}

// nullableID makes SQL's NULL of the nil UUID: no cursor.
func nullableID(id uuid.UUID) any {
	if id == uuid.Nil {
		return nil
	}
	return id
}
