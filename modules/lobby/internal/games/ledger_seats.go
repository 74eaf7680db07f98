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
	if g.Launched() && !g.State.Terminal() {
		event, told := EventSeatLeft, *g
		seat.Status, seat.Reason = status, reason
		if cause := seat.Banishes(); cause != "" {
			event, told.Blocked = EventRaceBlocked, &BlockedRace{RaceName: seat.RaceName, Cause: cause}
		}
		if err := l.Announce(ctx, tx, told, event, nil); err != nil {
			return err
		}
	}
	return l.Names.ReleaseReserved(ctx, tx, []uuid.UUID{g.ID}, &seat.UserID)
}
