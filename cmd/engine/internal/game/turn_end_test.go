package game

import (
	"testing"

	"github.com/stretchr/testify/require"

	enginev1 "galaxy/backend/proto/engine/v1"
)

func TestTwoThirdsOfTheVotesWin(t *testing.T) {
	t.Parallel()
	for third, want := range map[float64]bool{1000: true, 1001: false} {
		f := newFixture(t, 2, home(0, 0), home(0, 20), home(1, 100))
		f.config.Request.Options.VoteShare = new(0.666667)
		p := &f.state.Planets[2]
		p.Size, p.Population = third, third
		f.nextTurn()
		require.Equal(t, want, f.state.Result != nil, third)
		if want {
			require.Equal(t, enginev1.ResultVoteMajority, f.state.Result.Reason)
			require.Equal(t, []string{"A"}, f.state.Result.Winners)
			require.Equal(t, []enginev1.RankEntry{
				{Place: 1, Race: "A", State: enginev1.RaceActive, Votes: 2, Planets: 2},
				{Place: 2, Race: "B", State: enginev1.RaceActive, Votes: 1, Planets: 1},
			}, f.state.Result.Ranking)
		}
	}
}

func TestHalfOfTheVotesCanBeReachedByTwo(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 2, home(0, 0), home(1, 100))
	f.config.Request.Options.VoteShare = new(0.5)
	f.nextTurn()
	require.Equal(t, enginev1.ResultVoteMajority, f.state.Result.Reason)
	require.Equal(t, []string{"A", "B"}, f.state.Result.Winners)
}

func TestLastRaceWins(t *testing.T) {
	t.Parallel()
	for _, wins := range []bool{true, false} {
		f := newFixture(t, 2, home(0, 0), free(50, 10))
		f.config.Request.Options.LastRaceWins = &wins
		turn := f.nextTurn()
		require.Equal(t, enginev1.EventGameFinished, turn.Events[len(turn.Events)-1].Type)
		if wins {
			require.Equal(t, enginev1.ResultLastRace, f.state.Result.Reason)
		} else {
			require.Equal(t, enginev1.ResultVoteMajority, f.state.Result.Reason, "a single race has all votes")
		}
		require.Equal(t, []string{"A"}, f.state.Result.Winners)
	}
}

func TestTurnLimitRanksTheRaces(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 3, home(0, 0), home(1, 50), home(2, 100))
	f.config.Request.Options.MaxTurns = 3
	f.state.Planets[1].Size, f.state.Planets[1].Population = 900, 900
	f.state.Planets[1].Industry = 900
	f.nextTurn()
	require.Nil(t, f.state.Result)
	f.nextTurn()
	require.Equal(t, enginev1.ResultTurnLimit, f.state.Result.Reason)
	require.Equal(t, []string{"A", "C"}, f.state.Result.Winners, "equal races share the first place")
	require.Equal(t, 3, f.state.Result.Ranking[2].Place)
}

func TestNobodyLeftEndsTheGame(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 2, free(0, 100))
	f.nextTurn()
	require.Equal(t, enginev1.ResultNoSurvivors, f.state.Result.Reason)
	require.Equal(t, []string{}, f.state.Result.Winners)
}

func TestASingleRacePlaysToItsTurnLimit(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1, home(0, 0))
	f.config.Request.Options.MaxTurns = 3
	f.config.Request.Options.VoteShare = new(0.5)
	f.nextTurn()
	require.Nil(t, f.state.Result)
	f.nextTurn()
	require.Equal(t, enginev1.ResultTurnLimit, f.state.Result.Reason)
}

func TestIdleRacesAreWarnedAndRemoved(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 3, home(0, 0), home(1, 50), home(2, 100))
	f.config.Request.Options.IdleTurnLimit = new(6)
	f.addGroup(0, 1, 3, "Scout", scout())
	active := []enginev1.Order{}
	var told []enginev1.EventType
	for n := 1; n <= 6; n++ {
		turn := f.nextTurn(nil, active, active)
		told = append(told, types(turn)...)
		own, other := f.report(turn, 0).Events, f.report(turn, 1).Events
		switch n {
		case 1:
			require.Len(t, own, 1, "the race itself is warned 5 turns before")
			require.Empty(t, other)
		case 3:
			require.Len(t, own, 1, "everybody is told 3 turns before")
			require.Len(t, other, 1)
		}
	}
	require.Equal(t, []enginev1.EventType{
		enginev1.EventRaceIdleWarning, enginev1.EventRaceIdleWarning, enginev1.EventRaceIdleRemoved,
	}, told)
	require.Equal(t, enginev1.RaceIdleRemoved, f.state.Races[0].State)
	require.Equal(t, nobody, f.state.Planets[0].Owner)
	require.Empty(t, f.state.Groups)
	require.Zero(t, f.state.Races[1].Idle)
}

func TestIdleTurnsAreCountedWithoutALimit(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 2, home(0, 0), home(1, 100))
	for range 30 {
		require.Empty(t, f.nextTurn().Events)
	}
	require.Equal(t, 30, f.state.Races[0].Idle)
	Command(f.config, f.state, 0, enginev1.SetRelation("B", enginev1.War)) // changes nothing, but shows presence
	f.nextTurn(nil, []enginev1.Order{})
	require.Zero(t, f.state.Races[0].Idle)
	require.Zero(t, f.state.Races[1].Idle)
}

func TestQuittingTakesThreeTurns(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 3, home(0, 0), home(1, 50), home(2, 100))
	require.Equal(t, enginev1.CommandApplied, Command(f.config, f.state, 0, enginev1.QuitGame("A")))
	require.Equal(t, enginev1.CommandUnchanged, Command(f.config, f.state, 0, enginev1.QuitGame("A")))
	f.nextTurn()
	f.nextTurn()
	require.Equal(t, enginev1.RaceQuitting, f.state.Races[0].State)
	turn := f.nextTurn()
	require.Equal(t, enginev1.RaceQuit, f.state.Races[0].State)
	require.Equal(t, []enginev1.EventType{enginev1.EventRaceQuit}, types(turn))
	require.Equal(t, nobody, f.state.Planets[0].Owner)
}

func TestAnyOrderOrCommandTakesAQuitBack(t *testing.T) {
	t.Parallel()
	cancel := enginev1.QuitGame("A")
	cancel.Cancel = true
	for name, act := range map[string]func(*fixture){
		"order list": func(f *fixture) { CancelQuit(f.state, 0) },
		"command":    func(f *fixture) { Command(f.config, f.state, 0, enginev1.SetRelation("B", enginev1.Peace)) },
		"cancel":     func(f *fixture) { Command(f.config, f.state, 0, cancel) },
	} {
		f := newFixture(t, 2, home(0, 0), home(1, 50))
		Command(f.config, f.state, 0, enginev1.QuitGame("A"))
		f.nextTurn()
		require.Equal(t, 2, f.state.Races[0].Countdown, name)
		act(f)
		require.Equal(t, enginev1.RaceActive, f.state.Races[0].State, name)
		Command(f.config, f.state, 0, enginev1.QuitGame("A"))
		require.Equal(t, quitCountdown, f.state.Races[0].Countdown, name)
	}
}

func TestBanishedRaceVanishesAtOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 3, home(0, 0), home(1, 50), home(1, 60), home(2, 100))
	f.state.Planets[1].Materials = 9
	f.addGroup(1, 1, 4, "Scout", scout())
	Banish(f.config, f.state, 1)
	require.NoError(t, f.state.Check())
	require.Equal(t, enginev1.RaceBanished, f.state.Races[1].State)
	require.Equal(t, 2, f.state.Races[1].Released)
	require.Equal(t, 4, f.state.Races[1].Removed)
	require.InDelta(t, 9, f.state.Planets[1].Materials, 1e-9)
	again := f.state.Clone()
	Banish(f.config, f.state, 1)
	require.Equal(t, again, f.state)
	turn := f.nextTurn(nil, []enginev1.Order{enginev1.Rename(2, "Mine")})
	require.Equal(t, enginev1.Event{Type: enginev1.EventRaceBanished, Turn: 1, Race: "B"}, turn.Events[0].Event)
	require.Empty(t, turn.State.Races[1].Results, "the list of a banished race is not run")
	require.Empty(t, f.nextTurn().Events, "told once")
}
