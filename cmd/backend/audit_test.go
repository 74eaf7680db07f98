package main

import (
	"net/http"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/platform/httpx"
	"galaxy/backend/platform/testkit"
)

// TestEveryMutationOfAnOperatorLeavesExactlyOneAuditRow goes through the route
// tables: each mutation is called as an administrator, with the example of the
// document, and as a viewer. Whatever the answer is, the log has one row.
func TestEveryMutationOfAnOperatorLeavesExactlyOneAuditRow(t *testing.T) {
	all, doc := tables(t)
	spec, err := openapi3.NewLoader().LoadFromData(doc.Text)
	require.NoError(t, err)
	p := testkit.Postgres(t)
	conn := testkit.Conn(t, p.DSN)
	hire(t, conn)
	b := newWorld(t, p.DSN).start().ready()
	ada := b.signsIn("ada@example.com")
	root := b.operator()
	looker := b.viewer().Lenient()
	b.registersAnEngine()
	known := known(t, root, ada)
	succeeded := 0
	for _, table := range all {
		for _, r := range table.Routes {
			if table.Surface != httpx.SurfaceAdmin || r.Method == http.MethodGet {
				continue
			}
			path := "/api/v1/admin" + r.Path
			op := spec.Paths.Value(path).GetOperation(r.Method)
			for name, value := range known {
				path = strings.ReplaceAll(path, "{"+name+"}", value)
			}
			callers := []*testkit.API{looker, root.Lenient()}
			if r.Op == "createAdminAccount" || r.Op == "resetAdminPassword" {
				callers = callers[:1] // they hash for seconds here, and modules/admin proves their rows
			}
			for _, who := range callers {
				id := uuid.NewString()
				reply := who.With("X-Request-ID", id).Call(r.Method, path, example(op))
				outcome := "succeeded"
				switch {
				case reply.Status >= 500:
					outcome = "failed"
				case reply.Status >= 400:
					outcome = "refused"
				default:
					succeeded++
				}
				if who == looker {
					require.Equal(t, http.StatusForbidden, reply.Status, r.Op)
				}
				var rows int
				require.NoError(t, conn.QueryRow(t.Context(), `SELECT count(*) FROM admin_audit WHERE request_id = $1 AND outcome = $2`, id, outcome).Scan(&rows))
				require.Equal(t, 1, rows, "%s answered %d: %s", r.Op, reply.Status, reply.Body)
			}
		}
	}
	t.Logf("%d mutations succeeded", succeeded)
	require.NotContains(t, b.log.String(), httpx.Unaudited)
}

// known are values for the parameters of paths: things that exist.
func known(t *testing.T, root, ada *testkit.API) map[string]string {
	t.Helper()
	type account struct {
		UserID string `json:"user_id"`
	}
	type game struct {
		ID string `json:"game_id"`
	}
	g := testkit.Into[game](root.Post("/api/v1/admin/games", map[string]any{
		"name": "Audited", "min_players": 2, "max_players": 4, "turns": map[string]any{"mode": "manual"},
	}).Want(http.StatusCreated))
	return map[string]string{
		"user_id": testkit.Into[account](ada.Get("/api/v1/user/account").Want(http.StatusOK)).UserID, "game_id": g.ID,
		"username": "spare", "version": "0.1.0", "name": "max_owned_games", "race_name": "Zerg", "turn": "1",
		"sanction_id": uuid.NewString(), "application_id": uuid.NewString(), "session_id": uuid.NewString(), "delivery_id": uuid.NewString(),
	}
}

// example is the document's own body for an operation, nil when it takes none.
func example(op *openapi3.Operation) any {
	if op.RequestBody == nil {
		return nil
	}
	media := op.RequestBody.Value.Content.Get("application/json")
	if media.Example != nil {
		return media.Example
	}
	for _, e := range media.Examples {
		return e.Value.Value
	}
	return map[string]any{}
}
