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

	"galaxy/backend/bench/internal/figures"
	"galaxy/backend/modules/geo"
	"galaxy/backend/platform/clock"
)

// identity measures signing up and what counting countries costs: G4, G10.
func (b *bench) identity(ctx context.Context) error {
	if !b.wanted("G4", "G10") {
		return nil
	}
	product, anchor, stop, err := b.stage.face("identity", "BACKEND_AUTH_CODE_KEY="+codeKey)
	if err != nil {
		return err
	}
	defer stop()
	b.counting(ctx, product, anchor) // before there are more sessions to count
	b.signUps(ctx, product, anchor)
	return ctx.Err()
}

// signUps confirms codes of addresses that are new. Each answer has to have left
// an account and a session.
func (b *bench) signUps(ctx context.Context, product *product, anchor *bare) {
	if !b.wanted("G4") {
		return
	}
	const what = "confirm of a new account"
	seconds := (time.Duration(b.options.rounds)*b.options.slot + warm).Seconds()
	people, err := b.stage.seedNewcomers(ctx, int(seconds+1)*newcomersPerSecond)
	if err != nil {
		b.add(failed("G4", what), err)
		return
	}
	ours := side{process: product.process, target: target(product.http, people.confirmation(confirmPath))}
	ours.target.Most = uint64(len(people.challenges))
	theirs := side{process: anchor.process, target: target(anchor.http, people.confirmation("/insert"))}
	d, err := b.stage.rounds(ctx, b.options, ours, theirs, 0)
	if made, wrong := b.stage.signedUp(ctx); err == nil && (wrong != nil || made != int(ours.target.Sequence.Load())) {
		err = errors.Join(fmt.Errorf("%d confirmations made %d accounts", ours.target.Sequence.Load(), made), wrong)
	}
	b.add(d.row("G4", what, "CPU µs", 3.0, slot.cpu, slot.cpu), err)
}

// counting compares what Postgres pays for counting a request's country with an
// upsert per request.
func (b *bench) counting(ctx context.Context, product *product, anchor *bare) {
	if !b.wanted("G10") {
		return
	}
	const what = "counting a request, flushed: Postgres' part"
	p := b.stage.people
	next := func(path string) func([]byte, uint64) []byte {
		return func(buf []byte, i uint64) []byte { return get(buf, path, p.users[i%peopleCount]) }
	}
	ours := side{process: product.process, target: target(product.http, next(accountPath))}
	theirs := side{process: anchor.process, target: target(anchor.http, next("/seen"))}
	before, err := b.stage.counted(ctx)
	if err != nil {
		b.add(failed("G10", what), err)
		return
	}
	ours.settle = b.stage.flushed(before, ours.target.Sequence)
	d, err := b.stage.rounds(ctx, b.options, ours, theirs, 0)
	r := d.row("G10", what, "CPU µs", 0.10, slot.database, slot.database)
	r.Wall = nil // it is that of two different requests
	b.add(r, err)

	took := number(figures.Median(seen()))
	b.add(row{Goal: "G10", What: "counting a request, on its path", Unit: "wall ns", Product: took, Anchor: nothing, Postgres: nothing,
		Figure: took, Limit: 1000, Others: nothing, Rounds: restarts}, nil)
}

const sumCounts = `SELECT coalesce(sum(count), 0)::bigint FROM user_country_counters`

// flushLimit is some times the period of the flush.
const flushLimit = time.Minute

// counted is how many requests the database knows of.
func (s *stage) counted(ctx context.Context) (n int, err error) {
	err = s.product.QueryRow(ctx, sumCounts).Scan(&n)
	return n, err
}

// flushed waits until exactly the requests asked so far are in the database,
// beside those that were before.
func (s *stage) flushed(before int, asked *atomic.Uint64) func(context.Context) (int, error) {
	return func(ctx context.Context) (left int, err error) {
		total, now, first := int(asked.Load()), 0, true
		waited := until(flushLimit, 250*time.Millisecond, func() bool {
			if now, err = s.counted(ctx); err != nil {
				return true
			}
			if first {
				left, first = before+total-now, false
			}
			return now >= before+total
		})
		if err == nil && now != before+total {
			err = errors.Join(fmt.Errorf("%d requests were counted %d times", total, now-before), waited)
		}
		return left, err
	}
}

// seen is how long the product takes to note a request of one of 10,000 people,
// in nanoseconds.
func seen() (each []float64) {
	const people, requests = 10_000, 1_000_000
	users := make([]uuid.UUID, people)
	for i := range users {
		users[i] = newID()
	}
	from := netip.MustParseAddr("203.0.113.7")
	service := geo.NewService(nil, clock.System{}, zap.NewNop(), geo.Config{})
	for range restarts {
		begin := time.Now()
		for i := range requests {
			service.Seen(users[i%people], from)
		}
		each = append(each, float64(time.Since(begin).Nanoseconds())/requests)
	}
	return each
}
