package plan

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/engine"
	"galaxy/backend/modules/runtime/driver"
)

var epoch = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// at is a record of generation 2 in the given states. Launched says that a
// container was made for it.
func at(desired Desired, observed Observed, launched bool) Record {
	long := epoch.Add(-time.Hour)
	r := Record{Desired: desired, Observed: observed, Version: "1.2.3", Generation: 2, InitializedAt: &long}
	if launched {
		r.LaunchedGeneration, r.LaunchedAt = 2, &epoch
	}
	return r
}

func (r Record) asked() Record {
	id, kind := uuid.New(), OpStart
	r.OperationID, r.Kind = &id, &kind
	return r
}

func (r Record) unfounded() Record {
	r.InitializedAt = nil
	return r
}

// sees is a container of ours in the given phase.
func sees(phase driver.Phase) Sight {
	return Sight{Observed: driver.Observed{Phase: phase, Version: "1.2.3", Generation: 2}}
}

func (s Sight) sick() Sight {
	s.Health = engine.ErrUnreachable
	return s
}

func (s Sight) older() Sight {
	s.Generation = 1
	return s
}

func (s Sight) foreign() Sight {
	s.Foreign = true
	return s
}

func TestEachSightLeadsToOneStep(t *testing.T) {
	t.Parallel()
	const (
		absent, created = driver.PhaseAbsent, driver.PhaseCreated
		running, exited = driver.PhaseRunning, driver.PhaseExited
	)
	other := sees(running)
	other.Version = "1.2.2"
	for _, row := range []struct {
		what   string
		record Record
		sight  Sight
		want   Step
	}{
		{"nothing there yet", at(WantRunning, Starting, false), sees(absent), Launch},
		{"a leftover of ours", at(WantRunning, Starting, false), sees(exited), Launch},
		{"a leftover of an earlier generation", at(WantRunning, Starting, false), sees(exited).older(), Launch},
		{"a ghost that was made", at(WantRunning, Starting, false), sees(created), Launch},
		{"a ghost that runs", at(WantRunning, Starting, false), sees(running), Adopt},
		{"an engine that shall be restarted", at(WantRunning, Starting, false), sees(running).older(), Halt},
		{"an engine of another version", at(WantRunning, Starting, false), other, Halt},
		{"an engine that comes up", at(WantRunning, Starting, true), sees(running).sick(), Wait},
		{"an engine that is up and knows no game", at(WantRunning, Starting, true).unfounded(), sees(running), Found},
		{"an engine that is up and sick and knows no game", at(WantRunning, Starting, true).unfounded(), sees(running).sick(), Wait},
		{"an engine that is up", at(WantRunning, Starting, true), sees(running), Arrive},
		{"an engine that died while it came up", at(WantRunning, Starting, true), sees(exited), Falter},
		{"an engine that vanished while it came up", at(WantRunning, Starting, true), sees(absent), Falter},
		{"an engine that went with the backend while it came up", at(WantRunning, Starting, true), sees(created), Launch},
		{"all is well", at(WantRunning, Running, true), sees(running), Rest},
		{"all is well and a start was asked for", at(WantRunning, Running, true).asked(), sees(running), Arrive},
		{"no answer any more", at(WantRunning, Running, true), sees(running).sick(), Fade},
		{"still no answer", at(WantRunning, Unreachable, true), sees(running).sick(), Rest},
		{"an answer again", at(WantRunning, Unreachable, true), sees(running), Arrive},
		{"it died", at(WantRunning, Running, true), sees(exited), Crash},
		{"it died unanswering", at(WantRunning, Unreachable, true), sees(exited), Crash},
		{"it went with the backend", at(WantRunning, Running, true), sees(created), Launch},
		{"it is gone", at(WantRunning, Running, true), sees(absent), Miss},
		{"it was gone", at(WantRunning, Removed, false), sees(absent), Launch},
		{"final: failed", at(WantRunning, StartFailed, false), sees(absent), Rest},
		{"final: crashed", at(WantRunning, Crashed, false), sees(exited), Rest},
		{"somebody else's", at(WantRunning, Starting, false), sees(running).foreign(), Estrange},
		{"somebody else's, known", at(WantRunning, StartFailed, false), sees(running).foreign(), Rest},

		{"stop what runs", at(WantStopped, Running, true), sees(running), Halt},
		{"stop what runs of an earlier generation", at(WantStopped, Starting, false), sees(running).older(), Halt},
		{"stop what has ended", at(WantStopped, Running, true), sees(exited), Settle},
		{"stop what is not there", at(WantStopped, Starting, false), sees(absent), Settle},
		{"stopped", at(WantStopped, Stopped, false), sees(exited), Rest},
		{"stopped and asked again", at(WantStopped, Stopped, false).asked(), sees(exited), Settle},
		{"stopped and started by hand", at(WantStopped, Stopped, false), sees(running), Halt},
		{"stop, but it is somebody else's", at(WantStopped, Running, true), sees(running).foreign(), Settle},
		{"stopped, and it is somebody else's", at(WantStopped, Stopped, false), sees(running).foreign(), Rest},

		{"remove what runs", at(WantRemoved, Running, true), sees(running), Halt},
		{"remove what has ended", at(WantRemoved, Running, false), sees(exited), Discard},
		{"remove what was made", at(WantRemoved, Starting, false), sees(created), Discard},
		{"remove what is not there", at(WantRemoved, Stopped, false), sees(absent), Settle},
		{"removed", at(WantRemoved, Removed, false), sees(absent), Rest},
		{"removed and there again", at(WantRemoved, Removed, false), sees(exited), Discard},
	} {
		require.Equal(t, row.want, Decide(row.record, row.sight, epoch), row.what)
	}
}

func TestAStartThatTakesTooLongFalters(t *testing.T) {
	t.Parallel()
	r := at(WantRunning, Starting, true)
	require.Equal(t, Wait, Decide(r, sees(driver.PhaseRunning).sick(), epoch.Add(StartTimeout-1)))
	require.Equal(t, Falter, Decide(r, sees(driver.PhaseRunning).sick(), epoch.Add(StartTimeout)))
	require.Equal(t, Arrive, Decide(r, sees(driver.PhaseRunning), epoch.Add(time.Hour)), "an engine that answers is never too late")
}
