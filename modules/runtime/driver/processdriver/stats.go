package processdriver

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"galaxy/backend/modules/runtime/driver"
)

// Stats implements driver.Driver.
func (d *Driver) Stats(ctx context.Context, game uuid.UUID) (driver.Stats, error) {
	r, found, err := d.find(ctx, game)
	if err != nil {
		return driver.Stats{}, err
	}
	s, ok := driver.Stats{}, false
	if found && r.alive() {
		s, ok = processStats(r.PID)
	}
	if !ok {
		return driver.Stats{}, fmt.Errorf("read stats of game %s: %w", game, driver.ErrNotFound)
	}
	s.At = d.clk.Now()
	return s, nil
}
