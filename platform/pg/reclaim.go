package pg

import "sync"

// once is what has to succeed one time in the life of a pool.
type once struct {
	mu   sync.Mutex
	done bool
}

// ReclaimOrphans runs reclaim at the first call for a resource, such as a table,
// and again until it succeeds, when this process is certain to be the only one
// on the database: with a fence set, whatever another process was doing is over.
// Without a fence there may be others, and nothing is reclaimed.
func (db *DB) ReclaimOrphans(resource string, reclaim func() error) error {
	if db.fence.Load() == nil {
		return nil
	}
	found, _ := db.reclaimed.LoadOrStore(resource, &once{})
	o := found.(*once)
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.done {
		return nil
	}
	err := reclaim()
	o.done = err == nil
	return err
}
