package runtime

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/engine"
	"galaxy/backend/modules/runtime/driver"
)

// recorded is a record of generation 2 in the given states. launched says that a
// container was made for it.
func recorded(desired Desired, observed Observed, launched bool) Record {
	earlier := noon.Add(-time.Hour)
	r := Record{Desired: desired, Observed: observed, Version: "1.2.3", Generation: 2, InitializedAt: &earlier}
	if launched {
		r.LaunchedGeneration, r.LaunchedAt = 2, &noon
	}
	return r
}

func (r Record) requested() Record {
	id, kind := uuid.New(), OpStart
	r.OperationID, r.Kind = &id, &kind
	return r
}

func (r Record) uninitialized() Record {
	r.InitializedAt = nil
	return r
}

// container is an observation of a container of ours in the given phase.
func container(phase driver.Phase) observation {
	return observation{Observed: driver.Observed{Phase: phase, Version: "1.2.3", Generation: 2}}
}

func (o observation) unhealthy() observation {
	o.Health = engine.ErrUnreachable
	return o
}

func (o observation) older() observation {
	o.Generation = 1
	return o
}

func (o observation) foreign() observation {
	o.Foreign = true
	return o
}

const (
	absent, created = driver.PhaseAbsent, driver.PhaseCreated
	running, exited = driver.PhaseRunning, driver.PhaseExited
)

// decision is what one observation of one record leads to.
type decision struct {
	name        string
	record      Record
	observation observation
	want        step
}

func requireDecisions(t *testing.T, rows []decision) {
	t.Helper()
	for _, row := range rows {
		require.Equal(t, row.want, decide(row.record, row.observation, noon), row.name)
	}
}

func TestAnEngineThatShallRunIsBroughtUp(t *testing.T) {
	t.Parallel()
	other := container(running)
	other.Version = "1.2.2"
	requireDecisions(t, []decision{
		{"nothing there yet", recorded(WantRunning, Starting, false), container(absent), stepLaunch},
		{"an old container of ours", recorded(WantRunning, Starting, false), container(exited), stepLaunch},
		{"one of an earlier generation", recorded(WantRunning, Starting, false), container(exited).older(), stepLaunch},
		{"made, and the answer was lost", recorded(WantRunning, Starting, false), container(created), stepLaunch},
		{"started, and the answer was lost", recorded(WantRunning, Starting, false), container(running), stepAdopt},
		{"one that shall be restarted", recorded(WantRunning, Starting, false), container(running).older(), stepStop},
		{"one of another version", recorded(WantRunning, Starting, false), other, stepStop},
		{"coming up", recorded(WantRunning, Starting, true), container(running).unhealthy(), stepWait},
		{"up without a game", recorded(WantRunning, Starting, true).uninitialized(), container(running), stepInitialize},
		{"coming up without a game", recorded(WantRunning, Starting, true).uninitialized(), container(running).unhealthy(),
			stepWait},
		{"up", recorded(WantRunning, Starting, true), container(running), stepMarkRunning},
		{"died while coming up", recorded(WantRunning, Starting, true), container(exited), stepStartFailed},
		{"vanished while coming up", recorded(WantRunning, Starting, true), container(absent), stepStartFailed},
		{"ended with the backend while coming up", recorded(WantRunning, Starting, true), container(created), stepLaunch},
		{"failed for good", recorded(WantRunning, StartFailed, false), container(absent), stepNone},
		{"somebody else's", recorded(WantRunning, Starting, false), container(running).foreign(), stepForeignContainer},
		{"somebody else's, reported", recorded(WantRunning, StartFailed, false), container(running).foreign(), stepNone},
	})
}

func TestAnEngineThatRunsIsKeptRunning(t *testing.T) {
	t.Parallel()
	requireDecisions(t, []decision{
		{"healthy", recorded(WantRunning, Running, true), container(running), stepNone},
		{"healthy, and a start was requested", recorded(WantRunning, Running, true).requested(), container(running),
			stepMarkRunning},
		{"no answer any more", recorded(WantRunning, Running, true), container(running).unhealthy(), stepMarkUnreachable},
		{"still no answer", recorded(WantRunning, Unreachable, true), container(running).unhealthy(), stepNone},
		{"an answer again", recorded(WantRunning, Unreachable, true), container(running), stepMarkRunning},
		{"died", recorded(WantRunning, Running, true), container(exited), stepCrashed},
		{"died while it did not answer", recorded(WantRunning, Unreachable, true), container(exited), stepCrashed},
		{"ended with the backend", recorded(WantRunning, Running, true), container(created), stepLaunch},
		{"gone", recorded(WantRunning, Running, true), container(absent), stepContainerMissing},
		{"was gone", recorded(WantRunning, Removed, false), container(absent), stepLaunch},
		{"crashed for good", recorded(WantRunning, Crashed, false), container(exited), stepNone},
	})
}

func TestAnEngineThatShallStopIsStopped(t *testing.T) {
	t.Parallel()
	requireDecisions(t, []decision{
		{"running", recorded(WantStopped, Running, true), container(running), stepStop},
		{"running, of an earlier generation", recorded(WantStopped, Starting, false), container(running).older(), stepStop},
		{"ended", recorded(WantStopped, Running, true), container(exited), stepComplete},
		{"absent", recorded(WantStopped, Starting, false), container(absent), stepComplete},
		{"stopped", recorded(WantStopped, Stopped, false), container(exited), stepNone},
		{"stopped, and requested again", recorded(WantStopped, Stopped, false).requested(), container(exited), stepComplete},
		{"stopped, and started by hand", recorded(WantStopped, Stopped, false), container(running), stepStop},
		{"somebody else's", recorded(WantStopped, Running, true), container(running).foreign(), stepComplete},
		{"stopped, and somebody else's", recorded(WantStopped, Stopped, false), container(running).foreign(), stepNone},
	})
}

func TestAnEngineThatShallBeRemovedIsRemoved(t *testing.T) {
	t.Parallel()
	requireDecisions(t, []decision{
		{"running", recorded(WantRemoved, Running, true), container(running), stepStop},
		{"ended", recorded(WantRemoved, Running, false), container(exited), stepRemove},
		{"made", recorded(WantRemoved, Starting, false), container(created), stepRemove},
		{"absent", recorded(WantRemoved, Stopped, false), container(absent), stepComplete},
		{"removed", recorded(WantRemoved, Removed, false), container(absent), stepNone},
		{"removed, and requested again", recorded(WantRemoved, Removed, false).requested(), container(absent), stepComplete},
		{"removed, and there again", recorded(WantRemoved, Removed, false), container(exited), stepRemove},
		{"somebody else's", recorded(WantRemoved, Stopped, false), container(running).foreign(), stepComplete},
		{"removed, and somebody else's", recorded(WantRemoved, Removed, false), container(running).foreign(), stepNone},
	})
}

func TestAStartThatTakesTooLongHasFailed(t *testing.T) {
	t.Parallel()
	r, unhealthy := recorded(WantRunning, Starting, true), container(running).unhealthy()
	require.Equal(t, stepWait, decide(r, unhealthy, noon.Add(startTimeout-1)))
	require.Equal(t, stepStartFailed, decide(r, unhealthy, noon.Add(startTimeout)))
	require.Equal(t, stepMarkRunning, decide(r, container(running), noon.Add(time.Hour)),
		"an engine that answers is never too late")
}

// Whatever is recorded and seen, what is not ours is never touched, and what is
// desired decides which steps there may be at all.
func TestNoCombinationLeadsToAStepThatIsNotDesired(t *testing.T) {
	t.Parallel()
	allowed := map[Desired][]step{
		WantRunning: {
			stepNone, stepWait, stepLaunch, stepAdopt, stepInitialize, stepMarkRunning, stepMarkUnreachable, stepStop,
			stepStartFailed, stepCrashed, stepContainerMissing, stepForeignContainer,
		},
		WantStopped: {stepNone, stepStop, stepComplete},
		WantRemoved: {stepNone, stepStop, stepRemove, stepComplete},
	}
	touching := []step{stepLaunch, stepAdopt, stepInitialize, stepStop, stepRemove}
	for desired, steps := range allowed {
		for _, observed := range []Observed{Starting, Running, Unreachable, Stopped, StartFailed, Crashed, Removed} {
			for _, phase := range []driver.Phase{absent, created, running, exited} {
				for bits := range 1 << 5 {
					set := func(bit int) bool { return bits&(1<<bit) != 0 }
					r, o := recorded(desired, observed, set(0)), container(phase)
					if set(1) {
						r = r.requested()
					}
					if set(2) {
						r = r.uninitialized()
					}
					if set(3) {
						o = o.unhealthy()
					}
					if set(4) {
						o = o.foreign()
					}
					got := decide(r, o, noon)
					require.Contains(t, steps, got, "%s, %s, %s, %05b", desired, observed, phase, bits)
					if o.Foreign {
						require.NotContains(t, touching, got, "%s, %s, %s, %05b", desired, observed, phase, bits)
					}
				}
			}
		}
	}
}
