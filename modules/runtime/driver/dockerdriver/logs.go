package dockerdriver

import (
	"context"
	"fmt"
	"strings"

	"github.com/google/uuid"
)

// Logs implements driver.Driver.
func (d *Driver) Logs(ctx context.Context, game uuid.UUID, n int) ([]string, error) {
	id, err := d.ownContainer(ctx, game)
	if err != nil {
		return nil, err
	}
	text, err := d.docker.Logs(ctx, id, n)
	if err != nil {
		return nil, fmt.Errorf("read logs of game %s: %w", game, translate(err))
	}
	return lastLines(text, n), nil
}

// lastLines splits text into its last n lines.
func lastLines(text []byte, n int) []string {
	all := strings.Split(strings.TrimRight(string(text), "\n"), "\n")
	if len(all) == 1 && all[0] == "" {
		return []string{}
	}
	return all[max(0, len(all)-n):]
}
