package auth

import (
	"context"

	"github.com/google/uuid"

	"galaxy/backend/modules/push"
	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/pg"
)

// ends is how sessions end, whoever ends them: the row, the cache and the
// gateways change in one transaction. It is apart from the service because the
// user domain calls it, which the service itself needs.
type ends struct {
	store    store
	sessions *Sessions
	announce Announcer
	clock    clock.Clock
}

// these ends the given sessions, as far as they are live.
func (e *ends) these(ctx context.Context, tx *pg.Tx, ids []uuid.UUID, why Cause) error {
	over, err := e.store.revoke(ctx, tx, ids, e.clock.Now(), why)
	e.tell(tx, over, why)
	return err
}

// all ends every live session of a user but one (nil: none is spared) and
// returns how many that were.
func (e *ends) all(ctx context.Context, tx *pg.Tx, user uuid.UUID, but *uuid.UUID, why Cause) (int, error) {
	over, err := e.store.revokeUser(ctx, tx, user, but, e.clock.Now(), why)
	e.tell(tx, over, why)
	return len(over), err
}

func (e *ends) tell(tx *pg.Tx, over []Session, why Cause) {
	if len(over) == 0 {
		return
	}
	news := make([]push.Invalidation, len(over))
	for i, s := range over {
		e.sessions.Put(tx, s.ID, s)
		news[i] = push.Invalidation{UserID: s.UserID, DeviceSessionID: s.ID, Reason: string(why), At: *s.RevokedAt}
	}
	e.announce.Invalidate(tx, news...)
}
