package lobby

import "sync"

// atOnce runs fn for each item at the same time.
func atOnce[T any](items []T, fn func(T) error) (succeeded int, failures []error) {
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

// blocks runs fn in the background and reports whether it came to wait for a lock
// before it ended.
func (f *fixture) blocks(done chan<- error, fn func() error) bool {
	f.Helper()
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
		if f.count(countWaiting) > 0 {
			return true
		}
	}
}
