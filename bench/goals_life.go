package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"galaxy/backend/bench/internal/figures"
	"galaxy/backend/bench/internal/load"
)

// restarts is how often a program is started or stopped for a figure.
const restarts = 5

func millis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// starts measures how long it takes until the product is ready, and what it
// weighs then. The database is migrated and has nobody in it yet.
func (b *bench) starts(ctx context.Context) error {
	if !b.wanted("G11") {
		return nil
	}
	var ours, theirs []float64
	for range restarts {
		anchor, took, err := b.stage.launchBare("ping", false)
		if err != nil {
			return err
		}
		theirs = append(theirs, millis(took))
		if err := anchor.stop(); err != nil {
			return err
		}
		product, took, err := b.stage.launch("restart", productDB)
		if err != nil {
			return err
		}
		ours = append(ours, millis(took))
		if len(ours) == restarts {
			if err := idle(ctx); err != nil {
				return err
			}
			b.weigh("memory of the product, idle", product.pid, 40)
		}
		if err := product.stop(); err != nil {
			return err
		}
	}
	b.add(row{Goal: "G11", What: "start to ready, migrated database", Unit: "wall ms", Product: number(figures.Median(ours)), Anchor: number(figures.Median(theirs)),
		Postgres: nothing, Figure: number(figures.Median(figures.Ratios(ours, theirs))), Ratio: true, Limit: 3.5, Others: nothing, Rounds: restarts}, nil)
	return nil
}

// idle lets a process that has just started come to rest.
func idle(ctx context.Context) error {
	rest := time.NewTimer(2 * time.Second)
	defer rest.Stop()
	select {
	case <-rest.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// emptyStarts measures a start that makes the whole schema.
func (b *bench) emptyStarts(ctx context.Context) error {
	if !b.wanted("G11") {
		return nil
	}
	var took []float64
	for range restarts {
		if err := b.stage.fresh(ctx, emptyDB); err != nil {
			return err
		}
		product, t, err := b.stage.launch("empty", emptyDB)
		if err != nil {
			return err
		}
		took = append(took, millis(t))
		if err := product.stop(); err != nil {
			return err
		}
	}
	figure := number(figures.Median(took))
	b.add(row{Goal: "G11", What: "start to ready, empty database", Unit: "wall ms", Product: figure, Anchor: nothing, Postgres: nothing,
		Figure: figure, Limit: 3000, Exact: true, Others: nothing, Rounds: restarts}, nil)
	return nil
}

// stops measures SIGTERM under load.
func (b *bench) stops(ctx context.Context) error {
	if !b.wanted("G12") {
		return nil
	}
	p := b.stage.people
	commands := target("", p.command)
	var ours, theirs, lost []float64
	for range min(restarts, b.options.rounds) {
		anchor, _, err := b.stage.launchBare("anchor", true)
		if err != nil {
			return err
		}
		commands.Addr = anchor.http
		took, _, err := b.interrupt(ctx, anchor.process, anchor.push, commands)
		if err != nil {
			return errors.Join(err, anchor.stop())
		}
		theirs = append(theirs, millis(took))

		product, _, err := b.stage.launch("stopped", productDB)
		if err != nil {
			return err
		}
		wrong, took, err := b.orderly(ctx, product, p.commands(product.http)[2])
		if err != nil {
			return errors.Join(err, product.stop())
		}
		ours, lost = append(ours, millis(took)), append(lost, float64(wrong))
	}
	sum := 0.0
	for _, n := range lost {
		sum += n
	}
	b.add(row{Goal: "G12", What: "SIGTERM under load, to the end", Unit: "wall ms", Product: number(figures.Median(ours)), Anchor: number(figures.Median(theirs)),
		Postgres: nothing, Figure: number(figures.Median(ours)), Limit: 200, Others: nothing, Rounds: len(ours)}, nil)
	b.add(row{Goal: "G12", What: "answers, rows, events, counts, leases that do not match", Unit: "", Product: number(sum), Anchor: nothing, Postgres: nothing,
		Figure: number(sum), Exact: true, Others: nothing, Rounds: len(lost)}, nil)
	return nil
}

// interrupt loads a server, sends it SIGTERM in the middle, and returns how long
// it took to end and what the load and the gateway saw.
func (b *bench) interrupt(ctx context.Context, p *process, push string, to load.Target) (took time.Duration, seen sight, err error) {
	if seen.gateway, err = subscribe(push); err != nil {
		return 0, seen, err
	}
	defer seen.gateway.close()
	type outcome struct {
		load.Result
		err error
	}
	done := make(chan outcome, 1)
	go func() {
		res, err := load.Run(ctx, to, load.Options{Connections: connections, For: time.Minute})
		done <- outcome{res, err}
	}()
	middle := time.NewTimer(b.options.slot)
	defer middle.Stop()
	select {
	case <-middle.C:
	case early := <-done:
		return 0, seen, fmt.Errorf("the load ended before the stop: %s %w", early.Complaint, early.err)
	}
	took, err = p.terminate()
	res := <-done
	seen.Result = res.Result
	return took, seen, errors.Join(err, res.err, seen.gateway.outcome(5*time.Second))
}

// sight is what was seen from outside while a server stopped.
type sight struct {
	load.Result
	gateway *gateway
}

const countTraces = `SELECT (SELECT count(*) FROM invites), (SELECT coalesce(sum(count), 0)::bigint FROM user_country_counters),
	(SELECT count(*) FROM notification_routes WHERE status = 'delivering') + (SELECT count(*) FROM mail_deliveries WHERE status = 'sending')`

// traces are what the product leaves in the database.
type traces struct{ invites, counted, leased int }

func (s *stage) traces(ctx context.Context) (t traces, err error) {
	err = s.product.QueryRow(ctx, countTraces).Scan(&t.invites, &t.counted, &t.leased)
	return t, err
}

// orderly interrupts the product and counts what does not match: answers and
// rows, answers and geo counts, rows and push events, gaps, leases left behind.
func (b *bench) orderly(ctx context.Context, p *product, to load.Target) (wrong int, took time.Duration, err error) {
	before, err := b.stage.traces(ctx)
	if err != nil {
		return 0, 0, err
	}
	took, seen, err := b.interrupt(ctx, p.process, p.push, to)
	if err != nil {
		return 0, 0, err
	}
	after, err := b.stage.traces(ctx)
	if err != nil {
		return 0, 0, err
	}
	rows := after.invites - before.invites
	g := seen.gateway
	for name, off := range map[string]int{
		"rows and answers": rows - seen.OK, "requests refused": seen.Refused, "geo counts and answers": after.counted - before.counted - seen.OK,
		"push events and rows": g.events - rows, "gaps": g.gaps, "cursors that did not grow": g.back, "leases left": after.leased,
	} {
		if off != 0 {
			wrong += max(off, -off)
			b.note("G12: %s differ by %d (of %d answers): %s", name, off, seen.OK, seen.Complaint)
		}
	}
	b.note("G12: %d answers, %d rows, %d events, %d broken, stream ended %s, exit after %s", seen.OK, rows, g.events, seen.Broken, g.end, took.Round(time.Millisecond))
	return wrong, took, nil
}
