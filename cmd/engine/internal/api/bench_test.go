package api_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"galaxy/backend/cmd/engine/bot"
	"galaxy/backend/cmd/engine/conformance"
	"galaxy/backend/cmd/engine/internal/api"
	"galaxy/backend/cmd/engine/internal/game"
	"galaxy/backend/cmd/engine/internal/store"
	enginev1 "galaxy/backend/proto/engine/v1"
)

// newLargeFixture is an engine with a game of 50 races and 1000 planets that bots have
// played for 40 turns, on a real disk.
func newLargeFixture(b *testing.B) *fixture {
	b.Helper()
	request := initRequest()
	request.Map = &enginev1.MapRequest{PlanetsPerRace: new(20)}
	for race := range 50 {
		request.Races = append(request.Races, enginev1.InitRace{UserID: "u", RaceName: fmt.Sprint("Race", race)})
	}
	f := &fixture{t: b, dir: b.TempDir()}
	s, err := store.Open(f.dir, nil)
	require.NoError(b, err)
	c := game.NewConfig(request, nil)
	snapshot, err := s.CreateGame(store.Game{Config: c, Identity: game.Identity(request)}, game.InitialTurn(&c), store.Meta{})
	require.NoError(b, err)
	turn := snapshot.Turn
	for turn.State.Turn < 40 {
		lists := make(game.Lists, 50)
		for race := range lists {
			lists[race], _ = bot.Play(game.Report(game.ReportSource{Config: &c, Turn: turn, Live: turn.State}, race))
		}
		turn = game.Advance(&c, turn.State, lists)
		snapshot, err = s.Commit(turn, snapshot.Hash, store.Meta{})
		require.NoError(b, err)
	}
	require.NoError(b, s.Close())
	f.open(api.Options{})
	b.Cleanup(f.close)
	return f
}

// percentile95 times calls one by one, each after what has to come before it.
func percentile95(b *testing.B, before, call func(i int)) {
	b.Helper()
	var took []time.Duration
	var busy time.Duration
	for i := 0; b.Loop(); i++ {
		b.StopTimer()
		before(i)
		b.StartTimer()
		idle, begin := cpuTime(b), time.Now()
		call(i)
		took = append(took, time.Since(begin))
		busy += cpuTime(b) - idle
	}
	b.ReportMetric(float64(busy.Microseconds())/1000/float64(len(took)), "cpu-ms/op")
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)*95/100].Microseconds())/1000, "p95-ms")
}

// cpuTime is the processor time of this process, client and engine together.
func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func noSetup(int) {}

func (f *fixture) send(method, path, body string) []byte {
	request, err := http.NewRequestWithContext(f.t.Context(), method, f.server.URL+path, strings.NewReader(body))
	require.NoError(f.t, err)
	request.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(request)
	require.NoError(f.t, err)
	raw, err := io.ReadAll(answer.Body)
	require.NoError(f.t, errors.Join(err, answer.Body.Close()))
	require.Equal(f.t, 200, answer.StatusCode, "%s", raw)
	return raw
}

// submitBotOrders submits the bot's order list for every race.
func (f *fixture) submitBotOrders(turn int) {
	for race := range 50 {
		name := fmt.Sprint("Race", race)
		var r enginev1.Report
		require.NoError(f.t, json.Unmarshal(f.send(http.MethodGet, conformance.ReportPath(name), ""), &r))
		list, _ := bot.Play(&r)
		raw, err := json.Marshal(orders(name, turn, list...))
		require.NoError(f.t, err)
		f.send(http.MethodPut, enginev1.PathOrder, string(raw))
	}
}

func BenchmarkPutTurn50x1000(b *testing.B) {
	f := newLargeFixture(b)
	percentile95(b, func(i int) { f.submitBotOrders(40 + i) }, func(i int) {
		f.send(http.MethodPut, enginev1.PathTurn, fmt.Sprintf(`{"turn":%d}`, 41+i))
	})
}

func BenchmarkPutOrder50x1000(b *testing.B) {
	f := newLargeFixture(b)
	var r enginev1.Report
	require.NoError(b, json.Unmarshal(f.send(http.MethodGet, conformance.ReportPath("Race0"), ""), &r))
	list, _ := bot.Play(&r)
	raw, err := json.Marshal(orders("Race0", 40, list...))
	require.NoError(b, err)
	percentile95(b, noSetup, func(int) { f.send(http.MethodPut, enginev1.PathOrder, string(raw)) })
}

func BenchmarkGetReport50x1000(b *testing.B) {
	f := newLargeFixture(b)
	percentile95(b, noSetup, func(i int) {
		// A past turn every time: nothing comes from the cache.
		f.send(http.MethodGet, conformance.ReportPath(fmt.Sprint("Race", i%50))+fmt.Sprint("&turn=", 20+i/50%20), "")
	})
}

// BenchmarkGetCurrentReport50x1000 reads reports that are not cached: a command
// of every race invalidates them.
func BenchmarkGetCurrentReport50x1000(b *testing.B) {
	f := newLargeFixture(b)
	sent := 0
	percentile95(b, func(int) {
		sent++
		raw, err := json.Marshal(command(fmt.Sprint("Race", sent%50), 40, sent, enginev1.SetRelation("*", relations()[sent/50%2])))
		require.NoError(b, err)
		f.send(http.MethodPut, enginev1.PathCommand, string(raw))
	}, func(i int) { f.send(http.MethodGet, conformance.ReportPath(fmt.Sprint("Race", i%50)), "") })
}

func relations() []enginev1.Relation { return []enginev1.Relation{enginev1.Peace, enginev1.War} }
