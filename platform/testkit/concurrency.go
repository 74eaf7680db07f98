package testkit

import (
	"sync"
	"testing"

	"galaxy/backend/platform/pg"
)

// AtOnce runs fn for each item at the same time, and returns how many succeeded
// and the errors of the others.
func AtOnce[T any](items []T, fn func(T) error) (succeeded int, failures []error) {
	start, results := make(chan struct{}), make(chan error, len(items))
	var wg sync.WaitGroup
	for _, item := range items {
		wg.Go(func() {
			<-start
			results <- fn(item)
		})
	}
	close(start)
	wg.Wait()
	close(results)
	for err := range results {
		if err == nil {
			succeeded++
		} else {
			failures = append(failures, err)
		}
	}
	return succeeded, failures
}

const countWaiting = `SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid)
	WHERE NOT l.granted AND a.datname = current_database()`

// Blocks runs fn in the background and reports whether it came to wait for a lock
// of the test's database before it ended. Its result arrives on done.
func Blocks(t testing.TB, db *pg.DB, done chan<- error, fn func() error) bool {
	t.Helper()
	over := make(chan struct{})
	go func() {
		err := fn()
		close(over)
		done <- err
	}()
	for {
		select {
		case <-over:
			return false
		default:
		}
		n, err := pg.Get[int](t.Context(), db, countWaiting)
		if err != nil {
			t.Fatalf("testkit: count who waits: %v", err)
		}
		if n > 0 {
			return true
		}
	}
}
