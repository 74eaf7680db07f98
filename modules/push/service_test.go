package push

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/testkit"
)

func TestTheFreshnessWindowMustBePositive(t *testing.T) {
	t.Parallel()
	for _, window := range []time.Duration{0, -time.Second} {
		require.ErrorContains(t, Config{FreshnessWindow: window}.Validate(), "BACKEND_FRESHNESS_WINDOW")
	}
	require.NoError(t, Config{FreshnessWindow: time.Second}.Validate())
}

func TestEveryReplayIsAskedForTheFreshnessWindow(t *testing.T) {
	t.Parallel()
	first := &fakeReplay{name: "first", list: []Invalidation{{UserID: uuid.New(), Reason: "operator", At: noon}}}
	second := &fakeReplay{name: "second", list: []Invalidation{{UserID: uuid.New(), Reason: "deleted", At: noon}}}
	f := newFixtureWith(t, clock.NewFake(noon), first, second)
	stream := f.subscribe("gw", "")
	require.Equal(t, "operator", f.recv(stream).GetSessionInvalidation().GetReason())
	require.Equal(t, "deleted", f.recv(stream).GetSessionInvalidation().GetReason())
	require.Equal(t, []time.Time{noon.Add(-5 * time.Minute)}, first.since)
	require.Equal(t, first.since, second.since)
}

func TestAGatewayIsRefusedWhileRevocationsCannotBeRead(t *testing.T) {
	t.Parallel()
	replay := &fakeReplay{name: "sessions", err: errors.New("password=hunter2")}
	f := newFixtureWith(t, clock.System{}, replay)
	_, err := f.subscribe("gw", "").Recv()
	require.Equal(t, codes.Unavailable, status.Code(err))
	require.NotContains(t, err.Error(), "hunter2", "the cause is for the log")
	f.connected(0)
	warnings := f.logs.FilterMessage("recent revocations could not be read for a gateway").All()
	require.Len(t, warnings, 1)
	require.ErrorContains(t, warnings[0].Context[0].Interface.(error), "replay sessions")

	replay.fail(nil)
	stream := f.subscribe("gw", "")
	f.connected(1)
	f.Send(outgoing(uuid.New(), "a"))
	require.Equal(t, "a", f.recv(stream).GetClientEvent().GetKind())
}

func TestAResumeWithAServableCursorReadsNoRevocations(t *testing.T) {
	t.Parallel()
	replay := &fakeReplay{name: "sessions"}
	f := newFixtureWith(t, clock.System{}, replay)
	stream := f.subscribe("gw", "")
	f.connected(1)
	f.Send(outgoing(uuid.New(), "a"))
	cursor := f.recv(stream).GetCursor()
	replay.fail(errors.New("the database is down"))
	stream = f.subscribe("gw", cursor)
	f.Send(outgoing(uuid.New(), "b"))
	require.Equal(t, "b", f.recv(stream).GetClientEvent().GetKind())
}

func TestAStopThatRunsOutOfTimeAbortsTheStreams(t *testing.T) {
	t.Parallel()
	f := newFixture(t, clock.System{})
	// A subscriber whose connection takes nothing, so that its queue never empties.
	sub, _ := subscribe(t, f.hub, "stuck", "")
	f.Send(outgoing(uuid.New(), "a"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, f.Stop(ctx), context.Canceled)
	<-sub.end
	require.Equal(t, errDraining, sub.err)
	require.NoError(t, f.Stop(t.Context()), "nobody is left, and a repeat is harmless")
}

func TestAStopWithoutSubscribersReturnsAtOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t, clock.System{})
	require.NoError(t, f.Stop(t.Context()))
}

func TestDroppedEventsAreLoggedTogetherAndNamed(t *testing.T) {
	t.Parallel()
	clk := clock.NewFake(noon)
	f := newFixture(t, clk)
	subscribe(t, f.hub, "slow", "")
	for range maxEvents + 3 {
		f.Send(outgoing(uuid.New(), "e"))
	}
	clk.Advance(warnInterval)
	f.Send(outgoing(uuid.New(), "e"))
	lines := f.logs.FilterMessage("push events were dropped for a gateway that reads too slowly").All()
	require.Len(t, lines, 2)
	want := []map[string]any{
		{"gateway_client_id": "slow", "count": int64(1)}, {"gateway_client_id": "slow", "count": int64(3)},
	}
	require.Equal(t, want, []map[string]any{lines[0].ContextMap(), lines[1].ContextMap()})
}

func TestAnEventThatCannotBeEncodedIsLoggedWithItsKind(t *testing.T) {
	t.Parallel()
	f := newFixture(t, clock.System{})
	before := f.hub.seq
	f.Send(Outgoing{Event: jsonEvent{kind: "bad", value: make(chan int)}})
	require.Equal(t, before, f.hub.seq, "it takes no cursor")
	lines := f.logs.FilterLevelExact(zap.ErrorLevel).All()
	require.Len(t, lines, 1)
	require.Equal(t, "bad", lines[0].ContextMap()["kind"])
}

func TestInvalidatingNoSessionsPublishesNothing(t *testing.T) {
	t.Parallel()
	db := testkit.DB(t)
	f := newFixture(t, clock.System{})
	before := f.hub.seq
	require.NoError(t, db.InTx(t.Context(), func(_ context.Context, tx *pg.Tx) error {
		f.Invalidate(tx)
		return nil
	}))
	require.Equal(t, before, f.hub.seq)
}

func TestInvalidationsArePublishedInTheirOrder(t *testing.T) {
	t.Parallel()
	db := testkit.DB(t)
	f := newFixture(t, clock.System{})
	stream := f.subscribe("gw", "")
	f.connected(1)
	all := Invalidation{UserID: uuid.New(), Reason: "sanction", At: noon}
	one := Invalidation{UserID: uuid.New(), DeviceSessionID: uuid.New(), Reason: "user", At: noon}
	require.NoError(t, db.InTx(t.Context(), func(_ context.Context, tx *pg.Tx) error {
		f.Invalidate(tx, all, one)
		return nil
	}))
	got := f.recv(stream).GetSessionInvalidation()
	require.Equal(t, []string{all.UserID.String(), ""}, []string{got.GetUserId(), got.GetDeviceSessionId()})
	got = f.recv(stream).GetSessionInvalidation()
	require.Equal(t, one.DeviceSessionID.String(), got.GetDeviceSessionId())
}

func TestAStreamThatItsGatewayEndsIsUnsubscribed(t *testing.T) {
	t.Parallel()
	f := newFixture(t, clock.System{})
	ctx, cancel := context.WithCancel(t.Context())
	stream := f.subscribeIn(ctx, "gw", "")
	f.connected(1)
	cancel()
	_, err := stream.Recv()
	require.Equal(t, codes.Canceled, status.Code(err))
	f.connected(0)
}

func TestSubscribersAreListedByID(t *testing.T) {
	t.Parallel()
	f := newFixture(t, clock.NewFake(noon))
	for _, id := range []string{"b", "c", "a"} {
		subscribe(t, f.hub, id, "")
	}
	list := f.Subscribers()
	require.Equal(t, []string{"a", "b", "c"},
		[]string{list[0].GatewayClientID, list[1].GatewayClientID, list[2].GatewayClientID})
	require.Equal(t, noon, list[0].Since)
}

func TestALabelHasABoundedNumberOfValues(t *testing.T) {
	t.Parallel()
	l := newLabels("kind", 2)
	first := l.of("a")
	l.of("b")
	require.Equal(t, first, l.of("a"))
	require.Equal(t, l.of("c"), l.of("d"), "both are counted as other")
	require.Len(t, l.sets, 3)
}
