package dockerdriver

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"galaxy/backend/modules/runtime/driver"
)

// Stats implements driver.Driver.
func (d *Driver) Stats(ctx context.Context, game uuid.UUID) (driver.Stats, error) {
	id, err := d.ownContainer(ctx, game)
	if err != nil {
		return driver.Stats{}, err
	}
	s, err := d.docker.Stats(ctx, id)
	if err != nil {
		return driver.Stats{}, fmt.Errorf("read stats of game %s: %w", game, translate(err))
	}
	return driver.Stats{At: s.At, CPU: s.CPU, Memory: s.Memory, MemoryLimit: s.MemoryLimit, Pids: s.Pids}, nil
}
