package processdriver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"galaxy/backend/modules/runtime/driver"
)

// Inspect implements driver.Driver.
func (d *Driver) Inspect(ctx context.Context, game uuid.UUID) (driver.Observed, error) {
	r, found, err := d.find(ctx, game)
	if err != nil {
		return driver.Observed{}, err
	}
	if !found {
		return driver.Observed{GameID: game, Name: driver.Name(game), Phase: driver.PhaseAbsent}, nil
	}
	return r.observed(), nil
}

// List implements driver.Driver.
func (d *Driver) List(ctx context.Context) ([]driver.Observed, error) {
	games, err := d.records.games()
	if err != nil {
		return nil, err
	}
	out := make([]driver.Observed, 0, len(games))
	for _, game := range games {
		o, err := d.Inspect(ctx, game)
		if err != nil {
			return nil, err
		}
		if o.Phase != driver.PhaseAbsent {
			out = append(out, o)
		}
	}
	return out, nil
}

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

// hint tells every watcher; one that is behind has hints enough to look. The
// caller holds mu.
func (d *Driver) hint(h driver.Hint) {
	for w := range d.watchers {
		select {
		case w <- h:
		default:
		}
	}
}

// DialContext implements driver.Driver.
func (d *Driver) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("dial engine: %w", err)
	}
	game, ok := driver.GameOf(host)
	if !ok || port != strconv.Itoa(driver.Port) {
		return nil, fmt.Errorf("dial %s: %w", addr, driver.ErrNotFound)
	}
	r, found, err := d.find(ctx, game)
	if err != nil {
		return nil, err
	}
	if !found || !r.alive() {
		return nil, fmt.Errorf("dial engine of game %s: %w", game, driver.ErrNotFound)
	}
	return (&net.Dialer{}).DialContext(ctx, network, net.JoinHostPort("127.0.0.1", strconv.Itoa(r.Port)))
}

// Pull implements driver.Driver: there is one engine program for all images.
func (d *Driver) Pull(context.Context, string, driver.PullPolicy) (driver.PullResult, error) {
	if err := d.usable(); err != nil {
		return driver.PullResult{}, fmt.Errorf("%w: %w", driver.ErrImageUnavailable, err)
	}
	return driver.PullResult{}, nil
}

// Available implements driver.Driver.
func (d *Driver) Available(context.Context) error {
	if err := d.usable(); err != nil {
		return fmt.Errorf("%w: %w", driver.ErrUnavailable, err)
	}
	return nil
}

func (d *Driver) usable() error {
	info, err := os.Stat(d.binary)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() || info.Mode()&0o111 == 0 {
		return fmt.Errorf("%s is not a program", d.binary)
	}
	return nil
}

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
	body, err := io.ReadAll(io.NewSectionReader(f, max(0, info.Size()-logBudget), logBudget))
	if err != nil {
		return nil, err
	}
	lines := strings.Split(strings.TrimRight(string(body), "\n"), "\n")
	return lines[max(0, len(lines)-n):], nil
}

// Stats implements driver.Driver.
func (d *Driver) Stats(ctx context.Context, game uuid.UUID) (driver.Stats, error) {
	r, found, err := d.find(ctx, game)
	if err != nil {
		return driver.Stats{}, err
	}
	s, ok := driver.Stats{}, false
	if found && r.alive() {
		s, ok = sample(r.PID)
	}
	if !ok {
		return driver.Stats{}, fmt.Errorf("read stats of game %s: %w", game, driver.ErrNotFound)
	}
	s.At = d.clk.Now()
	return s, nil
}
