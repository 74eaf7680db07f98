package auth

import (
	"context"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/modules/push"
	"galaxy/backend/modules/user"
	"galaxy/backend/platform/pg"
)

// departure revokes the sessions of a user who is blocked or deleted, and erases
// what they say about one who is erased.
type departure struct{ revoker *revoker }

func newDeparture(r *revoker) departure { return departure{r} }

// Name implements user.Departure.
func (departure) Name() string { return "auth" }

// Depart implements user.Departure.
func (d departure) Depart(ctx context.Context, tx *pg.Tx, id uuid.UUID, reason user.Reason) (err error) {
	switch reason {
	case user.Blocked:
		_, err = d.revoker.RevokeAll(ctx, tx, id, nil, AccountBlocked)
	case user.Deleted:
		_, err = d.revoker.RevokeAll(ctx, tx, id, nil, AccountDeleted)
	case user.Erased:
		d.revoker.store.erase(tx, id)
	}
	return err
}

// export is what the domain holds on a user.
type export struct{ store store }

func newExport() export { return export{} }

// Name implements user.Export.
func (export) Name() string { return "auth" }

// maxExported is how many sessions an export holds, the newest ones.
const maxExported = 1000

// Export implements user.Export.
func (e export) Export(ctx context.Context, q pg.Querier, id uuid.UUID) (any, error) {
	rows, err := e.store.sessions(ctx, q, SessionFilter{UserID: id, Limit: maxExported})
	views := make([]sessionView, len(rows))
	for i, row := range rows {
		views[i] = viewOf(row)
	}
	return map[string]any{"device_sessions": views}, err
}

// revocationReplay tells a gateway that subscribes without a cursor which sessions
// were revoked lately.
type revocationReplay struct {
	db    *pg.DB
	store store
}

// NewRevocationReplay makes the hook of push.
func NewRevocationReplay(db *pg.DB) push.Replay { return revocationReplay{db: db} }

// Name implements push.Replay.
func (revocationReplay) Name() string { return "auth" }

// Recent implements push.Replay.
func (r revocationReplay) Recent(ctx context.Context, since time.Time) ([]push.Invalidation, error) {
	rows, err := r.store.revokedSince(ctx, r.db, since)
	out := make([]push.Invalidation, len(rows))
	for i, row := range rows {
		out[i] = push.Invalidation{UserID: row.UserID, DeviceSessionID: row.SessionID, Reason: string(row.Reason),
			At: row.RevokedAt}
	}
	return out, err
}
