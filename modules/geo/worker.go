package geo

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"go.uber.org/zap"

	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/worker"
)

const (
	flushEvery  = 5 * time.Second
	lookEvery   = 30 * time.Second
	batchWrites = 10_000 // rows of one statement
)

// Flusher writes counters and watches the database file.
type Flusher struct {
	service *Service
	flush   *worker.Loop
	watch   *worker.Loop
}

// NewFlusher makes both loops, stopped.
func NewFlusher(s *Service, clk clock.Clock, log *zap.Logger) *Flusher {
	f := &Flusher{service: s}
	f.flush = worker.NewLoop("geo counters", flushEvery, clk, log, func(ctx context.Context) (bool, error) {
		return false, s.Flush(ctx)
	})
	f.watch = worker.NewLoop("geo database", lookEvery, clk, log, func(ctx context.Context) (bool, error) {
		return false, s.file.refresh(ctx, clk.Now())
	})
	return f
}

// Start starts both loops.
func (f *Flusher) Start(ctx context.Context) error {
	return errors.Join(f.flush.Start(ctx), f.watch.Start(ctx))
}

// Stop ends both loops and writes what is still buffered: by then no request is
// under way any more.
func (f *Flusher) Stop(ctx context.Context) error {
	return errors.Join(f.flush.Stop(ctx), f.watch.Stop(ctx), f.service.Flush(ctx))
}

// batch is the columns of one statement.
type batch struct {
	users     []uuid.UUID
	countries []string
	counts    []int64
}

type place struct {
	user    uuid.UUID
	country string
}

// Flush writes what was counted. What cannot be written is counted again, as far
// as there is room, unless it may have been written: then it is let go.
func (s *Service) Flush(ctx context.Context) error {
	sums, samples := s.drain()
	places := make([]place, 0, len(sums))
	for p := range sums {
		places = append(places, p)
	}
	slices.SortFunc(places, func(a, b place) int {
		return cmp.Or(slices.Compare(a.user[:], b.user[:]), cmp.Compare(a.country, b.country))
	})
	var errs []error
	for part := range slices.Chunk(places, batchWrites) {
		err := s.write(ctx, part, sums)
		if err == nil {
			continue
		}
		errs = append(errs, err)
		if !errors.Is(err, pg.ErrOutcomeUnknown) {
			s.putBack(part, sums, samples)
		}
	}
	errs = append(errs, s.eraseAgain(ctx))
	return errors.Join(errs...)
}

// eraseAgain takes back what was written of users who were erased meanwhile.
func (s *Service) eraseAgain(ctx context.Context) error {
	users := s.leaving.list(s.clock.Now())
	if users == nil {
		return nil
	}
	err := s.db.InTx(ctx, func(_ context.Context, tx *pg.Tx) error {
		s.store.eraseAgain(tx, users)
		return nil
	})
	if err != nil {
		return fmt.Errorf("delete the country counters of %d erased users: %w", len(users), err)
	}
	return nil
}

// drain sums up what is buffered by user and country. samples holds one address
// of each, to put a failed write back with.
func (s *Service) drain() (sums map[place]int64, samples map[place]sighting) {
	sums, samples = map[place]int64{}, map[place]sighting{}
	outcomes := map[outcome]int64{}
	s.buffer.take(func(seen sighting, n int64) {
		country, how := s.file.country(seen.ip)
		outcomes[how]++
		if how == found {
			p := place{seen.user, country}
			sums[p] += n
			samples[p] = seen
		}
	})
	for how, n := range outcomes {
		s.metrics.looked(how, n)
	}
	return sums, samples
}

func (s *Service) write(ctx context.Context, places []place, sums map[place]int64) error {
	b := batch{make([]uuid.UUID, len(places)), make([]string, len(places)), make([]int64, len(places))}
	for i, p := range places {
		b.users[i], b.countries[i], b.counts[i] = p.user, p.country, sums[p]
	}
	now := s.clock.Now()
	err := s.db.InTx(ctx, func(_ context.Context, tx *pg.Tx) error {
		s.store.add(tx, b, now)
		return nil
	})
	if err != nil {
		return fmt.Errorf("write %d country counters: %w", len(places), err)
	}
	return nil
}

func (s *Service) putBack(places []place, sums map[place]int64, samples map[place]sighting) {
	for _, p := range places {
		if !s.buffer.add(samples[p], sums[p]) {
			s.metrics.dropped(sums[p])
		}
	}
}
