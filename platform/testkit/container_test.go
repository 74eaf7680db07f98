//go:build integration

package testkit

import (
	"context"
	"net/url"
	"os/exec"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// A machine without Postgres binaries tests in a container, and so does this.
func TestContainerServesWhereNothingIsInstalled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), stepTimeout)
	defer cancel()
	dsn, err := startContainer(ctx)
	require.NoError(t, err)
	srv := &pgServer{}
	srv.admin, err = url.Parse(dsn)
	require.NoError(t, err)
	srv.template, err = ensureTemplate(ctx, srv)
	require.NoError(t, err)
	require.NoError(t, srv.exec(ctx, "CREATE DATABASE own TEMPLATE "+srv.template+" STRATEGY file_copy"))
	conn, err := pgx.Connect(ctx, withSearchPath(srv.dsn("own")))
	require.NoError(t, err)
	defer conn.Close(ctx)
	var terms int
	require.NoError(t, conn.QueryRow(ctx, "SELECT count(*) FROM schema_checksums").Scan(&terms))
	require.Positive(t, terms)
	require.NoError(t, exec.CommandContext(ctx, "docker", "version").Run(), "the container's end needs the program docker")
}
