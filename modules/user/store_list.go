package user

import (
	"context"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/platform/pg"
)

// Filter narrows the list of users; zero fields do not.
type Filter struct {
	Text     string // part of the user name, display name or address
	Email    string // the whole address
	UserName string
	Plan     Plan
	Sanction SanctionKind
	Deleted  *bool
	Before   uuid.UUID // cursor: users made before this one
	Limit    int
	Now      time.Time // judges plans and sanctions
}

// Summary is a user in an operator's list.
type Summary struct {
	Account
	Plan    Plan `db:"plan" json:"plan"`
	Blocked bool `db:"blocked" json:"blocked"`
}

const listUsers = `
SELECT ` + accountColumns + `,
       CASE WHEN e.ends_at <= $9 THEN 'free' ELSE e.plan END AS plan,
       EXISTS (SELECT FROM sanctions s WHERE s.user_id = a.user_id AND s.kind = 'permanent_block' AND s.removed_at IS NULL
               AND (s.expires_at IS NULL OR s.expires_at > $9)) AS blocked
FROM accounts a
JOIN entitlement_snapshots e ON e.user_id = a.user_id
WHERE ($1::text = '' OR strpos(a.user_name, lower($1)) > 0 OR strpos(lower(a.display_name), lower($1)) > 0
                     OR strpos(a.email_canonical, lower($1)) > 0)
  AND ($2::text = '' OR a.email_canonical = $2)
  AND ($3::text = '' OR a.user_name = $3)
  AND ($4::text = '' OR CASE WHEN e.ends_at <= $9 THEN 'free' ELSE e.plan END = $4)
  AND ($5::text = '' OR EXISTS (SELECT FROM sanctions s WHERE s.user_id = a.user_id AND s.kind = $5 AND s.removed_at IS NULL
                                AND (s.expires_at IS NULL OR s.expires_at > $9)))
  AND ($6::boolean IS NULL OR (a.deleted_at IS NOT NULL) = $6)
  AND ($7::uuid IS NULL OR a.user_id < $7)
ORDER BY a.user_id DESC
LIMIT $8`

func (store) list(ctx context.Context, q pg.Querier, f Filter) ([]Summary, error) {
	return pg.All[Summary](ctx, q, listUsers, f.Text, f.Email, f.UserName, f.Plan, f.Sanction, f.Deleted,
		nullableID(f.Before), f.Limit, f.Now)
}
