package runtime

import (
	"context"
	"errors"

	"github.com/google/uuid"

	"galaxy/backend/modules/admin"
	"galaxy/backend/modules/runtime/driver"
	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/worker"
	enginev1 "galaxy/backend/proto/engine/v1"
)

// Inspector looks at engines for operators, as they are now.
type Inspector struct {
	db      *pg.DB
	clock   clock.Clock
	store   store
	states  *States
	driver  *DriverClient
	engines Engines
	auditor admin.Auditor
	metrics metrics
	signal  *worker.Signal
}

// NewInspector makes an inspector.
func NewInspector(
	db *pg.DB, clk clock.Clock, states *States, d *DriverClient, e Engines, auditor admin.Auditor, m metrics,
	signal *worker.Signal,
) *Inspector {
	return &Inspector{
		db: db, clock: clk, states: states, driver: d, engines: e, auditor: auditor, metrics: m, signal: signal,
	}
}

// Logs returns the last n lines of an engine's output.
func (i *Inspector) Logs(ctx context.Context, game uuid.UUID, n int) ([]string, error) {
	if _, err := i.states.State(ctx, game); err != nil {
		return nil, err
	}
	lines, err := i.driver.logs(ctx, game, n)
	return lines, driverFault(err)
}

// Stats takes one sample of an engine's use of resources. It may take a second.
func (i *Inspector) Stats(ctx context.Context, game uuid.UUID) (driver.Stats, error) {
	if _, err := i.states.State(ctx, game); err != nil {
		return driver.Stats{}, err
	}
	sample, err := i.driver.stats(ctx, game)
	return sample, driverFault(err)
}

// ProbeResult is what an operator's look at an engine found.
type ProbeResult struct {
	Phase   driver.Phase
	Foreign bool
	Healthy bool
	Reason  string           // why it is not healthy
	Status  *enginev1.Status // nil when the engine did not give it
}

// Probe looks at an engine now, and changes nothing but the audit log. What it
// finds is recorded by the next convergence, which it asks for.
func (i *Inspector) Probe(ctx context.Context, game uuid.UUID) (ProbeResult, error) {
	if _, err := i.states.State(ctx, game); err != nil {
		return ProbeResult{}, err
	}
	seen, err := i.driver.inspect(ctx, game)
	if err != nil {
		return ProbeResult{}, driverFault(err)
	}
	result := ProbeResult{Phase: seen.Phase, Foreign: seen.Foreign}
	if !seen.Foreign && seen.Phase == driver.PhaseRunning {
		health := i.engines.Health(ctx, game)
		i.metrics.countProbe(ctx, health)
		result.Healthy, result.Reason = health == nil, reasonOf(health)
		if status, err := i.engines.Status(ctx, game); err == nil {
			result.Status = &status
		}
	}
	return result, i.db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error {
		i.store.hint(tx, []uuid.UUID{game}, i.clock.Now())
		tx.OnCommit(i.signal.Send)
		return i.auditor.Record(ctx, tx, auditEntry("probe", game, nil))
	})
}

// driverFault turns the driver's errors into answers for operators.
func driverFault(err error) error {
	switch {
	case errors.Is(err, driver.ErrUnavailable):
		return ErrDriverUnavailable.Because(err)
	case errors.Is(err, driver.ErrNotFound):
		return ErrNotRunning.Because(err)
	}
	return err
}
