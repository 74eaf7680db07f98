package processdriver

import (
	"context"
	"fmt"
	"os"

	"galaxy/backend/modules/runtime/driver"
)

// Pull implements driver.Driver: there is one engine program for all images.
func (d *Driver) Pull(context.Context, string, driver.PullPolicy) (driver.PullResult, error) {
	if err := d.checkProgram(); err != nil {
		return driver.PullResult{}, fmt.Errorf("%w: %w", driver.ErrImageUnavailable, err)
	}
	return driver.PullResult{}, nil
}

func (d *Driver) checkProgram() error {
	info, err := os.Stat(d.binary)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() || info.Mode()&0o111 == 0 {
		return fmt.Errorf("%s is not a program", d.binary)
	}
	return nil
}
