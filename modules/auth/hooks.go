package auth

import (
	"context"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/modules/push"
	"galaxy/backend/modules/user"
	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/pg"
)

// departure is what becomes of the sessions of somebody who goes.
type departure struct{ ends *ends }

func newDeparture(sessions *Sessions, announce Announcer, clk clock.Clock) departure {
	return departure{&ends{sessions: sessions, announce: announce, clock: clk}}
}

// Name implements user.Departure.
func (departure) Name() string { return "auth" }

// Depart implements user.Departure.
func (d departure) Depart(ctx context.Context, tx *pg.Tx, id uuid.UUID, why user.Reason) (err error) {
	switch why {
	case user.Blocked:
		_, err = d.ends.all(ctx, tx, id, nil, AccountBlocked)
	case user.Deleted:
		_, err = d.ends.all(ctx, tx, id, nil, AccountDeleted)
	case user.Erased:
		d.ends.store.erase(tx, id)
	}
	return err
}

// export is what the domain holds on a user.
type export struct{ store store }

func newExport() export { return export{} }

// Name implements user.Export.
func (export) Name() string { return "auth" }

// exported bounds how many sessions an export names; the newest ones come first.
const exported = 1000

// Export implements user.Export.
func (e export) Export(ctx context.Context, q pg.Querier, id uuid.UUID) (any, error) {
	rows, err := e.store.sessions(ctx, q, SessionFilter{UserID: id, Limit: exported})
	views := make([]sessionView, len(rows))
	for i, row := range rows {
		views[i] = viewOf(row)
	}
	return map[string]any{"device_sessions": views}, err
}

// replay gives gateways that subscribe afresh what they may have missed.
type replay struct {
	db    *pg.DB
	store store
}

// NewReplay makes the hook of push.
func NewReplay(db *pg.DB) push.Replay { return replay{db: db} }

// Name implements push.Replay.
func (replay) Name() string { return "auth" }

// Recent implements push.Replay.
func (r replay) Recent(ctx context.Context, since time.Time) ([]push.Invalidation, error) {
	rows, err := r.store.revokedSince(ctx, r.db, since)
	out := make([]push.Invalidation, len(rows))
	for i, row := range rows {
		out[i] = push.Invalidation{UserID: row.UserID, DeviceSessionID: row.ID, Reason: string(row.Cause), At: row.At}
	}
	return out, err
}
