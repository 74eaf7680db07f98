package auth

import (
	"context"

	"github.com/google/uuid"

	"galaxy/backend/modules/push"
	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/pg"
)

// revoker revokes sessions, whoever asks for it: the row, the cache and the
// gateways change in one transaction. It is apart from Service because the user
// domain calls it (departure), which Service itself needs.
type revoker struct {
	store    store
	sessions *SessionCache
	gateways Invalidator
	clock    clock.Clock
}

func newRevoker(sessions *SessionCache, gateways Invalidator, clk clock.Clock) *revoker {
	return &revoker{sessions: sessions, gateways: gateways, clock: clk}
}

// Revoke revokes those of the given sessions that are active.
func (r *revoker) Revoke(ctx context.Context, tx *pg.Tx, ids []uuid.UUID, reason RevocationReason) error {
	revoked, err := r.store.revoke(ctx, tx, ids, r.clock.Now(), reason)
	r.publish(tx, revoked, reason)
	return err
}

// RevokeAll revokes every active session of a user except one (nil: every one)
// and returns how many there were.
func (r *revoker) RevokeAll(
	ctx context.Context, tx *pg.Tx, user uuid.UUID, except *uuid.UUID, reason RevocationReason,
) (int, error) {
	revoked, err := r.store.revokeAll(ctx, tx, user, except, r.clock.Now(), reason)
	r.publish(tx, revoked, reason)
	return len(revoked), err
}

// publish puts revoked sessions into the cache and tells the gateways, both with
// the commit.
func (r *revoker) publish(tx *pg.Tx, revoked []Session, reason RevocationReason) {
	if len(revoked) == 0 {
		return
	}
	invalidations := make([]push.Invalidation, len(revoked))
	for i, s := range revoked {
		r.sessions.Put(tx, s.ID, s)
		invalidations[i] = push.Invalidation{UserID: s.UserID, DeviceSessionID: s.ID, Reason: string(reason),
			At: *s.RevokedAt}
	}
	r.gateways.Invalidate(tx, invalidations...)
}
