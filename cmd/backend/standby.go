package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"time"

	"go.uber.org/zap"

	"galaxy/backend/platform/httpx/gateway"
	"galaxy/backend/platform/httpx/header"
	"galaxy/backend/platform/pg"
)

// standBy waits for the lock. While another backend has it, or the database
// cannot be reached, a bare server answers the probes: alive, not ready.
func standBy(ctx context.Context, l *pg.LeaderLock, c Config, log *zap.Logger) error {
	stop, err := serveProbes(c)
	if err != nil {
		return err
	}
	defer stop()
	return l.Acquire(ctx, func() { log.Info("another backend is active, waiting as its standby") })
}

// serveProbes answers as the real listener will: on its address, with its
// certificate. stop gives the address free.
func serveProbes(c Config) (stop func(), err error) {
	config, err := gateway.New(c.Gateway, c.TLS).TLS()
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", c.HTTP.ListenAddr)
	if err != nil {
		return nil, fmt.Errorf("listen on BACKEND_HTTP_LISTEN_ADDR: %w", err)
	}
	if config != nil {
		listener = tls.NewListener(listener, config)
	}
	server := &http.Server{Handler: standbyRoutes(), ReadHeaderTimeout: probeTimeout, ReadTimeout: probeTimeout, WriteTimeout: probeTimeout,
		IdleTimeout: probeTimeout, MaxHeaderBytes: 8 << 10, ErrorLog: zap.NewStdLog(zap.NewNop())}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = server.Serve(listener) // it ends with the close below
	}()
	return func() {
		_ = server.Close() // its answers take microseconds
		<-served
	}, nil
}

// probeTimeout bounds every step of a probe.
const probeTimeout = 5 * time.Second

func standbyRoutes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, `{"status":"ok"}`) })
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/readyz" {
			answer(w, http.StatusServiceUnavailable, `{"status":"standby","checks":{"lock":"failed"}}`)
			return
		}
		w.Header().Set("Retry-After", "1")
		id := header.RequestID(r.Header["X-Request-Id"])
		w.Header().Set("X-Request-Id", id)
		answer(w, http.StatusServiceUnavailable, `{"error":{"code":"standby","message":"this backend is not the active one","request_id":"`+id+`"}}`)
	})
	return mux
}

func answer(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(body))
}
