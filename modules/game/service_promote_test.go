package game

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/notification"
	"galaxy/backend/modules/racename"
	enginev1 "galaxy/backend/proto/engine/v1"
)

// finishWith ends a game after so many turns with these races.
func (f *fixture) finishWith(g Game, turns int, races ...RaceStats) {
	f.Helper()
	require.NoError(f, f.record(TurnRecord{GameID: g.ID, Turn: turns, At: f.clock.Now(), StateHash: "end", Races: races,
		Finished: true, Result: resultOf(races[0].RaceName)}))
}

func raceStats(name string, state enginev1.RaceState, planets int, population float64) RaceStats {
	return RaceStats{RaceName: name, State: string(state), Planets: planets, Population: population}
}

func TestOnlyMembersInGoodStandingEarnTheirName(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, c := range []struct {
		name       string
		state      enginev1.RaceState
		planets    int
		population float64
		earned     bool
	}{
		{"active and grown", enginev1.RaceActive, 5, 5000, true},
		{"beaten in play", enginev1.RaceEliminated, 5, 5000, true},
		{"no further planet", enginev1.RaceActive, 1, 5000, false},
		{"no more population", enginev1.RaceActive, 5, 1000, false},
		{"banished", enginev1.RaceBanished, 5, 5000, false},
		{"quit", enginev1.RaceQuit, 5, 5000, false},
		{"removed for missing turns", enginev1.RaceIdleRemoved, 5, 5000, false},
	} {
		p := f.addUsers(2)
		g, races := f.running(root, p...)
		f.finishWith(g, 10, raceStats(races[0], c.state, c.planets, c.population),
			raceStats(races[1], enginev1.RaceActive, 1, 1000))
		want := []string{}
		if c.earned {
			want = append(want, "pending_registration "+races[0])
		}
		require.Equal(t, want, f.namesOf(p[0]), c.name)
		require.Equal(t, len(want), f.intents.CountTo(p[0], notification.KindRaceNamePending), c.name)
		require.Empty(t, f.namesOf(p[1]), c.name)
	}
}

func TestAnEarnedNameCanBeRegisteredForAWhile(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	p := f.addUsers(2)
	g, races := f.running(root, p...)
	g = f.finish(g, races...)
	names, err := f.names.Names(t.Context(), p[0], uuid.Max, 1)
	require.NoError(t, err)
	require.Equal(t, []any{racename.Pending, g.FinishedAt.Add(pendingTTL), g.ID},
		[]any{names[0].State, *names[0].ExpiresAt, *names[0].SourceGameID})
	require.Nil(t, names[0].GameID)
}

func TestARaceThatWasLargeOnceHasGrown(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	p := f.addUsers(2)
	g, races := f.running(root, p...)
	for turn, stats := range map[int]RaceStats{
		3: raceStats(races[0], enginev1.RaceActive, 9, 500), // planets and population at different turns
		5: raceStats(races[0], enginev1.RaceActive, 1, 2000),
	} {
		require.NoError(t, f.record(TurnRecord{GameID: g.ID, Turn: turn, At: noon, Races: []RaceStats{stats}}))
	}
	f.finishWith(g, 10, raceStats(races[0], enginev1.RaceEliminated, 0, 0))
	require.Equal(t, []string{"pending_registration " + races[0]}, f.namesOf(p[0]))
}

func TestShortGamesAndGamesOfOnePromoteNobody(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for name, c := range map[string]struct {
		members, turns int
		earned         bool
	}{
		"long enough": {2, minTurns, true}, "too short": {2, minTurns - 1, false}, "alone": {1, 50, false},
	} {
		p := f.addUsers(c.members)
		g, races := f.running(root, p...)
		f.finishWith(g, c.turns, activeRaces(5, races...)...)
		require.Equal(t, c.earned, len(f.namesOf(p[0])) == 1, name)
	}
}

func TestAFounderWhoLeftCountsAsOne(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	p := f.addUsers(2)
	g, races := f.running(root, p...)
	require.NoError(t, f.s.Leave(t.Context(), p[1], g.ID))
	f.finish(g, races...)
	require.Equal(t, []string{"pending_registration " + races[0]}, f.namesOf(p[0]))
	require.Empty(t, f.namesOf(p[1]), "whoever left earns nothing")
}

func TestASuccessorIsNeitherPromotedNorAFounder(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	p := f.addUsers(3)
	g, races := f.running(root, p[:2]...)
	require.NoError(t, f.s.Leave(t.Context(), p[1], g.ID))
	f.replace(g, p[1], p[2])
	f.finish(g, races...)
	require.Equal(t, []string{"pending_registration " + races[0]}, f.namesOf(p[0]))
	require.Empty(t, f.namesOf(p[1]))
	require.Empty(t, f.namesOf(p[2]))
	alone, races := f.running(root, p[0])
	_, err := f.s.Remove(t.Context(), root, alone.ID, p[0])
	require.NoError(t, err)
	f.replace(alone, p[0], p[2])
	f.finish(alone, races...)
	require.Empty(t, f.namesOf(p[2]))
}

func TestAGameWithoutABaselinePromotesNobody(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	p := f.addUsers(2)
	g, races := f.starting(root, p...)
	f.observe(g.ID, "running") // without the engine's status
	f.finish(f.game(g.ID), races...)
	require.Empty(t, f.namesOf(p[0]))
}

func TestACancelledGamePromotesNobody(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	p := f.addUsers(2)
	g, races := f.running(root, p...)
	require.NoError(t, f.record(TurnRecord{GameID: g.ID, Turn: 20, At: noon, Races: activeRaces(5, races...)}))
	f.move(root, g.ID, ForceStop)
	require.Empty(t, f.namesOf(p[0]))
	require.Zero(t, f.count(`SELECT count(*) FROM race_name_keys`))
}
