package processdriver_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/runtime/driver"
)

func TestNumberOfAnotherProcessIsNeitherCalledNorEnded(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	e := f.NewEngine(t)
	other := exec.Command("sleep", "60")
	require.NoError(t, other.Start())
	t.Cleanup(func() { _ = other.Process.Kill(); _ = other.Wait() })
	record := map[string]any{"game_id": e.Spec.GameID, "pid": other.Process.Pid, "identity": "another boot:1", "port": 1, "spec": e.Spec.Hash()}
	body, err := json.Marshal(record)
	require.NoError(t, err)
	f.write(t, e.Spec.GameID.String()+".json", string(body))

	require.NoError(t, f.driver.Stop(t.Context(), e.Spec.GameID, time.Second))
	require.NoError(t, f.driver.Remove(t.Context(), e.Spec.GameID))

	require.NoError(t, other.Process.Signal(syscall.Signal(0)), "it still runs")
}

func TestBrokenRecordIsAnErrorAndNotAnAbsentEngine(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	game := uuid.Must(uuid.NewV7())
	f.write(t, game.String()+".json", "{")

	_, err := f.driver.Inspect(t.Context(), game)

	require.Error(t, err)
}

func TestBrokenRecordStopsNothingAndHidesNothing(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	game := uuid.Must(uuid.NewV7())
	f.write(t, game.String()+".json", "{")

	_, err := f.driver.List(t.Context())
	require.Error(t, err, "an engine that cannot be read is not left out")
	require.Error(t, f.driver.Stop(t.Context(), game, time.Second))
	require.Error(t, f.driver.Remove(t.Context(), game))
	require.FileExists(t, f.path(game, ".json"), "nobody knows what it was about")
}

func TestRecordOfAnotherGameIsBroken(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	game := uuid.Must(uuid.NewV7())
	f.write(t, game.String()+".json", `{"game_id":"`+uuid.NewString()+`"}`)

	_, err := f.driver.Inspect(t.Context(), game)

	require.ErrorContains(t, err, "cannot be read")
}

func TestFilesThatAreNoRecordsAreNotListed(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	none, err := f.driver.List(t.Context())
	require.NoError(t, err)
	require.Empty(t, none, "there is no directory yet")
	for _, name := range []string{"notes.json", uuid.NewString() + ".json.new", uuid.NewString() + ".log"} {
		f.write(t, name, "{")
	}

	all, err := f.driver.List(t.Context())

	require.NoError(t, err)
	require.Empty(t, all)
}

func TestRecordFromBeforeThereWereInstancesIsOwn(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	e := f.NewEngine(t)
	first := e.Run()
	body, err := os.ReadFile(f.path(e.Spec.GameID, ".json"))
	require.NoError(t, err)
	record := map[string]any{}
	require.NoError(t, json.Unmarshal(body, &record))
	require.Equal(t, uuid.UUID(f.instance).String(), record["instance_id"])
	delete(record, "instance_id")
	body, err = json.Marshal(record)
	require.NoError(t, err)
	f.write(t, e.Spec.GameID.String()+".json", string(body))

	o, err := f.restarted(t).Ensure(t.Context(), e.Spec)

	require.NoError(t, err)
	require.Equal(t, first.ContainerID, o.ContainerID)
}

func TestRecordOfAnotherInstanceIsNamedInTheRefusal(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	e := f.NewEngine(t)
	other := uuid.New()
	name := e.Spec.GameID.String() + ".json"
	f.write(t, name, `{"game_id":"`+e.Spec.GameID.String()+`","instance_id":"`+other.String()+`"}`)
	t.Cleanup(func() { require.NoError(t, os.Remove(f.path(e.Spec.GameID, ".json"))) })

	_, err := f.driver.Ensure(t.Context(), e.Spec)

	require.ErrorIs(t, err, driver.ErrForeign)
	for _, said := range []string{f.path(e.Spec.GameID, ".json"), other.String(), uuid.UUID(f.instance).String()} {
		require.ErrorContains(t, err, said)
	}
	require.NoError(t, f.driver.Remove(t.Context(), e.Spec.GameID))
	require.FileExists(t, f.path(e.Spec.GameID, ".json"))
}

func TestRemoveTakesTheRecordAndTheLogAlong(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	e := f.NewEngine(t)
	e.Run()
	game := e.Spec.GameID
	f.write(t, game.String()+".json.new", "half of a record")

	require.NoError(t, f.driver.Remove(t.Context(), game))

	for _, suffix := range []string{".json", ".json.new", ".log"} {
		require.NoFileExists(t, f.path(game, suffix))
	}
	f.write(t, game.String()+".log", "of a start that was never recorded")
	require.NoError(t, f.driver.Remove(t.Context(), game))
	require.NoFileExists(t, f.path(game, ".log"))
}

func TestRecordThatCannotBeWrittenFailsTheStartAndLeavesNoProcess(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	e := f.NewEngine(t)
	// A directory where the record's next version is written.
	require.NoError(t, os.MkdirAll(f.path(e.Spec.GameID, ".json.new"), 0o700))

	_, err := f.driver.Ensure(t.Context(), e.Spec)

	require.Error(t, err)
	require.Equal(t, driver.PhaseAbsent, e.WaitFor(driver.PhaseAbsent).Phase)
	require.NoError(t, os.Remove(f.path(e.Spec.GameID, ".json.new")))
	e.Run() // the state directory is not locked by a process that was left
}
