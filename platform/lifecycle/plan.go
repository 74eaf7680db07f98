package lifecycle

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.uber.org/fx"
)

// Phase is a step of the start sequence. The stop sequence is its reverse.
type Phase int

// The phases, in start order.
const (
	Telemetry Phase = iota // first up, last down: the other phases report to it
	Storage                // Postgres pool, migrations
	Docker                 // Docker client
	Cache                  // warm-up; nothing to stop
	Push                   // hub: on stop, drain events to the gateway
	Mail                   // mail outbox: on stop, finish the sends under way
	Work                   // clocks, sweepers, convergence, notification routes
	Ingress                // HTTP and gRPC listeners
	phases
)

// String is the phase's name in logs and plans.
func (p Phase) String() string {
	return [...]string{"telemetry", "storage", "docker", "cache", "push", "mail", "work", "ingress"}[p]
}

// Cap bounds the stop of every component: BACKEND_SHUTDOWN_TIMEOUT.
type Cap time.Duration

// Entry is one component's place in the sequence.
type Entry struct {
	Phase       Phase
	Name        string        // unique; shown in logs and plans
	StopTimeout time.Duration // the component's own budget; needed when Stop is set
	Start, Stop func(context.Context) error
}

// Component enters T under a phase. Start and stop are method expressions;
// either may be nil. Start returns once the component runs; stop waits until
// it does not.
func Component[T any](
	p Phase, name string, budget time.Duration, start, stop func(T, context.Context) error,
) fx.Option {
	return fx.Provide(fx.Annotate(func(t T) Entry {
		e := Entry{Phase: p, Name: name, StopTimeout: budget}
		if start != nil {
			e.Start = func(ctx context.Context) error { return start(t, ctx) }
		}
		if stop != nil {
			e.Stop = func(ctx context.Context) error { return stop(t, ctx) }
		}
		return e
	}, fx.ResultTags(`group:"lifecycle"`)))
}

// Provide enters what constructor returns, an Entry. It is for components
// whose budget comes from configuration.
func Provide(constructor any) fx.Option {
	return fx.Provide(fx.Annotate(constructor, fx.ResultTags(`group:"lifecycle"`)))
}

// Plan is every entry of the process, in start order.
type Plan []Entry

// Order sorts entries by phase, then name. Two entries of one name, an unknown
// phase and a stop without a budget are errors. No budget exceeds the cap.
func Order(entries []Entry, limit Cap) (Plan, error) {
	plan := slices.SortedFunc(slices.Values(entries), func(a, b Entry) int {
		return cmp.Or(cmp.Compare(a.Phase, b.Phase), cmp.Compare(a.Name, b.Name))
	})
	seen := map[string]bool{}
	for i, e := range plan {
		switch {
		case e.Phase < 0 || e.Phase >= phases:
			return nil, fmt.Errorf("lifecycle: component %q has no phase", e.Name)
		case seen[e.Name]:
			return nil, fmt.Errorf("lifecycle: component %q entered twice", e.Name)
		case e.Stop != nil && e.StopTimeout <= 0:
			return nil, fmt.Errorf("lifecycle: component %q has no time to stop", e.Name)
		}
		seen[e.Name] = true
		if limit > 0 {
			plan[i].StopTimeout = min(e.StopTimeout, time.Duration(limit))
		}
	}
	return plan, nil
}

func (p Plan) phase(ph Phase) []Entry {
	return slices.DeleteFunc(slices.Clone(p), func(e Entry) bool { return e.Phase != ph })
}

// Budget is the longest a whole stop may take: phases run one after another,
// the components of a phase side by side.
func (p Plan) Budget() time.Duration {
	var sum time.Duration
	for ph := range phases {
		var longest time.Duration
		for _, e := range p.phase(ph) {
			if e.Stop != nil {
				longest = max(longest, e.StopTimeout)
			}
		}
		sum += longest
	}
	return sum
}

// String is the plan as a table, one component a line, in start order.
func (p Plan) String() string {
	var b strings.Builder
	for _, e := range p {
		budget := "-"
		if e.Stop != nil {
			budget = e.StopTimeout.String()
		}
		fmt.Fprintf(&b, "%-10s %-24s %s\n", e.Phase, e.Name, budget)
	}
	return b.String()
}
