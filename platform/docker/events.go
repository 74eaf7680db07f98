package docker

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/docker/docker/api/types/events"
	"github.com/docker/docker/api/types/filters"
	"go.uber.org/zap"
)

// Hint says that something happened to a container. Hints may be lost: the zero
// Hint says that some may have been, so that everything is worth a look.
type Hint struct {
	Name   string
	Labels map[string]string
	Action string // create, start, die, oom, stop, destroy
}

const (
	hintBuffer  = 64
	retryFirst  = 100 * time.Millisecond
	retryLimit  = 30 * time.Second
	stableAfter = 10 * time.Second // a subscription this old proves the daemon well
)

// Watch sends hints about selected containers until ctx ends, then closes the
// channel. It subscribes again, with a growing pause, as often as needed;
// each subscription begins with the zero Hint.
func (c *Client) Watch(ctx context.Context, s Selector) <-chan Hint {
	out := make(chan Hint, hintBuffer)
	go func() {
		defer close(out)
		pause := retryFirst
		for ctx.Err() == nil {
			began := c.clk.Now()
			err := c.subscribe(ctx, s, out)
			if ctx.Err() != nil {
				return
			}
			if c.clk.Now().Sub(began) >= stableAfter {
				pause = retryFirst
			}
			c.log.Debug("docker events ended", zap.Duration("pause", pause), zap.Error(err))
			timer := c.clk.NewTimer(pause/2 + rand.N(pause/2))
			select {
			case <-ctx.Done():
				timer.Stop()
				return
			case <-timer.C():
			}
			pause = min(2*pause, retryLimit)
		}
	}()
	return out
}

func (c *Client) subscribe(ctx context.Context, s Selector, out chan<- Hint) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if err := c.negotiateVersion(ctx); err != nil {
		return err
	}
	messages, errs := c.api.Events(ctx, events.ListOptions{Filters: filters.NewArgs(
		filters.Arg("type", string(events.ContainerEventType)), filters.Arg("label", s.Label),
	)})
	select {
	case err := <-errs: // never subscribed
		return err
	default:
	}
	sender := hintSender{out: out}
	sender.send(Hint{})
	for {
		select {
		case err := <-errs:
			return err
		case m := <-messages:
			if !s.matches(m.Actor.Attributes) { // labels are among them
				continue
			}
			switch m.Action {
			case events.ActionCreate, events.ActionStart, events.ActionDie,
				events.ActionOOM, events.ActionStop, events.ActionDestroy:
				sender.send(Hint{Name: m.Actor.Attributes["name"], Labels: m.Actor.Attributes, Action: string(m.Action)})
			}
		}
	}
}

// hintSender never waits for its receiver. One that is behind loses hints, and
// is told so by a zero Hint as soon as there is room.
type hintSender struct {
	out  chan<- Hint
	lost bool
}

func (h *hintSender) send(hint Hint) {
	if h.lost && !h.trySend(Hint{}) {
		return
	}
	h.lost = !h.trySend(hint)
}

func (h *hintSender) trySend(hint Hint) bool {
	select {
	case h.out <- hint:
		return true
	default:
		return false
	}
}
