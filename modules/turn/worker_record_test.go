package turn

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/engine"
	"galaxy/backend/modules/game"
	"galaxy/backend/modules/notification"
	"galaxy/backend/modules/turn/pace"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/schedule"
	enginev1 "galaxy/backend/proto/engine/v1"
)

// A crash can come at any of these; each but the first leaves an engine that is
// ahead.
func TestTurnIsRecordedOnceWhateverIsLost(t *testing.T) {
	t.Parallel()
	for name, lose := range map[string]func(games *fakeGames, e *fakeEngineGame){
		"the request":               func(_ *fakeGames, e *fakeEngineGame) { e.failBefore = engine.ErrUnreachable },
		"the answer":                func(_ *fakeGames, e *fakeEngineGame) { e.failAfter = engine.ErrUnreachable },
		"the transaction":           func(g *fakeGames, _ *fakeEngineGame) { g.failRecord = errors.New("connection lost") },
		"the outcome of the commit": func(g *fakeGames, _ *fakeEngineGame) { g.failRecord = pg.ErrOutcomeUnknown },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			g := f.startGame(hourly(), 2)
			f.submitAll(g)
			lose(f.games, f.engine.game(g.ID))
			f.clock.Advance(time.Hour)
			f.run()
			require.Equal(t, 0, f.clockOf(g).Turn, "not recorded yet")
			require.Empty(t, f.notifier.Intents(notification.KindGameTurnReady))
			require.Equal(t, RunQueued, f.runsOf(g)[0].Status)
			require.NotEmpty(t, f.runsOf(g)[0].ErrorCode)
			f.clock.Advance(time.Minute)
			f.run()
			require.Equal(t, 1, f.clockOf(g).Turn)
			require.Equal(t, map[int]int{1: 1}, f.engine.game(g.ID).generated, "generated once")
			require.Equal(t, 1, f.notifier.Count(notification.KindGameTurnReady))
			require.Len(t, f.games.recorded, 1)
			require.Len(t, f.runsOf(g), 1)
		})
	}
}

func TestLastTurnEndsTheGame(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.startGame(hourly(), 2)
	f.engine.game(g.ID).endsAt = 1
	f.submitAll(g)
	f.clock.Advance(time.Hour)
	f.run()
	c := f.clockOf(g)
	require.Equal(t, pace.Stopped, c.Status)
	require.Nil(t, c.NextTurnAt)
	require.True(t, f.games.recorded[0].Finished)
	require.Nil(t, f.games.recorded[0].NextTurnAt)
	over := f.notifier.Intents(notification.KindGameFinished)
	require.Len(t, over, 1)
	require.Equal(t, notification.GameFinished{
		GameRef: g.Ref(), Turn: 1, Winners: notification.RaceNames{"Race0"},
	}, over[0].Payload)
	require.Empty(t, f.submissionsOf(g))
	f.clock.Advance(24 * time.Hour)
	f.run()
	require.Equal(t, map[int]int{1: 1}, f.engine.game(g.ID).requested)
}

func TestPauseWhileTheEngineWorksLeavesTheTurnForLater(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.startGame(hourly(), 1)
	f.submitAll(g)
	f.engine.game(g.ID).during = func() { f.setState(g, game.Paused, game.EventPaused) }
	f.clock.Advance(time.Hour)
	f.run()
	require.Equal(t, 0, f.clockOf(g).Turn)
	require.Equal(t, "game_paused", f.runsOf(g)[0].ErrorCode)
	f.clock.Advance(72 * time.Hour)
	f.setState(g, game.Running, game.EventResumed)
	f.run()
	require.Equal(t, 1, f.clockOf(g).Turn)
	require.Equal(t, map[int]int{1: 1}, f.engine.game(g.ID).generated)
	require.Equal(t, 1, f.notifier.Count(notification.KindGameTurnReady))
}

// An early turn is overtaken by a pause. The deadline had not come, but its
// engine is ahead: waiting would lock the players out.
func TestEarlyTurnOvertakenByAPauseIsDueOnResume(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.startGame(hourly(), 1)
	f.submitAll(g)
	_, err := f.service.Advance(t.Context(), g.ID, false)
	require.NoError(t, err)
	f.engine.game(g.ID).during = func() { f.setState(g, game.Paused, game.EventPaused) }
	f.run()
	require.Equal(t, 0, f.clockOf(g).Turn)
	require.Zero(t, *f.clockOf(g).PauseRemaining)
	f.setState(g, game.Running, game.EventResumed)
	f.run()
	require.Equal(t, 1, f.clockOf(g).Turn)
	require.Equal(t, map[int]int{1: 1}, f.engine.game(g.ID).generated)
}

func TestGameThatEverybodyMissedPauses(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.startGame(hourly(), 2)
	f.clock.Advance(time.Hour)
	f.run()
	require.Equal(t, 1, f.clockOf(g).Turn)
	require.Equal(t, game.AllMissed, f.games.game(g.ID).PauseReason)
	require.Equal(t, time.Hour, *f.clockOf(g).PauseRemaining)

	other := f.startGame(hourly(), 2)
	f.makeTurn(other)
	require.Equal(t, 1, f.clockOf(other).Turn)
	require.Equal(t, game.Running, f.games.game(other.ID).State, "an operator's turn pauses nothing")
}

func TestGameThatNobodyPlaysAnyMorePauses(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.startGame(hourly(), 2)
	for i := range 2 {
		f.games.changeMember(g.ID, i, func(s *game.Membership) { s.Status = game.Removed })
	}
	f.clock.Advance(time.Hour)
	f.run()
	require.Equal(t, game.AllMissed, f.games.game(g.ID).PauseReason)
}

func TestIdleRacesAreNotWaitedForAndTheirSeatsBecomeFree(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	turns := hourly()
	turns.IdleAfter, turns.VacateAfter, turns.EarlyWhenReady = 1, 2, true
	g := f.startGame(turns, 2)
	f.submit(g, 0)
	f.clock.Advance(time.Hour)
	f.run()
	r, err := f.service.Ready(t.Context(), g.ID, f.user(g, 0), 1)
	require.NoError(t, err)
	require.Equal(t, Readiness{Turn: 1, Ready: true, Awaited: 1, NotReady: 0}, r)
	f.run()
	require.Equal(t, 2, f.clockOf(g).Turn, "nobody waits for the idle race")
	require.True(t, f.games.members(g.ID)[1].Vacant)

	f.submit(g, 1)
	require.False(t, f.games.members(g.ID)[1].Vacant, "coming back takes the seat back")
	r, err = f.service.Ready(t.Context(), g.ID, f.user(g, 0), 2)
	require.NoError(t, err)
	require.Equal(t, Readiness{Turn: 2, Ready: true, Awaited: 2, NotReady: 1}, r)
}

func TestAnnouncementNamesTheRacesThatWentOutOfPlay(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.startGame(hourly(), 2)
	f.engine.game(g.ID).events = []enginev1.Event{
		{Type: enginev1.EventRaceEliminated, Race: "Race0"}, {Type: enginev1.EventRaceQuit, Race: "Race1"},
		{Type: enginev1.EventRaceIdleRemoved, Race: "Race2"}, {Type: "planet_colonized", Race: "Race3"},
	}
	f.makeTurn(g)
	next := noon.Add(time.Hour)
	want := notification.GameTurnReady{
		GameRef: g.Ref(), Turn: 1, NextTurnAt: &next, Eliminated: notification.RaceNames{"Race0", "Race1", "Race2"},
	}
	require.Equal(t, want, f.notifier.Intents(notification.KindGameTurnReady)[0].Payload)
	f.engine.game(g.ID).events = nil
	f.makeTurn(g)
	want.Turn, want.Eliminated = 2, nil
	require.Equal(t, want, f.notifier.Intents(notification.KindGameTurnReady)[1].Payload)
}

func TestTurnOfAManualGameHasNoDeadlineToAnnounce(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.startGame(schedule.Settings{Mode: schedule.Manual}, 1)
	f.makeTurn(g)
	in := f.notifier.Intents(notification.KindGameTurnReady)[0]
	require.Equal(t, notification.GameTurnReady{GameRef: g.Ref(), Turn: 1}, in.Payload)
	require.Nil(t, f.games.recorded[0].NextTurnAt)
}

func TestTurnThatNobodyIsToldOfIsRecordedAllTheSame(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.startGame(hourly(), 1)
	f.games.changeMember(g.ID, 0, func(s *game.Membership) { s.Status = game.Removed })
	f.makeTurn(g)
	require.Equal(t, 1, f.clockOf(g).Turn)
	require.Empty(t, f.notifier.Intents(notification.KindGameTurnReady))
	require.Empty(t, f.submissionsOf(g))
}

func TestRecordHoldsWhatTheEngineSaysOfEachRace(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.startGame(hourly(), 2)
	f.engine.game(g.ID).races[1] = enginev1.RaceStatus{
		RaceName: "Race1", State: enginev1.RaceQuitting, Planets: 5, Ships: 7, Population: 1.5, Industry: 2.5, Votes: 3.5,
	}
	f.makeTurn(g)
	require.Equal(t, game.RaceStats{
		RaceName: "Race1", State: "quitting", Planets: 5, Ships: 7, Population: 1.5, Industry: 2.5, Votes: 3.5, IdleTurns: 1,
	}, f.games.recorded[0].Races[1])
	require.Equal(t, noon, f.games.recorded[0].At)
}

// Whatever fails in the transaction of a turn, none of it is kept.
func TestTurnIsRecordedWholeOrNotAtAll(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.startGame(hourly(), 1)
	f.submitAll(g)
	f.games.failRecord = errors.New("connection lost")
	f.makeTurn(g)
	require.Equal(t, map[string]string{"Race0": ""}, f.outcomes(g, 0))
	require.Empty(t, f.outcomes(g, 1))
	require.Equal(t, noon.Add(time.Hour), *f.clockOf(g).NextTurnAt)
	require.Equal(t, 0, *f.runsOf(g)[0].EngineBefore, "the failure is recorded by itself")
}

func TestFinishedGameWithoutAResultHasNoWinners(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.startGame(hourly(), 1)
	f.engine.game(g.ID).endsAt, f.engine.game(g.ID).noResult = 1, true
	f.makeTurn(g)
	require.Equal(t, game.Finished, f.games.game(g.ID).State)
	in := f.notifier.Intents(notification.KindGameFinished)[0]
	require.Equal(t, notification.GameFinished{GameRef: g.Ref(), Turn: 1}, in.Payload)
}
