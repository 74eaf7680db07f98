package conformance_test

import (
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"galaxy/backend/cmd/engine/conformance"
	enginev1 "galaxy/backend/proto/engine/v1"
)

// quitting takes three turns, and can be taken back.
func (f *fixture) quitting(t *testing.T) {
	f.execute(t, dog, enginev1.QuitGame(dog))
	cancel := enginev1.QuitGame(dog)
	cancel.Cancel = true
	require.Equal(t, enginev1.CommandApplied, f.execute(t, dog, cancel).Status)
	require.Equal(t, enginev1.RaceActive, f.race(t, dog).State)
	f.execute(t, dog, enginev1.QuitGame(dog))
	for range 2 {
		f.nextTurn(t)
		require.Equal(t, enginev1.RaceQuitting, f.race(t, dog).State)
	}
	turn := f.nextTurn(t)
	require.Contains(t, turn.Events, enginev1.Event{Type: enginev1.EventRaceQuit, Turn: f.turn, Race: dog})
	require.Equal(t, enginev1.RaceQuit, f.race(t, dog).State)
	require.Zero(t, f.race(t, dog).Planets)
	f.For(t).Put(enginev1.PathOrder, f.list(dog)).Refused(409, enginev1.CodeRaceInactive)
}

func (f *fixture) play(t *testing.T) {
	for range 8 {
		turn := f.playRound(t)
		require.False(t, turn.Status.Finished)
	}
	require.Greater(t, len(f.report(t, bee).LocalPlanets), 3, "the bot has settled something")
	f.requirePastReports(t)
}

// requirePastReports checks that the report of an earlier turn has not changed.
func (f *fixture) requirePastReports(t *testing.T) {
	t.Helper()
	c, path := f.For(t), conformance.ReportPath(bee)
	current := f.report(t, bee)
	f.playRound(t)
	past := conformance.Into[enginev1.Report](c.Get(path+"&turn="+c.Get(path).Header.Get(enginev1.HeaderTurn)), 200)
	require.Equal(t, f.turn, past.Turn)
	past = conformance.Into[enginev1.Report](c.Get(path+"&turn="+strconv.Itoa(current.Turn)), 200)
	require.Equal(t, current.LocalPlanets, past.LocalPlanets)
	require.Equal(t, current.Groups, past.Groups)
	require.Equal(t, current.OtherGroups, past.OtherGroups)
	first := c.Get(path + "&turn=" + strconv.Itoa(current.Turn))
	require.Equal(t, 304, c.With("If-None-Match", first.Header.Get("ETag")).Get(path+"&turn="+strconv.Itoa(current.Turn)).Status)
}

func (f *fixture) banish(t *testing.T) {
	c := f.For(t)
	request := enginev1.BanishRequest{RaceName: cat, Reason: "membership_blocked"}
	first := conformance.Into[enginev1.BanishResponse](c.Post(enginev1.PathBanish, request), 200)
	require.Equal(t, enginev1.RaceBanished, first.State)
	require.False(t, first.Replayed)
	require.Positive(t, first.PlanetsReleased)
	require.Equal(t, enginev1.RaceBanished, f.race(t, cat).State, "at once")
	require.Zero(t, f.race(t, cat).Ships)
	again := conformance.Into[enginev1.BanishResponse](c.Post(enginev1.PathBanish, request), 200)
	require.True(t, again.Replayed)
	require.Equal(t, first.PlanetsReleased, again.PlanetsReleased)
	gone := conformance.Into[enginev1.BanishResponse](c.Post(enginev1.PathBanish, enginev1.BanishRequest{RaceName: dog}), 200)
	require.Equal(t, enginev1.RaceQuit, gone.State, "a race that is out of play keeps its state")
	c.Post(enginev1.PathBanish, enginev1.BanishRequest{RaceName: "Eel"}).Refused(404, enginev1.CodeRaceNotFound)
	c.Put(enginev1.PathOrder, f.list(cat)).Refused(409, enginev1.CodeRaceInactive)
	c.Put(enginev1.PathCommand, f.command(cat, enginev1.QuitGame(cat))).Refused(409, enginev1.CodeRaceInactive)
	require.Empty(t, f.report(t, cat).LocalPlanets, "its reports stay readable")
	turn := f.playRound(t)
	require.True(t, slices.ContainsFunc(turn.Events, func(e enginev1.Event) bool {
		return e.Type == enginev1.EventRaceBanished && e.Race == cat
	}))
}

func (f *fixture) end(t *testing.T) {
	var turn enginev1.TurnResponse
	for f.turn < initRequest().Options.MaxTurns {
		if turn = f.playRound(t); turn.Status.Finished {
			break
		}
	}
	require.Equal(t, enginev1.StateFinished, turn.Status.State, "at the turn limit at the latest")
	result := turn.Status.Result
	require.Len(t, result.Ranking, 4)
	require.Equal(t, 1, result.Ranking[0].Place)
	require.NotEmpty(t, result.Winners)
	require.Equal(t, enginev1.EventGameFinished, turn.Events[len(turn.Events)-1].Type)
	require.Equal(t, result.Reason, turn.Events[len(turn.Events)-1].Reason)
	c := f.For(t)
	c.Put(enginev1.PathTurn, enginev1.TurnRequest{Turn: f.turn + 1}).Refused(409, enginev1.CodeGameFinished)
	replay := conformance.Into[enginev1.TurnResponse](c.Put(enginev1.PathTurn, enginev1.TurnRequest{Turn: f.turn}), 200)
	require.True(t, replay.Replayed)
	require.Equal(t, turn.Status, replay.Status)
	c.Put(enginev1.PathOrder, f.list(ant)).Refused(409, enginev1.CodeGameFinished)
	c.Put(enginev1.PathCommand, f.command(ant, enginev1.QuitGame(ant))).Refused(409, enginev1.CodeGameFinished)
	c.Post(enginev1.PathBanish, enginev1.BanishRequest{RaceName: ant}).Refused(409, enginev1.CodeGameFinished)
	conformance.Into[enginev1.Status](c.Post(enginev1.PathInit, initRequest()), 200)
	for _, race := range []string{ant, bee, cat, dog} {
		r := f.report(t, race)
		require.True(t, r.Finished)
		require.Equal(t, result, r.Result)
	}
}
