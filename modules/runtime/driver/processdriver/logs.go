package processdriver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/google/uuid"

	"galaxy/backend/modules/runtime/driver"
)

// Logs implements driver.Driver.
func (d *Driver) Logs(ctx context.Context, game uuid.UUID, n int) ([]string, error) {
	_, found, err := d.find(ctx, game)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, fmt.Errorf("read logs of game %s: %w", game, driver.ErrNotFound)
	}
	f, err := os.Open(d.records.path(game, ".log"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read logs of game %s: %w", game, driver.ErrNotFound)
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(io.NewSectionReader(f, max(0, info.Size()-logReadLimit), logReadLimit))
	if err != nil {
		return nil, err
	}
	lines := strings.Split(strings.TrimRight(string(body), "\n"), "\n")
	return lines[max(0, len(lines)-n):], nil
}
