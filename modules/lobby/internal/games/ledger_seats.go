package games

import (
	"context"

	"github.com/google/uuid"

	"galaxy/backend/platform/pg"
)

// Dismiss ends a membership. Before the launch the seat is free again and the
// name released; from then on the race stays, and is banished with its member
// when that one is blocked or gone.
func (l *Ledger) Dismiss(ctx context.Context, tx *pg.Tx, g *Game, seat Seat, status, reason string) error {
	l.Store.EndSeat(tx, g.ID, seat.UserID, status, reason, l.Clock.Now())
	l.seats.Drop(tx, g.ID)
	if seat.Status == Active {
		g.SeatsTaken--
		l.Save(tx, g)
	}
	if cause := banishes(status, reason); cause != "" && g.Launched() && !g.State.Terminal() {
		told := *g
		told.Blocked = &BlockedRace{RaceName: seat.RaceName, Cause: cause}
		if err := l.Announce(ctx, tx, told, EventRaceBlocked, nil); err != nil {
			return err
		}
	}
	return l.Names.ReleaseReserved(ctx, tx, []uuid.UUID{g.ID}, &seat.UserID)
}

// banishes is the cause for which a membership that ends takes its race along,
// or empty.
func banishes(status, reason string) string {
	switch {
	case reason == ReasonDeleted:
		return CauseDeleted
	case reason == ReasonBlocked, status == Blocked:
		return CauseBlocked
	}
	return ""
}
