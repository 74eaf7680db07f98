package runtime

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// Every step is recorded in a transaction of its own. Here the record of one
// step after another is lost, as if the process had died between doing and
// recording, and whatever comes of it has to be as if nothing had happened.
func TestACrashAfterAnyStepIsRepeatable(t *testing.T) {
	t.Parallel()
	running := func(request func(f *fixture) requestFunc) func(f *fixture) uuid.UUID {
		return func(f *fixture) uuid.UUID {
			game := f.startRunning()
			f.request(request(f), game)
			return game
		}
	}
	for name, row := range map[string]struct {
		prepare func(f *fixture) uuid.UUID
		want    Observed
	}{
		"start":   {(*fixture).start, Running},
		"restart": {running(func(f *fixture) requestFunc { return f.s.Restart }), Running},
		"stop":    {running(func(f *fixture) requestFunc { return f.s.Stop }), Stopped},
		"remove":  {running(func(f *fixture) requestFunc { return f.s.Remove }), Removed},
	} {
		for crashAt := 1; ; crashAt++ {
			f := newFixture(t)
			game := row.prepare(f)
			if steps := f.stepUntil(crashAt); steps < crashAt {
				require.Greater(t, crashAt, 2, "%s has several steps", name)
				break // every one had its crash
			}
			r := f.record(game)
			require.Equal(t, row.want, r.Observed, "%s, crash at step %d", name, crashAt)
			require.Nil(t, r.OperationID, "%s, crash at step %d", name, crashAt)
			require.LessOrEqual(t, len(f.driver.Engines()), 1)
			require.Len(t, f.engines.initialized, 1)
			require.Empty(t, f.notifier.Intents())
			require.Len(t, f.observer.told(), 1, "observers are told once: %v", f.observer.told())
		}
	}
}

// stepUntil takes steps until nothing is left to do; the record of the n-th is
// lost. It returns how many steps there were.
func (f *fixture) stepUntil(n int) (steps int) {
	f.Helper()
	for range 3 * maxSteps {
		f.clock.Advance(time.Second)
		claims, err := f.converger.claim(f.Context(), 1)
		require.NoError(f, err)
		if len(claims) == 0 {
			return steps
		}
		for again := true; again; {
			if steps++; steps == n {
				f.loseStep(claims[0].Key)
				f.converger.postpone(f.Context(), claims[0], ErrLeaseLost)
				break
			}
			again, err = f.converger.takeStep(f.Context(), claims[0])
			require.NoError(f, err)
		}
	}
	return steps
}

// loseStep takes the next step and records nothing.
func (f *fixture) loseStep(game uuid.UUID) {
	f.Helper()
	r := f.record(game)
	seen, err := f.converger.observe(f.Context(), r)
	require.NoError(f, err)
	step := &transition{before: r, after: r, observation: seen}
	require.NoError(f, f.converger.act(f.Context(), decide(r, seen, f.clock.Now()), step))
}
