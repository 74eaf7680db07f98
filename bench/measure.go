package main

import (
	"context"
	"fmt"
	"os"
	"sync/atomic"
	"time"

	"galaxy/backend/bench/internal/load"
	"galaxy/backend/bench/internal/procstat"
	"galaxy/backend/bench/internal/stats"
)

// connections is how many requests are under way at once.
const connections = 32

// side is one of the two that are compared.
type side struct {
	process *process
	target  load.Target
	// drain waits until the deferred work of a slot is done, and returns how much
	// that was. nil: a slot defers nothing.
	drain func(ctx context.Context) (deferred int, err error)
}

// target is a side's target, for requests that may be repeated.
func target(addr string, next func(buf []byte, i uint64) []byte) load.Target {
	return load.Target{Addr: addr, Next: next, Sequence: new(atomic.Uint64)}
}

// slot is the measurement of one side in one round.
type slot struct {
	load.Result
	server, postgres time.Duration // CPU
	others           float64       // share of the machine
	deferred         int           // units of deferred work
	deferredCPU      time.Duration // its cost, after the slot
	deferredPostgres time.Duration // Postgres' part of it
}

// cpu is the cost of a unit in microseconds.
func (s slot) cpu() float64 { return stats.PerUnit(s.server+s.postgres, s.OK) }

// net is cpu without deferrable work: what was done of it within the slot is
// assumed to have cost as much per unit as the rest cost afterwards. When too
// little was deferred to estimate that, nothing is subtracted.
func (s slot) net() float64 {
	if s.deferred < s.OK/4 || s.deferred == 0 {
		return s.cpu()
	}
	each := float64(s.deferredCPU) / float64(s.deferred)
	within := time.Duration(each * float64(max(0, s.OK-s.deferred)))
	return stats.PerUnit(s.server+s.postgres-within, s.OK)
}

// gross is cpu with all deferred work.
func (s slot) gross() float64 { return stats.PerUnit(s.server+s.postgres+s.deferredCPU, s.OK) }

// database is the cost of a unit in Postgres, with all deferred work.
func (s slot) database() float64 { return stats.PerUnit(s.postgres+s.deferredPostgres, s.OK) }

// usage is one reading of the CPU time of all that are measured.
type usage struct {
	server, postgres, self time.Duration
	machine                procstat.Machine
}

func (s *testbed) readUsage(p *process) (b usage, err error) {
	if b.server, err = p.cpuUsed(); err != nil {
		return b, err
	}
	if b.postgres, err = procstat.TreeCPU(s.postmaster); err != nil {
		return b, err
	}
	self, err := procstat.Read(os.Getpid())
	if err != nil {
		return b, err
	}
	b.self = self.CPU
	b.machine, err = procstat.ReadMachine()
	return b, err
}

// runSlot sends requests to one side and measures it.
func (s *testbed) runSlot(ctx context.Context, on side, o load.Options) (slot, error) {
	before, err := s.readUsage(on.process)
	if err != nil {
		return slot{}, err
	}
	res, err := load.Run(ctx, on.target, o)
	if err != nil {
		return slot{}, fmt.Errorf("%s: %w", on.process.name, err)
	}
	after, err := s.readUsage(on.process)
	if err != nil {
		return slot{}, err
	}
	out := slot{Result: res, server: after.server - before.server, postgres: after.postgres - before.postgres}
	out.others = procstat.OtherShare(before.machine, after.machine, out.server+out.postgres+after.self-before.self)
	if res.Refused+res.Broken > 0 || res.OK == 0 {
		return out, fmt.Errorf("%s: %d answered, %d refused, %d broken: %s", on.process.name, res.OK, res.Refused, res.Broken, res.FirstError)
	}
	if on.drain == nil {
		return out, nil
	}
	if out.deferred, err = on.drain(ctx); err != nil {
		return out, err
	}
	settled, err := s.readUsage(on.process)
	out.deferredPostgres = settled.postgres - after.postgres
	out.deferredCPU = settled.server + settled.postgres - after.server - after.postgres
	return out, err
}

// comparison is a comparison: the slots of both sides, round by round.
type comparison struct {
	product, anchor []slot
}

// warmUp is how long each side runs before the first round, unmeasured: caches,
// prepared statements, the heap.
const warmUp = time.Second

// rounds measures the two sides alternately.
func (s *testbed) rounds(ctx context.Context, o options, product, anchor side, rate float64) (d comparison, err error) {
	run := load.Options{Connections: connections, For: o.slot, Rate: rate}
	for round := -1; round < o.rounds; round++ {
		length := run
		if round < 0 {
			length.For = min(warmUp, o.slot)
		}
		a, err := s.runSlot(ctx, anchor, length)
		if err != nil {
			return d, err
		}
		p, err := s.runSlot(ctx, product, length)
		if err != nil {
			return d, err
		}
		if round >= 0 {
			d.anchor, d.product = append(d.anchor, a), append(d.product, p)
		}
	}
	return d, nil
}

// figuresOf returns one figure of every slot.
func figuresOf(slots []slot, figure func(slot) float64) []float64 {
	out := make([]float64, 0, len(slots))
	for _, s := range slots {
		out = append(out, figure(s))
	}
	return out
}

// micros is a percentile of the latency in microseconds.
func micros(share float64) func(slot) float64 {
	return func(s slot) float64 { return float64(s.P(share)) / float64(time.Microsecond) }
}

// row compares a figure of the product with a figure of the anchor.
func (d comparison) row(goal, what, unit string, limit float64, figure, against func(slot) float64) row {
	product, anchor := figuresOf(d.product, figure), figuresOf(d.anchor, against)
	return row{
		Goal: goal, What: what, Unit: unit, Limit: limit, Product: number(stats.Median(product)), Anchor: number(stats.Median(anchor)),
		Figure: number(stats.Median(stats.Ratios(product, anchor))), Ratio: true, Rounds: len(d.product),
		Postgres: number(stats.Median(figuresOf(d.product, func(s slot) float64 { return stats.PerUnit(s.postgres, s.OK) }))),
		Wall: &latency{ProductP50: number(stats.Median(figuresOf(d.product, micros(0.5)))), ProductP99: number(stats.Median(figuresOf(d.product, micros(0.99)))),
			AnchorP50: number(stats.Median(figuresOf(d.anchor, micros(0.5)))), AnchorP99: number(stats.Median(figuresOf(d.anchor, micros(0.99))))},
		Others: number(stats.Median(append(figuresOf(d.product, othersPercent), figuresOf(d.anchor, othersPercent)...))),
	}
}

func othersPercent(s slot) float64 { return s.others * 100 }
