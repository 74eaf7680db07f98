package runtime

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/engine"
	"galaxy/backend/modules/notification"
	"galaxy/backend/modules/runtime/driver"
	"galaxy/backend/modules/runtime/plan"
	"galaxy/backend/modules/runtime/registry"
	"galaxy/backend/platform/pg"
)

func TestADriverThatIsDownChangesNothing(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	running := b.running()
	b.driver.failing(fmt.Errorf("dial: %w", driver.ErrUnavailable), "inspect", "ensure", "pull", "list", "stop", "remove")
	waiting := b.start()
	for range 50 {
		b.later(time.Minute)
	}
	require.Equal(t, Running, b.record(running).Observed, "nothing is marked while nobody can be asked")
	r := b.record(waiting)
	require.Equal(t, Starting, r.Observed)
	require.Zero(t, r.Failures, "no attempt is counted")
	require.Equal(t, OpQueued, b.operation(*r.OperationID).Status, "it waits for its driver")
	_, err := b.c.reconcile(t.Context())
	require.NoError(t, err)
	require.Empty(t, b.heard.told())
	require.Empty(t, b.heard.notices)

	b.driver.failing(nil)
	b.later(driverRetry)
	require.Equal(t, Running, b.record(waiting).Observed)
}

func TestAnImageThatCannotBeHadIsToldOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.driver.failing(driver.ErrImageUnavailable, "pull")
	game := b.start()
	b.pass()
	for range 2 * plan.StartAttempts {
		b.later(time.Minute)
	}
	r := b.record(game)
	require.Equal(t, StartFailed, r.Observed)
	require.Equal(t, "image_pull_failed", r.LastCode)
	require.Equal(t, plan.StartAttempts, b.driver.count("pull"))
	require.Zero(t, b.driver.count("ensure"))
	require.Equal(t, []notification.Kind{notification.KindImagePullFailed}, b.heard.kinds())
	require.Equal(t, map[string]any{"game_id": game.String(), "image_ref": "galaxy/engine:1.2.3", "reason": r.LastError}, b.heard.notices[0].Payload)
	require.Equal(t, []string{"start_failed start"}, b.heard.told())
	require.Equal(t, "image_pull_failed", b.heard.changes[0].Error)
}

func TestSettingsThatTheDriverRefusesAreFinalAtOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.driver.failing(driver.ErrConfigInvalid, "ensure")
	id := b.ask(func(ctx context.Context, tx *pg.Tx) (uuid.UUID, error) { return b.s.Start(ctx, tx, b.spec(), User) })
	b.pass()
	o := b.operation(id)
	require.Equal(t, OpFailed, o.Status)
	require.Equal(t, "start_config_invalid", o.ErrorCode)
	require.Equal(t, 1, b.driver.count("ensure"))
	require.Equal(t, []notification.Kind{notification.KindStartConfigInvalid}, b.heard.kinds())
}

func TestALocalImageStandsInAndSaysSo(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.driver.pull = driver.PullResult{Fallback: errOut, Digest: "galaxy/engine@sha256:abc"}
	game := b.start()
	b.pass()
	r := b.record(game)
	require.Equal(t, Running, r.Observed)
	require.Empty(t, r.LastCode)
	require.Contains(t, r.LastError, "local one is used")
	v, err := b.s.Version(t.Context(), "1.2.3")
	require.NoError(t, err)
	require.Equal(t, "galaxy/engine@sha256:abc", v.Digest, "a digest is kept once resolved")
}

func TestABlockedVersionStartsNothing(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	_, _, err := b.s.Register(t.Context(), registry.NewVersion{Version: "2.0.0", ImageRef: "galaxy/engine:2.0.0"})
	require.NoError(t, err)
	_, err = b.s.ChooseVersion(t.Context(), "2.0.0")
	require.NoError(t, err)
	game := b.start() // on 1.2.3
	blocked := registry.Blocked
	_, err = b.s.ChangeVersion(t.Context(), "1.2.3", "patch", registry.Patch{Status: &blocked})
	require.NoError(t, err)
	b.pass()
	require.Equal(t, "engine_version_blocked", b.record(game).LastCode)
	require.Zero(t, b.driver.count("ensure"))
}

func TestACrashedEngineIsStartedAgainAndTheFourthCrashIsOneTooMany(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	game := b.running()
	dies := func() {
		b.driver.set(game, func(o *driver.Observed) { o.Phase, o.ExitCode, o.OOMKilled = driver.PhaseExited, 137, true })
		b.later(time.Minute)
	}
	for n := range plan.MaxRestarts {
		dies()
		r := b.record(game)
		require.Equal(t, Starting, r.Observed)
		require.Equal(t, n+1, r.Restarts)
		require.Equal(t, 137, *r.ExitCode)
		require.True(t, r.OOM)
		require.Zero(t, b.pass(), "a restart waits for its backoff")
		b.later(30 * time.Second)
		require.Equal(t, Running, b.record(game).Observed)
	}
	dies()
	r := b.record(game)
	require.Equal(t, Crashed, r.Observed)
	require.Equal(t, []notification.Kind{notification.KindContainerCrashed}, b.heard.kinds())
	require.Equal(t, 137, b.heard.notices[0].Payload["exit_code"])
	require.Equal(t, true, b.heard.notices[0].Payload["oom"])
	require.Equal(t, "crashed", b.heard.told()[len(b.heard.told())-1])
	require.Zero(t, b.later(time.Hour))
	require.Equal(t, 1, b.engines.inits)
}

func TestCrashesFarApartAreForgiven(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	game := b.running()
	for range 3 * plan.MaxRestarts {
		b.driver.set(game, func(o *driver.Observed) { o.Phase = driver.PhaseExited })
		b.later(plan.RestartWindow + time.Second)
		b.later(time.Minute)
		require.Equal(t, Running, b.record(game).Observed)
	}
	require.Empty(t, b.heard.notices)
}

func TestExitCodeZeroIsACrashToo(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	game := b.running()
	b.driver.set(game, func(o *driver.Observed) { o.Phase, o.ExitCode = driver.PhaseExited, 0 })
	b.later(time.Minute)
	require.Equal(t, 1, b.record(game).Restarts)
	b.later(time.Minute)
	require.Equal(t, Running, b.record(game).Observed)
}

func TestAMissingContainerIsToldAndMadeAnew(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	game := b.running()
	b.driver.mu.Lock()
	delete(b.driver.engines, game)
	b.driver.mu.Unlock()
	b.later(time.Minute)
	r := b.record(game)
	require.Equal(t, Running, r.Observed)
	require.Equal(t, "c2", r.ContainerID)
	require.Equal(t, []notification.Kind{notification.KindContainerMissing}, b.heard.kinds())
	require.Equal(t, []string{"removed", "starting", "running"}, b.heard.told())
	require.Equal(t, 1, b.engines.inits, "made from its state directory")
}

func TestAForeignContainerIsReportedAndLeftAlone(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	game := b.start()
	b.driver.set(game, func(o *driver.Observed) {
		*o = driver.Observed{GameID: game, Name: driver.Name(game), Phase: driver.PhaseRunning, Foreign: true, ContainerID: "theirs"}
	})
	b.pass()
	require.Equal(t, "container_foreign", b.record(game).LastCode)
	require.Zero(t, b.engines.probes[game], "it is never called")
	for _, verb := range []string{"stop", "remove", "ensure"} {
		require.Zero(t, b.driver.count(verb), verb)
	}
	require.Equal(t, []notification.Kind{notification.KindContainerForeign}, b.heard.kinds())

	b.want(b.s.Remove, game)
	b.pass()
	require.Equal(t, Removed, b.record(game).Observed)
	require.Len(t, b.driver.engines, 1)
}

func TestTheReconcilerReportsStrangersAndStopsWhatNobodyWants(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	game := b.running()
	b.want(b.s.Stop, game)
	b.pass()
	b.driver.set(game, func(o *driver.Observed) { o.Phase = driver.PhaseRunning }) // by hand
	b.driver.set(uuid.New(), func(o *driver.Observed) { o.Phase, o.Name, o.ContainerID = driver.PhaseRunning, "galaxy-game-x", "x1" })
	_, err := b.c.reconcile(t.Context())
	require.NoError(t, err)
	require.Equal(t, []notification.Kind{notification.KindContainerForeign}, b.heard.kinds())
	require.Equal(t, "container:x1", b.heard.notices[0].Key)
	require.Equal(t, 1, b.pass())
	require.Equal(t, driver.PhaseExited, b.driver.engines[game].Phase)
}

func TestAGhostOfALostAnswerIsAdopted(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	lost := true
	b.driver.after = func(verb string) error {
		if verb == "ensure" && lost {
			lost = false
			return driver.ErrUnavailable // it happened, and nobody said so
		}
		return nil
	}
	game := b.start()
	b.pass()
	require.Equal(t, Starting, b.record(game).Observed)
	b.later(driverRetry)
	require.Equal(t, Running, b.record(game).Observed)
	require.Equal(t, 1, b.driver.made)
}

// Every step is recorded in a transaction of its own. Here the record of one
// step after another is lost, as if the process had died between doing and
// recording, and whatever comes of it has to be as if nothing had happened.
func TestACrashAfterAnyStepIsRepeatable(t *testing.T) {
	t.Parallel()
	scenes := map[string]struct {
		prepare func(b *bench) uuid.UUID
		want    Observed
	}{
		"start":   {func(b *bench) uuid.UUID { return b.start() }, Running},
		"restart": {func(b *bench) uuid.UUID { g := b.running(); b.want(b.s.Restart, g); return g }, Running},
		"stop":    {func(b *bench) uuid.UUID { g := b.running(); b.want(b.s.Stop, g); return g }, Stopped},
		"remove":  {func(b *bench) uuid.UUID { g := b.running(); b.want(b.s.Remove, g); return g }, Removed},
	}
	for name, scene := range scenes {
		for crashAt := 1; ; crashAt++ {
			b := newBench(t)
			game := scene.prepare(b)
			if steps := crashingAt(b, crashAt); steps < crashAt {
				require.Greater(t, crashAt, 2, "%s has several steps", name)
				break // every one had its crash
			}
			r := b.record(game)
			require.Equal(t, scene.want, r.Observed, "%s, crash at step %d", name, crashAt)
			require.Nil(t, r.OperationID, "%s, crash at step %d", name, crashAt)
			require.LessOrEqual(t, len(b.driver.engines), 1)
			require.Len(t, b.engines.founded, 1)
			require.Empty(t, b.heard.notices)
			require.Len(t, b.heard.told(), 1, "observers heard once: %v", b.heard.told())
		}
	}
}

// crashingAt takes steps until all is quiet; the record of the n-th is lost. It
// returns how many steps there were.
func crashingAt(b *bench, n int) (steps int) {
	b.Helper()
	for round := 0; round < 3*maxSteps; round++ {
		b.clock.Advance(time.Second)
		claims, err := b.c.claim(b.Context(), 1)
		require.NoError(b, err)
		if len(claims) == 0 {
			return steps
		}
		for again := true; again; {
			if steps++; steps == n {
				b.loseStep(claims[0].Key)
				b.c.postpone(b.Context(), claims[0], ErrLeaseLost)
				break
			}
			again, err = b.c.step(b.Context(), claims[0])
			require.NoError(b, err)
		}
	}
	return steps
}

// loseStep does the next step and records nothing.
func (b *bench) loseStep(game uuid.UUID) {
	b.Helper()
	r := b.record(game)
	sight, err := b.c.look(b.Context(), r)
	require.NoError(b, err)
	m := &move{before: r, after: r, sight: sight}
	require.NoError(b, b.c.take(b.Context(), plan.Decide(r, sight, b.clock.Now()), m))
}

func TestAStateDirectoryThatIsALinkIsRefused(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.c.dirs = driver.NewStateDirs("/dev/null/nowhere")
	game := b.start()
	b.pass()
	r := b.record(game)
	require.Equal(t, "state_dir_unusable", r.LastCode)
	require.Equal(t, 1, r.Failures)
	require.Zero(t, b.driver.count("ensure"))
}

func TestOneGamesTroubleDelaysNoOther(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	sick := b.start()
	b.driver.after = func(string) error { return nil }
	b.driver.fails = func(verb string) error { return nil }
	b.c.driver = picky{b.driver, sick}
	var healthy []uuid.UUID
	for range 5 {
		healthy = append(healthy, b.start())
	}
	b.pass()
	for _, game := range healthy {
		require.Equal(t, Running, b.record(game).Observed)
	}
	require.Equal(t, Starting, b.record(sick).Observed)
}

// picky fails for one game.
type picky struct {
	*fakeDriver
	sick uuid.UUID
}

func (p picky) Inspect(ctx context.Context, game uuid.UUID) (driver.Observed, error) {
	if game == p.sick {
		return driver.Observed{}, errors.New("bad state of the container")
	}
	return p.fakeDriver.Inspect(ctx, game)
}

func TestAHungDriverCostsAWorkerNoLongerThanItsVerb(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	err := b.c.verb(t.Context(), "inspect", time.Nanosecond, func(ctx context.Context) error {
		<-ctx.Done()
		return ctx.Err()
	})
	require.ErrorIs(t, err, driver.ErrUnavailable)
}

func TestAShutdownIsNoFailedAttempt(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	game := b.start()
	ctx, stop := context.WithCancel(t.Context())
	b.driver.after = func(verb string) error {
		if verb == "pull" {
			stop()
			return ctx.Err()
		}
		return nil
	}
	claims, err := b.c.claim(t.Context(), 1)
	require.NoError(t, err)
	b.c.converge(ctx, claims[0])
	require.Zero(t, b.record(game).Failures)
	b.driver.after = func(string) error { return nil }
	require.Equal(t, 1, b.pass(), "the claim was given back at once")
	require.Equal(t, Running, b.record(game).Observed)
}

func TestTheEnginesWordsStayInside(t *testing.T) {
	t.Parallel()
	err := engine.ErrValidation.Because(errors.New("<script>"))
	require.Equal(t, "validation_failed", reasonOf(fmt.Errorf("init: %w", err)))
}
