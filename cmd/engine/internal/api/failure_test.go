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
	f := newGameFixture(t)
	hash := f.status().StateHash
	f.restart(api.Options{Advance: func(*game.Config, *game.State, game.Lists) *game.Turn { panic("rules are broken") }})
	for range 2 {
		f.Put(enginev1.PathTurn, enginev1.TurnRequest{Turn: 1}).Refused(500, enginev1.CodeTurnFailed)
	}
	require.Equal(t, hash, f.status().StateHash)
	require.False(t, f.status().Generating)
	f.order("Zorg", 0)
	f.restart(api.Options{})
	require.Equal(t, 1, f.turn(1).Status.At(), "repaired rules go on")
}

func TestAPanicInAHandlerIsAnInternalError(t *testing.T) {
	t.Parallel()
	f := newFixture(t, api.Options{Now: func() time.Time { panic("the clock broke") }})
	refused := f.Post(enginev1.PathInit, initRequest("Zorg")).Refused(500, enginev1.CodeInternal)
	require.Equal(t, "internal error", refused.Message)
	require.Equal(t, enginev1.StateUninitialized, f.status().State)
}

func TestReadsGoOnWhileATurnIsGenerated(t *testing.T) {
	t.Parallel()
	begun, release := make(chan struct{}), make(chan struct{})
	f := newFixture(t, api.Options{
		LockWait: time.Millisecond,
		Advance: func(c *game.Config, s *game.State, l game.Lists) *game.Turn {
			close(begun) // a second generation would panic here
			<-release
			return game.Advance(c, s, l)
		},
	})
	conformance.Into[enginev1.Status](f.Post(enginev1.PathInit, initRequest("Zorg", "Vogons")), 201)
	var calls sync.WaitGroup
	answers := make([]enginev1.TurnResponse, 2)
	calls.Go(func() { answers[0] = f.turn(1) })
	<-begun
	calls.Go(func() { answers[1] = f.turn(1) })
	require.True(t, f.status().Generating)
	require.Equal(t, 0, f.report("Zorg").Turn)
	busy := f.Put(enginev1.PathOrder, orders("Zorg", 0))
	busy.Refused(503, enginev1.CodeBusy)
	require.Equal(t, "1", busy.Header.Get("Retry-After"))
	f.Put(enginev1.PathCommand, command("Zorg", 0, 1, enginev1.QuitGame("Zorg"))).Refused(503, enginev1.CodeBusy)
	f.Post(enginev1.PathBanish, enginev1.BanishRequest{RaceName: "Zorg"}).Refused(503, enginev1.CodeBusy)
	close(release)
	calls.Wait()
	require.NotEqual(t, answers[0].Replayed, answers[1].Replayed, "one generates, the other waits for it")
	require.False(t, f.status().Generating)
}

func TestShutdownRefusesNewRequests(t *testing.T) {
	t.Parallel()
	f := newGameFixture(t)
	f.engine.Close()
	f.Put(enginev1.PathTurn, enginev1.TurnRequest{Turn: 1}).Refused(503, enginev1.CodeShuttingDown)
	refused := f.Get(conformance.ReportPath("Zorg"))
	refused.Refused(503, enginev1.CodeShuttingDown)
	require.Equal(t, "1", refused.Header.Get("Retry-After"))
	require.Equal(t, 0, f.status().At(), "the status is told while the process is up")
	health := conformance.Into[enginev1.Health](f.Get(enginev1.PathHealthz), 503)
	require.Equal(t, enginev1.HealthShuttingDown, health.Status)
}

// damages are ways to corrupt a directory; each names a file of a game at turn 2
// and changes it.
func damages() map[string]struct {
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

func TestADamagedDirectoryFailsTheEngine(t *testing.T) {
	t.Parallel()
	for name, d := range damages() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newGameFixture(t)
			f.turn(1)
			f.turn(2)
			f.order("Zorg", 2)
			f.command("Zorg", 2, 1, enginev1.SetRelation("Vogons", enginev1.Peace))
			file := filepath.Join(f.dir, d.file)
			raw, err := os.ReadFile(file)
			require.NoError(t, err)
			require.NoError(t, os.Remove(file))
			if d.change != nil {
				require.NoError(t, os.WriteFile(file, d.change(raw), 0o600))
			}
			f.restart(api.Options{})
			require.Equal(t, enginev1.StateFailed, f.status().State)
			health := conformance.Into[enginev1.Health](f.Get(enginev1.PathHealthz), 503)
			require.Equal(t, enginev1.CodeStateCorrupt, health.Reason)
			f.Put(enginev1.PathTurn, enginev1.TurnRequest{Turn: 3}).Refused(503, enginev1.CodeStateCorrupt)
			f.Put(enginev1.PathOrder, orders("Zorg", 2)).Refused(503, enginev1.CodeStateCorrupt)
			f.Post(enginev1.PathInit, initRequest("Zorg", "Vogons")).Refused(503, enginev1.CodeStateCorrupt)
			f.Get(conformance.ReportPath("Zorg")).Refused(503, enginev1.CodeStateCorrupt)
			if d.file != "game.json" {
				healthy := conformance.Into[enginev1.Report](f.Get(conformance.ReportPath("Zorg")+"&turn=1"), 200)
				require.Equal(t, 1, healthy.Turn, "healthy turns can be read")
			}
		})
	}
}

func TestARewindRepairsADamagedGame(t *testing.T) {
	t.Parallel()
	f := newGameFixture(t)
	f.turn(1)
	want := f.turn(2).Status.StateHash
	require.NoError(t, os.WriteFile(filepath.Join(f.dir, "turns/000002/state.json"), []byte("{}"), 0o600))
	f.close()
	require.NoError(t, store.Rewind(f.dir, 1, nil))
	f.open(api.Options{})
	require.Equal(t, 1, f.status().At())
	require.Equal(t, want, f.turn(2).Status.StateHash)
}
