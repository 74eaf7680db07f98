package push

import (
	"context"
	"encoding/json"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/testkit"
	pushv1 "galaxy/backend/proto/push/v1"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m, testkit.Leaks()...) }

// jsonEvent is an event whose payload is JSON.
type jsonEvent struct {
	kind  string
	value any
}

func (e jsonEvent) Kind() string { return e.kind }

func (e jsonEvent) Marshal() ([]byte, error) { return json.Marshal(e.value) }

// fakeReplay answers with what it holds, or with its error.
type fakeReplay struct {
	name string
	list []Invalidation
	err  error

	mu    sync.Mutex
	since []time.Time // what it was asked for
}

func (r *fakeReplay) Name() string { return r.name }

func (r *fakeReplay) Recent(_ context.Context, since time.Time) ([]Invalidation, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.since = append(r.since, since)
	return r.list, r.err
}

func (r *fakeReplay) fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.err = err
}

// fixture is the service behind a real gRPC server.
type fixture struct {
	*testing.T
	*Service
	client pushv1.PushClient
	logs   *observer.ObservedLogs
}

func newFixture(t *testing.T, clk clock.Clock, replay ...Invalidation) *fixture {
	t.Helper()
	return newFixtureWith(t, clk, &fakeReplay{name: "test", list: replay})
}

func newFixtureWith(t *testing.T, clk clock.Clock, replays ...Replay) *fixture {
	t.Helper()
	core, logs := observer.New(zap.InfoLevel)
	s, err := NewService(Config{FreshnessWindow: 5 * time.Minute}, clk, zap.New(core), replays)
	require.NoError(t, err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := grpc.NewServer()
	pushv1.RegisterPushServer(server, s.server)
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	conn, err := grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, conn.Close())
		server.Stop()
		<-served
	})
	return &fixture{t, s, pushv1.NewPushClient(conn), logs}
}

func (f *fixture) subscribe(id, cursor string) pushv1.Push_SubscribePushClient {
	f.Helper()
	ctx, cancel := context.WithCancel(f.Context())
	f.Cleanup(cancel)
	return f.subscribeIn(ctx, id, cursor)
}

// subscribeIn opens a stream that ends with ctx.
func (f *fixture) subscribeIn(ctx context.Context, id, cursor string) pushv1.Push_SubscribePushClient {
	f.Helper()
	stream, err := f.client.SubscribePush(ctx, &pushv1.GatewaySubscribeRequest{GatewayClientId: id, Cursor: cursor})
	require.NoError(f, err)
	return stream
}

// connected waits until n gateways are subscribed.
func (f *fixture) connected(n int) {
	f.Helper()
	require.Eventually(f, func() bool { return len(f.Subscribers()) == n }, 10*time.Second, time.Millisecond)
}

func (f *fixture) recv(stream pushv1.Push_SubscribePushClient) *pushv1.PushEvent {
	f.Helper()
	e, err := stream.Recv()
	require.NoError(f, err)
	return e
}

func outgoing(user uuid.UUID, kind string) Outgoing {
	event := jsonEvent{kind: kind, value: map[string]int{"turn": 3}}
	return Outgoing{UserID: user, EventID: "e-1", RequestID: "r-1", TraceID: "t-1", Event: event}
}
