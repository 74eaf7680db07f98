package turn

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/engine"
	"galaxy/backend/modules/game"
)

func TestBlockedMembersRaceIsBanishedHoweverOftenItFails(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.startGame(hourly(), 2)
	f.engine.game(g.ID).failBefore = engine.ErrUnreachable
	f.notifyBlocked(g, "Race1")
	f.notifyBlocked(g, "Race1")
	f.run()
	require.Empty(t, f.engine.game(g.ID).banished)
	for range 3 {
		f.clock.Advance(5 * time.Minute)
		f.run()
	}
	require.Equal(t, []string{"Race1"}, f.engine.game(g.ID).banished)
	runs := f.runsOf(g)
	require.Len(t, runs, 1)
	require.Equal(t, KindBanish, runs[0].Kind)
	require.Equal(t, RunDone, runs[0].Status)
	require.Equal(t, CauseBlocked, runs[0].Cause)
	require.Equal(t, 0, *runs[0].Turn)
}

func TestTurnWaitsNoLongerForABanishedRace(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.startGame(earlyWhenReady(), 2)
	f.setReady(g, 0)
	_, err := f.service.Banish(t.Context(), g.ID, "Race1")
	require.NoError(t, err)
	f.run()
	require.Equal(t, 1, f.clockOf(g).Turn)
	_, err = f.service.Ready(t.Context(), g.ID, f.user(g, 1), 1)
	require.ErrorIs(t, err, ErrRaceInactive)
}

func TestMemberWhoWasBannedWhileTheEngineCameUpIsBanished(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.startGame(hourly(), 3)
	f.exec(`DELETE FROM turn_clocks WHERE game_id = $1`, g.ID) // as before it came up
	f.games.changeMember(g.ID, 0, func(s *game.Membership) { s.Founding, s.Status = true, game.Blocked })
	f.games.changeMember(g.ID, 1, func(s *game.Membership) { s.Founding, s.Status, s.Reason = true, game.Removed, "left" })
	f.notifyBlocked(g, "Race0") // there is no race yet
	f.run()
	require.Empty(t, f.engine.game(g.ID).banished)
	f.notify(g, game.EventStarted)
	f.run()
	require.Equal(t, []string{"Race0"}, f.engine.game(g.ID).banished)
}

// The engine will say the same again: a retry would change nothing.
func TestBanishmentThatTheEngineRefusesIsNotRepeated(t *testing.T) {
	t.Parallel()
	for code, refusal := range map[string]error{
		"race_not_found": engine.ErrRaceNotFound, "game_finished": engine.ErrGameFinished,
	} {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			g := f.startGame(earlyWhenReady(), 2)
			f.setReady(g, 0)
			f.engine.game(g.ID).failBefore = refusal
			f.notifyBlocked(g, "Race1")
			f.run()
			runs := f.runsOf(g)
			require.Equal(t, RunFailed, runs[len(runs)-1].Status)
			require.Equal(t, code, runs[len(runs)-1].ErrorCode)
			require.Nil(t, runs[len(runs)-1].Turn, "it never happened")
			require.Equal(t, 1, f.clockOf(g).Turn, "the turn waits for the race no longer")
		})
	}
}

func TestBanishmentGoesWithItsGame(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.startGame(hourly(), 2)
	f.leaser.take(g.ID)
	f.notifyBlocked(g, "Race1")
	f.run()
	f.setState(g, game.Finished, game.EventFinished)
	f.freeEngine(g)
	require.Empty(t, f.engine.game(g.ID).banished)
	require.Empty(t, f.runsOf(g))
}

func TestBanishmentOfARunnerWithoutItsClaimIsNotRecorded(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.startGame(hourly(), 2)
	f.notifyBlocked(g, "Race1")
	late := f.attempt(f.claim()[0])
	f.expireClaims()
	f.run()
	require.Equal(t, RunDone, f.runsOf(g)[0].Status)
	require.ErrorIs(t, f.runner.banish(t.Context(), late), errClaimLost)
	require.Equal(t, RunDone, f.runsOf(g)[0].Status)
}

// A turn and a banishment of the same game wait for one lease.
func TestBanishmentAndTurnOfAGameComeOneAfterTheOther(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.startGameWithWaitingRun(hourly())
	f.notifyBlocked(g, "Race1")
	f.freeEngine(g)
	for range 3 { // whichever lost the lease asks again
		f.clock.Advance(busyDelay)
		f.run()
	}
	require.Equal(t, []string{"Race1"}, f.engine.game(g.ID).banished)
	require.Equal(t, map[int]int{1: 1}, f.engine.game(g.ID).generated)
}
