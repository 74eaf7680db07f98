package pace

import (
	"slices"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/modules/lobby"
	enginev1 "galaxy/backend/proto/engine/v1"
)

// Outcomes of a race's turn.
const (
	Received = "received"
	Missed   = "missed"
	Excused  = "excused"
)

// Receipt is what a race's player did in a turn.
type Receipt struct {
	Turn      int        `db:"turn"`
	RaceName  string     `db:"race_name"`
	UserID    uuid.UUID  `db:"user_id"`
	Awaited   bool       `db:"awaited"`
	OrdersAt  *time.Time `db:"orders_at"`
	Orders    int        `db:"orders"`
	OrderHash string     `db:"order_hash"`
	Commands  int        `db:"commands"`
	ReadyAt   *time.Time `db:"ready_at"`
	ExcusedAt *time.Time `db:"excused_at"`
	Outcome   *string    `db:"outcome"`
}

// Submitted reports whether the player has sent anything for the turn.
func (r Receipt) Submitted() bool { return r.OrdersAt != nil || r.Commands > 0 }

// playing returns who plays each race now. Vacant seats are nobody's to wait
// for, though their member may still play.
func playing(seats []lobby.Seat) map[string]lobby.Seat {
	out := make(map[string]lobby.Seat, len(seats))
	for _, s := range seats {
		if s.Status == lobby.Active {
			out[s.RaceName] = s
		}
	}
	return out
}

// Members are the users of active seats, in order.
func Members(seats []lobby.Seat) []uuid.UUID {
	var out []uuid.UUID
	for _, s := range seats {
		if s.Status == lobby.Active {
			out = append(out, s.UserID)
		}
	}
	slices.SortFunc(out, func(a, b uuid.UUID) int { return slices.Compare(a[:], b[:]) })
	return out
}

// Ballot counts who the turn waits for, and who of them is not ready.
type Ballot struct{ Awaited, Open int }

// Everybody reports whether the turn waits for nobody any more. A turn that
// waits for no race at all is never ready: there is nobody to want it early.
func (b Ballot) Everybody() bool { return b.Awaited > 0 && b.Open == 0 }

// Count holds the ballot: receipts of the turn, by those who play now.
func Count(receipts []Receipt, seats []lobby.Seat) Ballot {
	var b Ballot
	now := playing(seats)
	for _, r := range receipts {
		if s, plays := now[r.RaceName]; !plays || s.Vacant || !r.Awaited {
			continue
		}
		b.Awaited++
		if r.ReadyAt == nil {
			b.Open++
		}
	}
	return b
}

// Opening is a new turn's receipts: one per race in play that somebody plays.
// Races idle for idleAfter turns are not waited for; 0 waits for everybody.
func Opening(races []enginev1.RaceStatus, seats []lobby.Seat, idleAfter int) []Receipt {
	out := []Receipt{}
	now := playing(seats)
	for _, race := range races {
		seat, plays := now[race.RaceName]
		if !plays || !race.State.InPlay() {
			continue
		}
		idle := idleAfter > 0 && race.IdleTurns >= idleAfter
		out = append(out, Receipt{RaceName: race.RaceName, UserID: seat.UserID, Awaited: !idle && !seat.Vacant})
	}
	return out
}

// Absent lists the races whose players stayed away for so many turns in a row
// that their seats may be taken; 0 is never.
func Absent(races []enginev1.RaceStatus, seats []lobby.Seat, vacateAfter int) []string {
	var out []string
	now := playing(seats)
	for _, race := range races {
		seat, plays := now[race.RaceName]
		if vacateAfter > 0 && plays && !seat.Vacant && race.State.InPlay() && race.IdleTurns >= vacateAfter {
			out = append(out, race.RaceName)
		}
	}
	return out
}

// Outcomes says of every receipt what the engine made of it. The engine counts a
// turn as idle when the race sent neither a list nor a command; a race that is
// no longer in play has no outcome.
func Outcomes(receipts []Receipt, races []enginev1.RaceStatus) map[string]string {
	out := map[string]string{}
	for _, r := range receipts {
		i := slices.IndexFunc(races, func(s enginev1.RaceStatus) bool { return s.RaceName == r.RaceName })
		switch {
		case i < 0 || !races[i].State.InPlay() && races[i].IdleTurns > 0:
		case races[i].IdleTurns == 0:
			out[r.RaceName] = Received
		case r.ExcusedAt != nil:
			out[r.RaceName] = Excused
		default:
			out[r.RaceName] = Missed
		}
	}
	return out
}

// AllMissed reports whether nobody who plays sent anything. A game that nobody
// plays any more was missed by all.
func AllMissed(receipts []Receipt, outcome map[string]string, seats []lobby.Seat) bool {
	now := playing(seats)
	if len(now) == 0 {
		return true
	}
	missed := 0
	for _, r := range receipts {
		if _, plays := now[r.RaceName]; !plays {
			continue
		}
		if outcome[r.RaceName] == Received {
			return false
		}
		if outcome[r.RaceName] != "" {
			missed++
		}
	}
	return missed > 0
}

// Excusable lists the races that would miss the turn and have misses left that
// extend it. One extension per turn serves all of them.
func Excusable(receipts []Receipt, races []enginev1.RaceStatus, seats []lobby.Seat, used map[string]int, allowed int) []string {
	out := []string{}
	now := playing(seats)
	for _, r := range receipts {
		if r.ExcusedAt != nil {
			return nil // this turn was extended already
		}
		i := slices.IndexFunc(races, func(s enginev1.RaceStatus) bool { return s.RaceName == r.RaceName })
		_, plays := now[r.RaceName]
		if plays && r.Awaited && i >= 0 && !races[i].HasOrders && !r.Submitted() && used[r.RaceName] < allowed {
			out = append(out, r.RaceName)
		}
	}
	return out
}
