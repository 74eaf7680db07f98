package main

import (
	"context"
	"fmt"
	"os"
	"sync/atomic"
	"time"

	"galaxy/backend/bench/internal/account"
	"galaxy/backend/bench/internal/figures"
	"galaxy/backend/bench/internal/load"
)

// connections is how many requests are under way at once.
const connections = 32

// side is one of two that take turns.
type side struct {
	process *process
	target  load.Target
	// settle waits until what a slot has left behind is done, and says how much
	// that was. nil: a slot leaves nothing behind.
	settle func(ctx context.Context) (left int, err error)
}

// target is where a side's requests go, when they may repeat.
func target(addr string, next func(buf []byte, i uint64) []byte) load.Target {
	return load.Target{Addr: addr, Next: next, Sequence: new(atomic.Uint64)}
}

// slot is what one side did in its turn.
type slot struct {
	load.Result
	server, postgres time.Duration // CPU
	others           float64       // share of the machine
	left             int           // what it left behind
	leftCPU          time.Duration // what that cost afterwards
	leftPostgres     time.Duration // Postgres' part of that
}

// cpu is the cost of a unit in microseconds.
func (s slot) cpu() float64 { return figures.PerUnit(s.server+s.postgres, s.OK) }

// net is cpu without what was deferred: deferred work that was done within the
// slot is taken to have cost what the rest of it cost afterwards. When too little
// was left to tell what that is, nothing is taken out.
func (s slot) net() float64 {
	if s.left < s.OK/4 || s.left == 0 {
		return s.cpu()
	}
	each := float64(s.leftCPU) / float64(s.left)
	within := time.Duration(each * float64(max(0, s.OK-s.left)))
	return figures.PerUnit(s.server+s.postgres-within, s.OK)
}

// gross is cpu with all that was deferred.
func (s slot) gross() float64 { return figures.PerUnit(s.server+s.postgres+s.leftCPU, s.OK) }

// database is what a unit cost Postgres, with all that was deferred.
func (s slot) database() float64 { return figures.PerUnit(s.postgres+s.leftPostgres, s.OK) }

// books is one reading of everybody's.
type books struct {
	server, postgres, self time.Duration
	machine                account.Machine
}

func (s *stage) read(p *process) (b books, err error) {
	if b.server, err = p.used(); err != nil {
		return b, err
	}
	if b.postgres, err = account.Family(s.postmaster); err != nil {
		return b, err
	}
	self, err := account.Read(os.Getpid())
	if err != nil {
		return b, err
	}
	b.self = self.Own
	b.machine, err = account.Everybody()
	return b, err
}

// turn lets one side work for a while.
func (s *stage) turn(ctx context.Context, on side, o load.Options) (slot, error) {
	before, err := s.read(on.process)
	if err != nil {
		return slot{}, err
	}
	res, err := load.Run(ctx, on.target, o)
	if err != nil {
		return slot{}, fmt.Errorf("%s: %w", on.process.name, err)
	}
	after, err := s.read(on.process)
	if err != nil {
		return slot{}, err
	}
	out := slot{Result: res, server: after.server - before.server, postgres: after.postgres - before.postgres}
	out.others = account.Others(before.machine, after.machine, out.server+out.postgres+after.self-before.self)
	if res.Refused+res.Broken > 0 || res.OK == 0 {
		return out, fmt.Errorf("%s: %d answered, %d refused, %d broken: %s", on.process.name, res.OK, res.Refused, res.Broken, res.Complaint)
	}
	if on.settle == nil {
		return out, nil
	}
	if out.left, err = on.settle(ctx); err != nil {
		return out, err
	}
	settled, err := s.read(on.process)
	out.leftPostgres = settled.postgres - after.postgres
	out.leftCPU = settled.server + settled.postgres - after.server - after.postgres
	return out, err
}

// duel is a comparison: the slots of both sides, round by round.
type duel struct {
	product, anchor []slot
}

// warm is how long each side runs before the first round, unmeasured: caches,
// prepared statements, the heap.
const warm = time.Second

// rounds lets the two sides take turns.
func (s *stage) rounds(ctx context.Context, o options, product, anchor side, rate float64) (d duel, err error) {
	run := load.Options{Connections: connections, For: o.slot, Rate: rate}
	for round := -1; round < o.rounds; round++ {
		length := run
		if round < 0 {
			length.For = min(warm, o.slot)
		}
		a, err := s.turn(ctx, anchor, length)
		if err != nil {
			return d, err
		}
		p, err := s.turn(ctx, product, length)
		if err != nil {
			return d, err
		}
		if round >= 0 {
			d.anchor, d.product = append(d.anchor, a), append(d.product, p)
		}
	}
	return d, nil
}

// each takes one figure of every slot.
func each(slots []slot, figure func(slot) float64) []float64 {
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

// row is the comparison of one figure of the product with the anchor's CPU per
// unit.
func (d duel) row(goal, what, unit string, limit float64, figure, against func(slot) float64) row {
	product, anchor := each(d.product, figure), each(d.anchor, against)
	return row{
		Goal: goal, What: what, Unit: unit, Limit: limit, Product: number(figures.Median(product)), Anchor: number(figures.Median(anchor)),
		Figure: number(figures.Median(figures.Ratios(product, anchor))), Ratio: true, Rounds: len(d.product),
		Postgres: number(figures.Median(each(d.product, func(s slot) float64 { return figures.PerUnit(s.postgres, s.OK) }))),
		Wall: &wall{ProductP50: number(figures.Median(each(d.product, micros(0.5)))), ProductP99: number(figures.Median(each(d.product, micros(0.99)))),
			AnchorP50: number(figures.Median(each(d.anchor, micros(0.5)))), AnchorP99: number(figures.Median(each(d.anchor, micros(0.99))))},
		Others: number(figures.Median(append(each(d.product, others), each(d.anchor, others)...))),
	}
}

func others(s slot) float64 { return s.others * 100 }
