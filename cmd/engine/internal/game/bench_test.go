package game_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"syscall"
	"testing"
	"time"

	"galaxy/backend/cmd/engine/bot"
	"galaxy/backend/cmd/engine/internal/game"
	"galaxy/backend/cmd/engine/internal/textreport"
	enginev1 "galaxy/backend/proto/engine/v1"
)

// playedGame is a game that bots have played for a while, with the lists they would
// submit next.
func playedGame(b *testing.B, races, perRace, turns int) (*game.Config, *game.Turn, game.Lists) {
	b.Helper()
	c, turn := newGame(races, perRace, 7)
	for turn.State.Turn < turns && turn.State.Result == nil {
		turn = botTurn(b, c, turn)
	}
	lists := make(game.Lists, races)
	for race := range lists {
		lists[race], _ = bot.Play(game.Report(game.ReportSource{Config: c, Turn: turn, Live: turn.State}, race))
	}
	return c, turn, lists
}

var sizes = []struct{ races, perRace, turns int }{{10, 10, 25}, {50, 20, 40}}

// measureCPU reports the processor time per operation, which a busy machine does not
// change as much as the wall clock.
func measureCPU(b *testing.B, op func(i int)) {
	b.Helper()
	before := cpuTime(b)
	n := 0
	for ; b.Loop(); n++ {
		op(n)
	}
	b.ReportMetric(float64((cpuTime(b)-before).Microseconds())/1000/float64(n), "cpu-ms/op")
}

func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func BenchmarkTurn(b *testing.B) {
	for _, size := range sizes {
		b.Run(fmt.Sprintf("%dx%d", size.races, size.races*size.perRace), func(b *testing.B) {
			c, turn, lists := playedGame(b, size.races, size.perRace, size.turns)
			b.ReportAllocs()
			measureCPU(b, func(int) { game.Advance(c, turn.State, lists) })
			ships := 0
			for _, g := range turn.State.Groups {
				ships += g.Ships
			}
			b.ReportMetric(float64(len(turn.State.Groups)), "groups")
			b.ReportMetric(float64(ships), "ships")
		})
	}
}

func BenchmarkReport(b *testing.B) {
	for _, size := range sizes {
		c, turn, _ := playedGame(b, size.races, size.perRace, size.turns)
		for name, render := range map[string]func(race int) int{
			"json": func(race int) int {
				raw, err := json.Marshal(game.Report(game.ReportSource{Config: c, Turn: turn, Live: turn.State}, race))
				if err != nil {
					b.Fatal(err)
				}
				return len(raw)
			},
			"text": func(race int) int {
				return len(textreport.Render(game.Report(game.ReportSource{Config: c, Turn: turn, Live: turn.State}, race)))
			},
		} {
			b.Run(fmt.Sprintf("%s/%dx%d", name, size.races, size.races*size.perRace), func(b *testing.B) {
				bytes := 0
				measureCPU(b, func(i int) { bytes = max(bytes, render(i%size.races)) })
				b.ReportMetric(float64(bytes), "bytes-max")
			})
		}
	}
}

func BenchmarkPreview(b *testing.B) {
	c, turn, lists := playedGame(b, 50, 20, 40)
	measureCPU(b, func(i int) { game.Preview(c, turn.State, i%50, lists[i%50]) })
}

// BenchmarkWorstList is the most expensive list that a player may submit: as long as
// allowed, and every second order merges what the one before has split.
func BenchmarkWorstList(b *testing.B) {
	c, turn, _ := playedGame(b, 50, 20, 40)
	own := slices.IndexFunc(turn.State.Groups, func(g game.Group) bool { return g.Race == 0 && g.Ships > 1 && g.To == 0 })
	group := enginev1.Group(turn.State.Groups[own].Number)
	var list []enginev1.Order
	for len(list) < enginev1.MaxOrders {
		list = append(list, enginev1.Split(group, 1), enginev1.Merge())
	}
	measureCPU(b, func(int) { game.Preview(c, turn.State, 0, list) })
}
