package grpcx_test

import (
	"context"
	"errors"
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
	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"
	reflectionpb "google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/fault"
	"galaxy/backend/platform/grpcx"
	"galaxy/backend/platform/httpx"
	"galaxy/backend/platform/httpx/gateway"
	"galaxy/backend/platform/lifecycle"
	"galaxy/backend/platform/secret"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// hub is a service with one call and one endless stream.
type hub struct {
	quit   chan struct{} // the stream ends Unavailable when it is closed
	opened chan struct{}
	ids    chan string
}

func newHub() *hub {
	return &hub{quit: make(chan struct{}), opened: make(chan struct{}, 64), ids: make(chan string, 64)}
}

type hubServer interface{ mark() }

func (*hub) mark() {}

func (h *hub) echo(ctx context.Context, in *wrapperspb.StringValue) (*wrapperspb.StringValue, error) {
	h.ids <- httpx.RequestID(ctx)
	switch in.Value {
	case "panic":
		panic("secret state")
	case "plain":
		return nil, errors.New("password=hunter2")
	case "fault":
		return nil, fault.New(fault.Conflict, "taken", "it is taken").Because(errors.New("password=hunter2"))
	case "status":
		return nil, status.Error(codes.DataLoss, "chosen")
	}
	return in, nil
}

func (h *hub) subscribe(s grpc.ServerStream) error {
	if err := s.SendMsg(wrapperspb.String("hello")); err != nil {
		return err
	}
	h.opened <- struct{}{}
	select {
	case <-h.quit:
		_ = s.SendMsg(wrapperspb.String("drained"))
		return status.Error(codes.Unavailable, "the server stops")
	case <-s.Context().Done():
		return s.Context().Err()
	}
}

var desc = grpc.ServiceDesc{
	ServiceName: "test.v1.Hub", HandlerType: (*hubServer)(nil),
	Methods: []grpc.MethodDesc{{MethodName: "Echo", Handler: func(srv any, ctx context.Context, dec func(any) error, ic grpc.UnaryServerInterceptor) (any, error) {
		in := &wrapperspb.StringValue{}
		if err := dec(in); err != nil {
			return nil, err
		}
		return ic(ctx, in, &grpc.UnaryServerInfo{Server: srv, FullMethod: "/test.v1.Hub/Echo"}, func(ctx context.Context, req any) (any, error) {
			return srv.(*hub).echo(ctx, req.(*wrapperspb.StringValue))
		})
	}}},
	Streams: []grpc.StreamDesc{{StreamName: "SubscribePush", ServerStreams: true, Handler: func(srv any, s grpc.ServerStream) error { return srv.(*hub).subscribe(s) }}},
}

type world struct {
	*grpcx.Server
	*hub
	logs *observer.ObservedLogs
	conn *grpc.ClientConn
}

func open(t *testing.T, guard *gateway.Guard, tel grpcx.Telemetry) *world {
	t.Helper()
	core, logs := observer.New(zap.InfoLevel)
	tel.Log = zap.New(core)
	h := newHub()
	s := grpcx.New(grpcx.Config{ListenAddr: "127.0.0.1:0"}, guard, tel, []grpcx.Service{{Desc: &desc, Impl: h}})
	require.Error(t, s.Ready(t.Context()))
	require.NoError(t, s.Start(t.Context()))
	require.NoError(t, s.Start(t.Context()), "a second start does nothing")
	require.NoError(t, s.Ready(t.Context()))
	w := &world{Server: s, hub: h, logs: logs, conn: dial(t, s.Addr())}
	t.Cleanup(func() {
		ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
		cancel()
		_ = s.Drain(ctx) // cuts
	})
	return w
}

func dial(t *testing.T, addr net.Addr, options ...grpc.DialOption) *grpc.ClientConn {
	t.Helper()
	conn, err := grpc.NewClient("passthrough:///"+addr.String(), append(options, grpc.WithTransportCredentials(insecure.NewCredentials()))...)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func unguarded() *gateway.Guard { return gateway.New(gateway.Config{}, gateway.TLSConfig{}) }

func (w *world) call(ctx context.Context, text string, options ...grpc.CallOption) error {
	return w.conn.Invoke(ctx, "/test.v1.Hub/Echo", wrapperspb.String(text), &wrapperspb.StringValue{}, options...)
}

// subscribe opens a stream and waits for its first message.
func (w *world) subscribe(t *testing.T, ctx context.Context) grpc.ClientStream {
	t.Helper()
	s, err := w.conn.NewStream(ctx, &desc.Streams[0], "/test.v1.Hub/SubscribePush")
	require.NoError(t, err)
	require.NoError(t, s.CloseSend())
	require.Equal(t, "hello", receive(t, s))
	<-w.opened
	return s
}

func receive(t *testing.T, s grpc.ClientStream) string {
	t.Helper()
	var m wrapperspb.StringValue
	require.NoError(t, s.RecvMsg(&m))
	return m.Value
}

func TestAStreamLivesThroughTheFirstStepAndEndsInTheSecond(t *testing.T) {
	t.Parallel()
	w := open(t, unguarded(), grpcx.Telemetry{})
	s := w.subscribe(t, t.Context())
	watch, err := healthpb.NewHealthClient(w.conn).Watch(t.Context(), &healthpb.HealthCheckRequest{Service: "test.v1.Hub"})
	require.NoError(t, err)
	first, err := watch.Recv()
	require.NoError(t, err)
	require.Equal(t, healthpb.HealthCheckResponse_SERVING, first.Status)

	require.NoError(t, w.Stop(t.Context()))
	require.NoError(t, w.Stop(t.Context()))
	require.Error(t, w.Ready(t.Context()))
	_, err = net.Dial("tcp", w.Addr().String())
	require.Error(t, err, "the listener is closed")

	drained := make(chan error, 1)
	go func() { drained <- w.Drain(t.Context()) }()
	close(w.quit) // the hub ends its streams
	require.Equal(t, "drained", receive(t, s))
	require.Equal(t, codes.Unavailable, status.Code(s.RecvMsg(&wrapperspb.StringValue{})))
	require.NoError(t, <-drained, "also with somebody watching the health service")
	require.NoError(t, w.Drain(t.Context()))
}

func TestAStreamThatDoesNotEndIsCut(t *testing.T) {
	t.Parallel()
	w := open(t, unguarded(), grpcx.Telemetry{})
	s := w.subscribe(t, t.Context())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, w.Drain(ctx), context.Canceled)
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
	w := open(t, unguarded(), grpcx.Telemetry{})
	s := grpcx.New(grpcx.Config{ListenAddr: w.Addr().String()}, unguarded(), grpcx.Telemetry{}, nil)
	require.ErrorContains(t, s.Start(t.Context()), "listen on BACKEND_GRPC_PUSH_LISTEN_ADDR")
}

func TestWithoutTheGatewayCredentialNothingAnswers(t *testing.T) {
	t.Parallel()
	w := open(t, gateway.New(gateway.Config{Secret: secret.New("now"), SecretPrevious: secret.New("then")}, gateway.TLSConfig{}), grpcx.Telemetry{})
	for name, pairs := range map[string][]string{
		"none": nil, "wrong": {gateway.MetadataKey, "never"}, "two": {gateway.MetadataKey, "now", gateway.MetadataKey, "now"},
	} {
		ctx := metadata.AppendToOutgoingContext(t.Context(), pairs...)
		require.Equal(t, codes.Unauthenticated, status.Code(w.call(ctx, "x")), name)
		s, err := w.conn.NewStream(ctx, &desc.Streams[0], "/test.v1.Hub/SubscribePush")
		require.NoError(t, err)
		require.Equal(t, codes.Unauthenticated, status.Code(s.RecvMsg(&wrapperspb.StringValue{})), name)
		_, err = healthpb.NewHealthClient(w.conn).Check(ctx, &healthpb.HealthCheckRequest{})
		require.Equal(t, codes.Unauthenticated, status.Code(err), name)
	}
	require.Empty(t, w.opened)
	for _, s := range []string{"now", "then"} {
		require.NoError(t, w.call(metadata.AppendToOutgoingContext(t.Context(), gateway.MetadataKey, s), "x"))
	}
}

func TestErrorsCrossAsStatusWithoutTheirCause(t *testing.T) {
	t.Parallel()
	reader := sdkmetric.NewManualReader()
	w := open(t, unguarded(), grpcx.Telemetry{Meters: sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader))})
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
		w.logs.TakeAll()
		err := w.call(t.Context(), text)
		require.Equal(t, want.code, status.Code(err), text)
		require.Equal(t, want.message, status.Convert(err).Message())
		require.Len(t, w.logs.All(), want.lines, text)
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
	w := open(t, unguarded(), grpcx.Telemetry{})
	for given, keep := range map[string]bool{"req-1": true, "a b": false, "": false} {
		var header metadata.MD
		require.NoError(t, w.call(metadata.AppendToOutgoingContext(t.Context(), "x-request-id", given), "x", grpc.Header(&header)))
		require.Equal(t, []string{<-w.ids}, header.Get("x-request-id"))
		require.Equal(t, keep, header.Get("x-request-id")[0] == given)
	}
}

func TestMessagesAndStreamsAreBounded(t *testing.T) {
	t.Parallel()
	w := open(t, unguarded(), grpcx.Telemetry{})
	require.NoError(t, w.call(t.Context(), string(make([]byte, 4<<10-8))))
	require.Equal(t, codes.ResourceExhausted, status.Code(w.call(t.Context(), string(make([]byte, 4<<10)))))

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for range 16 {
		w.subscribe(t, ctx)
	}
	seventeenth, done := context.WithTimeout(ctx, 100*time.Millisecond)
	defer done()
	require.Equal(t, codes.DeadlineExceeded, status.Code(w.call(seventeenth, "x")), "the seventeenth waits")
}

func TestAGatewayMayPingAsOftenAsItIsDocumented(t *testing.T) {
	t.Parallel()
	w := open(t, unguarded(), grpcx.Telemetry{})
	conn := dial(t, w.Addr(), grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 10 * time.Second, Timeout: time.Second, PermitWithoutStream: true}))
	require.NoError(t, conn.Invoke(t.Context(), "/test.v1.Hub/Echo", wrapperspb.String("x"), &wrapperspb.StringValue{}))
}

func TestReflectionListsTheServices(t *testing.T) {
	t.Parallel()
	w := open(t, unguarded(), grpcx.Telemetry{})
	s, err := reflectionpb.NewServerReflectionClient(w.conn).ServerReflectionInfo(t.Context())
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
	w := open(t, unguarded(), grpcx.Telemetry{Traces: sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder))})
	s := w.subscribe(t, t.Context())
	close(w.quit)
	_ = receive(t, s)
	require.Error(t, s.RecvMsg(&wrapperspb.StringValue{}))
	require.NoError(t, w.call(t.Context(), "x"))
	require.NoError(t, w.Drain(t.Context()))
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
