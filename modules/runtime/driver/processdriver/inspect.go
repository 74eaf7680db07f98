package processdriver

import (
	"context"

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
