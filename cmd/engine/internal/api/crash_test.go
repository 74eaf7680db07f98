package api_test

import (
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"galaxy/backend/cmd/engine/conformance"
	"galaxy/backend/cmd/engine/internal/api"
	"galaxy/backend/cmd/engine/internal/store"
	enginev1 "galaxy/backend/proto/engine/v1"
)

// gameScript is a short game, every step of which may be repeated.
func gameScript() []func(c *conformance.Client) *conformance.Answer {
	type step = func(c *conformance.Client) *conformance.Answer
	turn := func(n int) step {
		return func(c *conformance.Client) *conformance.Answer {
			return c.Put(enginev1.PathTurn, enginev1.TurnRequest{Turn: n})
		}
	}
	execute := func(turn, id int, cmd enginev1.Command) step {
		return func(c *conformance.Client) *conformance.Answer {
			return c.Put(enginev1.PathCommand, command("Vogons", turn, id, cmd))
		}
	}
	list := func(turn int, list ...enginev1.Order) step {
		return func(c *conformance.Client) *conformance.Answer {
			return c.Put(enginev1.PathOrder, orders("Zorg", turn, list...))
		}
	}
	return []step{
		func(c *conformance.Client) *conformance.Answer {
			return c.Post(enginev1.PathInit, initRequest("Zorg", "Vogons", "Hooloovoo"))
		},
		list(0, enginev1.CreateType("Scout", 1, 0, 0, 0, 0)),
		execute(0, 1, enginev1.SetRelation("Zorg", enginev1.Peace)),
		turn(1),
		execute(1, 2, enginev1.SendMessage("hello", "*")),
		list(1, enginev1.CreateType("Hauler", 2, 0, 0, 0, 1)),
		list(1, enginev1.RemoveType("Scout"), enginev1.CreateType("Hauler", 2, 0, 0, 0, 1)),
		func(c *conformance.Client) *conformance.Answer {
			return c.Post(enginev1.PathBanish, enginev1.BanishRequest{RaceName: "Hooloovoo"})
		},
		turn(2),
	}
}

// turnHashes returns the hash of every turn of the script.
func turnHashes(t *testing.T) map[int]string {
	t.Helper()
	f := newFixture(t, api.Options{})
	hashes := map[int]string{}
	for _, step := range gameScript() {
		require.Less(t, step(f.Client).Status, 300)
		hashes[f.status().At()] = f.status().StateHash
	}
	return hashes
}

// requireReplay replays the directory and compares every hash.
func (f *fixture) requireReplay() {
	f.t.Helper()
	f.close()
	s, err := store.Open(f.dir, nil)
	require.NoError(f.t, err)
	require.NoError(f.t, s.Replay(func(r store.Replayed) error {
		require.True(f.t, r.Same(), "turn %d", r.Turn)
		return nil
	}))
	require.NoError(f.t, s.Close())
	f.open(api.Options{})
}

// playWithFault plays the script while trouble happens at the n-th step of writing,
// and restarts the engine after it. It reports whether there was trouble.
func playWithFault(t *testing.T, hashes map[int]string, n int, fault func() error) bool {
	t.Helper()
	f := newFixture(t, api.Options{})
	writes, happened := 0, false
	f.hook = func(store.Step, string) error {
		if writes++; writes == n || happened {
			happened = true
			return fault() // and nothing works from now on
		}
		return nil
	}
	recovered := false
	for _, step := range gameScript() {
		before := f.status().At()
		answer := step(f.Client)
		if !happened || recovered {
			require.Less(t, answer.Status, 300)
			continue
		}
		f.hook, recovered = nil, true
		f.restart(api.Options{})
		after := f.status()
		require.Contains(t, []int{before, before + 1}, after.At())
		if after.At() >= 0 {
			require.Equal(t, hashes[after.At()], after.StateHash)
		}
		require.Less(t, step(f.Client).Status, 300, "the repeat succeeds")
	}
	f.hook = nil
	require.Equal(t, hashes[2], f.status().StateHash)
	f.requireReplay()
	return happened
}

func TestACrashAtAnyWriteLosesNothing(t *testing.T) {
	t.Parallel()
	hashes := turnHashes(t)
	steps := 0
	for playWithFault(t, hashes, steps+1, func() error { panic("killed") }) {
		steps++
	}
	require.Greater(t, steps, 40, "every fsync and rename was tried")
}

func TestAFullDiskAtAnyWriteLosesNothing(t *testing.T) {
	t.Parallel()
	hashes := turnHashes(t)
	steps := 0
	for playWithFault(t, hashes, steps+1, func() error { return syscall.ENOSPC }) {
		steps++
	}
	require.Greater(t, steps, 40)
}

// A write that fails before anything was renamed has not happened, and the
// engine goes on by itself when there is space again.
func TestAFullDiskCommitsNothing(t *testing.T) {
	t.Parallel()
	for _, at := range []store.Step{store.BeforeWrite, store.AfterFsync} {
		f := newGameFixture(t)
		f.turn(1)
		before, report := f.status(), f.report("Zorg")
		f.hook = func(step store.Step, _ string) error {
			if step == at {
				return syscall.ENOSPC
			}
			return nil
		}
		f.Put(enginev1.PathTurn, enginev1.TurnRequest{Turn: 2}).Refused(503, enginev1.CodeStorageUnavailable)
		f.Put(enginev1.PathOrder, orders("Zorg", 1)).Refused(503, enginev1.CodeStorageUnavailable)
		f.Put(enginev1.PathCommand, command("Zorg", 1, 1, enginev1.QuitGame("Zorg"))).Refused(503, enginev1.CodeStorageUnavailable)
		f.Post(enginev1.PathBanish, enginev1.BanishRequest{RaceName: "Zorg"}).Refused(503, enginev1.CodeStorageUnavailable)
		require.Equal(t, before, f.status())
		require.Equal(t, report, f.report("Zorg"))
		require.Equal(t, 200, f.Get(enginev1.PathHealthz).Status)
		f.hook = nil
		f.restart(api.Options{})
		require.Equal(t, before, f.status())
		require.Equal(t, 2, f.turn(2).Status.At())
	}
}

// After a rename whose durability is unknown only a restart can execute whether it
// took place.
func TestAnUnknownOutcomeStopsAllWritesUntilARestart(t *testing.T) {
	t.Parallel()
	f := newGameFixture(t)
	f.hook = func(step store.Step, path string) error {
		if step == store.AfterDir && path == "turns" {
			return syscall.EIO
		}
		return nil
	}
	f.Put(enginev1.PathTurn, enginev1.TurnRequest{Turn: 1}).Refused(503, enginev1.CodeStorageUnavailable)
	f.hook = nil
	require.Equal(t, 0, f.status().At())
	f.Put(enginev1.PathTurn, enginev1.TurnRequest{Turn: 1}).Refused(503, enginev1.CodeStorageUnavailable)
	f.Put(enginev1.PathOrder, orders("Zorg", 0)).Refused(503, enginev1.CodeStorageUnavailable)
	health := conformance.Into[enginev1.Health](f.Get(enginev1.PathHealthz), 503)
	require.Equal(t, enginev1.CodeStorageUnavailable, health.Reason)
	f.restart(api.Options{})
	require.Equal(t, 1, f.turn(1).Status.At())
}
