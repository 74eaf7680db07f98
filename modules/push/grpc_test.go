package push

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"go.uber.org/zap"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/testkit"
	pushv1 "galaxy/backend/proto/push/v1"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m, testkit.Leaks()...) }

type replays struct{ list []Invalidation }

func (replays) Name() string { return "test" }

func (r replays) Recent(context.Context, time.Time) ([]Invalidation, error) { return r.list, nil }

// station is the service behind a real gRPC server.
type station struct {
	*testing.T
	*Service
	client pushv1.PushClient
}

func newStation(t *testing.T, clk clock.Clock, replay ...Invalidation) *station {
	t.Helper()
	s, err := NewService(Config{FreshnessWindow: 5 * time.Minute}, clk, zap.NewNop(), []Replay{replays{replay}})
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
	return &station{t, s, pushv1.NewPushClient(conn)}
}

func (s *station) subscribe(id, cursor string) pushv1.Push_SubscribePushClient {
	s.Helper()
	ctx, cancel := context.WithCancel(s.Context())
	s.Cleanup(cancel)
	stream, err := s.client.SubscribePush(ctx, &pushv1.GatewaySubscribeRequest{GatewayClientId: id, Cursor: cursor})
	require.NoError(s, err)
	return stream
}

// connected waits until n gateways are subscribed.
func (s *station) connected(n int) {
	s.Helper()
	require.Eventually(s, func() bool { return len(s.Subscribers()) == n }, 10*time.Second, time.Millisecond)
}

func (s *station) recv(stream pushv1.Push_SubscribePushClient) *pushv1.PushEvent {
	s.Helper()
	e, err := stream.Recv()
	require.NoError(s, err)
	return e
}

func outgoing(user uuid.UUID, kind string) Outgoing {
	return Outgoing{UserID: user, EventID: "e-1", RequestID: "r-1", TraceID: "t-1", Event: JSONEvent{K: kind, V: map[string]int{"turn": 3}}}
}

func TestAnEventArrivesWithEverythingThatTheGatewayForwards(t *testing.T) {
	t.Parallel()
	s := newStation(t, clock.System{})
	one, two := s.subscribe("gw-1", ""), s.subscribe("gw-2", "")
	s.connected(2)
	user := uuid.New()
	s.Send(outgoing(user, "game.turn.ready"))
	for _, stream := range []pushv1.Push_SubscribePushClient{one, two} {
		e := s.recv(stream).GetClientEvent()
		require.Equal(t, user.String(), e.GetUserId())
		require.Equal(t, "game.turn.ready", e.GetKind())
		require.JSONEq(t, `{"turn":3}`, string(e.GetPayload()))
		require.Equal(t, []string{"e-1", "r-1", "t-1", ""}, []string{e.GetEventId(), e.GetRequestId(), e.GetTraceId(), e.GetDeviceSessionId()})
	}
}

func TestAFreshGatewayIsToldOfRecentRevocations(t *testing.T) {
	t.Parallel()
	user, session := uuid.New(), uuid.New()
	s := newStation(t, clock.System{}, Invalidation{UserID: user, DeviceSessionID: session, Reason: "operator", At: noon})
	stream := s.subscribe("gw", "")
	e := s.recv(stream)
	require.NotEmpty(t, e.GetEpoch())
	inv := e.GetSessionInvalidation()
	require.Equal(t, []string{user.String(), session.String(), "operator"}, []string{inv.GetUserId(), inv.GetDeviceSessionId(), inv.GetReason()})
	require.True(t, noon.Equal(inv.GetRevokedAt().AsTime()))
}

func TestEventsLeaveATransactionWithItsCommitOnly(t *testing.T) {
	t.Parallel()
	db := testkit.DB(t)
	s := newStation(t, clock.System{})
	stream := s.subscribe("gw", "")
	s.connected(1)
	_ = db.InTx(t.Context(), func(_ context.Context, tx *pg.Tx) error {
		s.Publish(tx, outgoing(uuid.New(), "rolled.back"))
		s.Invalidate(tx, Invalidation{UserID: uuid.New()})
		return errors.New("no")
	})
	require.NoError(t, db.InTx(t.Context(), func(_ context.Context, tx *pg.Tx) error {
		s.Publish(tx, outgoing(uuid.New(), "committed"))
		return nil
	}))
	require.Equal(t, "committed", s.recv(stream).GetClientEvent().GetKind())
}

func TestARevocationWhoseCommitIsInDoubtReachesTheGateways(t *testing.T) {
	t.Parallel()
	own := testkit.Postgres(t)
	proxy := testkit.PostgresProxy(t, own.Addr)
	db := testkit.Open(t, own.Via(proxy.Addr()))
	user := uuid.New()
	clk := clock.NewFake(noon)
	s := newStation(t, clk, Invalidation{UserID: user, Reason: "operator", At: noon}) // what the database says in the end
	stream := s.subscribe("gw", "")
	require.Equal(t, user.String(), s.recv(stream).GetSessionInvalidation().GetUserId())
	proxy.Inject(testkit.Fault{Toward: testkit.ToClient, At: testkit.Completes("COMMIT"), Then: testkit.Cut})
	err := db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
		s.Invalidate(tx, Invalidation{UserID: user, Reason: "operator", At: noon})
		_, err := tx.Exec(ctx, `CREATE TABLE revoked AS SELECT 1 AS n`)
		return err
	})
	require.ErrorIs(t, err, pg.ErrOutcomeUnknown)
	told := make(chan *pushv1.PushEvent, 1)
	go func() {
		e, _ := stream.Recv()
		told <- e
	}()
	require.Eventually(t, func() bool {
		clk.Advance(stallAfter / 4)
		return len(told) == 1
	}, 20*time.Second, 5*time.Millisecond)
	require.Equal(t, user.String(), (<-told).GetSessionInvalidation().GetUserId())
}

func TestAnOlderStreamOfTheSameGatewayIsAborted(t *testing.T) {
	t.Parallel()
	s := newStation(t, clock.System{})
	older := s.subscribe("gw", "")
	s.connected(1)
	newer := s.subscribe("gw", "")
	_, err := older.Recv()
	require.Equal(t, codes.Aborted, status.Code(err))
	s.Send(outgoing(uuid.New(), "a"))
	require.Equal(t, "a", s.recv(newer).GetClientEvent().GetKind())
}

func TestManyPublishersReachEveryGatewayInOneOrder(t *testing.T) {
	t.Parallel()
	s := newStation(t, clock.System{})
	const gateways, publishers, each = 3, 4, 200 // less than a queue holds
	streams := make([]pushv1.Push_SubscribePushClient, gateways)
	for i := range streams {
		streams[i] = s.subscribe(fmt.Sprint("gw-", i), "")
	}
	s.connected(gateways)
	var wg sync.WaitGroup
	for range publishers {
		wg.Go(func() {
			for range each {
				s.Send(outgoing(uuid.New(), "e"))
			}
		})
	}
	orders := make([][]string, gateways)
	for i, stream := range streams {
		wg.Go(func() {
			for range publishers * each {
				if e, err := stream.Recv(); err == nil {
					orders[i] = append(orders[i], e.GetCursor())
				}
			}
		})
	}
	wg.Wait()
	require.Len(t, orders[0], publishers*each)
	require.IsIncreasing(t, orders[0])
	for _, order := range orders[1:] {
		require.Equal(t, orders[0], order)
	}
}

func TestOfManySubscriptionsOfOneGatewayOneLives(t *testing.T) {
	t.Parallel()
	s := newStation(t, clock.System{})
	const rivals = 20
	ends := make(chan codes.Code, rivals)
	for range rivals {
		stream := s.subscribe("gw", "")
		go func() {
			_, err := stream.Recv()
			ends <- status.Code(err)
		}()
	}
	for range rivals - 1 {
		require.Equal(t, codes.Aborted, <-ends)
	}
	require.Len(t, s.Subscribers(), 1)
	s.Send(outgoing(uuid.New(), "for the one that is left"))
	require.Equal(t, codes.OK, <-ends)
}

func TestAGatewayNeedsAName(t *testing.T) {
	t.Parallel()
	s := newStation(t, clock.System{})
	for _, id := range []string{"", strings.Repeat("x", maxGatewayID+1), "new\nline"} {
		_, err := s.subscribe(id, "").Recv()
		require.Equal(t, codes.InvalidArgument, status.Code(err), "%q", id)
	}
}

func TestStoppingWritesBuffersOutAndEndsStreamsUnavailable(t *testing.T) {
	t.Parallel()
	s := newStation(t, clock.System{})
	stream := s.subscribe("gw", "")
	s.connected(1)
	for i := range 500 {
		s.Send(outgoing(uuid.New(), fmt.Sprint(i)))
	}
	stopped := make(chan error, 1)
	go func() { stopped <- s.Stop(context.Background()) }()
	for i := range 500 {
		require.Equal(t, fmt.Sprint(i), s.recv(stream).GetClientEvent().GetKind())
	}
	_, err := stream.Recv()
	require.Equal(t, codes.Unavailable, status.Code(err))
	require.NoError(t, <-stopped)
	_, err = s.subscribe("late", "").Recv()
	require.Equal(t, codes.Unavailable, status.Code(err))
}

func TestAGatewayThatReadsNothingIsDisconnectedAndTheOthersAreServed(t *testing.T) {
	t.Parallel()
	clk := clock.NewFake(noon)
	s := newStation(t, clk)
	stuck := s.subscribe("stuck", "")
	s.connected(1)
	healthy := s.subscribe("healthy", "")
	s.connected(2)
	big := strings.Repeat("x", 64<<10)
	for range 200 { // more than the stuck one's flow-control window takes
		s.Send(Outgoing{UserID: uuid.New(), Event: JSONEvent{K: "big", V: big}})
		s.recv(healthy)
	}
	require.Eventually(t, func() bool {
		clk.Advance(stallAfter / 4)
		return len(s.Subscribers()) == 1
	}, 20*time.Second, 5*time.Millisecond)
	require.Equal(t, "healthy", s.Subscribers()[0].GatewayClientID)
	var err error
	for err == nil {
		_, err = stuck.Recv()
	}
	require.Equal(t, codes.ResourceExhausted, status.Code(err))
}

func TestAnEventThatCannotBeEncodedDoesNotGoOut(t *testing.T) {
	t.Parallel()
	s := newStation(t, clock.System{})
	stream := s.subscribe("gw", "")
	s.connected(1)
	s.Send(Outgoing{Event: JSONEvent{K: "bad", V: make(chan int)}})
	s.Send(outgoing(uuid.New(), "good"))
	require.Equal(t, "good", s.recv(stream).GetClientEvent().GetKind())
}
