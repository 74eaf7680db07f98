package play

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Totals counts calls, mails and events of a game.
type Totals struct {
	Calls  int64
	Mails  map[string]int // by recipient
	Events map[string]int // by kind
}

// Totals counts the mails of the inbox and the events of the stream.
func (p *Playthrough) Totals(ctx context.Context) (Totals, error) {
	t := Totals{Calls: p.gateway.calls.Load(), Mails: map[string]int{}, Events: p.stream.eventCounts()}
	for _, player := range p.Players {
		mails, err := p.inbox.all(ctx, player.Email)
		if err != nil {
			return t, err
		}
		t.Mails[player.Email] = len(mails)
	}
	return t, nil
}

// Summary prints the results.
func (p *Playthrough) Summary(ctx context.Context) error {
	t, err := p.Totals(ctx)
	if err != nil {
		return err
	}
	n := p.printer
	n.Section("What happened")
	line := func(name, format string, args ...any) {
		_, _ = fmt.Fprintf(n.Out, "  %-10s %s\n", name, fmt.Sprintf(format, args...))
	}
	line("game", "%q, %d turns in %s, engine as %s", p.GameName, p.Turns, p.Took.Round(time.Millisecond),
		p.Endpoints.Engine.Driver)
	if p.Result != nil {
		line("end", "%s, won by %s", p.Result.Reason, strings.Join(p.Result.Winners, ", "))
		for _, r := range p.Result.Ranking {
			line("", "%d. %-16s %-10s votes %.2f, %d planets", r.Place, r.Race, r.State, r.Votes, r.Planets)
		}
	}
	for _, to := range slices.Sorted(maps.Keys(t.Mails)) {
		line("mails", "%d to %s", t.Mails[to], to)
	}
	for _, kind := range slices.Sorted(maps.Keys(t.Events)) {
		line("events", "%d × %s", t.Events[kind], kind)
	}
	median, slowest := medianAndMax(p.TurnTimes)
	line("timings", "a turn, from the last order to both players' push: median %s, slowest %s", median, slowest)
	line("calls", "%d over REST", t.Calls)
	return nil
}

func medianAndMax(d []time.Duration) (median, slowest time.Duration) {
	if len(d) == 0 {
		return 0, 0
	}
	sorted := slices.Sorted(slices.Values(d))
	return sorted[len(sorted)/2].Round(time.Millisecond), sorted[len(sorted)-1].Round(time.Millisecond)
}
