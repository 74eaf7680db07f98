package pg

import "sync"

// once is what has to happen one time in the life of a pool.
type once struct {
	mu   sync.Mutex
	done bool
}

// Inherit runs take the first time that it is called for a thing, and again
// until it succeeds, when this process is certain to be the only one on the
// database: behind a fence, whatever another process was doing is over. Without
// a fence there may be others, and nothing is inherited.
func (db *DB) Inherit(thing string, take func() error) error {
	if db.fence.Load() == nil {
		return nil
	}
	found, _ := db.inherited.LoadOrStore(thing, &once{})
	o := found.(*once)
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.done {
		return nil
	}
	err := take()
	o.done = err == nil
	return err
}
