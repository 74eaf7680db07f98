package grpcx

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"
	"go.uber.org/zap"
	"golang.org/x/net/netutil"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/reflection"
	"google.golang.org/grpc/stats"

	"galaxy/backend/platform/httpx/gateway"
)

// The bounds of the server. Gateways send small requests and ping more often
// than grpc-go's default policy of five minutes would forgive.
const (
	maxReceive        = 4 << 10
	maxHeaderList     = 16 << 10
	maxStreams        = 16 // per connection
	maxConnections    = 256
	connectionTimeout = 10 * time.Second
	pingAfter         = 15 * time.Second
	pingTimeout       = 5 * time.Second
	minPing           = 10 * time.Second
)

// Service is one service and its implementation.
type Service struct {
	Desc *grpc.ServiceDesc
	Impl any
}

// Telemetry is where the server reports to; nil providers are the global ones.
type Telemetry struct {
	Log    *zap.Logger
	Traces trace.TracerProvider
	Meters metric.MeterProvider
}

// Server is the gRPC listener of the process.
type Server struct {
	config      Config
	guard       *gateway.Guard
	tel         Telemetry
	services    []Service // in the order of their names
	interceptor *interceptor
	close       context.CancelFunc // ends interceptor.closing

	mu             sync.Mutex
	grpc           *grpc.Server // nil before Start
	health         *health.Server
	addr           net.Addr
	listenerClosed chan struct{} // closed with the listener
	served         chan struct{} // closed when Serve has returned, which is after the last stream
	drained        chan struct{} // closed when GracefulStop has returned; nil until Stop
}

// notifyingListener says when it is closed.
type notifyingListener struct {
	net.Listener
	closed func()
}

func (l *notifyingListener) Close() error {
	defer l.closed()
	return l.Listener.Close()
}

// New builds the server. It opens nothing yet.
func New(c Config, guard *gateway.Guard, tel Telemetry, services []Service) *Server {
	if tel.Log == nil {
		tel.Log = zap.NewNop()
	}
	closing, cancel := context.WithCancel(context.Background())
	services = slices.SortedFunc(slices.Values(services), func(a, b Service) int {
		return cmp.Compare(a.Desc.ServiceName, b.Desc.ServiceName)
	})
	return &Server{config: c, guard: guard, tel: tel, services: services, close: cancel,
		interceptor: newInterceptor(closing, guard, tel.Log, tel.Meters)}
}

// Start binds the address, so that a port in use fails the boot, and serves
// in the background.
func (s *Server) Start(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.grpc != nil {
		return nil
	}
	options, err := s.options()
	if err != nil {
		return err
	}
	var lc net.ListenConfig
	listener, err := lc.Listen(ctx, "tcp", s.config.ListenAddr)
	if err != nil {
		return fmt.Errorf("listen on BACKEND_GRPC_PUSH_LISTEN_ADDR: %w", err)
	}
	server := grpc.NewServer(options...)
	s.grpc, s.health, s.addr, s.served = server, health.NewServer(), listener.Addr(), make(chan struct{})
	s.listenerClosed = make(chan struct{})
	closed := sync.OnceFunc(func() { close(s.listenerClosed) })
	listener = &notifyingListener{netutil.LimitListener(listener, maxConnections), closed}
	healthpb.RegisterHealthServer(server, s.health)
	reflection.Register(server)
	for _, svc := range s.services {
		server.RegisterService(svc.Desc, svc.Impl)
		s.health.SetServingStatus(svc.Desc.ServiceName, healthpb.HealthCheckResponse_SERVING)
	}
	go func() {
		defer close(s.served)
		if err := server.Serve(listener); err != nil {
			s.tel.Log.Error("grpc listener failed", zap.Error(err))
		}
	}()
	s.tel.Log.Info("grpc listener opened", zap.Stringer("addr", s.addr))
	s.warn(ctx)
	return nil
}

// warn is loud about a listener where anyone could listen to every user's events.
func (s *Server) warn(ctx context.Context) {
	exposed := int64(0)
	if s.guard.Exposed(s.addr) {
		exposed = 1
		s.tel.Log.Warn("gateway credential is missing: whoever reaches this listener receives every user's events",
			zap.Stringer("addr", s.addr), zap.Strings("set_one_of", []string{"BACKEND_GATEWAY_SECRET", "BACKEND_TLS_CLIENT_CA"}))
	}
	s.interceptor.unguarded.Record(ctx, exposed)
}

func (s *Server) options() ([]grpc.ServerOption, error) {
	var tracing []otelgrpc.Option
	if s.tel.Traces != nil {
		tracing = append(tracing, otelgrpc.WithTracerProvider(s.tel.Traces))
	}
	if s.tel.Meters != nil {
		tracing = append(tracing, otelgrpc.WithMeterProvider(s.tel.Meters))
	}
	tracing = append(tracing, otelgrpc.WithFilter(traced))
	options := []grpc.ServerOption{
		grpc.KeepaliveParams(keepalive.ServerParameters{Time: pingAfter, Timeout: pingTimeout}),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: minPing, PermitWithoutStream: true}),
		grpc.MaxRecvMsgSize(maxReceive), grpc.MaxHeaderListSize(maxHeaderList), grpc.MaxConcurrentStreams(maxStreams),
		grpc.ConnectionTimeout(connectionTimeout), grpc.StatsHandler(otelgrpc.NewServerHandler(tracing...)),
		grpc.UnaryInterceptor(s.interceptor.unary), grpc.StreamInterceptor(s.interceptor.stream),
	}
	config, err := s.guard.TLS()
	if config != nil {
		options = append(options, grpc.Creds(credentials.NewTLS(config)))
	}
	return options, err
}

// traced leaves out SubscribePush, whose span would be as long as a gateway's
// life, and the server's own services.
func traced(info *stats.RPCTagInfo) bool {
	return !strings.HasSuffix(info.FullMethodName, "/SubscribePush") && !strings.HasPrefix(info.FullMethodName, "/grpc.")
}

// Stop is the first step: health turns NOT_SERVING, the listener closes, open
// streams live on. It does not wait.
func (s *Server) Stop(context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.grpc == nil || s.drained != nil {
		return nil
	}
	s.health.Shutdown()
	s.close()
	s.drained = make(chan struct{})
	go func() {
		defer close(s.drained)
		s.grpc.GracefulStop()
	}()
	<-s.listenerClosed // GracefulStop closes the listener before it waits for streams
	return nil
}

// Drain is the second step: it waits until the streams have ended and cuts
// those that are left when ctx ends. Without a first step it makes it.
func (s *Server) Drain(ctx context.Context) error {
	if err := s.Stop(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	server, drained, served := s.grpc, s.drained, s.served
	s.mu.Unlock()
	if server == nil {
		return nil
	}
	defer func() { <-served }()
	select {
	case <-drained:
		return nil
	case <-ctx.Done():
		server.Stop()
		<-drained
		return fmt.Errorf("wait for open streams: %w", ctx.Err())
	}
}

var errClosed = errors.New("the listener is not open")

// Ready is the condition "grpc" of /readyz.
func (s *Server) Ready(context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.grpc == nil || s.drained != nil {
		return errClosed
	}
	return nil
}

// Addr is the bound address, nil before Start. Tests listen on port 0.
func (s *Server) Addr() net.Addr {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.addr
}
