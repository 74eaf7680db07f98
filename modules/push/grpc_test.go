package push

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/testkit"
	pushv1 "galaxy/backend/proto/push/v1"
)

func TestAnEventArrivesWithEverythingThatTheGatewayForwards(t *testing.T) {
	t.Parallel()
	f := newFixture(t, clock.System{})
	one, two := f.subscribe("gw-1", ""), f.subscribe("gw-2", "")
	f.connected(2)
	user := uuid.New()
	f.Send(outgoing(user, "game.turn.ready"))
	for _, stream := range []pushv1.Push_SubscribePushClient{one, two} {
		e := f.recv(stream).GetClientEvent()
		require.Equal(t, user.String(), e.GetUserId())
		require.Equal(t, "game.turn.ready", e.GetKind())
		require.JSONEq(t, `{"turn":3}`, string(e.GetPayload()))
		got := []string{e.GetEventId(), e.GetRequestId(), e.GetTraceId(), e.GetDeviceSessionId()}
		require.Equal(t, []string{"e-1", "r-1", "t-1", ""}, got)
	}
}

func TestAFreshGatewayIsToldOfRecentRevocations(t *testing.T) {
	t.Parallel()
	user, session := uuid.New(), uuid.New()
	f := newFixture(t, clock.System{}, Invalidation{UserID: user, DeviceSessionID: session, Reason: "operator", At: noon})
	stream := f.subscribe("gw", "")
	e := f.recv(stream)
	require.NotEmpty(t, e.GetEpoch())
	inv := e.GetSessionInvalidation()
	got := []string{inv.GetUserId(), inv.GetDeviceSessionId(), inv.GetReason()}
	require.Equal(t, []string{user.String(), session.String(), "operator"}, got)
	require.True(t, noon.Equal(inv.GetRevokedAt().AsTime()))
}

func TestEventsLeaveATransactionWithItsCommitOnly(t *testing.T) {
	t.Parallel()
	db := testkit.DB(t)
	f := newFixture(t, clock.System{})
	stream := f.subscribe("gw", "")
	f.connected(1)
	_ = db.InTx(t.Context(), func(_ context.Context, tx *pg.Tx) error {
		f.Publish(tx, outgoing(uuid.New(), "rolled.back"))
		f.Invalidate(tx, Invalidation{UserID: uuid.New()})
		return errors.New("no")
	})
	require.NoError(t, db.InTx(t.Context(), func(_ context.Context, tx *pg.Tx) error {
		f.Publish(tx, outgoing(uuid.New(), "committed"))
		return nil
	}))
	require.Equal(t, "committed", f.recv(stream).GetClientEvent().GetKind())
}

func TestARevocationWhoseCommitIsInDoubtReachesTheGateways(t *testing.T) {
	t.Parallel()
	own := testkit.Postgres(t)
	proxy := testkit.PostgresProxy(t, own.Addr)
	db := testkit.Open(t, own.Via(proxy.Addr()))
	user := uuid.New()
	clk := clock.NewFake(noon)
	f := newFixture(t, clk, Invalidation{UserID: user, Reason: "operator", At: noon}) // what the database says in the end
	stream := f.subscribe("gw", "")
	require.Equal(t, user.String(), f.recv(stream).GetSessionInvalidation().GetUserId())
	proxy.Inject(testkit.Fault{Toward: testkit.ToClient, At: testkit.Completes("COMMIT"), Then: testkit.Cut})
	err := db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
		f.Invalidate(tx, Invalidation{UserID: user, Reason: "operator", At: noon})
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
		clk.Advance(stallTimeout / 4)
		return len(told) == 1
	}, 20*time.Second, 5*time.Millisecond)
	require.Equal(t, user.String(), (<-told).GetSessionInvalidation().GetUserId())
}

func TestAnOlderStreamOfTheSameGatewayIsAborted(t *testing.T) {
	t.Parallel()
	f := newFixture(t, clock.System{})
	older := f.subscribe("gw", "")
	f.connected(1)
	newer := f.subscribe("gw", "")
	_, err := older.Recv()
	require.Equal(t, codes.Aborted, status.Code(err))
	f.Send(outgoing(uuid.New(), "a"))
	require.Equal(t, "a", f.recv(newer).GetClientEvent().GetKind())
}

func TestManyPublishersReachEveryGatewayInOneOrder(t *testing.T) {
	t.Parallel()
	f := newFixture(t, clock.System{})
	const gateways, publishers, each = 3, 4, 200 // less than a queue holds
	streams := make([]pushv1.Push_SubscribePushClient, gateways)
	for i := range streams {
		streams[i] = f.subscribe(fmt.Sprint("gw-", i), "")
	}
	f.connected(gateways)
	var wg sync.WaitGroup
	for range publishers {
		wg.Go(func() {
			for range each {
				f.Send(outgoing(uuid.New(), "e"))
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

func TestOfManySubscriptionsOfOneGatewayOneRemains(t *testing.T) {
	t.Parallel()
	f := newFixture(t, clock.System{})
	const rivals = 20
	ends := make(chan codes.Code, rivals)
	for range rivals {
		stream := f.subscribe("gw", "")
		go func() {
			_, err := stream.Recv()
			ends <- status.Code(err)
		}()
	}
	for range rivals - 1 {
		require.Equal(t, codes.Aborted, <-ends)
	}
	require.Len(t, f.Subscribers(), 1)
	f.Send(outgoing(uuid.New(), "for the one that is left"))
	require.Equal(t, codes.OK, <-ends)
}

func TestAGatewayNeedsAValidID(t *testing.T) {
	t.Parallel()
	f := newFixture(t, clock.System{})
	for _, id := range []string{"", strings.Repeat("x", maxGatewayID+1), "new\nline"} {
		_, err := f.subscribe(id, "").Recv()
		require.Equal(t, codes.InvalidArgument, status.Code(err), "%q", id)
	}
}

func TestStoppingWritesBuffersOutAndEndsStreamsUnavailable(t *testing.T) {
	t.Parallel()
	f := newFixture(t, clock.System{})
	stream := f.subscribe("gw", "")
	f.connected(1)
	for i := range 500 {
		f.Send(outgoing(uuid.New(), fmt.Sprint(i)))
	}
	stopped := make(chan error, 1)
	go func() { stopped <- f.Stop(context.Background()) }()
	for i := range 500 {
		require.Equal(t, fmt.Sprint(i), f.recv(stream).GetClientEvent().GetKind())
	}
	_, err := stream.Recv()
	require.Equal(t, codes.Unavailable, status.Code(err))
	require.NoError(t, <-stopped)
	_, err = f.subscribe("late", "").Recv()
	require.Equal(t, codes.Unavailable, status.Code(err))
}

func TestAGatewayThatReadsNothingIsDisconnectedAndTheOthersAreServed(t *testing.T) {
	t.Parallel()
	clk := clock.NewFake(noon)
	f := newFixture(t, clk)
	stuck := f.subscribe("stuck", "")
	f.connected(1)
	healthy := f.subscribe("healthy", "")
	f.connected(2)
	big := strings.Repeat("x", 64<<10)
	for range 200 { // more than the stuck one'f flow-control window takes
		f.Send(Outgoing{UserID: uuid.New(), Event: jsonEvent{kind: "big", value: big}})
		f.recv(healthy)
	}
	require.Eventually(t, func() bool {
		clk.Advance(stallTimeout / 4)
		return len(f.Subscribers()) == 1
	}, 20*time.Second, 5*time.Millisecond)
	require.Equal(t, "healthy", f.Subscribers()[0].GatewayClientID)
	var err error
	for err == nil {
		_, err = stuck.Recv()
	}
	require.Equal(t, codes.ResourceExhausted, status.Code(err))
}

func TestAnEventThatCannotBeEncodedDoesNotGoOut(t *testing.T) {
	t.Parallel()
	f := newFixture(t, clock.System{})
	stream := f.subscribe("gw", "")
	f.connected(1)
	f.Send(Outgoing{Event: jsonEvent{kind: "bad", value: make(chan int)}})
	f.Send(outgoing(uuid.New(), "good"))
	require.Equal(t, "good", f.recv(stream).GetClientEvent().GetKind())
}
