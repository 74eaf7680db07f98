package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"go.uber.org/zap"

	"galaxy/backend/bench/internal/stats"
	"galaxy/backend/modules/geo"
	"galaxy/backend/platform/clock"
)

// measureIdentity measures signing up and counting countries: G4, G10.
func (b *benchmark) measureIdentity(ctx context.Context) error {
	if !b.wanted("G4", "G10") {
		return nil
	}
	product, anchor, stop, err := b.testbed.startBoth("identity", "BACKEND_AUTH_CODE_KEY="+codeKey)
	if err != nil {
		return err
	}
	defer stop()
	b.measureCounting(ctx, product, anchor) // before there are more sessions to count
	b.measureSignUps(ctx, product, anchor)
	return ctx.Err()
}

// measureSignUps confirms codes of new addresses. Each answer must have created an
// account and a session.
func (b *benchmark) measureSignUps(ctx context.Context, product *product, anchor *anchorServer) {
	if !b.wanted("G4") {
		return
	}
	const what = "confirm of a new account"
	seconds := (time.Duration(b.options.rounds)*b.options.slot + warmUp).Seconds()
	signUps, err := b.testbed.seedSignUps(ctx, int(seconds+1)*signUpsPerSecond)
	if err != nil {
		b.add(failedRow("G4", what), err)
		return
	}
	ours := side{process: product.process, target: target(product.http, signUps.confirmation(confirmPath))}
	ours.target.MaxRequests = uint64(len(signUps.challenges))
	theirs := side{process: anchor.process, target: target(anchor.http, signUps.confirmation("/insert"))}
	d, err := b.testbed.rounds(ctx, b.options, ours, theirs, 0)
	if made, wrong := b.testbed.countSignedUp(ctx); err == nil && (wrong != nil || made != int(ours.target.Sequence.Load())) {
		err = errors.Join(fmt.Errorf("%d confirmations made %d accounts", ours.target.Sequence.Load(), made), wrong)
	}
	b.add(d.row("G4", what, "CPU µs", 3.0, slot.cpu, slot.cpu), err)
}

// measureCounting compares the cost of counting a request's country in Postgres
// with an upsert per request.
func (b *benchmark) measureCounting(ctx context.Context, product *product, anchor *anchorServer) {
	if !b.wanted("G10") {
		return
	}
	const what = "counting a request, flushed: Postgres' part"
	data := b.testbed.data
	next := func(path string) func([]byte, uint64) []byte {
		return func(buf []byte, i uint64) []byte { return get(buf, path, data.users[i%userCount]) }
	}
	ours := side{process: product.process, target: target(product.http, next(accountPath))}
	theirs := side{process: anchor.process, target: target(anchor.http, next("/seen"))}
	before, err := b.testbed.countedRequests(ctx)
	if err != nil {
		b.add(failedRow("G10", what), err)
		return
	}
	ours.drain = b.testbed.drainCounters(before, ours.target.Sequence)
	d, err := b.testbed.rounds(ctx, b.options, ours, theirs, 0)
	r := d.row("G10", what, "CPU µs", 0.10, slot.database, slot.database)
	r.Wall = nil // the two requests differ
	b.add(r, err)

	took := number(stats.Median(measureSeen()))
	b.add(row{Goal: "G10", What: "counting a request, on its path", Unit: "wall ns", Product: took, Anchor: noFigure, Postgres: noFigure,
		Figure: took, Limit: 1000, Others: noFigure, Rounds: restarts}, nil)
}

const sumCounts = `SELECT coalesce(sum(count), 0)::bigint FROM user_country_counters`

// flushLimit is several times the flush interval.
const flushLimit = time.Minute

// countedRequests is the number of requests counted in the database.
func (s *testbed) countedRequests(ctx context.Context) (n int, err error) {
	err = s.product.QueryRow(ctx, sumCounts).Scan(&n)
	return n, err
}

// drainCounters waits until exactly the requests sent so far are counted in the
// database, in addition to those before.
func (s *testbed) drainCounters(before int, asked *atomic.Uint64) func(context.Context) (int, error) {
	return func(ctx context.Context) (deferred int, err error) {
		total, now, first := int(asked.Load()), 0, true
		waited := poll(flushLimit, 250*time.Millisecond, func() bool {
			if now, err = s.countedRequests(ctx); err != nil {
				return true
			}
			if first {
				deferred, first = before+total-now, false
			}
			return now >= before+total
		})
		if err == nil && now != before+total {
			err = errors.Join(fmt.Errorf("%d requests were counted %d times", total, now-before), waited)
		}
		return deferred, err
	}
}

// measureSeen is how long the product takes to count a request of one of 10,000
// users, in nanoseconds.
func measureSeen() (each []float64) {
	const userTotal, requests = 10_000, 1_000_000
	users := make([]uuid.UUID, userTotal)
	for i := range users {
		users[i] = newID()
	}
	from := netip.MustParseAddr("203.0.113.7")
	service := geo.NewService(nil, clock.System{}, zap.NewNop(), geo.Config{})
	for range restarts {
		begin := time.Now()
		for i := range requests {
			service.Seen(users[i%userTotal], from)
		}
		each = append(each, float64(time.Since(begin).Nanoseconds())/requests)
	}
	return each
}
