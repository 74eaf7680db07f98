package processdriver

import (
	"context"

	"galaxy/backend/modules/runtime/driver"
)

// Watch implements driver.Driver.
func (d *Driver) Watch(ctx context.Context) <-chan driver.Hint {
	out := make(chan driver.Hint, 64)
	out <- driver.Hint{}
	d.mu.Lock()
	d.watchers[out] = struct{}{}
	d.mu.Unlock()
	context.AfterFunc(ctx, func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		delete(d.watchers, out)
		close(out)
	})
	return out
}

// notify tells every watcher; one that is behind has hints enough to look. The
// caller holds mu.
func (d *Driver) notify(h driver.Hint) {
	for w := range d.watchers {
		select {
		case w <- h:
		default:
		}
	}
}
