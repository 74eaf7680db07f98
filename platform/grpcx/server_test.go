package grpcx_test

import (
	"context"
	"io"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.uber.org/fx"
	"go.uber.org/zap"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"
	reflectionpb "google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/grpcx"
	"galaxy/backend/platform/httpx"
	"galaxy/backend/platform/httpx/gateway"
	"galaxy/backend/platform/lifecycle"
	"galaxy/backend/platform/secret"
)

func TestAStreamLivesThroughTheFirstStepAndEndsInTheSecond(t *testing.T) {
	t.Parallel()
	f := newFixture(t, unguarded(), grpcx.Telemetry{})
	s := f.subscribe(t, t.Context())
	watch, err := healthpb.NewHealthClient(f.conn).Watch(t.Context(), &healthpb.HealthCheckRequest{Service: "test.v1.Hub"})
	require.NoError(t, err)
	first, err := watch.Recv()
	require.NoError(t, err)
	require.Equal(t, healthpb.HealthCheckResponse_SERVING, first.Status)

	require.NoError(t, f.Stop(t.Context()))
	require.NoError(t, f.Stop(t.Context()))
	require.Error(t, f.Ready(t.Context()))
	_, err = net.Dial("tcp", f.Addr().String())
	require.Error(t, err, "the listener is closed")

	drained := make(chan error, 1)
	go func() { drained <- f.Drain(t.Context()) }()
	close(f.quit) // the hub ends its streams
	require.Equal(t, "drained", receive(t, s))
	require.Equal(t, codes.Unavailable, status.Code(s.RecvMsg(&wrapperspb.StringValue{})))
	require.NoError(t, <-drained, "also with somebody watching the health service")
	require.NoError(t, f.Drain(t.Context()))
}

func TestAStreamThatDoesNotEndIsCut(t *testing.T) {
	t.Parallel()
	f := newFixture(t, unguarded(), grpcx.Telemetry{})
	s := f.subscribe(t, t.Context())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, f.Drain(ctx), context.Canceled)
	require.Error(t, s.RecvMsg(&wrapperspb.StringValue{}))
}

func TestAServerThatNeverStartedCanBeStopped(t *testing.T) {
	t.Parallel()
	s := grpcx.New(grpcx.Config{}, unguarded(), grpcx.Telemetry{}, nil)
	require.NoError(t, s.Stop(t.Context()))
	require.NoError(t, s.Drain(t.Context()))
	require.Nil(t, s.Addr())
}

func TestAPortInUseFailsTheStart(t *testing.T) {
	t.Parallel()
	f := newFixture(t, unguarded(), grpcx.Telemetry{})
	s := grpcx.New(grpcx.Config{ListenAddr: f.Addr().String()}, unguarded(), grpcx.Telemetry{}, nil)
	require.ErrorContains(t, s.Start(t.Context()), "listen on BACKEND_GRPC_PUSH_LISTEN_ADDR")
}

func TestWithoutTheGatewayCredentialNothingAnswers(t *testing.T) {
	t.Parallel()
	f := newFixture(t, gateway.New(gateway.Config{Secret: secret.New("now"), SecretPrevious: secret.New("then")}, gateway.TLSConfig{}), grpcx.Telemetry{})
	for name, pairs := range map[string][]string{
		"none": nil, "wrong": {gateway.MetadataKey, "never"}, "two": {gateway.MetadataKey, "now", gateway.MetadataKey, "now"},
	} {
		ctx := metadata.AppendToOutgoingContext(t.Context(), pairs...)
		require.Equal(t, codes.Unauthenticated, status.Code(f.call(ctx, "x")), name)
		s, err := f.conn.NewStream(ctx, &desc.Streams[0], "/test.v1.Hub/SubscribePush")
		require.NoError(t, err)
		require.Equal(t, codes.Unauthenticated, status.Code(s.RecvMsg(&wrapperspb.StringValue{})), name)
		_, err = healthpb.NewHealthClient(f.conn).Check(ctx, &healthpb.HealthCheckRequest{})
		require.Equal(t, codes.Unauthenticated, status.Code(err), name)
	}
	require.Empty(t, f.opened)
	for _, s := range []string{"now", "then"} {
		require.NoError(t, f.call(metadata.AppendToOutgoingContext(t.Context(), gateway.MetadataKey, s), "x"))
	}
}

func TestErrorsCrossAsStatusWithoutTheirCause(t *testing.T) {
	t.Parallel()
	reader := sdkmetric.NewManualReader()
	f := newFixture(t, unguarded(), grpcx.Telemetry{Meters: sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader))})
	for text, want := range map[string]struct {
		code    codes.Code
		message string
		lines   int
	}{
		"panic":  {codes.Internal, "internal_error: something went wrong on our side", 1},
		"plain":  {codes.Internal, "internal_error: something went wrong on our side", 1},
		"fault":  {codes.Aborted, "taken: it is taken", 0},
		"status": {codes.DataLoss, "chosen", 1},
		"fine":   {codes.OK, "", 0},
	} {
		f.logs.TakeAll()
		err := f.call(t.Context(), text)
		require.Equal(t, want.code, status.Code(err), text)
		require.Equal(t, want.message, status.Convert(err).Message())
		require.Len(t, f.logs.All(), want.lines, text)
	}
	var all metricdata.ResourceMetrics
	require.NoError(t, reader.Collect(t.Context(), &all))
	panics := int64(0)
	for _, scope := range all.ScopeMetrics {
		for _, m := range scope.Metrics {
			if sum, ok := m.Data.(metricdata.Sum[int64]); ok && m.Name == "panics_total" {
				v, _ := sum.DataPoints[0].Attributes.Value(attribute.Key("component"))
				require.Equal(t, "grpc", v.AsString())
				panics = sum.DataPoints[0].Value
			}
		}
	}
	require.EqualValues(t, 1, panics)
}

func TestTheRequestIDComesBack(t *testing.T) {
	t.Parallel()
	f := newFixture(t, unguarded(), grpcx.Telemetry{})
	for given, keep := range map[string]bool{"req-1": true, "a b": false, "": false} {
		var header metadata.MD
		require.NoError(t, f.call(metadata.AppendToOutgoingContext(t.Context(), "x-request-id", given), "x", grpc.Header(&header)))
		require.Equal(t, []string{<-f.ids}, header.Get("x-request-id"))
		require.Equal(t, keep, header.Get("x-request-id")[0] == given)
	}
}

func TestMessagesAndStreamsAreBounded(t *testing.T) {
	t.Parallel()
	f := newFixture(t, unguarded(), grpcx.Telemetry{})
	require.NoError(t, f.call(t.Context(), string(make([]byte, 4<<10-8))))
	require.Equal(t, codes.ResourceExhausted, status.Code(f.call(t.Context(), string(make([]byte, 4<<10)))))

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for range 16 {
		f.subscribe(t, ctx)
	}
	seventeenth, done := context.WithTimeout(ctx, 100*time.Millisecond)
	defer done()
	require.Equal(t, codes.DeadlineExceeded, status.Code(f.call(seventeenth, "x")), "the seventeenth waits")
}

func TestAGatewayMayPingAsOftenAsItIsDocumented(t *testing.T) {
	t.Parallel()
	f := newFixture(t, unguarded(), grpcx.Telemetry{})
	conn := dial(t, f.Addr(), grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 10 * time.Second, Timeout: time.Second, PermitWithoutStream: true}))
	require.NoError(t, conn.Invoke(t.Context(), "/test.v1.Hub/Echo", wrapperspb.String("x"), &wrapperspb.StringValue{}))
}

func TestReflectionListsTheServices(t *testing.T) {
	t.Parallel()
	f := newFixture(t, unguarded(), grpcx.Telemetry{})
	s, err := reflectionpb.NewServerReflectionClient(f.conn).ServerReflectionInfo(t.Context())
	require.NoError(t, err)
	require.NoError(t, s.Send(&reflectionpb.ServerReflectionRequest{MessageRequest: &reflectionpb.ServerReflectionRequest_ListServices{}}))
	r, err := s.Recv()
	require.NoError(t, err)
	var names []string
	for _, svc := range r.GetListServicesResponse().Service {
		names = append(names, svc.Name)
	}
	require.Contains(t, names, "test.v1.Hub")
	require.Contains(t, names, "grpc.health.v1.Health")
	require.NoError(t, s.CloseSend())
	_, err = s.Recv()
	require.ErrorIs(t, err, io.EOF)
}

func TestASubscriptionHasNoSpan(t *testing.T) {
	t.Parallel()
	recorder := tracetest.NewSpanRecorder()
	f := newFixture(t, unguarded(), grpcx.Telemetry{Traces: sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder))})
	s := f.subscribe(t, t.Context())
	close(f.quit)
	_ = receive(t, s)
	require.Error(t, s.RecvMsg(&wrapperspb.StringValue{}))
	require.NoError(t, f.call(t.Context(), "x"))
	require.NoError(t, f.Drain(t.Context()))
	require.Len(t, recorder.Ended(), 1)
	require.Equal(t, "test.v1.Hub/Echo", recorder.Ended()[0].Name())
}

func TestTheModuleStopsStreamsAfterTheListener(t *testing.T) {
	t.Parallel()
	h := newHub()
	var plan lifecycle.Plan
	var server *grpcx.Server
	app := fx.New(fx.NopLogger, grpcx.Module, httpx.Module, lifecycle.Module,
		fx.Supply(zap.NewNop(), lifecycle.Cap(0), grpcx.Config{ListenAddr: "127.0.0.1:0", ShutdownTimeout: time.Second},
			httpx.Config{ListenAddr: "127.0.0.1:0", ShutdownTimeout: time.Second}, httpx.GatewayConfig{}, httpx.TLSConfig{}),
		fx.Provide(func() clock.Clock { return clock.System{} }),
		grpcx.ProvideService(func() grpcx.Service { return grpcx.Service{Desc: &desc, Impl: h} }),
		fx.Populate(&plan, &server))
	require.NoError(t, app.Start(t.Context()))
	require.Equal(t, "grpc streams", plan[0].Name)
	require.Equal(t, lifecycle.Push, plan[0].Phase)
	require.Equal(t, "grpc listener", plan[1].Name)
	conn := dial(t, server.Addr())
	require.NoError(t, conn.Invoke(t.Context(), "/test.v1.Hub/Echo", wrapperspb.String("x"), &wrapperspb.StringValue{}))
	require.NoError(t, app.Stop(t.Context()))
}

func TestAListenerThatAnybodyMayReachIsOnTheMetrics(t *testing.T) {
	t.Parallel()
	for addr, want := range map[string]int64{"127.0.0.1:0": 0, "0.0.0.0:0": 1} {
		reader := sdkmetric.NewManualReader()
		s := grpcx.New(grpcx.Config{ListenAddr: addr}, unguarded(), grpcx.Telemetry{Meters: sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader))}, nil)
		require.NoError(t, s.Start(t.Context()))
		var all metricdata.ResourceMetrics
		require.NoError(t, reader.Collect(t.Context(), &all))
		require.NoError(t, s.Stop(t.Context()))
		seen := false
		for _, scope := range all.ScopeMetrics {
			for _, m := range scope.Metrics {
				if gauge, ok := m.Data.(metricdata.Gauge[int64]); ok && m.Name == "grpc_gateway_unguarded" {
					require.Equal(t, want, gauge.DataPoints[0].Value, addr)
					seen = true
				}
			}
		}
		require.True(t, seen, addr)
	}
}

func TestHealthTurnsNotServingBeforeTheStreamsEnd(t *testing.T) {
	t.Parallel()
	f := newFixture(t, unguarded(), grpcx.Telemetry{})
	s := f.subscribe(t, t.Context())
	watch, err := healthpb.NewHealthClient(f.conn).Watch(t.Context(), &healthpb.HealthCheckRequest{Service: "test.v1.Hub"})
	require.NoError(t, err)
	first, err := watch.Recv()
	require.NoError(t, err)
	require.Equal(t, healthpb.HealthCheckResponse_SERVING, first.Status)
	require.NoError(t, f.Stop(t.Context()))
	for { // the last word before the watch ends, if it was not faster
		last, err := watch.Recv()
		if err != nil {
			require.Contains(t, []codes.Code{codes.Canceled, codes.Unavailable}, status.Code(err))
			break
		}
		require.Equal(t, healthpb.HealthCheckResponse_NOT_SERVING, last.Status)
	}
	close(f.quit)
	require.Equal(t, "drained", receive(t, s), "the stream was still open")
}

func TestAfterTheFirstStepNoNewCallBegins(t *testing.T) {
	t.Parallel()
	f := newFixture(t, unguarded(), grpcx.Telemetry{})
	s := f.subscribe(t, t.Context())
	require.NoError(t, f.Stop(t.Context()))
	fresh := dial(t, f.Addr())
	err := fresh.Invoke(t.Context(), "/test.v1.Hub/Echo", wrapperspb.String("x"), &wrapperspb.StringValue{})
	require.Equal(t, codes.Unavailable, status.Code(err))
	close(f.quit)
	require.Equal(t, "drained", receive(t, s))
	require.NoError(t, f.Drain(t.Context()))
}

func TestAPanicInAStreamEndsThatStreamAlone(t *testing.T) {
	t.Parallel()
	f := newFixture(t, unguarded(), grpcx.Telemetry{})
	s := f.subscribe(t, t.Context())
	broken, err := f.conn.NewStream(t.Context(), &desc.Streams[1], "/test.v1.Hub/Panic")
	require.NoError(t, err)
	require.NoError(t, broken.CloseSend())
	err = broken.RecvMsg(&wrapperspb.StringValue{})
	require.Equal(t, codes.Internal, status.Code(err))
	require.NotContains(t, err.Error(), "secret state")
	lines := f.logs.FilterMessage("call failed").All()
	require.Len(t, lines, 1)
	require.Contains(t, lines[0].ContextMap()["error"], "panicked: secret state")
	require.Equal(t, "/test.v1.Hub/Panic", lines[0].ContextMap()["method"])
	close(f.quit)
	require.Equal(t, "drained", receive(t, s))
}

func TestWhatThePeerDidWrongIsNoLogLine(t *testing.T) {
	t.Parallel()
	f := newFixture(t, unguarded(), grpcx.Telemetry{})
	ctx := metadata.AppendToOutgoingContext(t.Context(), "x-request-id", "req-1")
	require.Equal(t, codes.Aborted, status.Code(f.call(ctx, "fault")))
	require.Equal(t, codes.Unimplemented, status.Code(f.conn.Invoke(ctx, "/test.v1.Hub/Nothing", wrapperspb.String("x"), &wrapperspb.StringValue{})))
	require.Zero(t, f.logs.FilterMessage("call failed").Len())
	require.Equal(t, codes.Internal, status.Code(f.call(ctx, "plain")))
	lines := f.logs.FilterMessage("call failed").All()
	require.Len(t, lines, 1)
	require.Equal(t, "req-1", lines[0].ContextMap()["request_id"])
	require.Contains(t, lines[0].ContextMap()["error"], "hunter2", "the cause is for the log")
}

func TestEveryServiceHasItsOwnHealth(t *testing.T) {
	t.Parallel()
	later, earlier := desc, desc
	later.ServiceName, earlier.ServiceName = "test.v1.Zebra", "test.v1.Ape"
	s := grpcx.New(grpcx.Config{ListenAddr: "127.0.0.1:0"}, unguarded(), grpcx.Telemetry{},
		[]grpcx.Service{{Desc: &later, Impl: newHub()}, {Desc: &earlier, Impl: newHub()}})
	require.NoError(t, s.Start(t.Context()))
	conn := dial(t, s.Addr())
	for _, name := range []string{"test.v1.Zebra", "test.v1.Ape"} {
		got, err := healthpb.NewHealthClient(conn).Check(t.Context(), &healthpb.HealthCheckRequest{Service: name})
		require.NoError(t, err)
		require.Equal(t, healthpb.HealthCheckResponse_SERVING, got.Status)
	}
	require.NoError(t, s.Drain(t.Context()))
}
