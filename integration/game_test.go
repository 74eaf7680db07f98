//go:build integration

package integration

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"galaxy/backend/cmd/demo/play"
)

// testWriter writes the steps of the game to the test's log.
type testWriter struct{ t *testing.T }

func (w testWriter) Write(p []byte) (int, error) {
	w.t.Log(strings.TrimRight(string(p), "\n"))
	return len(p), nil
}

// TestOneGameFromSignUpToTheLastReport is the demo with every call validated
// against the contract: the real binary, engines in containers, mail and push.
func TestOneGameFromSignUpToTheLastReport(t *testing.T) {
	b := newFixture(t).start().ready()
	b.registerEngine()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	playthrough, err := play.Game(ctx, b.endpoints(), validatingDoer{b}, play.Options{MaxTurns: 150, Interval: 3600}, &play.Printer{Out: testWriter{t}})
	require.NoError(t, err)
	require.NoError(t, playthrough.Summary(ctx))
	require.GreaterOrEqual(t, playthrough.Turns, 5)
	require.Equal(t, "vote_majority", playthrough.Result.Reason)
	totals, err := playthrough.Totals(ctx)
	require.NoError(t, err)
	require.Equal(t, 2*playthrough.Turns, totals.Events["game.turn.ready"], "each player gets one event per turn")
	require.Equal(t, 2, totals.Events["game.started"])
	require.Equal(t, 2, totals.Events["game.finished"])
	require.Equal(t, 1, totals.Events["lobby.invite.received"])
	for _, p := range playthrough.Players {
		require.Contains(t, playthrough.Reports[p.Race], p.Race)
		// code, started, every turn, finished; the guest's invite besides
		require.GreaterOrEqual(t, totals.Mails[p.Email], playthrough.Turns+3)
	}
	playthrough.Close()
	require.Zero(t, b.terminate())
	requireNoSecrets(t, b)
}

// requireNoSecrets searches the backend's log for known secret values.
func requireNoSecrets(t *testing.T, b *backend) {
	t.Helper()
	log := b.log.String()
	require.NotContains(t, log, adminPassword)
	require.NotContains(t, log, "galaxy:galaxy@")
	require.NotContains(t, log, "@example.com\"")
	codes := 0
	for _, m := range b.inbox.All() {
		if code := codeIn(m.Text); code != "" {
			codes++
			require.False(t, strings.Contains(log, code), "the log contains the code of %q", m.Subject)
		}
	}
	require.NotZero(t, codes, "somebody was sent a code")
}
