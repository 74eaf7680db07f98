package main

import (
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"galaxy/backend/platform/testkit"
)

// rss is what the process holds in memory, in bytes.
func (b *backend) rss() int {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", b.cmd.Process.Pid))
	require.NoError(b, err)
	_, rest, ok := strings.Cut(string(text), "VmRSS:")
	require.True(b, ok)
	kilobytes, err := strconv.Atoi(strings.Fields(rest)[0])
	require.NoError(b, err)
	return kilobytes << 10
}

func TestAHundredThousandRowsAreServedByThePage(t *testing.T) {
	t.Parallel()
	p := testkit.Postgres(t)
	conn := testkit.Conn(t, p.DSN)
	hire(t, conn)
	_, err := conn.Exec(t.Context(), `INSERT INTO admin_audit (audit_id, at, actor, role, action, target, outcome, request_id, source)
SELECT gen_random_uuid(), now(), 'root', 'admin', 'seeded', repeat('x', 200), 'succeeded', i::text, '' FROM generate_series(1, 100000) i`)
	require.NoError(t, err)
	b := newWorld(t, p.DSN).start().ready()
	type page struct {
		Items []struct{} `json:"items"`
		Next  *string    `json:"next_cursor"`
	}
	root := b.operator()
	root.Get("/api/v1/admin/me").Want(http.StatusOK)
	before := b.rss()
	cursor := ""
	for range 20 {
		got := testkit.Into[page](root.Get("/api/v1/admin/audit?limit=200" + cursor).Want(http.StatusOK))
		require.Len(t, got.Items, 200)
		cursor = "&cursor=" + *got.Next
	}
	require.Less(t, b.rss()-before, 50<<20)
	root.Lenient().Get("/api/v1/admin/audit?limit=100000").Refused(http.StatusBadRequest, "invalid_request")
}
