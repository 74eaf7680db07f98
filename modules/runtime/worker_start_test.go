package runtime

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/engine"
	"galaxy/backend/modules/engineversion"
	"galaxy/backend/modules/notification"
	"galaxy/backend/modules/runtime/driver"
	enginev1 "galaxy/backend/proto/engine/v1"
)

func TestAnImageThatCannotBePulledIsReportedOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.driver.Fail(driver.ErrImageUnavailable, "pull")
	game := f.start()
	f.converge()
	for range 2 * maxStartAttempts {
		f.convergeAfter(time.Minute)
	}
	r := f.record(game)
	require.Equal(t, StartFailed, r.Observed)
	require.Equal(t, "image_pull_failed", r.LastCode)
	require.Equal(t, maxStartAttempts, f.driver.Calls("pull"))
	require.Zero(t, f.driver.Calls("ensure"))
	require.Equal(t, []notification.Kind{notification.KindImagePullFailed}, f.notifier.Kinds())
	require.Equal(t, notification.ImagePullFailed{
		GameID: game, ImageRef: "galaxy/engine:1.2.3", Reason: r.LastError,
	}, f.notifier.Intents()[0].Payload)
	require.Equal(t, []string{"start_failed start"}, f.observer.told())
	require.Equal(t, "image_pull_failed", f.observer.last().Error)
}

func TestWhatALaunchFailsWithDecidesWhetherItIsTriedAgain(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		err    error
		code   string
		final  bool
		notice notification.Kind
	}{
		{driver.ErrConfigInvalid, "start_config_invalid", true, notification.KindStartConfigInvalid},
		{driver.ErrForeign, "container_foreign", true, notification.KindContainerForeign},
		{driver.ErrState, "state_dir_unusable", false, ""},
		{errBroken, "container_start_failed", false, ""},
	} {
		f := newFixture(t)
		f.driver.Fail(fmt.Errorf("create: %w", row.err), "ensure")
		spec := f.spec()
		id := f.startSpec(spec)
		f.converge()
		r, o := f.record(spec.GameID), f.operation(id)
		require.Equal(t, row.code, r.LastCode)
		require.Equal(t, 1, f.driver.Calls("ensure"), row.code)
		if row.final {
			require.Equal(t, StartFailed, r.Observed, row.code)
			require.Equal(t, OpFailed, o.Status, row.code)
			require.Equal(t, row.code, o.ErrorCode)
			require.Equal(t, []notification.Kind{row.notice}, f.notifier.Kinds())
			require.Zero(t, f.convergeAfter(time.Hour), row.code)
			continue
		}
		require.Equal(t, Starting, r.Observed, row.code)
		require.Equal(t, OpRunning, o.Status, row.code)
		require.Equal(t, 1, r.Failures, row.code)
		require.Equal(t, 1, f.convergeAfter(startBackoff.Max), row.code)
	}
}

func TestAnEngineThatIsInTheWayIsStoppedFirst(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	game := f.start()
	f.driver.Before(func(op string, _ uuid.UUID) error {
		if op == "ensure" && f.driver.Calls("ensure") == 1 {
			f.driver.Change(game, func(o *driver.Observed) { o.GameID, o.Phase, o.Generation = game, driver.PhaseRunning, 7 })
		}
		return nil
	})
	f.converge()
	r := f.record(game)
	require.Equal(t, Starting, r.Observed)
	require.Zero(t, r.Failures, "it is no failed attempt")
	f.convergeAfter(time.Second)
	require.Equal(t, Running, f.record(game).Observed)
	require.Equal(t, 1, f.driver.Calls("stop"))
}

func TestALocalImageStandsInAndSaysSo(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.driver.SetPull(driver.PullResult{Fallback: errBroken, Digest: "galaxy/engine@sha256:abc"})
	game := f.start()
	f.converge()
	r := f.record(game)
	require.Equal(t, Running, r.Observed)
	require.Empty(t, r.LastCode)
	require.Equal(t, localImageNote, r.LastError)
	v, err := f.versions.Version(t.Context(), "1.2.3")
	require.NoError(t, err)
	require.Equal(t, "galaxy/engine@sha256:abc", v.Digest, "a digest is kept once resolved")
}

func TestAVersionThatWasBlockedMeanwhileStartsNothing(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	game := f.start()
	f.setStatus("1.2.3", engineversion.Blocked)
	f.converge()
	require.Equal(t, "engine_version_blocked", f.record(game).LastCode)
	require.Equal(t, StartFailed, f.record(game).Observed)
	require.Zero(t, f.driver.Calls("pull")+f.driver.Calls("ensure"))
	require.Equal(t, []notification.Kind{notification.KindStartConfigInvalid}, f.notifier.Kinds())
}

func TestAnAnswerThatWasLostMakesNoSecondContainer(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	lost := true
	f.driver.After(func(op string, _ uuid.UUID) error {
		if op == "ensure" && lost {
			lost = false
			return driver.ErrUnavailable // it happened, and nobody said so
		}
		return nil
	})
	game := f.start()
	f.converge()
	require.Equal(t, Starting, f.record(game).Observed)
	f.convergeAfter(driverRetryDelay)
	require.Equal(t, Running, f.record(game).Observed)
	require.Equal(t, 1, f.driver.Made())
}

func TestAStateDirectoryThatCannotBeMadeIsTriedAgain(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	usable := f.calls.dirs
	f.calls.dirs = driver.NewStateDirs("/dev/null/nowhere")
	game := f.start()
	f.converge()
	r := f.record(game)
	require.Equal(t, "state_dir_unusable", r.LastCode)
	require.Equal(t, 1, r.Failures)
	require.Zero(t, f.driver.Calls("ensure"))
	f.calls.dirs = usable
	f.convergeAfter(startBackoff.Max)
	require.Equal(t, Running, f.record(game).Observed)
	require.Zero(t, f.record(game).Failures)
}

func TestTheInitRequestIsTheSameAtEveryTry(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.engines.lostInit = engine.ErrUnreachable
	game := f.start()
	f.converge()
	first := f.engines.initialized[game]
	require.NotEmpty(t, first.Seed)
	f.convergeAfter(time.Second)
	require.Equal(t, Running, f.record(game).Observed)
	require.Equal(t, 2, f.engines.inits)
	require.Equal(t, first, f.engines.initialized[game])
}

func TestSettingsThatTheEngineRefusesAreFinal(t *testing.T) {
	t.Parallel()
	for refusal, code := range map[error]string{
		engine.ErrValidation: "init_refused", engine.ErrRefused: "init_refused", engine.ErrTooLarge: "init_refused",
		engine.ErrAlreadyInitialized: "state_dir_foreign",
	} {
		f := newFixture(t)
		f.engines.initError = refusal
		game := f.start()
		f.converge()
		require.Equal(t, StartFailed, f.record(game).Observed)
		require.Equal(t, code, f.record(game).LastCode)
		require.Equal(t, []notification.Kind{notification.KindStartConfigInvalid}, f.notifier.Kinds())
		require.Empty(t, f.driver.Engines(), "nothing is left behind")
		require.Equal(t, []string{"start_failed start"}, f.observer.told())
	}
}

func TestAnEngineThatCannotBeTrustedIsAnAlarm(t *testing.T) {
	t.Parallel()
	for state, code := range map[enginev1.State]string{
		enginev1.StateUninitialized: "state_lost", enginev1.StateFailed: "state_corrupt",
	} {
		f := newFixture(t)
		game := f.startRunning()
		f.request(f.s.Stop, game)
		f.converge()
		f.engines.set(func(e *fakeEngines) { e.status = &enginev1.Status{ContractVersion: 1, State: state} })
		f.startSpec(Spec{GameID: game})
		f.converge()
		r := f.record(game)
		require.Equal(t, StartFailed, r.Observed)
		require.Equal(t, code, r.LastCode)
		require.Equal(t, 1, f.engines.inits, "nobody initializes a game again")
		require.Equal(t, []notification.Kind{notification.KindStartConfigInvalid}, f.notifier.Kinds())
	}
}

func TestAnEngineThatNeverAnswersIsTriedAndGivenUp(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.engines.fail(engine.ErrUnreachable)
	game := f.start()
	f.converge()
	require.Equal(t, Starting, f.record(game).Observed)
	for range maxStartAttempts {
		f.convergeAfter(startTimeout) // the attempt is over
		f.convergeAfter(time.Minute)  // so is its backoff
	}
	r := f.record(game)
	require.Equal(t, StartFailed, r.Observed)
	require.Equal(t, maxStartAttempts, r.Failures)
	require.Equal(t, maxStartAttempts, f.driver.Calls("ensure"))
	require.Empty(t, f.driver.Engines())
	require.Equal(t, []notification.Kind{notification.KindContainerStartFailed}, f.notifier.Kinds())
	require.Zero(t, f.convergeAfter(time.Hour), "only a new request tries again")

	f.engines.fail(nil)
	f.startSpec(Spec{GameID: game})
	f.converge()
	require.Equal(t, Running, f.record(game).Observed)
	require.Equal(t, 2, f.record(game).Generation)
}

func TestAnEngineThatDiesWhileItComesUpIsStartedAgain(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.engines.fail(engine.ErrUnreachable)
	game := f.start()
	f.converge()
	f.driver.Change(game, func(o *driver.Observed) { o.Phase, o.ExitCode = driver.PhaseExited, 2 })
	f.convergeAfter(time.Second)
	r := f.record(game)
	require.Equal(t, 1, r.Failures)
	require.Equal(t, 2, *r.ExitCode)
	require.Equal(t, "the engine ended with exit code 2", r.LastError)
	require.Empty(t, f.driver.Engines(), "its container was removed")
	f.engines.fail(nil)
	f.convergeAfter(startBackoff.Max)
	require.Equal(t, Running, f.record(game).Observed)
	require.Zero(t, f.record(game).Restarts, "it is no crash")
}

func TestOneStatusThatCannotBeReadIsAskedAgain(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	game := f.startRunning()
	f.engines.set(func(e *fakeEngines) { e.statusError = engine.ErrBadResponse })
	f.request(f.s.Restart, game)
	f.converge()
	require.Equal(t, Starting, f.record(game).Observed)
	require.Equal(t, engine.ErrBadResponse.Reason, f.record(game).LastCode)
	f.engines.set(func(e *fakeEngines) { e.statusError = nil })
	f.convergeAfter(time.Second)
	require.Equal(t, Running, f.record(game).Observed)
}

func TestAStatusThatIsNeverReadIsAFailedAttempt(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	game := f.startRunning()
	f.engines.set(func(e *fakeEngines) { e.statusError = engine.ErrBadResponse })
	f.request(f.s.Restart, game)
	f.converge()
	f.convergeAfter(startTimeout)
	r := f.record(game)
	require.Equal(t, 1, r.Failures)
	require.Equal(t, "container_start_failed", r.LastCode)
	require.Contains(t, r.LastError, "no healthy answer in time: "+engine.ErrBadResponse.Reason)
}

func TestTheEnginesWordsStayInside(t *testing.T) {
	t.Parallel()
	err := engine.ErrValidation.Because(errors.New("<script>"))
	require.Equal(t, "validation_failed", reasonOf(fmt.Errorf("init: %w", err)))
	require.Empty(t, reasonOf(nil))
}
