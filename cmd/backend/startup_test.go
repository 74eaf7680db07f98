package main

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"galaxy/backend/platform/testkit"
)

// TestAnEmptyDatabaseIsReadyWithinThreeSeconds takes the time from exec to
// /readyz 200, all migrations included.
func TestAnEmptyDatabaseIsReadyWithinThreeSeconds(t *testing.T) {
	p := testkit.Postgres(t)
	_, err := testkit.Conn(t, p.DSN).Exec(t.Context(), `DROP SCHEMA backend CASCADE`)
	require.NoError(t, err)
	w := newWorld(t, p.DSN)
	begin := time.Now()
	b := w.start()
	b.answers("/readyz", http.StatusOK)
	took := time.Since(begin)
	t.Logf("ready after %s", took.Round(time.Millisecond))
	require.Less(t, took, 3*time.Second*slowdown)
}
