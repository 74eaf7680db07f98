package game

import (
	"testing"

	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/runtime"
)

// allowed is the table of transitions, written down once more: who, from where,
// by which verb, to where.
var allowed = map[string]State{
	"owner draft open": EnrollmentOpen, "owner enrollment_open close": ReadyToStart, "owner ready_to_start start": Starting,
	"owner start_failed retry": Starting, "owner running pause": Paused, "owner paused resume": Running,
	"owner draft cancel": Cancelled, "owner enrollment_open cancel": Cancelled, "owner ready_to_start cancel": Cancelled,
	"owner start_failed cancel": Cancelled, "operator starting cancel": Cancelled, "operator running cancel": Cancelled,
	"operator paused cancel": Cancelled, "operator enrollment_open force-start": Starting, "operator ready_to_start force-start": Starting,
	"operator running force-stop": Cancelled, "operator paused force-stop": Cancelled,
	"system starting started": Running, "system starting failed": StartFailed, "system running finish": Finished, "system paused finish": Finished,
}

func mayMove(who rank, from State, verb Verb) (State, bool) {
	for _, name := range []string{"owner", "operator", "system"}[:who+1] {
		if to, ok := allowed[name+" "+string(from)+" "+string(verb)]; ok {
			return to, true
		}
	}
	return "", false
}

var verbs = []Verb{Open, Close, Start, Retry, Pause, Resume, Cancel, ForceStart, ForceStop, Started, Failed, Finish}

func TestOnlyTheListedTransitionsExist(t *testing.T) {
	t.Parallel()
	for _, from := range States() {
		for _, verb := range verbs {
			for _, who := range []rank{owner, operator, system} {
				want, ok := mayMove(who, from, verb)
				got, err := next(from, verb, who)
				if !ok {
					require.ErrorIs(t, err, ErrState)
					require.Equal(t, from, got)
					continue
				}
				require.NoError(t, err, "%d %s %s", who, from, verb)
				require.Equal(t, want, got, "%d %s %s", who, from, verb)
			}
		}
	}
}

func TestTerminalStatesAbsorb(t *testing.T) {
	t.Parallel()
	for _, from := range []State{Finished, Cancelled} {
		require.True(t, from.Terminal())
		for _, verb := range verbs {
			_, err := next(from, verb, system)
			require.ErrorIs(t, err, ErrState)
		}
	}
}

func TestWhatAnEngineDoesMovesTheGame(t *testing.T) {
	t.Parallel()
	const running, stopped = string(runtime.WantRunning), string(runtime.WantStopped)
	for _, c := range []struct {
		from   State
		seen   runtime.Observed
		wanted string
		by     runtime.Source
		verb   Verb
		reason string
	}{
		{Starting, runtime.Running, running, runtime.User, Started, ""},
		{Starting, runtime.Starting, running, runtime.User, "", ""},
		{Starting, runtime.StartFailed, running, runtime.User, Failed, ""},
		{Starting, runtime.Crashed, running, runtime.User, Failed, ""},
		{Starting, runtime.Stopped, stopped, runtime.Operator, Failed, ""},
		{Starting, runtime.Removed, running, runtime.User, "", ""},
		{Running, runtime.Crashed, running, runtime.User, Pause, EngineCrashed},
		{Running, runtime.StartFailed, running, runtime.System, Pause, EngineCrashed},
		{Running, runtime.Stopped, stopped, runtime.Operator, Pause, ByOperator},
		{Running, runtime.Removed, running, runtime.Operator, "", ""},
		{Running, runtime.Unreachable, running, runtime.User, "", ""},
		{Paused, runtime.Crashed, running, runtime.User, "", ""},
		{Cancelled, runtime.Running, running, runtime.User, "", ""},
		{Finished, runtime.Stopped, stopped, runtime.System, "", ""},
	} {
		verb, reason := transitionFor(c.from, runtime.Change{Desired: c.wanted, Observed: string(c.seen), Source: c.by})
		require.Equal(t, c.verb, verb, "%+v", c)
		require.Equal(t, c.reason, reason, "%+v", c)
	}
}
