package runtime

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

func TestWhatWasObservedSaysWhetherAnybodyGoesOn(t *testing.T) {
	t.Parallel()
	for observed, want := range map[Observed]struct{ up, final bool }{
		Starting: {}, Stopped: {}, Removed: {},
		Running: {up: true}, Unreachable: {up: true},
		StartFailed: {final: true}, Crashed: {final: true},
	} {
		require.Equal(t, want.up, observed.Up(), observed)
		require.Equal(t, want.final, observed.Final(), observed)
	}
}

func TestANewGenerationForgetsTheFailuresOfTheLast(t *testing.T) {
	t.Parallel()
	code := 137
	r := Record{
		Generation: 3, LaunchedGeneration: 3, Observed: Crashed, Failures: 2, Restarts: 4, RestartsSince: &noon,
		LastCode: "container_crashed", LastError: "the engine ran out of memory", ExitCode: &code, InitializedAt: &noon,
	}
	r.BeginGeneration()
	require.Equal(t, Record{
		Generation: 4, LaunchedGeneration: 3, Observed: Starting, ExitCode: &code, InitializedAt: &noon,
	}, r)
	require.False(t, r.Launched(), "its container is of the generation before")
}

func TestARequestIsInProgressUntilItsOperationEnds(t *testing.T) {
	t.Parallel()
	id, kind := uuid.New(), OpRestart
	r := Record{OperationID: &id, Kind: &kind}
	require.True(t, r.InProgress(OpRestart))
	require.False(t, r.InProgress(OpStart))
	require.False(t, Record{}.InProgress(OpStart))
}

func TestTheStateIsThePartOfARecordThatIsNoSecret(t *testing.T) {
	t.Parallel()
	seen := noon.Add(time.Minute)
	r := Record{
		Desired: WantRunning, Observed: StartFailed, Version: "1.2.3", Generation: 2, LastCode: "image_pull_failed",
		LastError: "pull galaxy/engine: unauthorized", Init: []byte(`{"seed":"42"}`), LastSeenAt: &seen,
	}
	require.Equal(t, State{
		Desired: "running", Observed: "start_failed", Version: "1.2.3", Generation: 2, LastError: "image_pull_failed",
	}, r.State())
}
