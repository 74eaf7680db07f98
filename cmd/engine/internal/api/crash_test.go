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

// script is a short game, every step of which may be repeated.
func script() []func(c *conformance.Client) *conformance.Answer {
	type step = func(c *conformance.Client) *conformance.Answer
	turn := func(n int) step {
		return func(c *conformance.Client) *conformance.Answer {
			return c.Put(enginev1.PathTurn, enginev1.TurnRequest{Turn: n})
		}
	}
	tell := func(turn, id int, cmd enginev1.Command) step {
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
			return c.Post(enginev1.PathInit, document("Zorg", "Vogons", "Hooloovoo"))
		},
		list(0, enginev1.CreateType("Scout", 1, 0, 0, 0, 0)),
		tell(0, 1, enginev1.SetRelation("Zorg", enginev1.Peace)),
		turn(1),
		tell(1, 2, enginev1.SendMessage("hello", "*")),
		list(1, enginev1.CreateType("Hauler", 2, 0, 0, 0, 1)),
		list(1, enginev1.RemoveType("Scout"), enginev1.CreateType("Hauler", 2, 0, 0, 0, 1)),
		func(c *conformance.Client) *conformance.Answer {
			return c.Post(enginev1.PathBanish, enginev1.BanishRequest{RaceName: "Hooloovoo"})
		},
		turn(2),
	}
}

// untroubled gives the hash of every turn of the script.
func untroubled(t *testing.T) map[int]string {
	t.Helper()
	b := start(t, api.Options{})
	hashes := map[int]string{}
	for _, step := range script() {
		require.Less(t, step(b.Client).Status, 300)
		hashes[b.status().At()] = b.status().StateHash
	}
	return hashes
}

// verified replays the directory and compares every hash.
func (b *bench) verified() {
	b.t.Helper()
	b.shut()
	s, err := store.Open(b.dir, nil)
	require.NoError(b.t, err)
	require.NoError(b.t, s.Replay(func(r store.Replayed) error {
		require.True(b.t, r.Same(), "turn %d", r.Turn)
		return nil
	}))
	require.NoError(b.t, s.Close())
	b.open(api.Options{})
}

// troubled plays the script while trouble happens at the n-th step of writing,
// and restarts the engine after it. It states whether there was trouble.
func troubled(t *testing.T, hashes map[int]string, n int, trouble func() error) bool {
	t.Helper()
	b := start(t, api.Options{})
	writes, happened := 0, false
	b.hook = func(store.Step, string) error {
		if writes++; writes == n || happened {
			happened = true
			return trouble() // and nothing works from now on
		}
		return nil
	}
	recovered := false
	for _, step := range script() {
		before := b.status().At()
		answer := step(b.Client)
		if !happened || recovered {
			require.Less(t, answer.Status, 300)
			continue
		}
		b.hook, recovered = nil, true
		b.restart(api.Options{})
		after := b.status()
		require.Contains(t, []int{before, before + 1}, after.At())
		if after.At() >= 0 {
			require.Equal(t, hashes[after.At()], after.StateHash)
		}
		require.Less(t, step(b.Client).Status, 300, "the repeat succeeds")
	}
	b.hook = nil
	require.Equal(t, hashes[2], b.status().StateHash)
	b.verified()
	return happened
}

func TestACrashAtAnyWriteLosesNothing(t *testing.T) {
	t.Parallel()
	hashes := untroubled(t)
	steps := 0
	for troubled(t, hashes, steps+1, func() error { panic("killed") }) {
		steps++
	}
	require.Greater(t, steps, 40, "every fsync and rename was tried")
}

func TestAFullDiskAtAnyWriteLosesNothing(t *testing.T) {
	t.Parallel()
	hashes := untroubled(t)
	steps := 0
	for troubled(t, hashes, steps+1, func() error { return syscall.ENOSPC }) {
		steps++
	}
	require.Greater(t, steps, 40)
}

// A write that fails before anything was renamed has not happened, and the
// engine goes on by itself when there is space again.
func TestAFullDiskCommitsNothing(t *testing.T) {
	t.Parallel()
	for _, at := range []store.Step{store.BeforeWrite, store.AfterFsync} {
		b := founded(t)
		b.turn(1)
		before, report := b.status(), b.report("Zorg")
		b.hook = func(step store.Step, _ string) error {
			if step == at {
				return syscall.ENOSPC
			}
			return nil
		}
		b.Put(enginev1.PathTurn, enginev1.TurnRequest{Turn: 2}).Refused(503, enginev1.CodeStorageUnavailable)
		b.Put(enginev1.PathOrder, orders("Zorg", 1)).Refused(503, enginev1.CodeStorageUnavailable)
		b.Put(enginev1.PathCommand, command("Zorg", 1, 1, enginev1.QuitGame("Zorg"))).Refused(503, enginev1.CodeStorageUnavailable)
		b.Post(enginev1.PathBanish, enginev1.BanishRequest{RaceName: "Zorg"}).Refused(503, enginev1.CodeStorageUnavailable)
		require.Equal(t, before, b.status())
		require.Equal(t, report, b.report("Zorg"))
		require.Equal(t, 200, b.Get(enginev1.PathHealthz).Status)
		b.hook = nil
		b.restart(api.Options{})
		require.Equal(t, before, b.status())
		require.Equal(t, 2, b.turn(2).Status.At())
	}
}

// After a rename whose durability is unknown only a restart can tell what holds.
func TestAnUnknownOutcomeStopsAllWritesUntilARestart(t *testing.T) {
	t.Parallel()
	b := founded(t)
	b.hook = func(step store.Step, path string) error {
		if step == store.AfterDir && path == "turns" {
			return syscall.EIO
		}
		return nil
	}
	b.Put(enginev1.PathTurn, enginev1.TurnRequest{Turn: 1}).Refused(503, enginev1.CodeStorageUnavailable)
	b.hook = nil
	require.Equal(t, 0, b.status().At())
	b.Put(enginev1.PathTurn, enginev1.TurnRequest{Turn: 1}).Refused(503, enginev1.CodeStorageUnavailable)
	b.Put(enginev1.PathOrder, orders("Zorg", 0)).Refused(503, enginev1.CodeStorageUnavailable)
	health := conformance.Into[enginev1.Health](b.Get(enginev1.PathHealthz), 503)
	require.Equal(t, enginev1.CodeStorageUnavailable, health.Reason)
	b.restart(api.Options{})
	require.Equal(t, 1, b.turn(1).Status.At())
}
