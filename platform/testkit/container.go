package testkit

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"syscall"

	"github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/modules/postgres"
)

const (
	imageVariable = "GALAXY_TEST_POSTGRES_IMAGE"
	defaultImage  = "postgres:17-alpine"
)

// startContainer starts a server in a container. It keeps its data in memory.
func startContainer(ctx context.Context) (adminDSN string, err error) {
	image := cmp.Or(os.Getenv(imageVariable), defaultImage)
	c, err := postgres.Run(ctx, image,
		postgres.WithDatabase("postgres"), postgres.WithUsername("galaxy"), postgres.WithPassword("galaxy"),
		testcontainers.WithTmpfs(map[string]string{"/var/lib/postgresql/data": "uid=999,gid=999,mode=0700"}),
		testcontainers.WithCmd("postgres", "-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "max_connections=400"),
		postgres.BasicWaitStrategies())
	if err != nil {
		return "", fmt.Errorf("start a container from %s (%s chooses another image): %w", image, imageVariable, err)
	}
	if err := leashContainer(c.GetContainerID()); err != nil {
		return "", fmt.Errorf("%w: %w", err, testcontainers.TerminateContainer(c))
	}
	return c.ConnectionString(ctx, "sslmode=disable")
}

// leash holds the pipe whose closing removes the container. The end of the
// process closes it.
var leash io.Closer

// leashContainer has the container removed when this process ends, where
// testcontainers' own reaper is switched off.
func leashContainer(id string) error {
	if off, _ := strconv.ParseBool(os.Getenv("TESTCONTAINERS_RYUK_DISABLED")); !off {
		return nil
	}
	cmd := exec.Command("/bin/sh", "-c", `read -r _; exec docker rm -f -v "$1" >/dev/null 2>&1`, "leash", id)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return fmt.Errorf("watch over the container: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("watch over the container: %w", err)
	}
	leash = stdin
	return nil
}
