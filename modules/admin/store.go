package admin

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/platform/httpx"
	"galaxy/backend/platform/pg"
)

type store struct{}

type accountRow struct {
	Username   string     `db:"username"`
	Hash       string     `db:"password_hash"`
	Role       string     `db:"role"`
	Bootstrap  bool       `db:"bootstrap"`
	CreatedAt  time.Time  `db:"created_at"`
	UpdatedAt  time.Time  `db:"updated_at"`
	DisabledAt *time.Time `db:"disabled_at"`
}

func (r accountRow) account() (Account, error) {
	role, err := httpx.ParseRole(r.Role)
	return Account{Username: r.Username, Role: role, Bootstrap: r.Bootstrap, CreatedAt: r.CreatedAt,
		UpdatedAt: r.UpdatedAt, DisabledAt: r.DisabledAt}, err
}

// loginHash is the hash to compare a password with; empty for an account that is
// disabled or does not exist.
func (r accountRow) loginHash() string {
	if r.DisabledAt != nil {
		return ""
	}
	return r.Hash
}

func (r accountRow) enabledAdmin() bool {
	return r.DisabledAt == nil && r.Role == httpx.Administrator.String()
}

func (r accountRow) principal() (httpx.Principal, error) {
	role, err := httpx.ParseRole(r.Role)
	return httpx.Principal{Username: r.Username, Role: role}, err
}

const accountColumns = `SELECT username, password_hash, role, bootstrap, created_at, updated_at, disabled_at FROM admin_accounts`

func (store) account(ctx context.Context, q pg.Querier, username string) (accountRow, error) {
	row, err := pg.Get[accountRow](ctx, q, accountColumns+` WHERE username = $1`, username)
	if errors.Is(err, pg.ErrNoRows) {
		return accountRow{}, ErrNotFound
	}
	return row, err
}

func (store) accounts(ctx context.Context, q pg.Querier) ([]accountRow, error) {
	return pg.All[accountRow](ctx, q, accountColumns+` ORDER BY username`)
}

// lockAccounts keeps two requests from disabling the last two admins at once.
// There are few operators, so all rows are locked, in one order.
func (store) lockAccounts(ctx context.Context, tx *pg.Tx) ([]accountRow, error) {
	return pg.All[accountRow](ctx, tx, accountColumns+` ORDER BY username FOR UPDATE`)
}

const insertAccount = `
INSERT INTO admin_accounts (username, password_hash, role, bootstrap, created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $5)
ON CONFLICT (username) DO NOTHING`

// insertAccount reports false when the name is taken.
func (store) insertAccount(ctx context.Context, tx *pg.Tx, r accountRow) (bool, error) {
	n, err := tx.Exec(ctx, insertAccount, r.Username, r.Hash, r.Role, r.Bootstrap, r.CreatedAt)
	return n == 1, err
}

const updateAccount = `
UPDATE admin_accounts SET password_hash = $2, role = $3, bootstrap = $4, updated_at = $5, disabled_at = $6 WHERE username = $1`

func (store) updateAccount(tx *pg.Tx, r accountRow) {
	tx.Queue(updateAccount, r.Username, r.Hash, r.Role, r.Bootstrap, r.UpdatedAt, r.DisabledAt)
}

const insertAudit = `
INSERT INTO admin_audit (audit_id, at, actor, role, action, target, outcome, reason, before, after, request_id, source)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`

func (store) insertAudit(tx *pg.Tx, r AuditRow) {
	tx.Queue(insertAudit, r.ID, r.At, r.Actor, r.Role, r.Action, r.Target, r.Outcome, r.Reason, r.Before, r.After,
		r.RequestID, r.Source)
}

const listAudit = `
SELECT audit_id, at, actor, role, action, target, outcome, reason, before, after, request_id, source
FROM admin_audit
WHERE ($1::text = '' OR actor = $1) AND ($2::text = '' OR target = $2) AND ($3::text = '' OR action = $3)
  AND ($4::timestamptz IS NULL OR at >= $4) AND ($5::uuid IS NULL OR audit_id < $5)
ORDER BY audit_id DESC
LIMIT $6`

func (store) listAudit(ctx context.Context, q pg.Querier, f AuditFilter) ([]AuditRow, error) {
	var since *time.Time
	if !f.Since.IsZero() {
		since = &f.Since
	}
	before := uuid.NullUUID{UUID: f.Before, Valid: f.Before != uuid.Nil}
	return pg.All[AuditRow](ctx, q, listAudit, f.Actor, f.Target, f.Action, since, before, f.Limit)
}
