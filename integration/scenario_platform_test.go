//go:build integration

package integration

import (
	"context"
	"sync"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	document "galaxy/backend"
	pushv1 "galaxy/backend/proto/push/v1"
)

func (s *scenario) platformIsUp() {
	type health struct {
		Status string
		Checks map[string]string
	}
	require.Equal(s, "ok", got[health](s.api().Get("/healthz")).Status)
	ready := got[health](s.api().Get("/readyz"))
	require.Equal(s, "ready", ready.Status)
	require.Equal(s, "ok", ready.Checks["postgres"])
	require.Contains(s, got[struct{ Go string }](s.api().Get("/version")).Go, "go1.")
	require.Equal(s, document.OpenAPI, s.api().Get("/openapi.yaml").Want(200).Body, "the document is served as it was built in")
	docs := s.api().Get("/docs").Want(200)
	require.Contains(s, string(docs.Body), "/openapi.yaml")
	require.NotContains(s, string(docs.Body), `="http`, "the page loads nothing from elsewhere")
}

// gateway is a subscription to the push stream; it keeps what came.
type gateway struct {
	conn   *grpc.ClientConn
	cancel context.CancelFunc
	ended  chan struct{}

	mu      sync.Mutex
	events  []*pushv1.PushEvent
	changed chan struct{}
}

func (s *scenario) subscribe(id string) *gateway {
	conn, err := grpc.NewClient(s.push, grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(s, err)
	ctx, cancel := context.WithCancel(context.Background())
	source, err := pushv1.NewPushClient(conn).SubscribePush(ctx, &pushv1.GatewaySubscribeRequest{GatewayClientId: id})
	require.NoError(s, err)
	g := &gateway{conn: conn, cancel: cancel, ended: make(chan struct{}), changed: make(chan struct{})}
	go g.read(source)
	s.Cleanup(g.close)
	return g
}

func (g *gateway) read(source pushv1.Push_SubscribePushClient) {
	defer close(g.ended)
	for {
		event, err := source.Recv()
		if err != nil {
			return
		}
		g.mu.Lock()
		g.events = append(g.events, event)
		close(g.changed)
		g.changed = make(chan struct{})
		g.mu.Unlock()
	}
}

func (g *gateway) close() {
	g.cancel()
	<-g.ended
	_ = g.conn.Close()
}

// awaitPush waits until the gateway was sent an event that fits.
func (s *scenario) awaitPush(what string, match func(*pushv1.PushEvent) bool) {
	s.Helper()
	limit := time.After(waitLimit)
	for seen := 0; ; {
		s.stream.mu.Lock()
		fresh, changed := s.stream.events[seen:], s.stream.changed
		s.stream.mu.Unlock()
		for _, e := range fresh {
			if match(e) {
				return
			}
		}
		seen += len(fresh)
		select {
		case <-changed:
		case <-s.stream.ended:
			s.Fatalf("the push stream ended before %s", what)
		case <-limit:
			s.Fatalf("no push came of %s", what)
		}
	}
}

// awaitEvent waits for an event of a kind to a user.
func (s *scenario) awaitEvent(p *user, kind string) {
	s.Helper()
	s.awaitPush(kind, func(e *pushv1.PushEvent) bool {
		return e.GetClientEvent().GetKind() == kind && e.GetClientEvent().GetUserId() == p.id.String()
	})
}
