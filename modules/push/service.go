package push

import (
	"context"
	"fmt"
	"hash/maphash"
	"slices"
	"time"

	"go.uber.org/zap"
	"google.golang.org/protobuf/types/known/timestamppb"

	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/pg"
	pushv1 "galaxy/backend/proto/push/v1"

	"github.com/google/uuid"
)

// Service publishes events to the gateways.
type Service struct {
	hub     *hub
	server  *server
	clock   clock.Clock
	log     *zap.Logger
	window  time.Duration
	replays []Replay
	metrics metrics
	seed    maphash.Seed
}

// NewService makes the hub. It starts no goroutine.
func NewService(cfg Config, clk clock.Clock, log *zap.Logger, replays Replays) (*Service, error) {
	s := &Service{
		clock: clk, log: log, window: cfg.FreshnessWindow, replays: slices.Clone(replays), seed: maphash.MakeSeed(),
	}
	s.hub = newHub(clk, cfg.FreshnessWindow, s.dropped)
	s.server = &server{hub: s.hub, clock: clk, log: log, recent: s.recent}
	var err error
	s.metrics, err = newMetrics(func() int { return len(s.hub.list()) })
	return s, err
}

// Publish sends o once tx has committed.
func (s *Service) Publish(tx *pg.Tx, o Outgoing) { tx.OnCommit(func() { s.Send(o) }) }

// Send sends o now. An event that cannot be encoded is a bug of its producer:
// it is logged and does not go out.
func (s *Service) Send(o Outgoing) {
	payload, err := o.Event.Marshal()
	if err != nil {
		s.log.Error("push event could not be encoded", zap.String("kind", o.Event.Kind()), zap.Error(err))
		return
	}
	s.metrics.event(o.Event.Kind())
	s.hub.publish(&pushv1.PushEvent{Kind: &pushv1.PushEvent_ClientEvent{ClientEvent: &pushv1.ClientEvent{
		UserId: o.UserID.String(), DeviceSessionId: optionalID(o.DeviceSessionID), Kind: o.Event.Kind(), Payload: payload,
		EventId: o.EventID, RequestId: o.RequestID, TraceId: o.TraceID,
	}}})
}

// Invalidate tells gateways of revoked sessions once tx has committed. When the
// outcome of the commit is unknown, what the database holds afterwards is
// replayed: a repeat of the request would find the sessions revoked and publish
// nothing.
func (s *Service) Invalidate(tx *pg.Tx, invalidations ...Invalidation) {
	if len(invalidations) == 0 {
		return
	}
	noop := func() {}
	effect := pg.Effect{Apply: noop, InDoubt: noop, Resolved: s.hub.revocationsInDoubt}
	tx.Stage(maphash.Comparable(s.seed, invalidations[0]), effect)
	tx.OnCommit(func() {
		for _, inv := range invalidations {
			s.metrics.event("session_invalidation")
			s.hub.publish(invalidation(inv))
		}
	})
}

func invalidation(inv Invalidation) *pushv1.PushEvent {
	return &pushv1.PushEvent{Kind: &pushv1.PushEvent_SessionInvalidation{SessionInvalidation: &pushv1.SessionInvalidation{
		UserId: inv.UserID.String(), DeviceSessionId: optionalID(inv.DeviceSessionID), Reason: inv.Reason,
		RevokedAt: timestamppb.New(inv.At),
	}}}
}

// recent collects the revocations that a gateway without a usable cursor needs.
func (s *Service) recent(ctx context.Context) ([]*pushv1.PushEvent, error) {
	since := s.clock.Now().Add(-s.window)
	var events []*pushv1.PushEvent
	for _, r := range s.replays {
		invalidations, err := r.Recent(ctx, since)
		if err != nil {
			return nil, fmt.Errorf("replay %s: %w", r.Name(), err)
		}
		for _, inv := range invalidations {
			events = append(events, invalidation(inv))
		}
	}
	return events, nil
}

// Subscribers shows the connected gateways.
func (s *Service) Subscribers() []Subscriber { return s.hub.list() }

// Epoch identifies this process in the stream.
func (s *Service) Epoch() string { return s.hub.epoch() }

// Stop lets every stream write its queue out and ends it with Unavailable; when
// ctx ends first the streams are aborted.
func (s *Service) Stop(ctx context.Context) error {
	s.hub.drain()
	select {
	case <-s.hub.idle:
		return nil
	case <-ctx.Done():
		s.hub.abort()
		return fmt.Errorf("streams were aborted: %w", ctx.Err())
	}
}

func (s *Service) dropped(l loss) {
	s.metrics.drop(l.gateway, l.n)
	if l.toLog > 0 {
		s.log.Warn("push events were dropped for a gateway that reads too slowly",
			zap.String("gateway_client_id", l.gateway), zap.Int("count", l.toLog))
	}
}

// optionalID is the empty string for the nil id.
func optionalID(id uuid.UUID) string {
	if id == uuid.Nil {
		return ""
	}
	return id.String()
}
