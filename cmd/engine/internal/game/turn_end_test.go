package game

import (
	"testing"

	"github.com/stretchr/testify/require"

	enginev1 "galaxy/backend/proto/engine/v1"
)

func TestTwoThirdsOfTheVotesWin(t *testing.T) {
	t.Parallel()
	for third, want := range map[float64]bool{1000: true, 1001: false} {
		w := newWorld(t, 2, home(0, 0), home(0, 20), home(1, 100))
		w.c.Request.Options.VoteShare = new(0.666667)
		p := &w.s.Planets[2]
		p.Size, p.Population = third, third
		w.turn()
		require.Equal(t, want, w.s.Result != nil, third)
		if want {
			require.Equal(t, enginev1.ResultVoteMajority, w.s.Result.Reason)
			require.Equal(t, []string{"A"}, w.s.Result.Winners)
			require.Equal(t, []enginev1.RankEntry{
				{Place: 1, Race: "A", State: enginev1.RaceActive, Votes: 2, Planets: 2},
				{Place: 2, Race: "B", State: enginev1.RaceActive, Votes: 1, Planets: 1},
			}, w.s.Result.Ranking)
		}
	}
}

func TestHalfOfTheVotesCanBeReachedByTwo(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2, home(0, 0), home(1, 100))
	w.c.Request.Options.VoteShare = new(0.5)
	w.turn()
	require.Equal(t, enginev1.ResultVoteMajority, w.s.Result.Reason)
	require.Equal(t, []string{"A", "B"}, w.s.Result.Winners)
}

func TestLastRaceWins(t *testing.T) {
	t.Parallel()
	for _, wins := range []bool{true, false} {
		w := newWorld(t, 2, home(0, 0), free(50, 10))
		w.c.Request.Options.LastRaceWins = &wins
		turn := w.turn()
		require.Equal(t, enginev1.EventGameFinished, turn.Events[len(turn.Events)-1].Type)
		if wins {
			require.Equal(t, enginev1.ResultLastRace, w.s.Result.Reason)
		} else {
			require.Equal(t, enginev1.ResultVoteMajority, w.s.Result.Reason, "who is alone has all votes")
		}
		require.Equal(t, []string{"A"}, w.s.Result.Winners)
	}
}

func TestTurnLimitRanksTheRaces(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 3, home(0, 0), home(1, 50), home(2, 100))
	w.c.Request.Options.MaxTurns = 3
	w.s.Planets[1].Size, w.s.Planets[1].Population = 900, 900
	w.s.Planets[1].Industry = 900
	w.turn()
	require.Nil(t, w.s.Result)
	w.turn()
	require.Equal(t, enginev1.ResultTurnLimit, w.s.Result.Reason)
	require.Equal(t, []string{"A", "C"}, w.s.Result.Winners, "equal races share the first place")
	require.Equal(t, 3, w.s.Result.Ranking[2].Place)
}

func TestNobodyLeftEndsTheGame(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2, free(0, 100))
	w.turn()
	require.Equal(t, enginev1.ResultNoSurvivors, w.s.Result.Reason)
	require.Equal(t, []string{}, w.s.Result.Winners)
}

func TestASingleRacePlaysToItsTurnLimit(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, home(0, 0))
	w.c.Request.Options.MaxTurns = 3
	w.c.Request.Options.VoteShare = new(0.5)
	w.turn()
	require.Nil(t, w.s.Result)
	w.turn()
	require.Equal(t, enginev1.ResultTurnLimit, w.s.Result.Reason)
}

func TestIdleRacesAreWarnedAndRemoved(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 3, home(0, 0), home(1, 50), home(2, 100))
	w.c.Request.Options.IdleTurnLimit = new(6)
	w.group(0, 1, 3, "Scout", scout())
	active := []enginev1.Order{}
	var told []enginev1.EventType
	for n := 1; n <= 6; n++ {
		turn := w.turn(nil, active, active)
		told = append(told, types(turn)...)
		own, other := w.report(turn, 0).Events, w.report(turn, 1).Events
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
	require.Equal(t, enginev1.RaceIdleRemoved, w.s.Races[0].State)
	require.Equal(t, nobody, w.s.Planets[0].Owner)
	require.Empty(t, w.s.Groups)
	require.Zero(t, w.s.Races[1].Idle)
}

func TestIdleTurnsAreCountedWithoutALimit(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2, home(0, 0), home(1, 100))
	for range 30 {
		require.Empty(t, w.turn().Events)
	}
	require.Equal(t, 30, w.s.Races[0].Idle)
	Command(w.c, w.s, 0, enginev1.SetRelation("B", enginev1.War)) // changes nothing, but shows presence
	w.turn(nil, []enginev1.Order{})
	require.Zero(t, w.s.Races[0].Idle)
	require.Zero(t, w.s.Races[1].Idle)
}

func TestQuittingTakesThreeTurns(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 3, home(0, 0), home(1, 50), home(2, 100))
	require.Equal(t, enginev1.CommandApplied, Command(w.c, w.s, 0, enginev1.QuitGame("A")))
	require.Equal(t, enginev1.CommandUnchanged, Command(w.c, w.s, 0, enginev1.QuitGame("A")))
	w.turn()
	w.turn()
	require.Equal(t, enginev1.RaceQuitting, w.s.Races[0].State)
	turn := w.turn()
	require.Equal(t, enginev1.RaceQuit, w.s.Races[0].State)
	require.Equal(t, []enginev1.EventType{enginev1.EventRaceQuit}, types(turn))
	require.Equal(t, nobody, w.s.Planets[0].Owner)
}

func TestAnyOrderOrCommandTakesAQuitBack(t *testing.T) {
	t.Parallel()
	cancel := enginev1.QuitGame("A")
	cancel.Cancel = true
	for name, act := range map[string]func(*world){
		"order list": func(w *world) { Attend(w.s, 0) },
		"command":    func(w *world) { Command(w.c, w.s, 0, enginev1.SetRelation("B", enginev1.Peace)) },
		"cancel":     func(w *world) { Command(w.c, w.s, 0, cancel) },
	} {
		w := newWorld(t, 2, home(0, 0), home(1, 50))
		Command(w.c, w.s, 0, enginev1.QuitGame("A"))
		w.turn()
		require.Equal(t, 2, w.s.Races[0].Countdown, name)
		act(w)
		require.Equal(t, enginev1.RaceActive, w.s.Races[0].State, name)
		Command(w.c, w.s, 0, enginev1.QuitGame("A"))
		require.Equal(t, quitCountdown, w.s.Races[0].Countdown, name)
	}
}

func TestBanishedRaceVanishesAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 3, home(0, 0), home(1, 50), home(1, 60), home(2, 100))
	w.s.Planets[1].Materials = 9
	w.group(1, 1, 4, "Scout", scout())
	Banish(w.c, w.s, 1)
	require.NoError(t, w.s.Check())
	require.Equal(t, enginev1.RaceBanished, w.s.Races[1].State)
	require.Equal(t, 2, w.s.Races[1].Released)
	require.Equal(t, 4, w.s.Races[1].Removed)
	require.InDelta(t, 9, w.s.Planets[1].Materials, 1e-9)
	again := w.s.Clone()
	Banish(w.c, w.s, 1)
	require.Equal(t, again, w.s)
	turn := w.turn(nil, []enginev1.Order{enginev1.Rename(2, "Mine")})
	require.Equal(t, enginev1.Event{Type: enginev1.EventRaceBanished, Turn: 1, Race: "B"}, turn.Events[0].Event)
	require.Empty(t, turn.State.Races[1].Results, "the list of a banished race is not run")
	require.Empty(t, w.turn().Events, "told once")
}
