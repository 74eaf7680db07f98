package usertest

import (
	"context"

	"github.com/google/uuid"

	"galaxy/backend/modules/user"
	"galaxy/backend/platform/pg"
)

type store struct{}

const columns = `user_id, coalesce(email, '') AS email, user_name, display_name, preferred_language, time_zone,
       declared_country, created_at, updated_at, deleted_at, erased_at, version`

// The lock is the service's own, so that whoever inserts a row that refers to
// the account does not wait for it.
const lockAccount = `SELECT ` + columns + ` FROM accounts WHERE user_id = $1 FOR NO KEY UPDATE`

func (store) lock(ctx context.Context, tx *pg.Tx, id uuid.UUID) (user.Account, error) {
	return pg.Get[user.Account](ctx, tx, lockAccount, id)
}

func (store) byUserName(ctx context.Context, q pg.Querier, name string) (user.Account, error) {
	return pg.Get[user.Account](ctx, q, `SELECT `+columns+` FROM accounts WHERE user_name = $1 AND deleted_at IS NULL`,
		name)
}

func (store) byEmail(ctx context.Context, q pg.Querier, canonical string) (user.Account, error) {
	return pg.Get[user.Account](ctx, q,
		`SELECT `+columns+` FROM accounts WHERE email_canonical = $1 AND deleted_at IS NULL`, canonical)
}

const insertAccount = `
WITH made AS (
    INSERT INTO accounts (user_id, email, email_canonical, user_name, display_name, preferred_language, time_zone,
                          declared_country, created_at, updated_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)
    ON CONFLICT (email_canonical) WHERE deleted_at IS NULL DO NOTHING
    RETURNING *
)
SELECT ` + columns + ` FROM made
UNION ALL
SELECT ` + columns + ` FROM accounts WHERE email_canonical = $3 AND deleted_at IS NULL`

// insert makes the account or returns the live one of the address.
func (store) insert(ctx context.Context, tx *pg.Tx, a user.Account, canonical string) (user.Account, error) {
	return pg.Get[user.Account](ctx, tx, insertAccount, a.ID, a.Email, canonical, a.UserName, a.DisplayName,
		a.PreferredLanguage, a.TimeZone, a.DeclaredCountry, a.CreatedAt)
}

const insertAccounts = `
INSERT INTO accounts (user_id, email, email_canonical, user_name, display_name, preferred_language, time_zone,
                      declared_country, created_at, updated_at)
SELECT user_id, email, lower(email), user_name, display_name, preferred_language, time_zone, declared_country, $8, $8
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[])
     AS a (user_id, email, user_name, display_name, preferred_language, time_zone, declared_country)`

func (store) insertMany(ctx context.Context, tx *pg.Tx, accounts []user.Account) error {
	if len(accounts) == 0 {
		return nil
	}
	ids := make([]uuid.UUID, len(accounts))
	var texts [6][]string
	for i, a := range accounts {
		ids[i] = a.ID
		for j, text := range []string{a.Email, a.UserName, a.DisplayName,
			a.PreferredLanguage, a.TimeZone, a.DeclaredCountry} {
			texts[j] = append(texts[j], text)
		}
	}
	_, err := tx.Exec(ctx, insertAccounts, ids, texts[0], texts[1], texts[2], texts[3], texts[4], texts[5],
		accounts[0].CreatedAt)
	return err
}

const updateAccount = `
UPDATE accounts
SET email = nullif($2, ''), email_canonical = nullif($3, ''), display_name = $4, preferred_language = $5, time_zone = $6,
    declared_country = $7, updated_at = $8, deleted_at = $9, erased_at = $10, version = $11, user_name = $12
WHERE user_id = $1`

func (store) update(ctx context.Context, tx *pg.Tx, a user.Account, canonical string) error {
	_, err := tx.Exec(ctx, updateAccount, a.ID, a.Email, canonical, a.DisplayName, a.PreferredLanguage, a.TimeZone,
		a.DeclaredCountry, a.UpdatedAt, a.DeletedAt, a.ErasedAt, a.Version, a.UserName)
	if pg.IsUnique(err, "accounts_live_email") {
		return user.ErrEmailTaken.Because(err)
	}
	return err
}
