package docker

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"galaxy/backend/platform/clock"
)

func TestWatchSubscribesAgainWithAGrowingPause(t *testing.T) {
	t.Parallel()
	clk := clock.NewFake(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	subscriptions := make(chan struct{}, 16)
	c := fakeDaemon(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v1.41/events" {
			return
		}
		subscriptions <- struct{}{}
		_, _ = w.Write([]byte(`{"Type":"container","Action":"die","Actor":{"Attributes":{"name":"galaxy-game-1","galaxy.game_id":"1"}}}` + "\n" +
			`{"Type":"container","Action":"exec_start: sh","Actor":{"Attributes":{"name":"noise"}}}` + "\n"))
	})
	c.clk = clk
	ctx, cancel := context.WithCancel(t.Context())
	hints := c.Watch(ctx, Selector{Label: "galaxy.backend=1"})
	for _, longest := range []time.Duration{retryFirst, 2 * retryFirst, 4 * retryFirst} {
		<-subscriptions
		require.Equal(t, Hint{}, <-hints, "a subscription begins with a look at everything")
		require.Equal(t, "galaxy-game-1", (<-hints).Name)
		clk.BlockUntil(1)
		clk.Advance(longest/2 - time.Millisecond)
		require.Empty(t, subscriptions, "the pause is at least half of %s", longest)
		clk.Advance(longest/2 + time.Millisecond)
	}
	cancel()
	for range hints { // until it is closed
	}
}

func TestWatchHintsOnlyOfWhatIsSelected(t *testing.T) {
	t.Parallel()
	c := fakeDaemon(t, func(w http.ResponseWriter, r *http.Request) {
		for _, attributes := range []string{`"name":"a","owner":"them"`, `"name":"b","owner":"us"`, `"name":"c"`} {
			_, _ = w.Write([]byte(`{"Type":"container","Action":"die","Actor":{"Attributes":{` + attributes + `}}}` + "\n"))
		}
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	ctx, cancel := context.WithCancel(t.Context())

	hints := c.Watch(ctx, Selector{Label: "galaxy.backend=1", Match: notTheirs})

	require.Equal(t, Hint{}, <-hints)
	require.Equal(t, "b", (<-hints).Name)
	require.Equal(t, "c", (<-hints).Name)
	cancel()
	for range hints { // until it is closed
	}
}

func TestSlowWatcherIsToldThatHintsWereLost(t *testing.T) {
	t.Parallel()
	out := make(chan Hint, 2)
	h := hintSender{out: out}
	for _, name := range []string{"a", "b", "lost", "lost too"} {
		h.send(Hint{Name: name})
	}
	require.Equal(t, "a", (<-out).Name)
	require.Equal(t, "b", (<-out).Name)

	h.send(Hint{Name: "c"})

	require.Equal(t, Hint{}, <-out)
	require.Equal(t, "c", (<-out).Name)
}
