package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"galaxy/backend/cmd/engine/internal/api"
	"galaxy/backend/cmd/engine/internal/store"
	enginev1 "galaxy/backend/proto/engine/v1"
)

// serve serves requests until ctx ends, and then waits for those under way.
func serve(ctx context.Context, args []string, getenv func(string) string, stderr io.Writer) (err error) {
	flags := flag.NewFlagSet("serve", flag.ContinueOnError)
	flags.SetOutput(stderr)
	if err := flags.Parse(args); err != nil {
		return err
	}
	c, err := readConfig(getenv)
	if err != nil {
		return err
	}
	log := newLogger(c.logLevel, stderr)
	engine, closeStore, err := openEngine(c, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeStore()) }()
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", c.listen)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	log.Info("engine started", zap.String("version", version), zap.Stringer("addr", listener.Addr()),
		zap.String("state_dir", c.stateDir))
	return serveOn(ctx, listener, engine, c.shutdown, log)
}

// openEngine opens the state directory. A directory that another process has
// locked is an error; one that cannot be used gives an engine in state failed,
// so that the host can read the reason.
func openEngine(c config, log *zap.Logger) (engine *api.Engine, closeStore func() error, err error) {
	options := api.Options{Version: version, GameID: c.gameID, AdminToken: c.adminToken, Log: log}
	directory, err := store.Open(c.stateDir, nil)
	if errors.Is(err, store.ErrLocked) {
		return nil, nil, fmt.Errorf("open %s: %w", c.stateDir, err)
	}
	if err != nil {
		return api.NewFailed(err, options), func() error { return nil }, nil
	}
	return api.New(directory, options), directory.Close, nil
}

// serveOn serves on a listener, which it closes.
func serveOn(
	ctx context.Context, listener net.Listener, engine *api.Engine, shutdown time.Duration, log *zap.Logger,
) error {
	server := &http.Server{
		Handler:           engine.Handler(),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       30 * time.Second,
		IdleTimeout:       60 * time.Second,
		MaxHeaderBytes:    32 << 10,
		// No write timeout: a turn takes as long as its client waits.
	}
	serveErr := make(chan error, 1)
	go func() { serveErr <- server.Serve(listener) }()
	select {
	case err := <-serveErr:
		return err
	case <-ctx.Done():
	}
	engine.Close()
	log.Info("engine stopping")
	shutdownCtx, cancel := context.WithTimeout(context.Background(), shutdown)
	defer cancel()
	err := server.Shutdown(shutdownCtx)
	if served := <-serveErr; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	log.Info("engine stopped")
	return err
}

func newLogger(level zapcore.Level, w io.Writer) *zap.Logger {
	encoding := zap.NewProductionEncoderConfig()
	encoding.EncodeTime = zapcore.RFC3339NanoTimeEncoder
	return zap.New(zapcore.NewCore(zapcore.NewJSONEncoder(encoding), zapcore.Lock(zapcore.AddSync(w)), level))
}

// healthcheck probes the engine that listens on ENGINE_LISTEN_ADDR.
func healthcheck(ctx context.Context, getenv func(string) string) error {
	c, err := readConfig(getenv)
	if err != nil {
		return err
	}
	host, port, err := net.SplitHostPort(c.listen)
	if err != nil {
		return err
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	target := url.URL{Scheme: "http", Host: net.JoinHostPort(host, port), Path: enginev1.PathHealthz}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, target.String(), http.NoBody)
	if err != nil {
		return err
	}
	answer, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(request)
	if err != nil {
		return err
	}
	if err := answer.Body.Close(); err != nil {
		return err
	}
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("healthz answered %d", answer.StatusCode)
	}
	return nil
}
