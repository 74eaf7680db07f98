package pace

import (
	"slices"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/modules/game"
	enginev1 "galaxy/backend/proto/engine/v1"
)

// Outcomes of a race's turn.
const (
	Received = "received"
	Missed   = "missed"
	Excused  = "excused"
)

// Submission is what the player of a race did in a turn.
type Submission struct {
	Turn      int        `db:"turn"`
	RaceName  string     `db:"race_name"`
	UserID    uuid.UUID  `db:"user_id"`
	Awaited   bool       `db:"awaited"` // the turn waits for this race
	OrdersAt  *time.Time `db:"orders_at"`
	Orders    int        `db:"orders"`
	OrderHash string     `db:"order_hash"`
	Commands  int        `db:"commands"`
	ReadyAt   *time.Time `db:"ready_at"`
	ExcusedAt *time.Time `db:"excused_at"` // the deadline was extended for this race
	Outcome   *string    `db:"outcome"`
}

// Submitted reports whether the player has sent anything for the turn.
func (s Submission) Submitted() bool { return s.OrdersAt != nil || s.Commands > 0 }

// activeMembers returns those who play, by their race.
func activeMembers(members []game.Membership) map[string]game.Membership {
	out := make(map[string]game.Membership, len(members))
	for _, m := range members {
		if m.Status == game.Active {
			out[m.RaceName] = m
		}
	}
	return out
}

// ActiveUsers are the users who play, in order.
func ActiveUsers(members []game.Membership) []uuid.UUID {
	var out []uuid.UUID
	for _, m := range members {
		if m.Status == game.Active {
			out = append(out, m.UserID)
		}
	}
	slices.SortFunc(out, func(a, b uuid.UUID) int { return slices.Compare(a[:], b[:]) })
	return out
}

// ReadyCount says how many races a turn waits for, and how many of them are not
// ready.
type ReadyCount struct{ Awaited, NotReady int }

// AllReady reports whether the turn can be made early. A turn that waits for no
// race at all cannot: there is nobody to want it early.
func (c ReadyCount) AllReady() bool { return c.Awaited > 0 && c.NotReady == 0 }

// CountReady counts a turn's submissions by who plays now. A vacant seat is not
// waited for, though its member may still play.
func CountReady(submissions []Submission, members []game.Membership) ReadyCount {
	var c ReadyCount
	active := activeMembers(members)
	for _, s := range submissions {
		if member, ok := active[s.RaceName]; !ok || member.Vacant || !s.Awaited {
			continue
		}
		c.Awaited++
		if s.ReadyAt == nil {
			c.NotReady++
		}
	}
	return c
}

// NewSubmissions are those that a turn begins with: one for each race in play
// that somebody plays. Races idle for idleAfter turns are not waited for; 0 waits
// for all.
func NewSubmissions(races []enginev1.RaceStatus, members []game.Membership, idleAfter int) []Submission {
	out := []Submission{}
	active := activeMembers(members)
	for _, race := range races {
		member, ok := active[race.RaceName]
		if !ok || !race.State.InPlay() {
			continue
		}
		idle := idleAfter > 0 && race.IdleTurns >= idleAfter
		out = append(out, Submission{RaceName: race.RaceName, UserID: member.UserID, Awaited: !idle && !member.Vacant})
	}
	return out
}

// AbsentRaces are those whose players stayed away for so many turns in a row
// that their seats may be taken; 0 is never.
func AbsentRaces(races []enginev1.RaceStatus, members []game.Membership, vacateAfter int) []string {
	var out []string
	active := activeMembers(members)
	for _, race := range races {
		member, ok := active[race.RaceName]
		if vacateAfter > 0 && ok && !member.Vacant && race.State.InPlay() && race.IdleTurns >= vacateAfter {
			out = append(out, race.RaceName)
		}
	}
	return out
}

// Outcomes says of each submission what the engine made of it. The engine counts
// a turn as idle when the race sent neither a list nor a command; a race that is
// no longer in play has no outcome.
func Outcomes(submissions []Submission, races []enginev1.RaceStatus) map[string]string {
	out := map[string]string{}
	for _, s := range submissions {
		i := raceIndex(races, s.RaceName)
		switch {
		case i < 0 || !races[i].State.InPlay() && races[i].IdleTurns > 0:
		case races[i].IdleTurns == 0:
			out[s.RaceName] = Received
		case s.ExcusedAt != nil:
			out[s.RaceName] = Excused
		default:
			out[s.RaceName] = Missed
		}
	}
	return out
}

func raceIndex(races []enginev1.RaceStatus, name string) int {
	return slices.IndexFunc(races, func(r enginev1.RaceStatus) bool { return r.RaceName == name })
}

// AllMissed reports whether nobody who plays sent anything. A game that nobody
// plays any more was missed by all.
func AllMissed(submissions []Submission, outcomes map[string]string, members []game.Membership) bool {
	active := activeMembers(members)
	if len(active) == 0 {
		return true
	}
	missed := 0
	for _, s := range submissions {
		if _, ok := active[s.RaceName]; !ok {
			continue
		}
		if outcomes[s.RaceName] == Received {
			return false
		}
		if outcomes[s.RaceName] != "" {
			missed++
		}
	}
	return missed > 0
}

// ExcusableRaces are those that would miss the turn and have misses left that
// extend it. One extension per turn serves all of them.
func ExcusableRaces(submissions []Submission, races []enginev1.RaceStatus, members []game.Membership,
	used map[string]int, allowed int,
) []string {
	out := []string{}
	active := activeMembers(members)
	for _, s := range submissions {
		if s.ExcusedAt != nil {
			return nil // this turn was extended already
		}
		i := raceIndex(races, s.RaceName)
		_, ok := active[s.RaceName]
		if ok && s.Awaited && i >= 0 && !races[i].HasOrders && !s.Submitted() && used[s.RaceName] < allowed {
			out = append(out, s.RaceName)
		}
	}
	return out
}
