package play

import (
	"context"
	"fmt"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	pushv1 "galaxy/backend/proto/push/v1"
)

// stream is the gateway's subscription. It keeps all events that were received.
type stream struct {
	conn   *grpc.ClientConn
	cancel context.CancelFunc
	ended  chan struct{}

	mu      sync.Mutex
	events  []*pushv1.ClientEvent
	last    string // cursor
	changed chan struct{}
	err     error
}

// subscribe opens the push stream and keeps reading it.
func subscribe(ctx context.Context, addr, id string) (*stream, error) {
	conn, err := grpc.NewClient(addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	source, err := pushv1.NewPushClient(conn).SubscribePush(ctx, &pushv1.GatewaySubscribeRequest{GatewayClientId: id})
	if err != nil {
		cancel()
		_ = conn.Close()
		return nil, fmt.Errorf("subscribe to push: %w", err)
	}
	s := &stream{conn: conn, cancel: cancel, ended: make(chan struct{}), changed: make(chan struct{})}
	go s.read(source)
	return s, nil
}

func (s *stream) read(source pushv1.Push_SubscribePushClient) {
	defer close(s.ended)
	for {
		event, err := source.Recv()
		s.mu.Lock()
		if err == nil && event.GetCursor() <= s.last {
			err = fmt.Errorf("cursor %s came after %s", event.GetCursor(), s.last)
		}
		if err != nil {
			s.err = err
		} else {
			s.last = event.GetCursor()
			if e := event.GetClientEvent(); e != nil {
				s.events = append(s.events, e)
			}
		}
		close(s.changed)
		s.changed = make(chan struct{})
		s.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// next waits for the first event since the start of the stream that matches.
func (s *stream) next(
	ctx context.Context, what string, match func(*pushv1.ClientEvent) bool,
) (*pushv1.ClientEvent, error) {
	seen := 0
	for {
		s.mu.Lock()
		for ; seen < len(s.events); seen++ {
			if match(s.events[seen]) {
				event := s.events[seen]
				s.mu.Unlock()
				return event, nil
			}
		}
		changed, err := s.changed, s.err
		s.mu.Unlock()
		if err != nil {
			return nil, fmt.Errorf("waiting for %s: the stream ended: %w", what, err)
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, fmt.Errorf("waiting for %s: %w", what, ctx.Err())
		}
	}
}

// eventCounts counts the received events by kind.
func (s *stream) eventCounts() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	counts := map[string]int{}
	for _, e := range s.events {
		counts[e.GetKind()]++
	}
	return counts
}

func (s *stream) close() {
	s.cancel()
	<-s.ended
	_ = s.conn.Close()
}
