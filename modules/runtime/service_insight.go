package runtime

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/modules/admin"
	"galaxy/backend/modules/runtime/driver"
	"galaxy/backend/platform/pg"
	enginev1 "galaxy/backend/proto/engine/v1"
)

// logTime bounds what operators ask of the driver while they wait.
const logTime = 10 * time.Second

// Logs returns the last lines of an engine's output.
func (c *Converger) Logs(ctx context.Context, game uuid.UUID, lines int) (out []string, err error) {
	if _, err := c.State(ctx, game); err != nil {
		return nil, err
	}
	err = c.verb(ctx, "logs", logTime, func(ctx context.Context) error {
		out, err = c.driver.Logs(ctx, game, lines)
		return err
	})
	return out, asked(err)
}

// Stats takes one sample of an engine's use of resources. It may take a second.
func (c *Converger) Stats(ctx context.Context, game uuid.UUID) (out driver.Stats, err error) {
	if _, err := c.State(ctx, game); err != nil {
		return driver.Stats{}, err
	}
	err = c.verb(ctx, "stats", logTime, func(ctx context.Context) error {
		out, err = c.driver.Stats(ctx, game)
		return err
	})
	return out, asked(err)
}

// asked turns the driver's errors into answers for operators.
func asked(err error) error {
	switch {
	case errors.Is(err, driver.ErrUnavailable):
		return ErrDriverUnavailable.Because(err)
	case errors.Is(err, driver.ErrNotFound):
		return ErrNotRunning.Because(err)
	}
	return err
}

// Probed is what an operator's look at an engine found.
type Probed struct {
	Phase   driver.Phase
	Foreign bool
	Healthy bool
	Reason  string           // why it is not healthy
	Status  *enginev1.Status // nil when the engine did not give it
}

// Probe looks at an engine now, and changes nothing but the audit log. What it
// finds is recorded by the next convergence, which it asks for.
func (c *Converger) Probe(ctx context.Context, game uuid.UUID) (Probed, error) {
	if _, err := c.State(ctx, game); err != nil {
		return Probed{}, err
	}
	seen, err := c.inspect(ctx, game)
	if err != nil {
		return Probed{}, asked(err)
	}
	p := Probed{Phase: seen.Phase, Foreign: seen.Foreign}
	if !p.Foreign && p.Phase == driver.PhaseRunning {
		health := c.engines.Health(ctx, game)
		c.metrics.probe(ctx, health)
		p.Healthy, p.Reason = health == nil, reasonOf(health)
		if status, err := c.engines.Status(ctx, game); err == nil {
			p.Status = &status
		}
	}
	return p, c.db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error {
		c.store.hint(tx, []uuid.UUID{game}, c.clock.Now())
		tx.OnCommit(c.Wake)
		return c.auditor.Record(ctx, tx, admin.Entry{Action: "runtime.probe", Target: "game:" + game.String()})
	})
}
