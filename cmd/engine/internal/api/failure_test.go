package api_test

import (
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"galaxy/backend/cmd/engine/conformance"
	"galaxy/backend/cmd/engine/internal/api"
	"galaxy/backend/cmd/engine/internal/game"
	"galaxy/backend/cmd/engine/internal/store"
	enginev1 "galaxy/backend/proto/engine/v1"
)

func TestAPanickingTurnLeavesTheGameWhereItIs(t *testing.T) {
	t.Parallel()
	b := founded(t)
	hash := b.status().StateHash
	b.restart(api.Options{Advance: func(*game.Config, *game.State, game.Lists) *game.Turn { panic("rules are broken") }})
	for range 2 {
		b.Put(enginev1.PathTurn, enginev1.TurnRequest{Turn: 1}).Refused(500, enginev1.CodeTurnFailed)
	}
	require.Equal(t, hash, b.status().StateHash)
	require.False(t, b.status().Generating)
	b.order("Zorg", 0)
	b.restart(api.Options{})
	require.Equal(t, 1, b.turn(1).Status.At(), "repaired rules go on")
}

func TestAnUnforeseenPanicIsAnInternalError(t *testing.T) {
	t.Parallel()
	b := start(t, api.Options{Now: func() time.Time { panic("the clock broke") }})
	refused := b.Post(enginev1.PathInit, document("Zorg")).Refused(500, enginev1.CodeInternal)
	require.Equal(t, "internal error", refused.Message)
	require.Equal(t, enginev1.StateUninitialized, b.status().State)
}

func TestReadsGoOnWhileATurnIsGenerated(t *testing.T) {
	t.Parallel()
	begun, release := make(chan struct{}), make(chan struct{})
	b := start(t, api.Options{
		LockWait: time.Millisecond,
		Advance: func(c *game.Config, s *game.State, l game.Lists) *game.Turn {
			close(begun) // a second generation would panic here
			<-release
			return game.Advance(c, s, l)
		},
	})
	conformance.Into[enginev1.Status](b.Post(enginev1.PathInit, document("Zorg", "Vogons")), 201)
	var calls sync.WaitGroup
	answers := make([]enginev1.TurnResponse, 2)
	calls.Go(func() { answers[0] = b.turn(1) })
	<-begun
	calls.Go(func() { answers[1] = b.turn(1) })
	require.True(t, b.status().Generating)
	require.Equal(t, 0, b.report("Zorg").Turn)
	busy := b.Put(enginev1.PathOrder, orders("Zorg", 0))
	busy.Refused(503, enginev1.CodeBusy)
	require.Equal(t, "1", busy.Header.Get("Retry-After"))
	b.Put(enginev1.PathCommand, command("Zorg", 0, 1, enginev1.QuitGame("Zorg"))).Refused(503, enginev1.CodeBusy)
	b.Post(enginev1.PathBanish, enginev1.BanishRequest{RaceName: "Zorg"}).Refused(503, enginev1.CodeBusy)
	close(release)
	calls.Wait()
	require.NotEqual(t, answers[0].Replayed, answers[1].Replayed, "one generates, the other waits for it")
	require.False(t, b.status().Generating)
}

func TestAtShutdownNothingNewBegins(t *testing.T) {
	t.Parallel()
	b := founded(t)
	b.engine.Close()
	b.Put(enginev1.PathTurn, enginev1.TurnRequest{Turn: 1}).Refused(503, enginev1.CodeShuttingDown)
	refused := b.Get(conformance.ReportPath("Zorg"))
	refused.Refused(503, enginev1.CodeShuttingDown)
	require.Equal(t, "1", refused.Header.Get("Retry-After"))
	require.Equal(t, 0, b.status().At(), "the status is told while the process is up")
	health := conformance.Into[enginev1.Health](b.Get(enginev1.PathHealthz), 503)
	require.Equal(t, enginev1.HealthShuttingDown, health.Status)
}

// damage are ways in which a directory loses its trust; each names a file of a
// game at turn 2 and changes it.
func damage() map[string]struct {
	file   string
	change func([]byte) []byte
} {
	flip := func(raw []byte) []byte { raw[len(raw)/2] ^= 1; return raw }
	return map[string]struct {
		file   string
		change func([]byte) []byte
	}{
		"a flipped bit":       {"turns/000002/state.json", flip},
		"half a snapshot":     {"turns/000002/state.json", func(raw []byte) []byte { return raw[:len(raw)/2] }},
		"an empty snapshot":   {"turns/000002/state.json", func([]byte) []byte { return nil }},
		"no snapshot":         {"turns/000002/state.json", nil},
		"no meta":             {"turns/000002/meta.json", nil},
		"a damaged list":      {"orders/000002/1.json", flip},
		"a damaged command":   {"commands/000002.jsonl", func(raw []byte) []byte { raw[40] ^= 1; return raw }},
		"a damaged game file": {"game.json", flip},
		"no game file":        {"game.json", nil},
	}
}

func TestADamagedDirectoryIsNeverTrusted(t *testing.T) {
	t.Parallel()
	for name, d := range damage() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := founded(t)
			b.turn(1)
			b.turn(2)
			b.order("Zorg", 2)
			b.command("Zorg", 2, 1, enginev1.SetRelation("Vogons", enginev1.Peace))
			file := filepath.Join(b.dir, d.file)
			raw, err := os.ReadFile(file)
			require.NoError(t, err)
			require.NoError(t, os.Remove(file))
			if d.change != nil {
				require.NoError(t, os.WriteFile(file, d.change(raw), 0o600))
			}
			b.restart(api.Options{})
			require.Equal(t, enginev1.StateFailed, b.status().State)
			health := conformance.Into[enginev1.Health](b.Get(enginev1.PathHealthz), 503)
			require.Equal(t, enginev1.CodeStateCorrupt, health.Reason)
			b.Put(enginev1.PathTurn, enginev1.TurnRequest{Turn: 3}).Refused(503, enginev1.CodeStateCorrupt)
			b.Put(enginev1.PathOrder, orders("Zorg", 2)).Refused(503, enginev1.CodeStateCorrupt)
			b.Post(enginev1.PathInit, document("Zorg", "Vogons")).Refused(503, enginev1.CodeStateCorrupt)
			b.Get(conformance.ReportPath("Zorg")).Refused(503, enginev1.CodeStateCorrupt)
			if d.file != "game.json" {
				healthy := conformance.Into[enginev1.Report](b.Get(conformance.ReportPath("Zorg")+"&turn=1"), 200)
				require.Equal(t, 1, healthy.Turn, "healthy turns can be read")
			}
		})
	}
}

func TestARewindGetsADamagedGameGoingAgain(t *testing.T) {
	t.Parallel()
	b := founded(t)
	b.turn(1)
	want := b.turn(2).Status.StateHash
	require.NoError(t, os.WriteFile(filepath.Join(b.dir, "turns/000002/state.json"), []byte("{}"), 0o600))
	b.shut()
	require.NoError(t, store.Rewind(b.dir, 1, nil))
	b.open(api.Options{})
	require.Equal(t, 1, b.status().At())
	require.Equal(t, want, b.turn(2).Status.StateHash)
}
