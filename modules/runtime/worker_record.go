package runtime

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/modules/notification"
	"galaxy/backend/platform/outbox"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/sanitize"
	enginev1 "galaxy/backend/proto/engine/v1"
)

// transition is what one step starts from and what becomes of it.
type transition struct {
	before, after Record
	observation   observation
	notices       []notification.Intent
	end           OperationStatus // of the request under way; "" when it goes on
	status        *enginev1.Status
	again         bool          // look again at once
	wait          time.Duration // else after this time; 0: after the usual interval
}

// record writes what a step found, for observers, operators and the next look.
func (c *Converger) record(ctx context.Context, claim outbox.Claim, t *transition) error {
	if t.before.OperationID == nil {
		t.end = ""
	}
	t.after.LastError = sanitize.Line(t.after.LastError)
	now := c.clock.Now()
	wait := t.wait
	if wait == 0 {
		wait = c.cfg.ReconcileInterval
	}
	return c.db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error {
		if err := c.notify(ctx, tx, t); err != nil {
			return err
		}
		if err := c.store.updateObserved(ctx, tx, claim, t.after, now.Add(wait), now, t.again); err != nil {
			return err
		}
		if t.end != "" {
			c.store.endOperation(tx, *t.before.OperationID, t.end, t.failureCode(), t.after.LastError, now)
		}
		if t.after.State() != t.before.State() {
			c.states.put(tx, t.after)
		}
		if !t.again && wait < c.cfg.ReconcileInterval {
			tx.OnCommit(func() { c.signalAfter(wait) })
		}
		return nil
	})
}

// notify tells observers and operators. They lock what comes before the record.
func (c *Converger) notify(ctx context.Context, tx *pg.Tx, t *transition) error {
	if t.after.Observed != t.before.Observed || t.end != "" {
		change := t.change()
		for _, o := range c.observers {
			if err := o.RuntimeChanged(ctx, tx, change); err != nil {
				return fmt.Errorf("observer %s: %w", o.Name(), err)
			}
		}
	}
	for _, n := range t.notices {
		if err := c.notifier.Submit(ctx, tx, n); err != nil {
			return err
		}
	}
	return nil
}

// failureCode is why a request failed, or "".
func (t *transition) failureCode() string {
	if t.end != OpFailed {
		return ""
	}
	return t.after.LastCode
}

func (t *transition) change() Change {
	c := Change{
		GameID: t.after.GameID, Desired: string(t.after.Desired), Observed: string(t.after.Observed),
		Generation: t.after.Generation, Status: t.status, Error: t.after.LastCode, Source: t.after.Source,
	}
	if t.end != "" && t.before.Kind != nil {
		c.Operation = string(*t.before.Kind)
	}
	return c
}

// fail records why the engine does not run.
func (t *transition) fail(observed Observed, code, reason string) {
	t.after.Observed, t.after.LastCode, t.after.LastError = observed, code, reason
}

// recordExit keeps how the engine ended.
func (t *transition) recordExit() {
	code := t.observation.ExitCode
	t.after.ExitCode, t.after.OOM = &code, t.observation.OOMKilled
}

// notice tells operators, once per kind and key.
func (t *transition) notice(key string, payload notification.Payload) {
	t.notices = append(t.notices, notification.Intent{Key: key, Payload: payload})
}

// generationKey makes a notice one per generation.
func (t *transition) generationKey() string {
	return generationKey(t.before.GameID, t.before.Generation)
}

func generationKey(game uuid.UUID, generation int) string {
	return fmt.Sprintf("game:%s:generation:%d", game, generation)
}
