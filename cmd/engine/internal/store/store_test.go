package store_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"galaxy/backend/cmd/engine/internal/game"
	"galaxy/backend/cmd/engine/internal/store"
	enginev1 "galaxy/backend/proto/engine/v1"
)

func openStore(t *testing.T, dir string) *store.Store {
	t.Helper()
	s, err := store.Open(dir, nil)
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.Close() }) // tests that close it themselves may
	return s
}

func newConfig() game.Config {
	return game.NewConfig(enginev1.InitRequest{
		ContractVersion: 1, GameID: "0197a3c2-5f0e-7c3a-9f51-0d6a1e2b3c4d", Seed: "7",
		Races: []enginev1.InitRace{{UserID: "a", RaceName: "A"}, {UserID: "b", RaceName: "B"}},
	}, nil)
}

// playTurns creates a game in dir and generates the given number of turns.
func playTurns(t *testing.T, dir string, turns int) (*store.Store, *store.Snapshot) {
	t.Helper()
	s := openStore(t, dir)
	c := newConfig()
	snapshot, err := s.CreateGame(store.Game{Config: c, Identity: "x"}, game.InitialTurn(&c), store.Meta{CreatedAt: time.Unix(1, 0).UTC()})
	require.NoError(t, err)
	for range turns {
		at := snapshot.Turn.State.Turn
		lists := map[int]store.OrderList{0: {Race: 0, Turn: at, Orders: []enginev1.Order{enginev1.Merge()}}}
		require.NoError(t, s.PutOrders(lists[0]))
		entry := store.Entry{Kind: store.KindCommand, Race: 1, ID: "id", Command: new(enginev1.SendMessage("hi", "*"))}
		require.NoError(t, s.Append(at, entry))
		live := store.CurrentState(&c, snapshot.Turn.State, []store.Entry{entry}, lists)
		snapshot, err = s.Commit(game.Advance(&c, live, store.OrderLists(&c, lists)), snapshot.Hash, store.Meta{})
		require.NoError(t, err)
		require.NoError(t, s.Compact(at))
	}
	return s, snapshot
}

func TestADirectoryIsUsedByOneProcess(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first := openStore(t, dir)
	_, err := store.Open(dir, nil)
	require.ErrorIs(t, err, store.ErrLocked)
	require.NoError(t, first.Close())
	openStore(t, dir)
}

func TestWhatWasWrittenIsReadBack(t *testing.T) {
	t.Parallel()
	s, last := playTurns(t, t.TempDir(), 3)
	c, err := s.Load()
	require.NoError(t, err)
	require.Equal(t, newConfig(), c.Game.Config)
	require.Equal(t, last, c.Snapshot)
	require.Len(t, c.PreviousCommands, 1)
	require.Empty(t, c.Commands)
	prev := ""
	for turn := range 4 {
		snapshot, err := s.Snapshot(turn)
		require.NoError(t, err)
		require.Equal(t, prev, snapshot.Prev, "a chain of hashes")
		prev = snapshot.Hash
	}
	_, err = s.Snapshot(4)
	require.ErrorIs(t, err, store.ErrNoTurn)
}

func TestSupersededTurnsAreCompressed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, _ := playTurns(t, dir, 2)
	require.FileExists(t, filepath.Join(dir, "turns/000000/state.json.gz"))
	require.NoFileExists(t, filepath.Join(dir, "turns/000000/state.json"))
	require.FileExists(t, filepath.Join(dir, "turns/000002/state.json"))
	require.NoError(t, s.Compact(1), "compacting is idempotent")
}

func TestATornCommandWasNeverConfirmed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, _ := playTurns(t, dir, 1)
	for id := range 2 {
		require.NoError(t, s.Append(1, store.Entry{Kind: store.KindBanish, Race: id}))
	}
	require.NoError(t, s.Close())
	file := filepath.Join(dir, "commands/000001.jsonl")
	raw, err := os.ReadFile(file)
	require.NoError(t, err)
	for cut := 1; cut < len(raw)/2; cut += 7 {
		require.NoError(t, os.WriteFile(file, raw[:len(raw)-cut], 0o600))
		s := openStore(t, dir)
		c, err := s.Load()
		require.NoError(t, err)
		require.Len(t, c.Commands, 1)
		require.NoError(t, s.Append(1, store.Entry{Kind: store.KindBanish, Race: 1}))
		entries, err := s.Commands(1)
		require.NoError(t, err)
		require.Len(t, entries, 2, "the next command has a line of its own")
		require.NoError(t, s.Close())
	}
}

func TestTemporaryFilesAreRemovedAtStart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, _ := playTurns(t, dir, 1)
	require.NoError(t, s.Close())
	for _, name := range []string{"turns/000002.tmp/state.json", "orders/000000/1.json.tmp", "game.json.tmp", "turns/000000/state.json.gz.tmp"} {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte("half"), 0o600))
	}
	s = openStore(t, dir)
	_, err := s.Load()
	require.NoError(t, err)
	require.NoError(t, filepath.Walk(dir, func(path string, _ os.FileInfo, err error) error {
		require.NotContains(t, path, ".tmp")
		return err
	}))
}

func TestANewerSchemaIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, _ := playTurns(t, dir, 0)
	file := filepath.Join(dir, "turns/000000/state.json")
	raw, err := os.ReadFile(file)
	require.NoError(t, err)
	body := strings.Replace(strings.TrimSuffix(string(raw[len(`{"sha256":"`)+64+len(`","body":`):]), "}\n"), `"schema_version":1`, `"schema_version":2`, 1)
	require.NoError(t, os.WriteFile(file, []byte(`{"sha256":"`+store.HashText(body)+`","body":`+body+"}\n"), 0o600))
	_, err = s.Load()
	_, corrupt := errors.AsType[*store.CorruptError](err)
	require.True(t, corrupt)
	require.ErrorContains(t, err, "schema 2 is newer")
}

// A file with a correct checksum is refused in the place of another.
func TestAMisplacedDocumentIsRefused(t *testing.T) {
	t.Parallel()
	sealed := func(body string) []byte {
		return []byte(`{"sha256":"` + store.HashText(body) + `","body":` + body + "}\n")
	}
	for name, damage := range map[string]func(dir string) error{
		"another race's list": func(dir string) error {
			return os.Rename(filepath.Join(dir, "orders/000002/1.json"), filepath.Join(dir, "orders/000002/2.json"))
		},
		"another turn's list": func(dir string) error {
			return os.Rename(filepath.Join(dir, "orders/000000/1.json"), filepath.Join(dir, "orders/000002/1.json"))
		},
		"another turn": func(dir string) error {
			return os.Rename(filepath.Join(dir, "turns/000001/state.json.gz"), filepath.Join(dir, "turns/000002/state.json.gz"))
		},
		"no turn": func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "turns/000002/state.json"), sealed(`{"schema_version":1,"prev_hash":"","turn":null}`), 0o600)
		},
		"no state": func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "turns/000002/state.json"), sealed(`{"schema_version":1,"prev_hash":"","turn":{}}`), 0o600)
		},
		"no seal": func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "turns/000002/state.json"), []byte("{}\n"), 0o600)
		},
		"no end": func(dir string) error {
			raw, err := os.ReadFile(filepath.Join(dir, "game.json"))
			return errors.Join(err, os.WriteFile(filepath.Join(dir, "game.json"), raw[:len(raw)-1], 0o600))
		},
	} {
		dir := t.TempDir()
		s, last := playTurns(t, dir, 2)
		list := store.OrderList{Race: 0, Turn: last.Turn.State.Turn, Orders: []enginev1.Order{}}
		require.NoError(t, s.PutOrders(list))
		require.NoError(t, os.Mkdir(filepath.Join(dir, "turns/9"), 0o700), "another directory is no turn")
		_, err := s.Load()
		require.NoError(t, err, name)
		if name == "another turn" {
			require.NoError(t, os.Remove(filepath.Join(dir, "turns/000002/state.json")))
		}
		require.NoError(t, damage(dir), name)
		_, err = s.Load()
		_, corrupt := errors.AsType[*store.CorruptError](err)
		require.True(t, corrupt, "%s: %v", name, err)
	}
}

// Nothing is written through a link that leads out of the directory.
func TestPlantedLinksAreNotFollowed(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"turns", "orders", "commands", "LOCK", "game.json.tmp"} {
		dir, outside := t.TempDir(), t.TempDir()
		target := outside
		if strings.Contains(name, ".") || name == "LOCK" {
			target = filepath.Join(outside, "file")
			require.NoError(t, os.WriteFile(target, []byte("mine"), 0o600))
		}
		require.NoError(t, os.Symlink(target, filepath.Join(dir, name)))
		if s, err := store.Open(dir, nil); err == nil {
			c := newConfig()
			_, _ = s.CreateGame(store.Game{Config: c}, game.InitialTurn(&c), store.Meta{}) // refused or not, see below
			require.NoError(t, s.Close())
		}
		left, err := os.ReadDir(outside)
		require.NoError(t, err)
		if target == outside {
			require.Empty(t, left, name)
			continue
		}
		raw, err := os.ReadFile(target)
		require.NoError(t, err)
		require.Equal(t, "mine", string(raw), name)
	}
}

func TestADirectoryThatCannotBeUsedIsRefused(t *testing.T) {
	t.Parallel()
	_, err := store.Open(filepath.Join(t.TempDir(), "missing"), nil)
	_, unavailable := errors.AsType[*store.UnavailableError](err)
	require.True(t, unavailable)
}

func TestRewindArchivesNewerTurns(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, last := playTurns(t, dir, 4)
	require.NoError(t, s.Close())
	require.NoError(t, store.Rewind(dir, 2, nil))
	s = openStore(t, dir)
	c, err := s.Load()
	require.NoError(t, err)
	require.Equal(t, 2, c.Snapshot.Turn.State.Turn)
	require.Len(t, c.Orders, 1, "the lists of that turn are still there")
	require.Len(t, c.Commands, 1)
	for _, name := range []string{"turns/000003", "turns/000004/state.json", "orders/000003/1.json", "commands/000003.jsonl"} {
		_, err := os.Stat(filepath.Join(dir, "rewound/001", name))
		require.NoError(t, err)
	}
	again, err := s.Snapshot(2)
	require.NoError(t, err)
	require.NotEqual(t, last.Hash, again.Hash)
	require.NoError(t, s.Close())
	require.ErrorIs(t, store.Rewind(dir, 3, nil), store.ErrNoTurn)
	require.NoError(t, store.Rewind(dir, 0, nil))
	require.DirExists(t, filepath.Join(dir, "rewound/002/turns/000002"))
}

func TestAnInterruptedRewindCanBeRepeated(t *testing.T) {
	t.Parallel()
	for n := 1; ; n++ {
		dir := t.TempDir()
		s, _ := playTurns(t, dir, 3)
		require.NoError(t, s.Close())
		steps := 0
		err := store.Rewind(dir, 1, func(store.Step, string) error {
			if steps++; steps == n {
				return syscall.EIO
			}
			return nil
		})
		if err == nil {
			require.Greater(t, n, 8)
			return
		}
		require.NoError(t, store.Rewind(dir, 1, nil))
		s = openStore(t, dir)
		c, err := s.Load()
		require.NoError(t, err)
		require.Equal(t, 1, c.Snapshot.Turn.State.Turn)
		require.NoError(t, s.Close())
	}
}

func TestReplayReportsTurnsThatDiffer(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, _ := playTurns(t, dir, 3)
	require.NoError(t, s.Replay(func(r store.Replayed) error {
		require.True(t, r.Same())
		return nil
	}))
	require.NoError(t, os.Remove(filepath.Join(dir, "commands/000001.jsonl")))
	var differ []int
	require.NoError(t, s.Replay(func(r store.Replayed) error {
		if !r.Same() {
			differ = append(differ, r.Turn)
		}
		return nil
	}))
	require.Equal(t, []int{2, 3}, differ)
}

// The disk is a small tmpfs where the test may mount one, else the error is
// injected.
func TestNoSpaceCommitsNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var hook store.Hook
	var release func()
	full := false
	err := errors.New("needs root")
	if os.Geteuid() == 0 {
		err = syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=256k")
	}
	if err == nil {
		t.Cleanup(func() { require.NoError(t, syscall.Unmount(dir, syscall.MNT_DETACH)) })
		release = func() { require.NoError(t, os.Remove(filepath.Join(dir, "filler"))) }
	} else {
		t.Logf("no tmpfs (%v): the error is injected", err)
		hook = func(step store.Step, _ string) error {
			if full && step == store.BeforeWrite {
				return syscall.ENOSPC
			}
			return nil
		}
		release = func() { full = false }
	}
	s, openErr := store.Open(dir, hook)
	require.NoError(t, openErr)
	t.Cleanup(func() { _ = s.Close() }) // a second time after a failure
	c := newConfig()
	first, createErr := s.CreateGame(store.Game{Config: c}, game.InitialTurn(&c), store.Meta{})
	require.NoError(t, createErr)
	full = true
	if hook == nil {
		fill(t, filepath.Join(dir, "filler"))
	}
	turn := game.Advance(&c, first.Turn.State, nil)
	for _, write := range []func() error{
		func() error { _, err := s.Commit(turn, first.Hash, store.Meta{}); return err },
		func() error { return s.Append(0, store.Entry{Kind: store.KindBanish}) },
		func() error { return s.PutOrders(store.OrderList{Orders: []enginev1.Order{enginev1.Merge()}}) },
	} {
		_, unavailable := errors.AsType[*store.UnavailableError](write())
		require.True(t, unavailable)
		loaded, err := s.Load()
		require.NoError(t, err)
		require.Equal(t, first, loaded.Snapshot)
		require.Empty(t, loaded.Commands)
		require.Empty(t, loaded.Orders)
	}
	require.False(t, s.Broken())
	release()
	_, err = s.Commit(turn, first.Hash, store.Meta{})
	require.NoError(t, err)
	require.NoError(t, s.Close())
}

// fill writes until there is no space left, by ever smaller pieces.
func fill(t *testing.T, name string) {
	t.Helper()
	f, err := os.Create(name)
	require.NoError(t, err)
	for size := 64 << 10; size > 0; size /= 2 {
		for err = error(nil); err == nil; {
			_, err = f.Write(make([]byte, size))
		}
		require.ErrorIs(t, err, syscall.ENOSPC)
	}
	require.NoError(t, f.Close())
}
