package push

import (
	"context"
	"sync/atomic"
	"time"
	"unicode"

	"go.uber.org/zap"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"galaxy/backend/platform/clock"
	pushv1 "galaxy/backend/proto/push/v1"
)

const (
	maxGatewayID = 128
	sendBatch    = 64
	// stallTimeout is how long a gateway may take to read one frame.
	stallTimeout = 10 * time.Second
)

// server serves the hub over gRPC.
type server struct {
	pushv1.UnimplementedPushServer
	hub    *hub
	clock  clock.Clock
	log    *zap.Logger
	recent func(ctx context.Context) ([]*pushv1.PushEvent, error)
}

// SubscribePush implements the stream of push.proto.
func (s *server) SubscribePush(req *pushv1.GatewaySubscribeRequest, stream pushv1.Push_SubscribePushServer) error {
	if !validGatewayID(req.GetGatewayClientId()) {
		return status.Error(codes.InvalidArgument, "gateway_client_id must have 1 to 128 printable characters")
	}
	sub, replay, err := s.hub.subscribe(req.GetGatewayClientId(), req.GetCursor(), req.GetEpoch())
	if err != nil {
		return err
	}
	defer s.hub.unsubscribe(sub)
	if replay {
		if err := s.replay(stream.Context(), sub); err != nil {
			return err
		}
	}
	s.log.Info("gateway subscribed", zap.String("gateway_client_id", sub.id), zap.Bool("replay", replay))
	err = s.serve(sub, stream)
	dropped := s.hub.unsubscribe(sub)
	s.log.Info("gateway unsubscribed", zap.String("gateway_client_id", sub.id),
		zap.Stringer("code", status.Code(err)), zap.Uint64("dropped", dropped))
	return err
}

// replay queues the recent revocations.
func (s *server) replay(ctx context.Context, sub *subscription) error {
	events, err := s.recent(ctx)
	if err != nil {
		s.log.Warn("recent revocations could not be read for a gateway", zap.Error(err))
		return status.Error(codes.Unavailable, "recent revocations cannot be read, try again shortly")
	}
	s.hub.queueReplay(sub, events)
	return nil
}

// serve waits beside the goroutine that sends: Send blocks for good when the peer
// does not read, and only the return of the handler releases it.
func (s *server) serve(sub *subscription, stream pushv1.Push_SubscribePushServer) error {
	var busySince atomic.Int64 // start of the Send under way in nanoseconds; 0: none
	ended := make(chan error, 1)
	go func() { ended <- s.send(sub, stream, &busySince) }()
	for {
		watchdog := s.clock.NewTimer(stallTimeout / 4)
		select {
		case err := <-ended:
			watchdog.Stop()
			return err
		case <-sub.end:
			watchdog.Stop()
			return sub.err
		case <-watchdog.C():
			if since := busySince.Load(); since != 0 && s.clock.Now().UnixNano()-since >= int64(stallTimeout) {
				return errTooSlow
			}
			if upTo, needed := s.hub.needsReplay(sub); needed && s.replay(stream.Context(), sub) == nil {
				s.hub.replayDone(sub, upTo)
			}
		}
	}
}

// send writes frames until the stream ends or, once the hub drains, until the
// queue is empty.
func (s *server) send(sub *subscription, stream pushv1.Push_SubscribePushServer, busySince *atomic.Int64) error {
	for {
		frames := s.hub.take(sub, sendBatch)
		for _, f := range frames {
			busySince.Store(s.clock.Now().UnixNano())
			if err := stream.Send(f); err != nil {
				return err
			}
			busySince.Store(0)
		}
		if len(frames) > 0 {
			continue
		}
		select {
		case <-sub.queue.signal:
		case <-sub.draining:
			if frames := s.hub.take(sub, 1); len(frames) == 0 {
				return errDraining
			} else if err := stream.Send(frames[0]); err != nil {
				return err
			}
		case <-sub.end:
			return sub.err
		case <-stream.Context().Done():
			return status.FromContextError(stream.Context().Err()).Err()
		}
	}
}

func validGatewayID(id string) bool {
	if id == "" || len(id) > maxGatewayID {
		return false
	}
	for _, r := range id {
		if !unicode.IsPrint(r) || r == unicode.ReplacementChar {
			return false
		}
	}
	return true
}
