package telemetry

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/pprof"
	"sync"
	"time"

	"go.uber.org/zap"
)

// listener serves something for operators only, on an address of its own.
type listener struct {
	name, variable string
	http           *http.Server
	log            *zap.Logger

	mu   sync.Mutex
	addr net.Addr
	done chan struct{} // nil before start
}

func newListener(name, variable, addr string, h http.Handler, log *zap.Logger) *listener {
	return &listener{name: name, variable: variable, log: log,
		http: &http.Server{Addr: addr, Handler: h, ReadHeaderTimeout: 5 * time.Second, IdleTimeout: time.Minute}}
}

func (l *listener) start(ctx context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.done != nil {
		return nil
	}
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, "tcp", l.http.Addr)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", l.variable, err)
	}
	l.addr, l.done = ln.Addr(), make(chan struct{})
	go func() {
		defer close(l.done)
		if err := l.http.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
			l.log.Error("listener failed", zap.String("component", l.name), zap.Error(err))
		}
	}()
	l.log.Info("listener opened", zap.String("component", l.name), zap.Stringer("addr", l.addr))
	return nil
}

func (l *listener) stop(ctx context.Context) error {
	l.mu.Lock()
	done := l.done
	l.mu.Unlock()
	err := l.http.Shutdown(ctx)
	if err != nil {
		err = l.http.Close()
	}
	if done != nil {
		<-done
	}
	return err
}

// Profiler serves net/http/pprof when it is given an address.
type Profiler struct{ listener *listener }

// NewProfiler makes a profiler; without an address it does nothing.
func NewProfiler(c PprofConfig, log *zap.Logger) *Profiler {
	if c.ListenAddr == "" {
		return &Profiler{}
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	return &Profiler{newListener("pprof listener", "BACKEND_PPROF_LISTEN_ADDR", c.ListenAddr, mux, log)}
}

// Start binds the address.
func (p *Profiler) Start(ctx context.Context) error {
	if p.listener == nil {
		return nil
	}
	return p.listener.start(ctx)
}

// Stop closes it.
func (p *Profiler) Stop(ctx context.Context) error {
	if p.listener == nil {
		return nil
	}
	return p.listener.stop(ctx)
}
