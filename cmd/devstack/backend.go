package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"galaxy/backend/platform/subprocess"
)

// startLimit is how long the backend may take to be ready: migrations and the
// warm-up of its caches are in it.
const startLimit = 2 * time.Minute

// stopLimit is more than the sum of the backend's own budgets.
const stopLimit = 90 * time.Second

// settings is the backend's environment: what production has to say, and
// nothing that only a developer could.
func (s *stack) settings() map[string]string {
	p := s.cfg.Ports
	env := map[string]string{
		"BACKEND_HTTP_LISTEN_ADDR":            loopback(p.REST),
		"BACKEND_HTTP_TRUSTED_PROXIES":        "127.0.0.0/8,::1/128",
		"BACKEND_GRPC_PUSH_LISTEN_ADDR":       loopback(p.GRPC),
		"BACKEND_POSTGRES_DSN":                s.dsn(),
		"BACKEND_SMTP_HOST":                   "127.0.0.1",
		"BACKEND_SMTP_PORT":                   strconv.Itoa(p.SMTP),
		"BACKEND_SMTP_FROM":                   "galaxy@devstack.example",
		"BACKEND_SMTP_TLS_MODE":               "none",
		"BACKEND_GEOIP_DB_PATH":               s.dir.path("country.mmdb"),
		"BACKEND_GAME_STATE_ROOT":             s.dir.path("games"),
		"BACKEND_DOCKER_NETWORK":              s.engines.network,
		"BACKEND_RUNTIME_DRIVER":              s.engines.driver,
		"BACKEND_ADMIN_BOOTSTRAP_USER":        s.cfg.AdminUser,
		"BACKEND_ADMIN_BOOTSTRAP_PASSWORD":    s.cfg.AdminPassword,
		"BACKEND_NOTIFICATION_ADMIN_EMAIL":    "operators@devstack.example",
		"BACKEND_OTEL_TRACES_EXPORTER":        "none",
		"BACKEND_OTEL_METRICS_EXPORTER":       "prometheus",
		"BACKEND_OTEL_PROMETHEUS_LISTEN_ADDR": loopback(p.Metrics),
	}
	if s.engines.driver == driverDocker {
		env["BACKEND_DOCKER_HOST"] = s.engines.host
	} else {
		env["BACKEND_RUNTIME_ENGINE_BINARY"] = s.binaries.engine
	}
	return env
}

// environment puts settings below what the developer has set: BACKEND_ variables
// of the calling shell win.
func environment(inherited []string, settings map[string]string) []string {
	env := slices.DeleteFunc(slices.Clone(inherited), func(v string) bool {
		return strings.HasPrefix(v, "GALAXY_DEVSTACK_")
	})
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		if !slices.ContainsFunc(env, func(v string) bool { return strings.HasPrefix(v, name+"=") }) {
			env = append(env, name+"="+settings[name])
		}
	}
	return env
}

// startBackend runs the program and waits until it is ready.
func (s *stack) startBackend(ctx context.Context) error {
	logs, err := openLog(s.dir.path("backend.log"))
	if err != nil {
		return fmt.Errorf("open the log: %w", err)
	}
	var out io.Writer = logs
	if s.cfg.Verbose {
		out = io.MultiWriter(logs, s.progress)
	}
	s.backend, err = subprocess.Start(subprocess.Options{
		Signal: syscall.SIGTERM, Dir: s.dir.root, Env: environment(os.Environ(), s.settings()), Stdout: out, Stderr: out,
	}, s.binaries.backend, "serve")
	if err != nil {
		return errors.Join(err, logs.Close())
	}
	s.onStop("backend", stopLimit, func(ctx context.Context) error {
		return errors.Join(s.backend.Stop(ctx), logs.Close())
	})
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	return s.waitReady(ctx)
}

// waitReady polls /readyz.
func (s *stack) waitReady(ctx context.Context) error {
	poll := time.NewTicker(50 * time.Millisecond)
	defer poll.Stop()
	for {
		select {
		case <-ctx.Done():
			return fmt.Errorf("it was not ready in time, see %s", s.dir.path("backend.log"))
		case <-s.backend.Done():
			return fmt.Errorf("it ended at once: %s", s.lastLogLines())
		case <-poll.C:
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url("/readyz"), nil)
		if err != nil {
			return err
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			continue // it does not listen yet
		}
		_ = res.Body.Close()
		if res.StatusCode == http.StatusOK {
			return nil
		}
	}
}

func (s *stack) url(path string) string { return "http://" + loopback(s.cfg.Ports.REST) + path }

// lastLogLines are the last lines of the backend's log.
func (s *stack) lastLogLines() string {
	name := s.dir.path("backend.log")
	text, err := os.ReadFile(name)
	if err != nil || len(text) == 0 {
		return "it said nothing"
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return fmt.Sprintf("see %s\n%s", name, strings.Join(lines[max(0, len(lines)-5):], "\n"))
}
