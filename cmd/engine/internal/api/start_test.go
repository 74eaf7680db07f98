package api_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"galaxy/backend/cmd/engine/conformance"
	"galaxy/backend/cmd/engine/internal/api"
	"galaxy/backend/cmd/engine/internal/store"
	enginev1 "galaxy/backend/proto/engine/v1"
)

// wreck is the directory of a game at turn 2 whose engine has been killed at the
// worst moments: a turn half written, an old one not compressed, a command torn.
func wreck(t *testing.T) (dir string, status enginev1.Status) {
	t.Helper()
	b := founded(t)
	b.hook = func(_ store.Step, path string) error {
		if filepath.Base(path) == "state.json.gz.tmp" {
			return syscall.ENOSPC // nothing is compressed
		}
		return nil
	}
	b.turn(1)
	b.turn(2)
	b.hook = nil
	b.order("Zorg", 2)
	b.command("Zorg", 2, 1, enginev1.SetRelation("Vogons", enginev1.Peace))
	status = b.status()
	dir = conformance.Directory(t)
	require.NoError(t, os.CopyFS(filepath.Join(dir, "game"), os.DirFS(b.dir)))
	dir = filepath.Join(dir, "game")
	require.NoError(t, os.Mkdir(filepath.Join(dir, "turns/000003.tmp"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "turns/000003.tmp/state.json"), []byte("half"), 0o600))
	log, err := os.OpenFile(filepath.Join(dir, "commands/000002.jsonl"), os.O_APPEND|os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = log.WriteString(`{"crc32":"00`)
	require.NoError(t, errors.Join(err, log.Close()))
	return dir, status
}

// copyOf is an engine bench on a copy of a directory, not yet open.
func copyOf(t *testing.T, dir string) *bench {
	t.Helper()
	b := &bench{t: t, dir: filepath.Join(conformance.Directory(t), "game")}
	require.NoError(t, os.CopyFS(b.dir, os.DirFS(dir)))
	return b
}

func TestAStartRepairsWhatAKilledEngineLeft(t *testing.T) {
	t.Parallel()
	dir, want := wreck(t)
	b := copyOf(t, dir)
	b.open(api.Options{})
	t.Cleanup(b.shut)
	require.Equal(t, want, b.status())
	require.NoDirExists(t, filepath.Join(b.dir, "turns/000003.tmp"))
	for _, old := range []string{"turns/000000/", "turns/000001/"} {
		require.FileExists(t, filepath.Join(b.dir, old+"state.json.gz"))
		require.NoFileExists(t, filepath.Join(b.dir, old+"state.json"))
	}
	require.True(t, b.command("Zorg", 2, 1, enginev1.SetRelation("Vogons", enginev1.Peace)).Replayed)
	b.verified()
}

// What a start tells others is on disk first: a killed process may have left it
// in the memory of the system only.
func TestAStartMakesDurableWhatItFinds(t *testing.T) {
	t.Parallel()
	dir, _ := wreck(t)
	b := copyOf(t, dir)
	var settled []string
	b.hook = func(_ store.Step, path string) error {
		settled = append(settled, path)
		return nil
	}
	b.open(api.Options{})
	t.Cleanup(b.shut)
	for _, name := range []string{".", "turns", "turns/000002", "orders", "orders/000002", "commands", "commands/000002.jsonl"} {
		require.True(t, slices.Contains(settled, name), name)
	}
}

// startTroubled lets the n-th write of a start go wrong and starts again. It
// states whether there was a write to go wrong.
func startTroubled(t *testing.T, dir string, want enginev1.Status, n int, trouble func() error) bool {
	t.Helper()
	b := copyOf(t, dir)
	writes := 0
	b.hook = func(store.Step, string) error {
		if writes++; writes >= n {
			return trouble()
		}
		return nil
	}
	func() {
		defer func() { _ = recover() }() // the process is dead
		b.open(api.Options{})
	}()
	if b.server != nil {
		require.Contains(t, []enginev1.State{enginev1.StateRunning, enginev1.StateFailed}, b.status().State)
		b.server.Close()
	}
	if b.store != nil {
		require.NoError(t, b.store.Close())
	}
	b.hook = nil
	b.open(api.Options{})
	defer b.shut()
	require.Equal(t, want, b.status())
	require.Equal(t, 3, b.turn(3).Status.At())
	return writes >= n
}

func TestACrashAtAnyWriteOfAStartLosesNothing(t *testing.T) {
	t.Parallel()
	dir, want := wreck(t)
	for _, trouble := range []func() error{func() error { panic("killed") }, func() error { return syscall.EIO }} {
		n := 1
		for startTroubled(t, dir, want, n, trouble) {
			n++
		}
		require.Greater(t, n, 10)
	}
}

// Lists of a turn that is not there tell that it has been lost.
func TestAMissingTurnIsNoticed(t *testing.T) {
	t.Parallel()
	for _, lost := range []string{"turns/000002", "turns"} {
		dir, _ := wreck(t)
		b := copyOf(t, dir)
		require.NoError(t, os.RemoveAll(filepath.Join(b.dir, lost)))
		b.open(api.Options{})
		t.Cleanup(b.shut)
		require.Equal(t, enginev1.StateFailed, b.status().State, lost)
		b.Put(enginev1.PathTurn, enginev1.TurnRequest{Turn: 2}).Refused(503, enginev1.CodeStateCorrupt)
	}
}

func TestAnEngineWithoutADirectoryTellsWhy(t *testing.T) {
	t.Parallel()
	_, err := store.Open(filepath.Join(t.TempDir(), "missing"), nil)
	require.Error(t, err)
	b := serving(t, api.Unusable(err, api.Options{Version: "0.1.0"}))
	health := conformance.Into[enginev1.Health](b.Get(enginev1.PathHealthz), 503)
	require.Equal(t, enginev1.CodeStorageUnavailable, health.Reason)
	require.Equal(t, enginev1.StateFailed, conformance.Into[enginev1.Status](b.Get(enginev1.PathStatus), 200).State)
	b.Post(enginev1.PathInit, document("Zorg")).Refused(503, enginev1.CodeStorageUnavailable)
	b.Put(enginev1.PathTurn, enginev1.TurnRequest{Turn: 1}).Refused(503, enginev1.CodeStorageUnavailable)
	b.Put(enginev1.PathOrder, orders("Zorg", 0)).Refused(503, enginev1.CodeStorageUnavailable)
	b.Get(conformance.ReportPath("Zorg")).Refused(503, enginev1.CodeStorageUnavailable)
	b.Get(conformance.ReportPath("Zorg")+"&turn=1").Refused(503, enginev1.CodeStorageUnavailable)
}
