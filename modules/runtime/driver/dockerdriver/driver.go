package dockerdriver

import (
	"context"
	"errors"
	"fmt"
	"net"
	"runtime"
	"strconv"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/modules/runtime/driver"
	"galaxy/backend/platform/docker"
)

// Driver implements driver.Driver.
type Driver struct {
	docker   *docker.Client
	network  string
	instance driver.Instance
	backend  string // value of the label galaxy.backend
	publish  string
}

var _ driver.Driver = (*Driver)(nil)

// New makes the driver for the containers that one installation has in one
// network.
func New(client *docker.Client, network string, instance driver.Instance) *Driver {
	d := &Driver{docker: client, network: network, instance: instance, backend: "1"}
	if runtime.GOOS != "linux" {
		// The daemon runs in a virtual machine, whose container addresses
		// cannot be reached from here.
		d.publish = "127.0.0.1"
	}
	return d
}

// Ensure implements driver.Driver.
func (d *Driver) Ensure(ctx context.Context, spec driver.Spec) (driver.Observed, error) {
	if err := spec.Validate(); err != nil {
		return driver.Observed{}, err
	}
	instance, err := d.instance.ID(ctx)
	if err != nil {
		return driver.Observed{}, err
	}
	observed, err := d.ensure(ctx, spec, instance)
	if err != nil {
		return observed, fmt.Errorf("ensure engine of game %s: %w", spec.GameID, translate(err))
	}
	return observed, nil
}

// ensure looks, makes what is missing and starts it. A name that is taken
// between look and creation was taken by a call that timed out: look again.
func (d *Driver) ensure(ctx context.Context, spec driver.Spec, instance uuid.UUID) (driver.Observed, error) {
	for attempt := 0; ; attempt++ {
		found, err := d.docker.Inspect(ctx, spec.Name())
		id := found.ID
		switch {
		case errors.Is(err, docker.ErrNotFound):
			if id, err = d.docker.Create(ctx, d.container(spec, instance)); err != nil {
				if errors.Is(err, docker.ErrConflict) && attempt == 0 {
					continue
				}
				return driver.Observed{}, err
			}
		case err != nil:
			return driver.Observed{}, err
		default:
			observed, replace, err := d.reuse(found, spec, instance)
			if err != nil || observed.Phase == driver.PhaseRunning {
				return observed, err
			}
			if replace {
				if err := d.docker.Remove(ctx, id); err != nil && !errors.Is(err, docker.ErrNotFound) {
					return observed, err
				}
				continue
			}
		}
		if err := d.docker.Start(ctx, id); err != nil {
			return driver.Observed{}, err
		}
		return d.Inspect(ctx, spec.GameID)
	}
}

// reuse decides what becomes of the container that has the engine's name. One
// that has ended and is not of the Spec has to be replaced.
func (d *Driver) reuse(
	found docker.Container, spec driver.Spec, instance uuid.UUID,
) (o driver.Observed, replace bool, err error) {
	if !ownOrUnlabelled(found.Labels, instance) {
		return o, false, driver.OtherInstance("the container "+found.Name, found.Labels[labelInstance], instance)
	}
	o = d.observe(found)
	same := found.Labels[labelSpec] == spec.Hash()
	switch {
	case o.Foreign:
		return o, false, driver.ErrForeign
	case o.Phase == driver.PhaseRunning && !same:
		return o, false, driver.ErrConflict
	}
	return o, !same, nil
}

// Stop implements driver.Driver.
func (d *Driver) Stop(ctx context.Context, game uuid.UUID, grace time.Duration) error {
	return d.withOwn(ctx, game, "stop", func(id string) error { return d.docker.Stop(ctx, id, grace) })
}

// Remove implements driver.Driver.
func (d *Driver) Remove(ctx context.Context, game uuid.UUID) error {
	return d.withOwn(ctx, game, "remove", func(id string) error { return d.docker.Remove(ctx, id) })
}

// withOwn does something to the game's container, by its id, if it has one and
// it is not foreign.
func (d *Driver) withOwn(ctx context.Context, game uuid.UUID, call string, do func(id string) error) error {
	observed, err := d.Inspect(ctx, game)
	switch {
	case err != nil || observed.Phase == driver.PhaseAbsent:
		return err
	case observed.Foreign:
		return fmt.Errorf("%s engine of game %s: %w", call, game, driver.ErrForeign)
	}
	if err := do(observed.ContainerID); err != nil && !errors.Is(err, docker.ErrNotFound) {
		return fmt.Errorf("%s engine of game %s: %w", call, game, translate(err))
	}
	return nil
}

// Inspect implements driver.Driver.
func (d *Driver) Inspect(ctx context.Context, game uuid.UUID) (driver.Observed, error) {
	instance, err := d.instance.ID(ctx)
	if err != nil {
		return driver.Observed{}, err
	}
	found, err := d.docker.Inspect(ctx, driver.Name(game))
	if errors.Is(err, docker.ErrNotFound) || err == nil && !ownOrUnlabelled(found.Labels, instance) {
		return driver.Observed{GameID: game, Name: driver.Name(game), Phase: driver.PhaseAbsent}, nil
	}
	if err != nil {
		return driver.Observed{}, translate(err)
	}
	return d.observe(found), nil
}

// ownContainer is the id of the game's container, unless it is foreign.
func (d *Driver) ownContainer(ctx context.Context, game uuid.UUID) (string, error) {
	o, err := d.Inspect(ctx, game)
	switch {
	case err != nil:
		return "", err
	case o.Phase == driver.PhaseAbsent:
		return "", fmt.Errorf("game %s: %w", game, driver.ErrNotFound)
	case o.Foreign:
		return "", fmt.Errorf("game %s: %w", game, driver.ErrForeign)
	}
	return o.ContainerID, nil
}

// List implements driver.Driver.
func (d *Driver) List(ctx context.Context) ([]driver.Observed, error) {
	instance, err := d.instance.ID(ctx)
	if err != nil {
		return nil, err
	}
	ours := func(labels map[string]string) bool { return ownOrUnlabelled(labels, instance) }
	found, err := d.docker.List(ctx, d.selector(ours))
	if err != nil {
		return nil, translate(err)
	}
	out := make([]driver.Observed, len(found))
	for i, c := range found {
		out[i] = d.observe(c)
	}
	return out, nil
}

// Watch implements driver.Driver.
func (d *Driver) Watch(ctx context.Context) <-chan driver.Hint {
	hints := d.docker.Watch(ctx, d.selector(func(labels map[string]string) bool {
		instance, err := d.instance.ID(ctx)
		return err != nil || ownOrUnlabelled(labels, instance) // a hint too many costs a look
	}))
	out := make(chan driver.Hint)
	go func() {
		defer close(out)
		for h := range hints {
			game, _ := driver.GameOf(h.Name)
			select {
			case out <- driver.Hint{GameID: game, Action: h.Action}:
			case <-ctx.Done(): // hints is closed soon
			}
		}
	}()
	return out
}

// DialContext implements driver.Driver.
func (d *Driver) DialContext(ctx context.Context, _, addr string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("dial engine: %w", err)
	}
	game, ok := driver.GameOf(host)
	if !ok || port != strconv.Itoa(driver.Port) {
		return nil, fmt.Errorf("dial %s: %w", addr, driver.ErrNotFound)
	}
	instance, err := d.instance.ID(ctx)
	if err != nil {
		return nil, err
	}
	conn, err := d.docker.Dial(ctx, host, d.network, driver.Port, func(c docker.Container) bool {
		o := d.observe(c)
		return !o.Foreign && o.GameID == game && ownOrUnlabelled(c.Labels, instance)
	})
	if err != nil {
		return nil, fmt.Errorf("dial engine of game %s: %w", game, translate(err))
	}
	return conn, nil
}

// Pull implements driver.Driver.
func (d *Driver) Pull(ctx context.Context, image string, policy driver.PullPolicy) (driver.PullResult, error) {
	img, err := d.docker.EnsureImage(ctx, image, docker.PullPolicy(policy))
	if err != nil {
		return driver.PullResult{}, fmt.Errorf("pull engine image: %w", translate(err))
	}
	return driver.PullResult{Digest: img.Digest, Pulled: img.Pulled, Fallback: img.Fallback}, nil
}

// Close implements driver.Driver. The containers outlive the backend.
func (d *Driver) Close(ctx context.Context) error { return d.docker.Close(ctx) }

// selector chooses among the containers of every backend on the daemon.
func (d *Driver) selector(match func(labels map[string]string) bool) docker.Selector {
	return docker.Selector{Label: labelBackend + "=" + d.backend, Match: match}
}

// kinds translates the adapter's kinds of failure into the port's.
var kinds = []struct{ from, to error }{
	{docker.ErrUnavailable, driver.ErrUnavailable},
	{docker.ErrImageUnavailable, driver.ErrImageUnavailable},
	{docker.ErrConfigInvalid, driver.ErrConfigInvalid},
	{docker.ErrNotFound, driver.ErrNotFound},
	{docker.ErrConflict, driver.ErrConflict},
}

func translate(err error) error {
	for _, k := range kinds {
		if errors.Is(err, k.from) {
			return fmt.Errorf("%w: %w", k.to, err)
		}
	}
	return err
}
