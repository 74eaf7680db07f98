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

// large is an engine with a game of 50 races and 1000 planets that bots have
// played for 40 turns, on a real disk.
func large(b *testing.B) *bench {
	b.Helper()
	request := document()
	request.Map = &enginev1.MapRequest{PlanetsPerRace: new(20)}
	for race := range 50 {
		request.Races = append(request.Races, enginev1.InitRace{UserID: "u", RaceName: fmt.Sprint("Race", race)})
	}
	e := &bench{t: b, dir: b.TempDir()}
	s, err := store.Open(e.dir, nil)
	require.NoError(b, err)
	c := game.NewConfig(request, nil)
	snapshot, err := s.Found(store.Game{Config: c, Identity: game.Identity(request)}, game.Found(&c), store.Meta{})
	require.NoError(b, err)
	turn := snapshot.Turn
	for turn.State.Turn < 40 {
		lists := make(game.Lists, 50)
		for race := range lists {
			lists[race], _ = bot.Play(game.Report(game.Subject{Config: &c, Turn: turn, Live: turn.State}, race))
		}
		turn = game.Advance(&c, turn.State, lists)
		snapshot, err = s.Commit(turn, snapshot.Hash, store.Meta{})
		require.NoError(b, err)
	}
	require.NoError(b, s.Close())
	e.open(api.Options{})
	b.Cleanup(e.shut)
	return e
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

func nothing(int) {}

func (b *bench) send(method, path, body string) []byte {
	request, err := http.NewRequestWithContext(b.t.Context(), method, b.server.URL+path, strings.NewReader(body))
	require.NoError(b.t, err)
	request.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(request)
	require.NoError(b.t, err)
	raw, err := io.ReadAll(answer.Body)
	require.NoError(b.t, errors.Join(err, answer.Body.Close()))
	require.Equal(b.t, 200, answer.StatusCode, "%s", raw)
	return raw
}

// everybodyPlays lets the bot hand in a list for every race.
func (b *bench) everybodyPlays(turn int) {
	for race := range 50 {
		name := fmt.Sprint("Race", race)
		var r enginev1.Report
		require.NoError(b.t, json.Unmarshal(b.send(http.MethodGet, conformance.ReportPath(name), ""), &r))
		list, _ := bot.Play(&r)
		raw, err := json.Marshal(orders(name, turn, list...))
		require.NoError(b.t, err)
		b.send(http.MethodPut, enginev1.PathOrder, string(raw))
	}
}

func BenchmarkPutTurn50x1000(b *testing.B) {
	e := large(b)
	percentile95(b, func(i int) { e.everybodyPlays(40 + i) }, func(i int) {
		e.send(http.MethodPut, enginev1.PathTurn, fmt.Sprintf(`{"turn":%d}`, 41+i))
	})
}

func BenchmarkPutOrder50x1000(b *testing.B) {
	e := large(b)
	var r enginev1.Report
	require.NoError(b, json.Unmarshal(e.send(http.MethodGet, conformance.ReportPath("Race0"), ""), &r))
	list, _ := bot.Play(&r)
	raw, err := json.Marshal(orders("Race0", 40, list...))
	require.NoError(b, err)
	percentile95(b, nothing, func(int) { e.send(http.MethodPut, enginev1.PathOrder, string(raw)) })
}

func BenchmarkGetReport50x1000(b *testing.B) {
	e := large(b)
	percentile95(b, nothing, func(i int) {
		// A past turn every time: nothing comes from the cache.
		e.send(http.MethodGet, conformance.ReportPath(fmt.Sprint("Race", i%50))+fmt.Sprint("&turn=", 20+i/50%20), "")
	})
}

// BenchmarkGetCurrentReport50x1000 asks for reports of a turn that nobody has
// asked for yet: a command of every race makes the cached one stale.
func BenchmarkGetCurrentReport50x1000(b *testing.B) {
	e := large(b)
	said := 0
	percentile95(b, func(int) {
		said++
		raw, err := json.Marshal(command(fmt.Sprint("Race", said%50), 40, said, enginev1.SetRelation("*", relations()[said/50%2])))
		require.NoError(b, err)
		e.send(http.MethodPut, enginev1.PathCommand, string(raw))
	}, func(i int) { e.send(http.MethodGet, conformance.ReportPath(fmt.Sprint("Race", i%50)), "") })
}

func relations() []enginev1.Relation { return []enginev1.Relation{enginev1.Peace, enginev1.War} }
