package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"galaxy/backend/platform/localpg"
	"galaxy/backend/platform/mmdb"
	"galaxy/backend/platform/subprocess"
)

// stack is everything that runs, in the order in which it was started.
type stack struct {
	cfg      config
	dir      directory
	progress io.Writer
	build    builder

	binaries binaries
	postgres *localpg.Server
	inbox    *inbox
	engines  engines
	backend  *subprocess.Process
	stops    []stopStep
}

// stopStep is how one part ends.
type stopStep struct {
	name   string
	budget time.Duration
	do     func(context.Context) error
}

func newStack(cfg config, build builder, progress io.Writer) *stack {
	return &stack{cfg: cfg, build: build, progress: progress}
}

// up starts the parts one after another. What has started when one fails is
// for down to stop.
func (s *stack) up(ctx context.Context) error {
	if err := s.prepare(); err != nil {
		return err
	}
	for _, step := range []struct {
		name, note string
		do         func(context.Context) error
	}{
		{"programs", "compiling, which takes minutes the first time", s.compile},
		{"postgres", "", s.startPostgres},
		{"inbox", "", s.startInbox},
		{"countries", "", func(context.Context) error { return mmdb.WriteFile(s.dir.path("country.mmdb")) }},
		{"engine", "", s.prepareEngines},
		{"backend", "", s.startBackend},
		{"registry", "", s.registerEngine},
	} {
		begin := time.Now()
		if step.note != "" {
			fmt.Fprintf(s.progress, "  %-10s %s\n", step.name, step.note)
		}
		if err := step.do(ctx); err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
		fmt.Fprintf(s.progress, "  %-10s ready in %.1f s\n", step.name, time.Since(begin).Seconds())
	}
	return s.dir.publish(s.endpoints())
}

// prepare does all that can fail before anything runs.
func (s *stack) prepare() (err error) {
	if s.dir, err = openDirectory(s.cfg); err != nil {
		return err
	}
	s.onStop("directory", time.Minute, func(context.Context) error { return s.dir.close() })
	if err := s.cfg.Ports.reserve(); err != nil {
		return err
	}
	if s.cfg.AdminPassword == "" {
		s.cfg.AdminPassword, err = s.dir.password()
	}
	return err
}

func (s *stack) compile(ctx context.Context) (err error) {
	s.binaries, err = s.build(ctx)
	return err
}

func (s *stack) onStop(name string, budget time.Duration, do func(context.Context) error) {
	s.stops = append(s.stops, stopStep{name, budget, do})
}

// serve says what is there and waits for the end: a signal, or a part that
// ended by itself.
func (s *stack) serve(ctx context.Context, stdout io.Writer) error {
	e := s.endpoints()
	if s.cfg.JSON {
		if err := e.json(stdout); err != nil {
			return err
		}
	} else {
		e.print(stdout)
	}
	select {
	case <-ctx.Done():
		return nil
	case <-s.backend.Done():
		return fmt.Errorf("the backend ended: %s", s.lastLogLines())
	case <-s.postgres.Done():
		return fmt.Errorf("postgres ended, see %s", s.postgres.LogPath())
	}
}

// down stops the parts in the reverse order, each within its own time.
func (s *stack) down() error {
	var errs []error
	for i := len(s.stops) - 1; i >= 0; i-- {
		part := s.stops[i]
		ctx, cancel := context.WithTimeout(context.Background(), part.budget)
		if err := part.do(ctx); err != nil {
			errs = append(errs, fmt.Errorf("stop %s: %w", part.name, err))
		} else {
			fmt.Fprintf(s.progress, "  %-10s stopped\n", part.name)
		}
		cancel()
	}
	s.stops = nil
	return errors.Join(errs...)
}

// startPostgres runs the server that the backend's schema lives in.
func (s *stack) startPostgres(ctx context.Context) (err error) {
	cfg := localpg.Config{Dir: s.dir.postgres, Port: s.cfg.Ports.Postgres}
	if s.cfg.Ephemeral {
		cfg.Profile, cfg.Ephemeral = localpg.Fast, true
	}
	if s.postgres, err = localpg.Start(ctx, cfg); err != nil {
		return err
	}
	s.onStop("postgres", 30*time.Second, s.postgres.Stop)
	return s.postgres.EnsureDatabase(ctx, database)
}

// database is the one that the backend owns a schema in.
const database = "galaxy"

// dsn is the database as the backend is told.
func (s *stack) dsn() string { return s.postgres.DSN(database) + "&search_path=backend" }

// openLog starts a log of its own for each run and keeps the one before.
func openLog(name string) (*os.File, error) {
	_ = os.Rename(name, name+".old") // there is none at the first start
	return os.OpenFile(filepath.Clean(name), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
}
