package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"galaxy/backend/bench/internal/load"
	"galaxy/backend/bench/internal/stats"
)

// restarts is how many times a program is started or stopped for a figure.
const restarts = 5

func millis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// measureStarts measures how long it takes until the product is ready, and its
// memory then. The database is migrated and has no users yet.
func (b *benchmark) measureStarts(ctx context.Context) error {
	if !b.wanted("G11") {
		return nil
	}
	var ours, theirs []float64
	for range restarts {
		anchor, took, err := b.testbed.startAnchor("ping", false)
		if err != nil {
			return err
		}
		theirs = append(theirs, millis(took))
		if err := anchor.stop(); err != nil {
			return err
		}
		product, took, err := b.testbed.startProduct("restart", productDB)
		if err != nil {
			return err
		}
		ours = append(ours, millis(took))
		if len(ours) == restarts {
			if err := waitIdle(ctx); err != nil {
				return err
			}
			b.addMemoryRow("memory of the product, idle", product.pid, 40)
		}
		if err := product.stop(); err != nil {
			return err
		}
	}
	b.add(row{Goal: "G11", What: "start to ready, migrated database", Unit: "wall ms", Product: number(stats.Median(ours)), Anchor: number(stats.Median(theirs)),
		Postgres: noFigure, Figure: number(stats.Median(stats.Ratios(ours, theirs))), Ratio: true, Limit: 3.5, Others: noFigure, Rounds: restarts}, nil)
	return nil
}

// waitIdle waits until a process that has just started is idle.
func waitIdle(ctx context.Context) error {
	rest := time.NewTimer(2 * time.Second)
	defer rest.Stop()
	select {
	case <-rest.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// measureEmptyStarts measures a start that creates the whole schema.
func (b *benchmark) measureEmptyStarts(ctx context.Context) error {
	if !b.wanted("G11") {
		return nil
	}
	var took []float64
	for range restarts {
		if err := b.testbed.recreateDatabase(ctx, emptyDB); err != nil {
			return err
		}
		product, t, err := b.testbed.startProduct("empty", emptyDB)
		if err != nil {
			return err
		}
		took = append(took, millis(t))
		if err := product.stop(); err != nil {
			return err
		}
	}
	figure := number(stats.Median(took))
	b.add(row{Goal: "G11", What: "start to ready, empty database", Unit: "wall ms", Product: figure, Anchor: noFigure, Postgres: noFigure,
		Figure: figure, Limit: 3000, Exact: true, Others: noFigure, Rounds: restarts}, nil)
	return nil
}

// measureStops measures SIGTERM under load.
func (b *benchmark) measureStops(ctx context.Context) error {
	if !b.wanted("G12") {
		return nil
	}
	data := b.testbed.data
	commands := target("", data.command)
	var ours, theirs, lost []float64
	for range min(restarts, b.options.rounds) {
		anchor, _, err := b.testbed.startAnchor("anchor", true)
		if err != nil {
			return err
		}
		commands.Addr = anchor.http
		took, _, err := b.stopUnderLoad(ctx, anchor.process, anchor.push, commands)
		if err != nil {
			return errors.Join(err, anchor.stop())
		}
		theirs = append(theirs, millis(took))

		product, _, err := b.testbed.startProduct("stopped", productDB)
		if err != nil {
			return err
		}
		wrong, took, err := b.countMismatches(ctx, product, data.commands(product.http)[2])
		if err != nil {
			return errors.Join(err, product.stop())
		}
		ours, lost = append(ours, millis(took)), append(lost, float64(wrong))
	}
	sum := 0.0
	for _, n := range lost {
		sum += n
	}
	b.add(row{Goal: "G12", What: "SIGTERM under load, to the end", Unit: "wall ms", Product: number(stats.Median(ours)), Anchor: number(stats.Median(theirs)),
		Postgres: noFigure, Figure: number(stats.Median(ours)), Limit: 200, Others: noFigure, Rounds: len(ours)}, nil)
	b.add(row{Goal: "G12", What: "answers, rows, events, counts, leases that do not match", Unit: "", Product: number(sum), Anchor: noFigure, Postgres: noFigure,
		Figure: number(sum), Exact: true, Others: noFigure, Rounds: len(lost)}, nil)
	return nil
}

// stopUnderLoad sends requests to a server, sends it SIGTERM meanwhile, and returns
// how long it took to end and what the load and the gateway observed.
func (b *benchmark) stopUnderLoad(ctx context.Context, p *process, push string, to load.Target) (took time.Duration, seen observation, err error) {
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
		return 0, seen, fmt.Errorf("the load ended before the stop: %s %w", early.FirstError, early.err)
	}
	took, err = p.terminate()
	res := <-done
	seen.Result = res.Result
	return took, seen, errors.Join(err, res.err, seen.gateway.awaitEnd(5*time.Second))
}

// observation is what clients observed while a server stopped.
type observation struct {
	load.Result
	gateway *gateway
}

const countLeftovers = `SELECT (SELECT count(*) FROM invites), (SELECT coalesce(sum(count), 0)::bigint FROM user_country_counters),
	(SELECT count(*) FROM notification_routes WHERE status = 'delivering') + (SELECT count(*) FROM mail_deliveries WHERE status = 'sending')`

// leftovers are counts of rows that the product leaves in the database.
type leftovers struct{ invites, counted, leased int }

func (s *testbed) leftovers(ctx context.Context) (t leftovers, err error) {
	err = s.product.QueryRow(ctx, countLeftovers).Scan(&t.invites, &t.counted, &t.leased)
	return t, err
}

// countMismatches stops the product under load and counts what does not match:
// answers and rows, answers and geo counts, rows and push events, gaps, leases that
// were not released.
func (b *benchmark) countMismatches(ctx context.Context, p *product, to load.Target) (wrong int, took time.Duration, err error) {
	before, err := b.testbed.leftovers(ctx)
	if err != nil {
		return 0, 0, err
	}
	took, seen, err := b.stopUnderLoad(ctx, p.process, p.push, to)
	if err != nil {
		return 0, 0, err
	}
	after, err := b.testbed.leftovers(ctx)
	if err != nil {
		return 0, 0, err
	}
	rows := after.invites - before.invites
	g := seen.gateway
	for name, off := range map[string]int{
		"rows and answers": rows - seen.OK, "requests refused": seen.Refused, "geo counts and answers": after.counted - before.counted - seen.OK,
		"push events and rows": g.events - rows, "gaps": g.gaps, "cursors that did not grow": g.regressions, "leases left": after.leased,
	} {
		if off != 0 {
			wrong += max(off, -off)
			b.progress("G12: %s differ by %d (of %d answers): %s", name, off, seen.OK, seen.FirstError)
		}
	}
	b.progress("G12: %d answers, %d rows, %d events, %d broken, stream ended %s, exit after %s", seen.OK, rows, g.events, seen.Broken, g.end, took.Round(time.Millisecond))
	return wrong, took, nil
}
