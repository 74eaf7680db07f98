package main

import (
	"net/http"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"galaxy/backend/platform/testkit"
)

// endLocks ends the sessions that hold an advisory lock, as a failing network
// or an impatient operator would.
func endLocks(t *testing.T, conn *pgx.Conn) {
	t.Helper()
	_, err := conn.Exec(t.Context(), `SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted AND pid <> pg_backend_pid()
AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`)
	require.NoError(t, err)
}

func TestAProcessThatWasStoppedAndSupersededWritesNothingAndEnds(t *testing.T) {
	t.Parallel()
	p := testkit.Postgres(t)
	conn := testkit.Conn(t, p.DSN)
	w := newWorld(t, p.DSN)
	zombie := w.start().ready()
	next := w.start().says("waiting as its standby")
	zombie.signal(syscall.SIGSTOP)
	endLocks(t, conn)
	next.ready()
	before := challenges(t, conn)

	// The request waits in the socket of the stopped process: it is the first
	// thing that the process does when it goes on.
	status := make(chan int, 1)
	var sent sync.WaitGroup
	sent.Go(func() {
		client := &http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}
		status <- askForACode(client, zombie.rest, "late@example.com")
	})
	zombie.signal(syscall.SIGCONT)
	require.Contains(t, []int{0, http.StatusServiceUnavailable}, <-status)
	sent.Wait()
	require.Equal(t, before, challenges(t, conn))
	require.NoError(t, next.cmd.Process.Signal(syscall.SIGTERM)) // it lets go of the lock, and the zombie sees the term
	require.Zero(t, next.exits())
	require.Equal(t, 3, zombie.exits())
	require.Contains(t, zombie.log.String(), "another backend took over")
}

func TestABackendThatLosesItsLockSessionGoesOnInItsOwnTerm(t *testing.T) {
	t.Parallel()
	p := testkit.Postgres(t)
	b := newWorld(t, p.DSN).start().ready()
	endLocks(t, testkit.Conn(t, p.DSN))
	b.says("lock session was lost, side effects are stopped")
	b.says("lock was acquired again, no other backend was active meanwhile")
	b.answers("/readyz", http.StatusOK)
	b.asksForACode("ada@example.com").Want(http.StatusOK)
}

func TestTwoBackendsThatStartTogetherOnAnEmptyDatabaseBothServe(t *testing.T) {
	t.Parallel()
	p := testkit.Postgres(t)
	conn := testkit.Conn(t, p.DSN)
	_, err := conn.Exec(t.Context(), `DROP SCHEMA backend CASCADE`)
	require.NoError(t, err)
	w := newWorld(t, p.DSN)
	both := []*backend{w.start(), w.start()}
	active := 0
	require.Eventually(t, func() bool {
		for i, b := range both {
			if b.probe("/readyz") == http.StatusOK {
				active = i
				return true
			}
		}
		return false
	}, patience, 5*time.Millisecond)
	other := both[1-active].says("waiting as its standby")
	require.Zero(t, both[active].terminate())
	other.ready()
	require.Zero(t, other.terminate())
}

func TestMigrationsThatStartTogetherBothSucceed(t *testing.T) {
	t.Parallel()
	p := testkit.Postgres(t)
	_, err := testkit.Conn(t, p.DSN).Exec(t.Context(), `DROP SCHEMA backend CASCADE`)
	require.NoError(t, err)
	w := newWorld(t, p.DSN)
	one, other := w.run("migrate"), w.run("migrate")
	require.Zero(t, one.exits())
	require.Zero(t, other.exits())
}

func TestAnOlderBackendRefusesANewerSchemaAndWritesNothing(t *testing.T) {
	t.Parallel()
	p := testkit.Postgres(t)
	conn := testkit.Conn(t, p.DSN)
	_, err := conn.Exec(t.Context(), `INSERT INTO schema_migrations (id, applied_at) VALUES ('9999_future.sql', now())`)
	require.NoError(t, err)
	b := newWorld(t, p.DSN).start()
	require.Equal(t, 1, b.exits())
	require.Contains(t, b.log.String(), "the database was migrated by a newer version of this program: it knows 9999_future.sql")
	require.NotContains(t, b.log.String(), "listener opened")
	var terms int
	require.NoError(t, conn.QueryRow(t.Context(), `SELECT count(*) FROM backend_term`).Scan(&terms))
	require.Zero(t, terms)
}

func challenges(t *testing.T, conn *pgx.Conn) (n int) {
	t.Helper()
	require.NoError(t, conn.QueryRow(t.Context(), `SELECT count(*) FROM auth_challenges`).Scan(&n))
	return n
}
