package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// engines is how games are run.
type engines struct {
	driver  string // docker or process
	why     string // reason for process, where docker was looked for
	image   string // what is registered for the version
	network string
	host    string  // of the Docker daemon
	cpus    float64 // that a container may have: Docker refuses more than there are
}

// quota is the backend's own default for a container's CPUs.
const quota = 2.0

// prepareEngines makes the image and the network where Docker answers, and
// otherwise has the backend run engines as processes.
func (s *stack) prepareEngines(ctx context.Context) error {
	s.engines = engines{driver: driverProcess, image: "galaxy-engine:" + s.cfg.EngineVersion, network: "galaxy-devstack", cpus: quota}
	if s.cfg.Ephemeral {
		s.engines.network = filepath.Base(s.home.dir)
	}
	if s.cfg.Driver == driverProcess {
		s.engines.why = "as -driver asks"
		return nil
	}
	cpus, err := askDocker(ctx)
	if err != nil && s.cfg.Driver == driverDocker {
		return err
	}
	if err != nil {
		s.engines.why = err.Error()
		fmt.Fprintf(s.progress, "  %-10s %v: games run as processes\n", "engine", err)
		return nil
	}
	s.engines.driver, s.engines.cpus = driverDocker, min(quota, cpus)
	if s.engines.host, err = dockerHost(ctx); err != nil {
		return err
	}
	if err := s.buildImage(ctx); err != nil {
		return err
	}
	if err := ensureNetwork(ctx, s.engines.network); err != nil {
		return err
	}
	s.onStop("engines", time.Minute, s.stopEngines)
	return nil
}

// askDocker reports how many CPUs the daemon has, or why it does not answer.
func askDocker(ctx context.Context) (cpus float64, err error) {
	if _, err := exec.LookPath("docker"); err != nil {
		return 0, errors.New("Docker is not installed")
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	out, err := docker(ctx, "info", "--format", "{{.NCPU}}")
	if err != nil {
		return 0, fmt.Errorf("Docker does not answer (%w)", err)
	}
	n, err := strconv.Atoi(out)
	if err != nil || n < 1 { // a client without a daemon still prints its own part
		return 0, errors.New("Docker does not answer")
	}
	return float64(n), nil
}

// dockerHost is where the docker program finds its daemon; the backend is told
// the same.
func dockerHost(ctx context.Context) (string, error) {
	if host := os.Getenv("DOCKER_HOST"); host != "" {
		return host, nil
	}
	return docker(ctx, "context", "inspect", "--format", "{{.Endpoints.docker.Host}}")
}

// buildImage puts the engine into an image FROM scratch, with the script that
// the tests use too.
func (s *stack) buildImage(ctx context.Context) error {
	cmd := exec.CommandContext(ctx, filepath.Join(s.binaries.root, "scripts", "engine-image.sh"), s.engines.image)
	cmd.Dir = s.binaries.root
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build the image %s: %w\n%s", s.engines.image, err, strings.TrimSpace(string(out)))
	}
	return nil
}

// ensureNetwork makes the bridge. Engines neither reach each other nor the
// outside; the host reaches them by address. Where Docker runs in a virtual
// machine only published ports lead in, which an internal network has none of.
func ensureNetwork(ctx context.Context, name string) error {
	if _, err := docker(ctx, "network", "inspect", name); err == nil {
		return nil
	}
	args := []string{"network", "create", "--driver", "bridge", "--label", "galaxy.devstack=1"}
	if runtime.GOOS == "linux" {
		args = append(args, "--internal", "--opt", "com.docker.network.bridge.enable_icc=false")
	}
	if _, err := docker(ctx, append(args, name)...); err != nil {
		return fmt.Errorf("make the network %s: %w", name, err)
	}
	return nil
}

// stopEngines ends the games' containers. Those of a stack that stays are
// started again by the backend; those of an ephemeral one go with their network.
func (s *stack) stopEngines(ctx context.Context) error {
	out, err := docker(ctx, "ps", "-aq", "--filter", "label=galaxy.backend=1", "--filter", "network="+s.engines.network)
	if err != nil {
		return err
	}
	verb := []string{"stop", "--time", "10"}
	if s.cfg.Ephemeral {
		verb = []string{"rm", "--force", "--volumes"}
	}
	if ids := strings.Fields(out); len(ids) > 0 {
		if _, err := docker(ctx, append(verb, ids...)...); err != nil {
			return err
		}
	}
	if s.cfg.Ephemeral {
		_, err = docker(ctx, "network", "rm", s.engines.network)
	}
	return err
}

// docker runs the program and returns what it printed.
func docker(ctx context.Context, args ...string) (string, error) {
	var said strings.Builder
	cmd := exec.CommandContext(ctx, "docker", args...)
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err == nil {
		return strings.TrimSpace(string(out)), nil
	}
	if lines := strings.Split(strings.TrimSpace(said.String()), "\n"); lines[len(lines)-1] != "" {
		return "", fmt.Errorf("docker %s: %s", args[0], lines[len(lines)-1])
	}
	return "", fmt.Errorf("docker %s: %w", args[0], err)
}
