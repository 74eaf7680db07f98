package grpcx_test

import (
	"context"
	"errors"
	"net"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"galaxy/backend/platform/fault"
	"galaxy/backend/platform/grpcx"
	"galaxy/backend/platform/httpx"
	"galaxy/backend/platform/httpx/gateway"
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
	Streams: []grpc.StreamDesc{
		{StreamName: "SubscribePush", ServerStreams: true, Handler: func(srv any, s grpc.ServerStream) error { return srv.(*hub).subscribe(s) }},
		{StreamName: "Panic", ServerStreams: true, Handler: func(any, grpc.ServerStream) error { panic("secret state") }},
	},
}

type fixture struct {
	*grpcx.Server
	*hub
	logs *observer.ObservedLogs
	conn *grpc.ClientConn
}

func newFixture(t *testing.T, guard *gateway.Guard, tel grpcx.Telemetry) *fixture {
	t.Helper()
	core, logs := observer.New(zap.InfoLevel)
	tel.Log = zap.New(core)
	h := newHub()
	s := grpcx.New(grpcx.Config{ListenAddr: "127.0.0.1:0"}, guard, tel, []grpcx.Service{{Desc: &desc, Impl: h}})
	require.Error(t, s.Ready(t.Context()))
	require.NoError(t, s.Start(t.Context()))
	require.NoError(t, s.Start(t.Context()), "a second start does nothing")
	require.NoError(t, s.Ready(t.Context()))
	f := &fixture{Server: s, hub: h, logs: logs, conn: dial(t, s.Addr())}
	t.Cleanup(func() {
		ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
		cancel()
		_ = s.Drain(ctx) // cuts
	})
	return f
}

func dial(t *testing.T, addr net.Addr, options ...grpc.DialOption) *grpc.ClientConn {
	t.Helper()
	conn, err := grpc.NewClient("passthrough:///"+addr.String(), append(options, grpc.WithTransportCredentials(insecure.NewCredentials()))...)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func unguarded() *gateway.Guard { return gateway.New(gateway.Config{}, gateway.TLSConfig{}) }

func (f *fixture) call(ctx context.Context, text string, options ...grpc.CallOption) error {
	return f.conn.Invoke(ctx, "/test.v1.Hub/Echo", wrapperspb.String(text), &wrapperspb.StringValue{}, options...)
}

// subscribe opens a stream and waits for its first message.
func (f *fixture) subscribe(t *testing.T, ctx context.Context) grpc.ClientStream {
	t.Helper()
	s, err := f.conn.NewStream(ctx, &desc.Streams[0], "/test.v1.Hub/SubscribePush")
	require.NoError(t, err)
	require.NoError(t, s.CloseSend())
	require.Equal(t, "hello", receive(t, s))
	<-f.opened
	return s
}

func receive(t *testing.T, s grpc.ClientStream) string {
	t.Helper()
	var m wrapperspb.StringValue
	require.NoError(t, s.RecvMsg(&m))
	return m.Value
}
