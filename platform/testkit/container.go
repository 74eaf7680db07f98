package testkit

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"strconv"
	"syscall"

	"github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/modules/postgres"

	"galaxy/backend/platform/subprocess"
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
	if err := removeWithProcess(c.GetContainerID()); err != nil {
		return "", fmt.Errorf("%w: %w", err, testcontainers.TerminateContainer(c))
	}
	return c.ConnectionString(ctx, "sslmode=disable")
}

// removeWithProcess has the container removed when this process ends, where
// testcontainers' own reaper is switched off.
func removeWithProcess(id string) error {
	if off, _ := strconv.ParseBool(os.Getenv("TESTCONTAINERS_RYUK_DISABLED")); !off {
		return nil
	}
	const watch = `trap 'kill $!; exec docker rm -f -v "$0" >/dev/null 2>&1' TERM; while :; do sleep 600 & wait $!; done`
	if _, err := subprocess.Start(subprocess.Options{Signal: syscall.SIGTERM}, "/bin/sh", "-c", watch, id); err != nil {
		return fmt.Errorf("watch over the container: %w", err)
	}
	return nil
}
