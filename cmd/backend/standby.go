package main

import (
	"context"
	"net"
	"net/http"
	"time"

	"go.uber.org/zap"

	"galaxy/backend/platform/pg"
)

// standBy waits for the lock. While another backend has it, or the database
// cannot be reached, a bare server answers the probes: alive, not ready.
func standBy(ctx context.Context, l *pg.Lock, c Config, log *zap.Logger) error {
	probes, err := serveProbes(c.HTTP.ListenAddr)
	if err != nil {
		return err
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = probes.Shutdown(ctx) // it answers in microseconds; what is left is cut with the process
		_ = probes.Close()
	}()
	return l.Acquire(ctx, func() { log.Info("another backend is active, waiting as its standby") })
}

func serveProbes(addr string) (*http.Server, error) {
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, `{"status":"ok"}`) })
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/readyz" {
			answer(w, http.StatusServiceUnavailable, `{"status":"standby","checks":[{"name":"lock","status":"failed"}]}`)
			return
		}
		w.Header().Set("Retry-After", "1")
		answer(w, http.StatusServiceUnavailable, `{"error":{"code":"standby","message":"this backend is not the active one","request_id":""}}`)
	})
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = server.Serve(listener) }()
	return server, nil
}

func answer(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(body))
}
