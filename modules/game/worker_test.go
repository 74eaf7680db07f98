package game

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/notification"
	"galaxy/backend/modules/runtime"
)

// stopSweeper leaves the passes to the test.
func (f *fixture) stopSweeper() {
	f.Helper()
	require.NoError(f, f.sweeper.Stop(f.Context()))
}

func TestTheSweeperEndsEnrollments(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	p := f.addUsers(3)
	soon := noon.Add(time.Hour)
	deadline := func(n *NewGame) { n.EnrollmentEndsAt = &soon }
	enough, few, later := f.opened(root, deadline), f.opened(root, deadline), f.opened(root)
	f.enrollAll(enough, p[0], p[1])
	f.enrollAll(few, p[2])
	f.clock.Set(soon.Add(-time.Microsecond))
	f.sweep()
	require.Equal(t, EnrollmentOpen, f.game(enough.ID).State)
	f.clock.Set(soon)
	f.sweep()
	require.Equal(t, ReadyToStart, f.game(enough.ID).State)
	require.Equal(t, Cancelled, f.game(few.ID).State)
	require.Equal(t, EnrollmentOpen, f.game(later.ID).State)
	require.ElementsMatch(t, []string{EnrollmentClosed, EnrollmentCancelled}, f.observer.enrollmentEnds())
	told := f.intents.SentTo(p[2], notification.KindGameCancelled)
	require.Equal(t, "not_enough_players", told[0].Payload.(notification.GameCancelled).Reason)
	require.Empty(t, f.namesOf(p[2]))
}

func TestAFullGameMayStartByItself(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.stopSweeper()
	p := f.addUsers(2)
	full := f.opened(root, func(n *NewGame) { n.MaxPlayers, n.StartWhenFull = 2, true })
	waits := f.opened(root, func(n *NewGame) { n.MaxPlayers = 2 })
	f.enroll(waits, p[0], "Zorg")
	f.enroll(waits, p[1], "Vogon")
	f.enroll(full, p[0], "Zorg")
	f.sweep()
	require.Equal(t, EnrollmentOpen, f.game(full.ID).State, "a seat is free")
	f.enroll(full, p[1], "Vogon")
	f.sweep()
	require.Equal(t, Starting, f.game(full.ID).State)
	require.Equal(t, EnrollmentOpen, f.game(waits.ID).State, "nobody asked for that")
	f.sweep()
	require.Len(t, f.launcher.Starts(), 1)
	require.Equal(t, runtime.System, f.launcher.Starts()[0].By)
}

func TestTheLastMemberWakesTheSweeper(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	p := f.addUsers(2)
	g := f.opened(root, func(n *NewGame) { n.MaxPlayers, n.StartWhenFull = 2, true })
	f.enrollAll(g, p...)
	require.Eventually(t, func() bool { return len(f.launcher.Starts()) == 1 }, time.Minute, time.Millisecond)
	f.stopSweeper() // its pass is over, and so is what follows its commits
	require.Equal(t, Starting, f.game(g.ID).State)
}

func TestAStartThatIsRefusedLeavesAGameToBeStartedByHand(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.stopSweeper()
	p := f.addUsers(2)
	g := f.opened(root, func(n *NewGame) { n.MaxPlayers, n.StartWhenFull = 2, true })
	f.launcher.FailWith(errBroken)
	f.enrollAll(g, p...)
	f.sweep()
	require.Equal(t, ReadyToStart, f.game(g.ID).State, "the enrollment is over all the same")
	f.launcher.FailWith(nil)
	f.sweep()
	require.Equal(t, Starting, f.game(g.ID).State, "and it is tried again")
}

func TestAGameThatCannotBeSettledDelaysNobody(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	soon := noon.Add(time.Hour)
	deadline := func(n *NewGame) { n.EnrollmentEndsAt = &soon }
	bad, good := f.opened(root, deadline), f.opened(root, deadline)
	f.exec(`ALTER TABLE games ADD CONSTRAINT test_refuses CHECK (game_id <> '` + bad.ID.String() + `') NOT VALID`)
	f.clock.Set(soon)
	again, err := f.sweeper.RunOnce(t.Context())
	require.NoError(t, err)
	require.False(t, again)
	require.Equal(t, EnrollmentOpen, f.game(bad.ID).State)
	require.Equal(t, Cancelled, f.game(good.ID).State)
}

func TestOnePassSettlesABatchAndAsksForTheNext(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	soon := noon.Add(time.Hour)
	for i := range sweepBatch + 1 {
		f.opened(root, numbered("game %d", i), func(n *NewGame) { n.EnrollmentEndsAt = &soon })
	}
	f.clock.Set(soon)
	left := func() int { return f.count(`SELECT count(*) FROM games WHERE state = 'enrollment_open'`) }
	again, err := f.sweeper.RunOnce(t.Context())
	require.NoError(t, err)
	require.Equal(t, []any{true, 1}, []any{again, left()})
	again, err = f.sweeper.RunOnce(t.Context())
	require.NoError(t, err)
	require.Equal(t, []any{false, 0}, []any{again, left()})
}

func TestTheEngineOfAFinishedGameStaysUpForItsLastReports(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g, races := f.running(root, f.addUsers(2)...)
	g = f.finish(g, races...)
	f.clock.Set(g.FinishedAt.Add(engineTTL - time.Minute))
	f.sweep()
	require.Empty(t, f.launcher.Stops())
	f.clock.Set(g.FinishedAt.Add(engineTTL))
	f.sweep()
	require.Len(t, f.launcher.Stops(), 1)
	require.Equal(t, []any{g.ID, runtime.System}, []any{f.launcher.Stops()[0].GameID, f.launcher.Stops()[0].By})
	f.observe(g.ID, runtime.Stopped)
	f.sweep()
	require.Len(t, f.launcher.Stops(), 1, "an engine that is down is left alone")
	require.Equal(t, Finished, f.game(g.ID).State)
}

func TestAnEngineThatCannotBeStoppedIsTriedAgain(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g, races := f.running(root, f.addUsers(2)...)
	f.finish(g, races...)
	f.clock.Advance(engineTTL)
	f.launcher.FailWith(errBroken)
	f.sweep()
	f.launcher.FailWith(nil)
	require.Empty(t, f.launcher.Stops())
	f.sweep()
	require.Len(t, f.launcher.Stops(), 1)
}

func TestWhatChangedSinceTheSweeperLookedIsLeftAlone(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	soon := noon.Add(time.Hour)
	g := f.opened(root, func(n *NewGame) { n.EnrollmentEndsAt = &soon })
	cancelled := f.move(root, f.opened(root).ID, Cancel)
	before := f.fingerprint()
	for _, id := range []uuid.UUID{g.ID, cancelled.ID} {
		require.NoError(t, f.s.settleEnrollment(t.Context(), id))
		require.NoError(t, f.s.stopEngine(t.Context(), id))
	}
	require.ErrorIs(t, f.s.settleEnrollment(t.Context(), unknownGame), ErrNotFound)
	require.Equal(t, before, f.fingerprint())
	require.Empty(t, f.launcher.Stops())
}
