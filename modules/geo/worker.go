package geo

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"
	"go.uber.org/zap"

	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/worker"
)

const (
	flushInterval = 5 * time.Second
	watchInterval = 30 * time.Second
	maxRows       = 10_000 // of one statement
)

// Worker flushes counters and watches the database file.
type Worker struct {
	service *Service
	flush   *worker.Loop
	watch   *worker.Loop
}

// NewWorker makes both loops, stopped.
func NewWorker(s *Service, clk clock.Clock, log *zap.Logger) *Worker {
	w := &Worker{service: s}
	w.flush = worker.NewLoop("geo counters", flushInterval, clk, log, func(ctx context.Context) (bool, error) {
		return false, s.Flush(ctx)
	})
	w.watch = worker.NewLoop("geo database", watchInterval, clk, log, func(ctx context.Context) (bool, error) {
		return false, s.database.refresh(ctx, clk.Now())
	})
	return w
}

// Start starts both loops.
func (w *Worker) Start(ctx context.Context) error {
	return errors.Join(w.flush.Start(ctx), w.watch.Start(ctx))
}

// Stop ends both loops and writes what is still buffered: by then no request is
// under way any more.
func (w *Worker) Stop(ctx context.Context) error {
	return errors.Join(w.flush.Stop(ctx), w.watch.Stop(ctx), w.service.Flush(ctx))
}

// counterKey is what a counter counts.
type counterKey struct {
	user    uuid.UUID
	country string
}

func (k counterKey) compare(other counterKey) int {
	return cmp.Or(slices.Compare(k.user[:], other.user[:]), cmp.Compare(k.country, other.country))
}

// pending is how many requests of one counter are to be written. address is one
// of those that were counted, to buffer them again when they cannot be.
type pending struct {
	counterKey
	count   int64
	address userAddress
}

// Flush writes what was counted. What cannot be written is counted again, as far
// as there is room, unless it may have been written: then it is dropped.
func (s *Service) Flush(ctx context.Context) error {
	var errs []error
	for rows := range slices.Chunk(s.drain(), maxRows) {
		err := s.write(ctx, rows)
		if err == nil {
			continue
		}
		errs = append(errs, err)
		if !errors.Is(err, pg.ErrOutcomeUnknown) {
			s.bufferAgain(rows)
		}
	}
	errs = append(errs, s.deleteErased(ctx))
	return errors.Join(errs...)
}

// deleteErased deletes what was written of users who were erased meanwhile.
func (s *Service) deleteErased(ctx context.Context) error {
	users := s.erasures.recent(s.clock.Now())
	if users == nil {
		return nil
	}
	err := s.db.InTx(ctx, func(_ context.Context, tx *pg.Tx) error {
		s.store.deleteErased(tx, users)
		return nil
	})
	if err != nil {
		return fmt.Errorf("delete the country counters of %d erased users: %w", len(users), err)
	}
	return nil
}

// drain empties the buffer and sums it up by user and country, in the order in
// which rows are locked. Addresses without a country are dropped.
func (s *Service) drain() []pending {
	sums := map[counterKey]pending{}
	outcomes := map[outcome]int64{}
	s.buffer.drain(func(a userAddress, n int64) {
		country, outcome := s.database.country(a.ip)
		outcomes[outcome]++
		if outcome == found {
			k := counterKey{a.user, country}
			sums[k] = pending{k, sums[k].count + n, a}
		}
	})
	for outcome, n := range outcomes {
		s.metrics.countLookups(outcome, n)
	}
	return slices.SortedFunc(maps.Values(sums), func(a, b pending) int { return a.compare(b.counterKey) })
}

func (s *Service) write(ctx context.Context, rows []pending) error {
	c := counterColumns{make([]uuid.UUID, len(rows)), make([]string, len(rows)), make([]int64, len(rows))}
	for i, p := range rows {
		c.users[i], c.countries[i], c.counts[i] = p.user, p.country, p.count
	}
	now := s.clock.Now()
	err := s.db.InTx(ctx, func(_ context.Context, tx *pg.Tx) error {
		s.store.addCounters(tx, c, now)
		return nil
	})
	if err != nil {
		return fmt.Errorf("write %d country counters: %w", len(rows), err)
	}
	return nil
}

// bufferAgain counts what could not be written for the next flush.
func (s *Service) bufferAgain(rows []pending) {
	for _, p := range rows {
		if !s.buffer.add(p.address, p.count) {
			s.metrics.countDropped(p.count)
		}
	}
}
