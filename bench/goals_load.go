package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/bench/internal/account"
)

// Paths of the reads.
const (
	accountPath  = "/api/v1/user/account"
	sessionsPath = "/api/v1/internal/sessions/"
	minePath     = "/api/v1/user/lobby/my/games?limit=10"
	publicPath   = "/api/v1/user/lobby/games?visibility=public&limit=10"
)

// active is how many people read: fewer than there are, as on any evening.
const active = 500

// steady is the rate of the goals of wall time, in requests per second.
const steady = 500

// underLoad measures what needs both servers running: G1, G2, G3, and what the
// product weighs after it all.
func (b *bench) underLoad(ctx context.Context) error {
	if !b.wanted("G1", "G2", "G3", "G11") {
		return nil
	}
	product, anchor, stop, err := b.stage.face("product")
	if err != nil {
		return err
	}
	defer stop()
	for _, addr := range []string{product.push, anchor.push} {
		g, err := subscribe(addr)
		if err != nil {
			return err
		}
		defer g.close()
	}
	b.cachedReads(ctx, product, anchor)
	b.lists(ctx, product, anchor)
	b.commands(ctx, product, anchor)
	if b.wanted("G11") {
		b.weigh("memory of the product after all that", product.pid, 60)
		b.heap(ctx, product)
	}
	return ctx.Err()
}

func (b *bench) cachedReads(ctx context.Context, product *product, anchor *bare) {
	if !b.wanted("G1") {
		return
	}
	p := b.stage.people
	echo := side{process: anchor.process, target: target(anchor.http, func(buf []byte, _ uint64) []byte { return get(buf, "/json", uuid.Nil) })}
	for _, c := range []struct {
		what string
		next func([]byte, uint64) []byte
	}{
		{"account, from memory", func(buf []byte, i uint64) []byte { return get(buf, accountPath, p.users[i%active]) }},
		{"session look-up, from memory", func(buf []byte, i uint64) []byte {
			return get(buf, sessionsPath+p.sessions[i%active].String(), uuid.Nil)
		}},
	} {
		ours := side{process: product.process, target: target(product.http, c.next)}
		d, err := b.stage.rounds(ctx, b.options, ours, echo, 0)
		b.profile(ctx, c.what, product, ours)
		r := d.row("G1", c.what, "CPU µs", 1.6, slot.cpu, slot.cpu)
		b.add(r, err)
		idle := r
		idle.What, idle.Product, idle.Anchor, idle.Figure, idle.Ratio, idle.Wall = c.what+": Postgres' part", r.Postgres, nothing, r.Postgres, false, nil
		idle.Limit = 1 // what is left of "none" when workers look for work and counters are flushed meanwhile
		b.add(idle, err)
	}
}

// traced is G1 with every request recorded and sent to a collector.
func (b *bench) traced(ctx context.Context) error {
	if !b.wanted("G1") {
		return nil
	}
	sink, err := collect()
	if err != nil {
		return err
	}
	defer sink.server.Stop()
	product, anchor, stop, err := b.stage.face("traced", "BACKEND_OTEL_TRACES_EXPORTER=otlp", "BACKEND_OTEL_TRACES_RATIO=1", "BACKEND_OTEL_ENDPOINT=http://"+sink.addr)
	if err != nil {
		return err
	}
	defer stop()
	p := b.stage.people
	echo := side{process: anchor.process, target: target(anchor.http, func(buf []byte, _ uint64) []byte { return get(buf, "/json", uuid.Nil) })}
	reads := target(product.http, func(buf []byte, i uint64) []byte { return get(buf, accountPath, p.users[i%active]) })
	d, err := b.stage.rounds(ctx, b.options, side{process: product.process, target: reads}, echo, 0)
	if err == nil && sink.received() == 0 {
		err = errors.New("no span arrived at the collector")
	}
	b.add(d.row("G1", "account, every request traced", "CPU µs", 2.6, slot.cpu, slot.cpu), err)
	return nil
}

func (b *bench) lists(ctx context.Context, product *product, anchor *bare) {
	if !b.wanted("G2") {
		return
	}
	p := b.stage.people
	sides := func(ours, theirs string) (side, side) {
		next := func(path string) func([]byte, uint64) []byte {
			return func(buf []byte, i uint64) []byte { return get(buf, path, p.lister(i)) }
		}
		return side{process: product.process, target: target(product.http, next(ours))},
			side{process: anchor.process, target: target(anchor.http, next(theirs))}
	}
	for _, c := range []struct{ what, ours, theirs string }{
		{"10 of my games", minePath, "/mine"},
		{"10 public games", publicPath, "/public"},
	} {
		ours, theirs := sides(c.ours, c.theirs)
		d, err := b.stage.rounds(ctx, b.options, ours, theirs, 0)
		b.profile(ctx, c.what, product, ours)
		b.add(d.row("G2", c.what, "CPU µs", 1.4, slot.cpu, slot.cpu), err)
	}
	ours, theirs := sides(minePath, "/mine")
	d, err := b.stage.rounds(ctx, b.options, ours, theirs, steady)
	b.add(d.row("G2", fmt.Sprintf("10 of my games, p99 at %d/s", steady), "wall µs", 1.5, micros(0.99), micros(0.99)), err)
}

func (b *bench) commands(ctx context.Context, product *product, anchor *bare) {
	if !b.wanted("G3") {
		return
	}
	p := b.stage.people
	path := side{process: anchor.process, target: target(anchor.http, p.command)}
	for i, to := range p.commands(product.http) {
		what := [...]string{"create a private game", "apply to a game that seats at once", "invite"}[i]
		ours := side{process: product.process, target: to}
		if what != "invite" { // the others send no mail
			d, err := b.stage.rounds(ctx, b.options, ours, path, 0)
			b.profile(ctx, what, product, ours)
			b.add(d.row("G3", what, "CPU µs", 1.3, slot.cpu, slot.cpu), err)
			continue
		}
		ours.settle = b.stage.mailed
		d, err := b.stage.rounds(ctx, b.options, ours, path, 0)
		b.profile(ctx, what, product, ours)
		b.add(d.row("G3", what+", without its mail", "CPU µs", 1.3, slot.net, slot.cpu), err)
		b.add(d.row("G3", what+", with its mail delivered", "CPU µs", 0, slot.gross, slot.cpu), err)
	}
}

const countUnsent = `SELECT (SELECT count(*) FROM notification_routes WHERE status IN ('pending', 'delivering', 'retrying')),
	(SELECT count(*) FROM mail_deliveries WHERE status IN ('pending', 'sending', 'retrying')),
	(SELECT count(*) FROM mail_deliveries WHERE status = 'dead_lettered')`

// mailLimit is how long the mail of one slot may take.
const mailLimit = 3 * time.Minute

// mailed waits until every mail has left, and says how many had not at first.
func (s *stage) mailed(ctx context.Context) (left int, err error) {
	first := true
	var routes, mails, dead int
	waited := until(mailLimit, 50*time.Millisecond, func() bool {
		if err = s.product.QueryRow(ctx, countUnsent).Scan(&routes, &mails, &dead); err != nil {
			return true
		}
		if first {
			left, first = routes+mails, false
		}
		return routes+mails == 0
	})
	switch {
	case err != nil:
		return left, err
	case waited != nil:
		return left, fmt.Errorf("%d mails did not leave: %w", routes+mails, waited)
	case dead > 0:
		return left, fmt.Errorf("%d mails were given up", dead)
	}
	return left, nil
}

const megabyte = 1 << 20

// weigh adds a row of resident memory.
func (b *bench) weigh(what string, pid int, limit float64) {
	m, err := account.MemoryOf(pid)
	used := number(float64(m.Resident) / megabyte)
	b.add(row{Goal: "G11", What: what, Unit: "MB", Product: used, Anchor: nothing, Postgres: nothing, Figure: used, Limit: limit, Others: nothing, Rounds: 1}, err)
}
