package pace

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/game"
	enginev1 "galaxy/backend/proto/engine/v1"
)

// active makes an active member for each race.
func active(races ...string) []game.Membership {
	out := make([]game.Membership, len(races))
	for i, race := range races {
		out[i] = game.Membership{RaceName: race, Status: game.Active, UserID: uuid.New()}
	}
	return out
}

func TestTurnWaitsForActiveSeatsOnly(t *testing.T) {
	t.Parallel()
	ready := &noon
	submissions := []Submission{
		{RaceName: "A", Awaited: true, ReadyAt: ready},
		{RaceName: "B", Awaited: true},
		{RaceName: "Idle", Awaited: false},
		{RaceName: "Gone", Awaited: true},
		{RaceName: "Vacant", Awaited: true},
	}
	members := active("A", "B", "Idle", "Gone", "Vacant")
	members[3].Status, members[4].Vacant = game.Removed, true
	require.Equal(t, ReadyCount{Awaited: 2, NotReady: 1}, CountReady(submissions, members))
	submissions[1].ReadyAt = ready
	require.True(t, CountReady(submissions, members).AllReady())
	require.False(t, CountReady(nil, members).AllReady(), "a turn that waits for nobody is not wanted early")
}

func TestOutcomesAreTheEngines(t *testing.T) {
	t.Parallel()
	submissions := []Submission{
		{RaceName: "Moved"}, {RaceName: "Silent", OrdersAt: &noon}, {RaceName: "Excused", ExcusedAt: &noon},
		{RaceName: "Dead"}, {RaceName: "DiedFighting"}, {RaceName: "Unknown"},
	}
	races := []enginev1.RaceStatus{
		{RaceName: "Moved", State: enginev1.RaceActive},
		{RaceName: "Silent", State: enginev1.RaceActive, IdleTurns: 1},
		{RaceName: "Excused", State: enginev1.RaceActive, IdleTurns: 2},
		{RaceName: "Dead", State: enginev1.RaceEliminated, IdleTurns: 1},
		{RaceName: "DiedFighting", State: enginev1.RaceEliminated},
	}
	want := map[string]string{"Moved": Received, "Silent": Missed, "Excused": Excused, "DiedFighting": Received}
	require.Equal(t, want, Outcomes(submissions, races))
}

func TestAllMissedCountsThoseWhoPlay(t *testing.T) {
	t.Parallel()
	submissions := []Submission{{RaceName: "A"}, {RaceName: "Gone"}}
	members := active("A", "Gone")
	members[1].Status = game.Removed
	missed := func(outcomes map[string]string) bool { return AllMissed(submissions, outcomes, members) }
	require.True(t, missed(map[string]string{"A": Missed, "Gone": Received}))
	require.True(t, missed(map[string]string{"A": Excused}))
	require.False(t, missed(map[string]string{"A": Received}))
	require.False(t, missed(map[string]string{"Gone": Missed}), "nobody is left who could have missed it")
	require.True(t, AllMissed(submissions, map[string]string{"A": Received}, nil), "nobody plays any more")
}

func TestExcuseIsForThoseWhoWouldMissAndHaveOneLeft(t *testing.T) {
	t.Parallel()
	races := []enginev1.RaceStatus{
		{RaceName: "A"}, {RaceName: "B", HasOrders: true}, {RaceName: "C"}, {RaceName: "D"}, {RaceName: "E"},
	}
	submissions := []Submission{
		{RaceName: "A", Awaited: true}, {RaceName: "B", Awaited: true}, {RaceName: "C", Awaited: true},
		{RaceName: "D", Awaited: false}, {RaceName: "E", Awaited: true, Commands: 1},
	}
	members := active("A", "B", "C", "D", "E")
	require.Equal(t, []string{"A"}, ExcusableRaces(submissions, races, members, map[string]int{"C": 2}, 2))
	submissions[2].ExcusedAt = &noon
	require.Empty(t, ExcusableRaces(submissions, races, members, nil, 2), "one extension a turn")
}

func TestNewTurnIsOpenedForRacesInPlayThatSomebodyPlays(t *testing.T) {
	t.Parallel()
	races := []enginev1.RaceStatus{
		{RaceName: "A", State: enginev1.RaceActive}, {RaceName: "Idle", State: enginev1.RaceActive, IdleTurns: 2},
		{RaceName: "Dead", State: enginev1.RaceEliminated}, {RaceName: "Nobody", State: enginev1.RaceActive},
		{RaceName: "Quitting", State: enginev1.RaceQuitting},
	}
	members := active("A", "Idle", "Dead", "Quitting")
	got := map[string]bool{}
	for _, r := range NewSubmissions(races, members, 2) {
		got[r.RaceName] = r.Awaited
	}
	require.Equal(t, map[string]bool{"A": true, "Idle": false, "Quitting": true}, got)
	for _, r := range NewSubmissions(races, members, 0) {
		require.True(t, r.Awaited, "0 waits for everybody")
	}
	require.Equal(t, []string{"Idle"}, AbsentRaces(races, members, 2))
	require.Empty(t, AbsentRaces(races, members, 0))
	members[1].Vacant = true
	require.Empty(t, AbsentRaces(races, members, 2), "marked already")
}

func TestUsersOfActiveSeatsAreInOrder(t *testing.T) {
	t.Parallel()
	members := active("A", "B", "C")
	members[2].Status = game.Blocked
	got := ActiveUsers(members)
	require.Len(t, got, 2)
	require.NotContains(t, got, members[2].UserID)
	members[0], members[1] = members[1], members[0]
	require.Equal(t, got, ActiveUsers(members))
}
