package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/google/uuid"
	"go.uber.org/zap"

	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/docker"
)

// engines is how games are run.
type engines struct {
	driver  string // docker or process
	why     string // reason for process
	image   string // what is registered for the version
	network string
	host    string // of the Docker daemon
	client  *docker.Client
}

// prepareEngines makes the image and the network where Docker answers, and
// otherwise has the backend run engines as processes.
func (s *stack) prepareEngines(ctx context.Context) error {
	name := "galaxy-devstack" // of the network and in front of the image
	if s.cfg.Ephemeral {
		name = strings.ToLower(filepath.Base(s.dir.root))
	}
	s.engines = engines{driver: driverProcess, image: name + "/engine:" + s.cfg.EngineVersion, network: name}
	if s.cfg.Driver == driverProcess {
		s.engines.why = "as -driver asks"
		return nil
	}
	if err := s.engines.connect(ctx); err != nil {
		if s.cfg.Driver == driverDocker {
			return err
		}
		s.engines.why = err.Error()
		return nil
	}
	if err := s.loadImage(ctx); err != nil {
		return err
	}
	if _, err := s.engines.client.EnsureNetwork(ctx, s.engines.network); err != nil {
		return err
	}
	s.engines.driver = driverDocker
	s.onStop("engines", time.Minute, s.stopEngines)
	return nil
}

// connect finds the daemon, as the backend will.
func (e *engines) connect(ctx context.Context) (err error) {
	e.host = cmp.Or(os.Getenv("BACKEND_DOCKER_HOST"), os.Getenv("DOCKER_HOST"), "unix:///var/run/docker.sock")
	e.client, err = docker.New(docker.Config{Host: e.host, Network: e.network}, clock.System{}, zap.NewNop())
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if err := e.client.Ping(ctx); err != nil {
		_ = e.client.Close(ctx) // there is nothing to close
		return fmt.Errorf("no answer from Docker at %s", e.host)
	}
	return nil
}

// loadImage puts the engine into an image FROM scratch.
func (s *stack) loadImage(ctx context.Context) error {
	program, err := s.engineForLinux(ctx)
	if err != nil {
		return err
	}
	return s.engines.client.Load(ctx, docker.Program{
		Ref: s.engines.image, Binary: program, Path: "/engine", Entrypoint: []string{"/engine", "serve"},
		User: "65532:65532", Port: 8080,
		Labels: map[string]string{"galaxy.engine.contract": "1", "galaxy.engine.version": s.cfg.EngineVersion},
	})
}

// engineForLinux is the program that containers can run.
func (s *stack) engineForLinux(ctx context.Context) ([]byte, error) {
	name := s.binaries.engine
	if runtime.GOOS != "linux" {
		name += "-linux"
		if err := compileProgram(ctx, s.binaries.root, "./cmd/engine", name, "GOOS=linux"); err != nil {
			return nil, err
		}
	}
	program, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("read the engine: %w", err)
	}
	return program, nil
}

// backendLabel is on every container that a backend made.
const backendLabel = "galaxy.backend=1"

// stopEngines ends the containers of this stack's games. Those of a stack that
// stays are started again by the backend; an ephemeral one takes them along.
func (s *stack) stopEngines(ctx context.Context) error {
	client := s.engines.client
	containers, err := client.List(ctx, docker.Selector{Label: backendLabel, Match: s.ownGame})
	errs := []error{err}
	for _, c := range containers {
		if c.Status == docker.Running {
			errs = append(errs, client.Stop(ctx, c.Name, 10*time.Second))
		}
		if s.cfg.Ephemeral {
			errs = append(errs, client.Remove(ctx, c.Name))
		}
	}
	if s.cfg.Ephemeral {
		errs = append(errs, client.RemoveNetwork(ctx, s.engines.network), client.RemoveImage(ctx, s.engines.image))
	}
	return errors.Join(append(errs, client.Close(ctx))...)
}

// ownGame says whether a container is of a game that has its state here. The
// database, which knows the instance, may be down by now.
func (s *stack) ownGame(labels map[string]string) bool {
	game, err := uuid.Parse(labels["galaxy.game_id"])
	if err != nil {
		return false
	}
	_, err = os.Stat(s.dir.path("games", game.String()))
	return err == nil
}
