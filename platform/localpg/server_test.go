package localpg_test

import (
	"bufio"
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"galaxy/backend/platform/localpg"
)

// helperEnv makes the test binary start a server and wait to be killed.
const helperEnv = "GALAXY_TEST_LOCALPG_HELPER"

func TestMain(m *testing.M) {
	if dir := os.Getenv(helperEnv); dir != "" {
		srv, err := localpg.Start(context.Background(), localpg.Config{Dir: dir, Profile: localpg.Fast, Ephemeral: true})
		if err != nil {
			panic(err)
		}
		_, _ = os.Stdout.WriteString(srv.DSN("postgres") + "\n")
		select {} // until the test kills this process
	}
	os.Exit(m.Run())
}

// clusterDir is a directory that the server's account can enter, which the
// one of t.TempDir is not under root.
func clusterDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "localpg-test-")
	require.NoError(t, err)
	require.NoError(t, os.Chmod(dir, 0o755))
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	return filepath.Join(dir, "pg")
}

func start(t *testing.T, cfg localpg.Config) *localpg.Server {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	srv, err := localpg.Start(ctx, cfg)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, srv.Stop(context.Background())) })
	return srv
}

func ask[T any](t *testing.T, dsn, query string) T {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	defer conn.Close(context.Background())
	var v T
	require.NoError(t, conn.QueryRow(t.Context(), query).Scan(&v))
	return v
}

func run(t *testing.T, dsn, statement string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	defer conn.Close(context.Background())
	_, err = conn.Exec(t.Context(), statement)
	require.NoError(t, err)
}

func TestDurableClusterSurvivesARestart(t *testing.T) {
	t.Parallel()
	cfg := localpg.Config{Dir: clusterDir(t)}
	srv := start(t, cfg)
	require.NoError(t, srv.EnsureDatabase(t.Context(), "galaxy"))
	require.NoError(t, srv.EnsureDatabase(t.Context(), "galaxy"), "making a database is repeatable")
	run(t, srv.DSN("galaxy"), "CREATE TABLE kept AS SELECT 42 AS n")
	require.Equal(t, "on", ask[string](t, srv.DSN("galaxy"), "SHOW fsync"))
	require.NoError(t, srv.Stop(t.Context()))

	again := start(t, cfg)
	require.Equal(t, 42, ask[int](t, again.DSN("galaxy"), "SELECT n FROM kept"))
}

func TestEphemeralServerLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	dir := clusterDir(t)
	srv := start(t, localpg.Config{Dir: dir, Profile: localpg.Fast, Ephemeral: true})
	require.Equal(t, "off", ask[string](t, srv.DSN("postgres"), "SHOW fsync"))
	require.NoError(t, srv.Stop(t.Context()))
	require.NoError(t, srv.Stop(t.Context()), "stopping twice is fine")
	// Its own directory stays when only its parent's owner may remove it.
	left, err := filepath.Glob(filepath.Join(dir, "*"))
	require.NoError(t, err)
	require.Empty(t, left)
}

func TestServerDiesWithTheProcessThatStartedIt(t *testing.T) {
	t.Parallel()
	dir := clusterDir(t)
	helper := exec.CommandContext(t.Context(), os.Args[0])
	helper.Env = append(os.Environ(), helperEnv+"="+dir)
	helper.Stderr = os.Stderr
	out, err := helper.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, helper.Start())
	dsn, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)

	conn, err := pgx.Connect(t.Context(), strings.TrimSpace(dsn))
	require.NoError(t, err)
	defer conn.Close(context.Background())
	require.NoError(t, helper.Process.Signal(syscall.SIGKILL))
	_ = helper.Wait() // killed

	_, err = conn.Exec(t.Context(), "SELECT pg_sleep(30)")
	require.Error(t, err, "the server outlived its parent")
	require.Eventually(t, func() bool {
		left, _ := filepath.Glob(filepath.Join(dir, "*"))
		return len(left) == 0
	}, 10*time.Second, 10*time.Millisecond, "the data directory was left behind")
}

func TestPortInUseIsSaidInOneLine(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	_, err = localpg.Start(t.Context(), localpg.Config{Dir: clusterDir(t), Port: l.Addr().(*net.TCPAddr).Port, Profile: localpg.Fast})
	require.ErrorIs(t, err, localpg.ErrPortTaken)
	require.NotContains(t, err.Error(), "\n")
}

func TestSecondServerOnOneDirectoryIsRefused(t *testing.T) {
	t.Parallel()
	cfg := localpg.Config{Dir: clusterDir(t), Profile: localpg.Fast}
	first := start(t, cfg)
	_, err := localpg.Start(t.Context(), cfg)
	require.ErrorContains(t, err, "postmaster.pid")
	require.Equal(t, 1, ask[int](t, first.DSN("postgres"), "SELECT 1"), "the first one goes on")
}

func TestPasswordIsAsked(t *testing.T) {
	t.Parallel()
	for _, profile := range []localpg.Profile{localpg.Fast, localpg.Durable} {
		srv := start(t, localpg.Config{Dir: clusterDir(t), Profile: profile})
		cfg, err := pgx.ParseConfig(srv.DSN("postgres"))
		require.NoError(t, err)
		cfg.Password = "guess"
		_, err = pgx.ConnectConfig(t.Context(), cfg)
		require.ErrorContains(t, err, "password authentication failed")
		require.NotEqual(t, "trust", ask[string](t, srv.DSN("postgres"), "SELECT min(auth_method) FROM pg_hba_file_rules"))
	}
}

func TestStoppedServerEndsWithinItsContext(t *testing.T) {
	t.Parallel()
	srv := start(t, localpg.Config{Dir: clusterDir(t), Profile: localpg.Fast})
	require.NoError(t, srv.Signal(syscall.SIGSTOP))
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	require.NoError(t, srv.Stop(ctx))
	<-srv.Done()
}

func TestDamagedClusterSaysWhatPostgresSaid(t *testing.T) {
	t.Parallel()
	cfg := localpg.Config{Dir: clusterDir(t), Profile: localpg.Fast}
	srv := start(t, cfg)
	require.NoError(t, srv.Stop(t.Context()))
	require.NoError(t, os.Remove(filepath.Join(cfg.Dir, "data", "global", "pg_control")))
	_, err := localpg.Start(t.Context(), cfg)
	require.ErrorContains(t, err, "postgres ended at once")
	require.ErrorContains(t, err, "pg_control")
}

func TestKilledServerStartsAgain(t *testing.T) {
	t.Parallel()
	cfg := localpg.Config{Dir: clusterDir(t), Profile: localpg.Fast}
	srv := start(t, cfg)
	conn, err := pgx.Connect(t.Context(), srv.DSN("postgres")) // its process outlives the main one for a moment
	require.NoError(t, err)
	defer conn.Close(context.Background())
	require.NoError(t, srv.Signal(syscall.SIGKILL))
	<-srv.Done()
	again := start(t, cfg)
	require.Equal(t, 1, ask[int](t, again.DSN("postgres"), "SELECT 1"))
}

func TestFilesOfAClusterAreItsOwnersAlone(t *testing.T) {
	t.Parallel()
	dir := clusterDir(t)
	srv := start(t, localpg.Config{Dir: dir, Profile: localpg.Fast})
	for name, want := range map[string]os.FileMode{"": 0o700, "data": 0o700, "password": 0o600, "postgres.log": 0o600} {
		info, err := os.Stat(filepath.Join(dir, name))
		require.NoError(t, err)
		require.Equal(t, want, info.Mode().Perm(), name)
	}
	require.Equal(t, filepath.Join(dir, "postgres.log"), srv.LogPath())
	require.Positive(t, srv.Port())
	require.Contains(t, ask[string](t, srv.DSN("postgres"), "SELECT version()"), "PostgreSQL "+srv.Version())
}

func TestCallersVariablesDoNotReachTheServer(t *testing.T) {
	t.Setenv("PGDATABASE", "elsewhere")
	t.Setenv("PGOPTIONS", "-c statement_timeout=1")
	t.Setenv("TZ", "Asia/Tokyo")
	srv := start(t, localpg.Config{Dir: clusterDir(t), Profile: localpg.Fast})
	require.Equal(t, "UTC", ask[string](t, srv.DSN("postgres"), "SHOW log_timezone"))
}

func TestLogOfTheStartBeforeIsKept(t *testing.T) {
	t.Parallel()
	cfg := localpg.Config{Dir: clusterDir(t), Profile: localpg.Fast}
	require.NoError(t, start(t, cfg).Stop(t.Context()))
	start(t, cfg)
	old, err := os.ReadFile(filepath.Join(cfg.Dir, "postgres.log.old"))
	require.NoError(t, err)
	require.Contains(t, string(old), "database system is shut down")
}

func TestHalfMadeClusterIsMadeAfresh(t *testing.T) {
	t.Parallel()
	dir := clusterDir(t)
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "data.new", "base"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "data.new", "PG_VERSION"), []byte("15\n"), 0o644))
	srv := start(t, localpg.Config{Dir: dir, Profile: localpg.Fast})
	require.Equal(t, 1, ask[int](t, srv.DSN("postgres"), "SELECT 1"))
	require.NoDirExists(t, filepath.Join(dir, "data.new"))
}

func TestClusterWithoutItsPasswordIsNotStarted(t *testing.T) {
	t.Parallel()
	cfg := localpg.Config{Dir: clusterDir(t), Profile: localpg.Fast}
	require.NoError(t, start(t, cfg).Stop(t.Context()))
	require.NoError(t, os.Remove(filepath.Join(cfg.Dir, "password")))
	_, err := localpg.Start(t.Context(), cfg)
	require.ErrorContains(t, err, "read the cluster's password")
}

func TestStartEndsWithItsContext(t *testing.T) {
	t.Parallel()
	cfg := localpg.Config{Dir: clusterDir(t), Profile: localpg.Fast}
	require.NoError(t, start(t, cfg).Stop(t.Context()))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := localpg.Start(ctx, cfg)
	require.ErrorIs(t, err, context.Canceled)
	start(t, cfg) // nothing was left running on the directory
}

func TestNameOfADatabaseIsQuoted(t *testing.T) {
	t.Parallel()
	srv := start(t, localpg.Config{Dir: clusterDir(t), Profile: localpg.Fast})
	const odd = `odd "name"; DROP TABLE x`
	require.NoError(t, srv.EnsureDatabase(t.Context(), odd))
	require.Equal(t, odd, ask[string](t, srv.DSN(odd), "SELECT current_database()"))
}
