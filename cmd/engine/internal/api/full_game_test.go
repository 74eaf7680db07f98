package api_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"galaxy/backend/cmd/engine/bot"
	"galaxy/backend/cmd/engine/conformance"
	"galaxy/backend/cmd/engine/internal/api"
	enginev1 "galaxy/backend/proto/engine/v1"
)

// botRound lets the bot play for every race over HTTP and generates the next turn.
func (f *fixture) botRound(turn int) enginev1.TurnResponse {
	f.t.Helper()
	for i, race := range []string{"Zorg", "Vogons"} {
		r := f.report(race)
		list, commands := bot.Play(&r)
		for n, cmd := range commands {
			f.command(race, turn, 1000*turn+100*i+n, cmd)
		}
		if list != nil {
			f.order(race, turn, list...)
		}
	}
	return f.turn(turn + 1)
}

// A whole game over HTTP: two engines with one seed have equal hashes at every
// turn, restarts in between change nothing, and what is on disk replays.
func TestAWholeGameRepeatsExactly(t *testing.T) {
	t.Parallel()
	one, other := newGameFixture(t), newGameFixture(t)
	finished := false
	for turn := 0; !finished; turn++ {
		require.Less(t, turn, 40, "bots of two races end earlier")
		if turn%5 == 4 {
			other.restart(api.Options{})
		}
		first, second := one.botRound(turn), other.botRound(turn)
		require.Equal(t, first.Status.StateHash, second.Status.StateHash, "turn %d", turn+1)
		require.Equal(t, first.Events, second.Events)
		finished = first.Status.Finished
	}
	for _, race := range []string{"Zorg", "Vogons"} {
		text := one.With("Accept", "text/plain").Get(conformance.ReportPath(race))
		require.Equal(t, string(text.Body), string(other.With("Accept", "text/plain").Get(conformance.ReportPath(race)).Body))
		require.Contains(t, string(text.Body), "The game is over (vote_majority)")
	}
	one.requireReplay()
	other.requireReplay()
}
