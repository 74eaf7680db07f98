package runtime

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"go.uber.org/zap"

	"galaxy/backend/modules/engineversion"
	"galaxy/backend/modules/notification"
	"galaxy/backend/modules/runtime/driver"
	"galaxy/backend/platform/fault"
)

// How long one verb of the driver may take. A hung daemon costs a worker no
// longer than this.
const (
	inspectTime = 15 * time.Second
	ensureTime  = 2 * time.Minute
	removeTime  = time.Minute
	pullTime    = 10 * time.Minute
	// stopSlack is what a stop may take beyond its grace period.
	stopSlack = 30 * time.Second
)

// verb calls the driver within a time of its own, and counts what comes of it.
// A driver that does not answer in time is one that cannot be asked.
func (c *Converger) verb(ctx context.Context, name string, limit time.Duration, call func(ctx context.Context) error) error {
	bounded, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	err := call(bounded)
	if err != nil && ctx.Err() == nil && bounded.Err() != nil && !errors.Is(err, driver.ErrUnavailable) {
		err = fmt.Errorf("%s: %w: %w", name, driver.ErrUnavailable, err)
	}
	c.metrics.op(ctx, name, err)
	if !errors.Is(err, driver.ErrUnavailable) && ctx.Err() == nil && c.unavailable.Swap(false) {
		c.log.Info("engines can be reached again")
	}
	return err
}

func (c *Converger) inspect(ctx context.Context, game uuid.UUID) (seen driver.Observed, err error) {
	err = c.verb(ctx, "inspect", inspectTime, func(ctx context.Context) error {
		seen, err = c.driver.Inspect(ctx, game)
		return err
	})
	return seen, err
}

func (c *Converger) ensure(ctx context.Context, spec driver.Spec) (seen driver.Observed, err error) {
	err = c.verb(ctx, "ensure", ensureTime, func(ctx context.Context) error {
		seen, err = c.driver.Ensure(ctx, spec)
		return err
	})
	return seen, err
}

func (c *Converger) stop(ctx context.Context, game uuid.UUID) error {
	return c.verb(ctx, "stop", c.cfg.StopGracePeriod+stopSlack, func(ctx context.Context) error {
		return c.driver.Stop(ctx, game, c.cfg.StopGracePeriod)
	})
}

func (c *Converger) remove(ctx context.Context, game uuid.UUID) error {
	return c.verb(ctx, "remove", removeTime, func(ctx context.Context) error { return c.driver.Remove(ctx, game) })
}

// pull makes the version's image available and keeps its digest. The note says
// that an older image stands in for one that could not be had.
func (c *Converger) pull(ctx context.Context, v engineversion.Version) (note string, err error) {
	var got driver.PullResult
	err = c.verb(ctx, "pull", pullTime, func(ctx context.Context) error {
		got, err = c.driver.Pull(ctx, v.ImageRef, c.cfg.ImagePullPolicy)
		return err
	})
	if err != nil {
		return "", err
	}
	if got.Fallback != nil {
		c.log.Warn("image was not pulled, the local one is used", zap.String("version", v.Version), zap.Error(got.Fallback))
		note = "the image could not be pulled, the local one is used"
	}
	return note, c.images.RecordDigest(ctx, v, got.Digest)
}

// probe asks the engine whether it is able to work. One that ran a moment ago
// gets a second chance before it counts as gone.
func (c *Converger) probe(ctx context.Context, r Record) error {
	err := c.engines.Health(ctx, r.GameID)
	if err != nil && r.Observed == Running && ctx.Err() == nil {
		err = c.engines.Health(ctx, r.GameID)
	}
	c.metrics.probe(ctx, err)
	return err
}

// reasonOf is the stable part of an error, without what an engine wrote.
func reasonOf(err error) string {
	if err == nil {
		return ""
	}
	return fault.From(err).Reason
}

func exitReason(s observation) string {
	switch {
	case s.Error != "":
		return s.Error
	case s.OOMKilled:
		return "the engine ran out of memory"
	case s.Phase == driver.PhaseCreated:
		return "the engine did not start"
	}
	return fmt.Sprintf("the engine ended with exit code %d", s.ExitCode)
}

func generationKey(game uuid.UUID, generation int) string {
	return fmt.Sprintf("game:%s:generation:%d", game, generation)
}

// notice is an intent for operators about the game.
func (m *move) notice(kind notification.Kind, key string, facts ...any) notification.Intent {
	payload := map[string]any{"game_id": m.before.GameID.String()}
	for i := 0; i+1 < len(facts); i += 2 {
		payload[facts[i].(string)] = facts[i+1]
	}
	return notification.Intent{Kind: kind, Key: key, Payload: payload}
}
