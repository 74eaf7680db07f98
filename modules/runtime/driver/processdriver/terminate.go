package processdriver

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/modules/runtime/driver"
	"galaxy/backend/platform/clock"
)

// terminate asks the process to end, and kills it after the grace.
func (d *Driver) terminate(ctx context.Context, r record, grace time.Duration) error {
	if grace > 0 {
		if err := signal(r, syscall.SIGTERM); err != nil {
			return err
		}
		if ended, err := d.awaitExit(ctx, r, grace); ended || err != nil {
			return err
		}
	}
	if err := signal(r, syscall.SIGKILL); err != nil {
		return err
	}
	ended, err := d.awaitExit(ctx, r, 10*time.Second)
	if err == nil && !ended {
		err = fmt.Errorf("%w: process %d does not end", driver.ErrUnavailable, r.PID)
	}
	return err
}

// signal reaches the recorded process or nobody: the handle is taken first and
// the identity checked after, so that the number cannot change hands between.
func signal(r record, sig syscall.Signal) error {
	p, err := os.FindProcess(r.PID)
	if err != nil {
		return nil //nolint:nilerr // there is no such process
	}
	defer func() { _ = p.Release() }()
	if !r.alive() {
		return nil
	}
	if err := p.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	return nil
}

// awaitExit reports whether the process ended, and its end is recorded, in time.
func (d *Driver) awaitExit(ctx context.Context, r record, limit time.Duration) (bool, error) {
	d.mu.Lock()
	own := d.children[r.Game]
	d.mu.Unlock()
	deadline := d.clk.NewTimer(limit)
	defer deadline.Stop()
	for {
		var ended <-chan struct{}
		var again clock.Timer
		var tick <-chan time.Time
		if own != nil && own.cmd.Process.Pid == r.PID {
			ended = own.done
		} else {
			if !r.alive() {
				return true, nil
			}
			again = d.clk.NewTimer(exitPoll)
			tick = again.C()
		}
		select {
		case <-ended:
			return true, nil
		case <-tick:
		case <-deadline.C():
			return false, nil
		case <-ctx.Done():
			return false, fmt.Errorf("%w: %w", driver.ErrUnavailable, ctx.Err())
		}
	}
}

// awaitRecordedExit waits until the end of a child that is over has been recorded, so that
// the record of the next one is not overwritten by it.
func (d *Driver) awaitRecordedExit(game uuid.UUID) {
	d.mu.Lock()
	own := d.children[game]
	d.mu.Unlock()
	if own != nil {
		<-own.done
	}
}
