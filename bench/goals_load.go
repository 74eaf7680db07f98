package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/bench/internal/procstat"
)

// Paths of the reads.
const (
	accountPath  = "/api/v1/user/account"
	sessionsPath = "/api/v1/internal/sessions/"
	minePath     = "/api/v1/user/lobby/my/games?limit=10"
	publicPath   = "/api/v1/user/lobby/games?visibility=public&limit=10"
)

// activeUsers is the number of users whose data is read: a part of all, as in
// production.
const activeUsers = 500

// fixedRate is the rate of the goals of wall time, in requests per second.
const fixedRate = 500

// measureLoad measures what needs both servers running: G1, G2, G3, and the
// product's memory after that.
func (b *benchmark) measureLoad(ctx context.Context) error {
	if !b.wanted("G1", "G2", "G3", "G11") {
		return nil
	}
	product, anchor, stop, err := b.testbed.startBoth("product")
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
	b.measureCachedReads(ctx, product, anchor)
	b.measureLists(ctx, product, anchor)
	b.measureCommands(ctx, product, anchor)
	if b.wanted("G11") {
		b.addMemoryRow("memory of the product after all that", product.pid, 60)
		b.saveHeapProfile(ctx, product)
	}
	return ctx.Err()
}

func (b *benchmark) measureCachedReads(ctx context.Context, product *product, anchor *anchorServer) {
	if !b.wanted("G1") {
		return
	}
	data := b.testbed.data
	echo := side{process: anchor.process, target: target(anchor.http, func(buf []byte, _ uint64) []byte { return get(buf, "/json", uuid.Nil) })}
	for _, c := range []struct {
		what string
		next func([]byte, uint64) []byte
	}{
		{"account, from memory", func(buf []byte, i uint64) []byte { return get(buf, accountPath, data.users[i%activeUsers]) }},
		{"session look-up, from memory", func(buf []byte, i uint64) []byte {
			return get(buf, sessionsPath+data.sessions[i%activeUsers].String(), uuid.Nil)
		}},
	} {
		ours := side{process: product.process, target: target(product.http, c.next)}
		d, err := b.testbed.rounds(ctx, b.options, ours, echo, 0)
		b.saveCPUProfile(ctx, c.what, product, ours)
		r := d.row("G1", c.what, "CPU µs", 1.6, slot.cpu, slot.cpu)
		b.add(r, err)
		idle := r
		idle.What, idle.Product, idle.Anchor, idle.Figure, idle.Ratio, idle.Wall = c.what+": Postgres' part", r.Postgres, noFigure, r.Postgres, false, nil
		idle.Limit = 1 // not 0: workers poll and counters are flushed meanwhile
		b.add(idle, err)
	}
}

// measureTraced is G1 with every request traced and sent to a collector.
func (b *benchmark) measureTraced(ctx context.Context) error {
	if !b.wanted("G1") {
		return nil
	}
	sink, err := startCollector()
	if err != nil {
		return err
	}
	defer sink.server.Stop()
	product, anchor, stop, err := b.testbed.startBoth("traced", "BACKEND_OTEL_TRACES_EXPORTER=otlp", "BACKEND_OTEL_TRACES_RATIO=1", "BACKEND_OTEL_ENDPOINT=http://"+sink.addr)
	if err != nil {
		return err
	}
	defer stop()
	data := b.testbed.data
	echo := side{process: anchor.process, target: target(anchor.http, func(buf []byte, _ uint64) []byte { return get(buf, "/json", uuid.Nil) })}
	reads := target(product.http, func(buf []byte, i uint64) []byte { return get(buf, accountPath, data.users[i%activeUsers]) })
	d, err := b.testbed.rounds(ctx, b.options, side{process: product.process, target: reads}, echo, 0)
	if err == nil && sink.received() == 0 {
		err = errors.New("no span arrived at the collector")
	}
	b.add(d.row("G1", "account, every request traced", "CPU µs", 2.6, slot.cpu, slot.cpu), err)
	return nil
}

func (b *benchmark) measureLists(ctx context.Context, product *product, anchor *anchorServer) {
	if !b.wanted("G2") {
		return
	}
	data := b.testbed.data
	sides := func(ours, theirs string) (side, side) {
		next := func(path string) func([]byte, uint64) []byte {
			return func(buf []byte, i uint64) []byte { return get(buf, path, data.listOwner(i)) }
		}
		return side{process: product.process, target: target(product.http, next(ours))},
			side{process: anchor.process, target: target(anchor.http, next(theirs))}
	}
	for _, c := range []struct{ what, ours, theirs string }{
		{"10 of my games", minePath, "/mine"},
		{"10 public games", publicPath, "/public"},
	} {
		ours, theirs := sides(c.ours, c.theirs)
		d, err := b.testbed.rounds(ctx, b.options, ours, theirs, 0)
		b.saveCPUProfile(ctx, c.what, product, ours)
		b.add(d.row("G2", c.what, "CPU µs", 1.4, slot.cpu, slot.cpu), err)
	}
	ours, theirs := sides(minePath, "/mine")
	d, err := b.testbed.rounds(ctx, b.options, ours, theirs, fixedRate)
	b.add(d.row("G2", fmt.Sprintf("10 of my games, p99 at %d/s", fixedRate), "wall µs", 1.5, micros(0.99), micros(0.99)), err)
}

func (b *benchmark) measureCommands(ctx context.Context, product *product, anchor *anchorServer) {
	if !b.wanted("G3") {
		return
	}
	data := b.testbed.data
	path := side{process: anchor.process, target: target(anchor.http, data.command)}
	for i, to := range data.commands(product.http) {
		what := [...]string{"create a private game", "apply to a game that seats at once", "invite"}[i]
		ours := side{process: product.process, target: to}
		if what != "invite" { // the others send no mail
			d, err := b.testbed.rounds(ctx, b.options, ours, path, 0)
			b.saveCPUProfile(ctx, what, product, ours)
			b.add(d.row("G3", what, "CPU µs", 1.3, slot.cpu, slot.cpu), err)
			continue
		}
		ours.drain = b.testbed.drainMail
		d, err := b.testbed.rounds(ctx, b.options, ours, path, 0)
		b.saveCPUProfile(ctx, what, product, ours)
		b.add(d.row("G3", what+", without its mail", "CPU µs", 1.3, slot.net, slot.cpu), err)
		b.add(d.row("G3", what+", with its mail delivered", "CPU µs", 0, slot.gross, slot.cpu), err)
	}
}

const countUnsent = `SELECT (SELECT count(*) FROM notification_routes WHERE status IN ('pending', 'delivering', 'retrying')),
	(SELECT count(*) FROM mail_deliveries WHERE status IN ('pending', 'sending', 'retrying')),
	(SELECT count(*) FROM mail_deliveries WHERE status = 'dead_lettered')`

// mailLimit is the longest time for the mail of one slot.
const mailLimit = 3 * time.Minute

// drainMail waits until every mail is sent, and returns how many were pending.
func (s *testbed) drainMail(ctx context.Context) (deferred int, err error) {
	first := true
	var routes, mails, dead int
	waited := poll(mailLimit, 50*time.Millisecond, func() bool {
		if err = s.product.QueryRow(ctx, countUnsent).Scan(&routes, &mails, &dead); err != nil {
			return true
		}
		if first {
			deferred, first = routes+mails, false
		}
		return routes+mails == 0
	})
	switch {
	case err != nil:
		return deferred, err
	case waited != nil:
		return deferred, fmt.Errorf("%d mails did not leave: %w", routes+mails, waited)
	case dead > 0:
		return deferred, fmt.Errorf("%d mails were given up", dead)
	}
	return deferred, nil
}

const megabyte = 1 << 20

// addMemoryRow adds a row with the resident memory of a process.
func (b *benchmark) addMemoryRow(what string, pid int, limit float64) {
	m, err := procstat.MemoryOf(pid)
	used := number(float64(m.Resident) / megabyte)
	b.add(row{Goal: "G11", What: what, Unit: "MB", Product: used, Anchor: noFigure, Postgres: noFigure, Figure: used, Limit: limit, Others: noFigure, Rounds: 1}, err)
}
