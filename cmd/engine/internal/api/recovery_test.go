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

// crashedDirectory is the directory of a game at turn 2 whose engine was killed
// while writing: a partly written turn, an old one not compressed, a torn command.
func crashedDirectory(t *testing.T) (dir string, status enginev1.Status) {
	t.Helper()
	f := newGameFixture(t)
	f.hook = func(_ store.Step, path string) error {
		if filepath.Base(path) == "state.json.gz.tmp" {
			return syscall.ENOSPC // nothing is compressed
		}
		return nil
	}
	f.turn(1)
	f.turn(2)
	f.hook = nil
	f.order("Zorg", 2)
	f.command("Zorg", 2, 1, enginev1.SetRelation("Vogons", enginev1.Peace))
	status = f.status()
	dir = conformance.StateDir(t)
	require.NoError(t, os.CopyFS(filepath.Join(dir, "game"), os.DirFS(f.dir)))
	dir = filepath.Join(dir, "game")
	require.NoError(t, os.Mkdir(filepath.Join(dir, "turns/000003.tmp"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "turns/000003.tmp/state.json"), []byte("half"), 0o600))
	log, err := os.OpenFile(filepath.Join(dir, "commands/000002.jsonl"), os.O_APPEND|os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = log.WriteString(`{"crc32":"00`)
	require.NoError(t, errors.Join(err, log.Close()))
	return dir, status
}

// copyFixture is a fixture on a copy of a directory, not yet open.
func copyFixture(t *testing.T, dir string) *fixture {
	t.Helper()
	f := &fixture{t: t, dir: filepath.Join(conformance.StateDir(t), "game")}
	require.NoError(t, os.CopyFS(f.dir, os.DirFS(dir)))
	return f
}

func TestAStartRepairsACrashedDirectory(t *testing.T) {
	t.Parallel()
	dir, want := crashedDirectory(t)
	f := copyFixture(t, dir)
	f.open(api.Options{})
	t.Cleanup(f.close)
	require.Equal(t, want, f.status())
	require.NoDirExists(t, filepath.Join(f.dir, "turns/000003.tmp"))
	for _, old := range []string{"turns/000000/", "turns/000001/"} {
		require.FileExists(t, filepath.Join(f.dir, old+"state.json.gz"))
		require.NoFileExists(t, filepath.Join(f.dir, old+"state.json"))
	}
	require.True(t, f.command("Zorg", 2, 1, enginev1.SetRelation("Vogons", enginev1.Peace)).Replayed)
	f.requireReplay()
}

// A start syncs the state before it serves it: a killed process may have left it
// in the page cache only.
func TestAStartSyncsWhatItLoads(t *testing.T) {
	t.Parallel()
	dir, _ := crashedDirectory(t)
	f := copyFixture(t, dir)
	var synced []string
	f.hook = func(_ store.Step, path string) error {
		synced = append(synced, path)
		return nil
	}
	f.open(api.Options{})
	t.Cleanup(f.close)
	for _, name := range []string{".", "turns", "turns/000002", "orders", "orders/000002", "commands", "commands/000002.jsonl"} {
		require.True(t, slices.Contains(synced, name), name)
	}
}

// startWithFault injects a fault at the n-th write of a start and starts again. It
// reports whether the start had n writes.
func startWithFault(t *testing.T, dir string, want enginev1.Status, n int, fault func() error) bool {
	t.Helper()
	f := copyFixture(t, dir)
	writes := 0
	f.hook = func(store.Step, string) error {
		if writes++; writes >= n {
			return fault()
		}
		return nil
	}
	func() {
		defer func() { _ = recover() }() // the process is dead
		f.open(api.Options{})
	}()
	if f.server != nil {
		require.Contains(t, []enginev1.State{enginev1.StateRunning, enginev1.StateFailed}, f.status().State)
		f.server.Close()
	}
	if f.store != nil {
		require.NoError(t, f.store.Close())
	}
	f.hook = nil
	f.open(api.Options{})
	defer f.close()
	require.Equal(t, want, f.status())
	require.Equal(t, 3, f.turn(3).Status.At())
	return writes >= n
}

func TestACrashAtAnyWriteOfAStartLosesNothing(t *testing.T) {
	t.Parallel()
	dir, want := crashedDirectory(t)
	for _, fault := range []func() error{func() error { panic("killed") }, func() error { return syscall.EIO }} {
		n := 1
		for startWithFault(t, dir, want, n, fault) {
			n++
		}
		require.Greater(t, n, 10)
	}
}

// Lists of a missing turn show that it has been lost.
func TestAMissingTurnIsDetected(t *testing.T) {
	t.Parallel()
	for _, lost := range []string{"turns/000002", "turns"} {
		dir, _ := crashedDirectory(t)
		f := copyFixture(t, dir)
		require.NoError(t, os.RemoveAll(filepath.Join(f.dir, lost)))
		f.open(api.Options{})
		t.Cleanup(f.close)
		require.Equal(t, enginev1.StateFailed, f.status().State, lost)
		f.Put(enginev1.PathTurn, enginev1.TurnRequest{Turn: 2}).Refused(503, enginev1.CodeStateCorrupt)
	}
}

func TestAnEngineWithoutADirectoryReportsTheReason(t *testing.T) {
	t.Parallel()
	_, err := store.Open(filepath.Join(t.TempDir(), "missing"), nil)
	require.Error(t, err)
	b := newClient(t, api.NewFailed(err, api.Options{Version: "0.1.0"}))
	health := conformance.Into[enginev1.Health](b.Get(enginev1.PathHealthz), 503)
	require.Equal(t, enginev1.CodeStorageUnavailable, health.Reason)
	require.Equal(t, enginev1.StateFailed, conformance.Into[enginev1.Status](b.Get(enginev1.PathStatus), 200).State)
	b.Post(enginev1.PathInit, initRequest("Zorg")).Refused(503, enginev1.CodeStorageUnavailable)
	b.Put(enginev1.PathTurn, enginev1.TurnRequest{Turn: 1}).Refused(503, enginev1.CodeStorageUnavailable)
	b.Put(enginev1.PathOrder, orders("Zorg", 0)).Refused(503, enginev1.CodeStorageUnavailable)
	b.Get(conformance.ReportPath("Zorg")).Refused(503, enginev1.CodeStorageUnavailable)
	b.Get(conformance.ReportPath("Zorg")+"&turn=1").Refused(503, enginev1.CodeStorageUnavailable)
}
