package httpx

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"
	"go.uber.org/zap"
	"golang.org/x/net/netutil"

	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/httpx/gateway"
	"galaxy/backend/platform/lifecycle"
)

const (
	readHeaderTimeout = 5 * time.Second
	idleTimeout       = 60 * time.Second
	maxHeaderBytes    = 32 << 10
	// maxConnections bounds memory and file descriptors; more wait in the
	// kernel's queue.
	maxConnections = 4096
)

// Server is the HTTP listener of the process.
type Server struct {
	config Config
	app    *app
	probes *probes
	http   *http.Server

	mu     sync.Mutex
	addr   net.Addr
	served chan struct{} // closed when the accept loop has ended; nil before Start
}

// Telemetry is where the server reports to. The zero value reports to the
// global providers and logs nothing.
type Telemetry struct {
	Log    *zap.Logger
	Traces trace.TracerProvider
	Meters metric.MeterProvider
}

// New builds the server from the tables of all modules. It opens nothing yet;
// a route that contradicts the document or another route is an error.
func New(c Config, doc Document, guard *gateway.Guard, gates Gates, tel Telemetry, clk clock.Clock,
	tables []Table, checks []Check,
) (*Server, error) {
	if tel.Log == nil {
		tel.Log = zap.NewNop()
	}
	p := &probes{checks: checks, clock: clk}
	docs := newDocuments(doc)
	a := &app{gates: gates, guard: guard, proxies: c.TrustedProxies, tel: newInstruments(tel.Log, tel.Traces, tel.Meters)}
	handler, err := a.echo(doc, append(slices.Clone(tables), probeTable(p, docs)), docs)
	if err != nil {
		return nil, fmt.Errorf("route tables: %w", err)
	}
	s := &Server{config: c, app: a, probes: p}
	s.http = &http.Server{
		Handler: handler, ReadHeaderTimeout: readHeaderTimeout, ReadTimeout: c.ReadTimeout, WriteTimeout: c.WriteTimeout,
		IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeaderBytes, ErrorLog: zap.NewStdLog(zap.NewNop()),
		DisableGeneralOptionsHandler: true,
	}
	if std, err := zap.NewStdLogAt(tel.Log, zap.DebugLevel); err == nil {
		s.http.ErrorLog = std // TLS handshakes of strangers and the like
	}
	return s, nil
}

// entry is the server's place in the start order.
func (s *Server) entry() lifecycle.Entry {
	return lifecycle.Entry{
		Phase: lifecycle.Ingress, Name: "http listener", StopTimeout: s.config.ShutdownTimeout, Start: s.Start, Stop: s.Stop,
	}
}

// Start binds the address, so that a port in use fails the boot, and serves
// in the background.
func (s *Server) Start(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.served != nil {
		return nil
	}
	config, err := s.app.guard.TLS()
	if err != nil {
		return err
	}
	var lc net.ListenConfig
	listener, err := lc.Listen(ctx, "tcp", s.config.ListenAddr)
	if err != nil {
		return fmt.Errorf("listen on BACKEND_HTTP_LISTEN_ADDR: %w", err)
	}
	s.addr = listener.Addr()
	s.warnIfExposed()
	listener = netutil.LimitListener(listener, maxConnections)
	if config != nil {
		config.NextProtos = []string{"http/1.1"}
		listener = tls.NewListener(listener, config)
	}
	s.served = make(chan struct{})
	go func() {
		defer close(s.served)
		if err := s.http.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			s.app.tel.log.Error("http listener failed", zap.Error(err))
		}
	}()
	s.app.tel.log.Info("http listener opened", zap.Stringer("addr", s.addr), zap.Bool("tls", config != nil))
	return nil
}

// warnIfExposed is loud about a listener where anyone could speak for every user.
func (s *Server) warnIfExposed() {
	exposed := s.app.guard.Exposed(s.addr)
	value := int64(0)
	if exposed {
		value = 1
		s.app.tel.log.Warn("gateway credential is missing: whoever reaches this listener can act as any user",
			zap.Stringer("addr", s.addr), zap.Strings("set_one_of", []string{"BACKEND_GATEWAY_SECRET", "BACKEND_TLS_CLIENT_CA"}))
	}
	s.app.tel.unguarded.Record(context.Background(), value)
}

// Stop makes /readyz fail, closes the listener and waits for the requests
// under way. When ctx ends first their connections are cut.
func (s *Server) Stop(ctx context.Context) error {
	s.probes.drain()
	s.mu.Lock()
	served := s.served
	s.mu.Unlock()
	err := s.http.Shutdown(ctx)
	if err != nil {
		err = errors.Join(fmt.Errorf("wait for requests under way: %w", err), s.http.Close())
	}
	if served != nil {
		<-served
	}
	return err
}

// Addr is the bound address, nil before Start. Tests listen on port 0.
func (s *Server) Addr() net.Addr {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.addr
}

// Handler is the server's handler, for tests that need no listener.
func (s *Server) Handler() http.Handler { return s.http.Handler }
