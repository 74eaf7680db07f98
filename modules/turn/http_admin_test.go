package turn

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/engine"
	"galaxy/backend/platform/httpx"
	"galaxy/backend/platform/testkit"
)

func TestOperatorsRunTurnsOverHTTP(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.startGame(hourly(), 2)
	api := f.serve(t)
	base := "/api/v1/admin/games/" + g.ID.String()
	op := api.Admin("operator", "x")
	api.Admin("viewer", "x").Post(base+"/turns/advance", map[string]any{}).Refused(http.StatusForbidden, "forbidden")
	op.Get(base+"/turns/1").Refused(http.StatusNotFound, "not_found")
	made := op.Post(base+"/turns/advance", map[string]any{"keep_deadline": true}).Want(http.StatusAccepted)
	require.Equal(t, base+"/turns/1", made.Header.Get("Location"))
	f.run()
	runs := testkit.Into[turnRunsView](op.Get(base + "/turns/1").Want(http.StatusOK))
	require.Equal(t, "done", runs.Runs[0].Status)
	require.Equal(t, "operator", runs.Runs[0].RequestedBy)
	op.Post(base+"/turns/retry", nil).Refused(http.StatusConflict, "no_failed_run")
	f.engine.game(g.ID).failBefore = engine.ErrBusy
	op.Post(base+"/turns/advance", map[string]any{}).Want(http.StatusAccepted)
	f.run()
	op.Post(base+"/turns/retry", nil).Want(http.StatusAccepted)
	op.Post(base+"/races/Nobody/banish", nil).Refused(http.StatusNotFound, "race_not_found")
	run := testkit.Into[runView](op.Post(base+"/races/Race1/banish", nil).Want(http.StatusAccepted))
	require.Equal(t, "banish", run.Kind)
	later := map[string]any{"next_turn_at": noon.Add(5 * time.Hour)}
	deadline := testkit.Into[deadlineView](op.Post(base+"/extend", later).Want(http.StatusOK))
	require.Equal(t, noon.Add(5*time.Hour), *deadline.NextTurnAt)
	missing := "/api/v1/admin/games/" + uuid.NewString() + "/turns/advance"
	op.Post(missing, map[string]any{}).Refused(http.StatusNotFound, "not_found")
}

func TestRunsArePagedForOperators(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.startGame(hourly(), 1)
	for range 3 {
		f.makeTurn(g)
	}
	viewer := f.serve(t).Admin("viewer", "x")
	path := "/api/v1/admin/games/" + g.ID.String() + "/turns?limit=2"
	first := testkit.Into[httpx.List[runView]](viewer.Get(path).Want(http.StatusOK))
	require.Len(t, first.Items, 2)
	require.Equal(t, 3, *first.Items[0].Turn, "the newest first")
	rest := testkit.Into[httpx.List[runView]](viewer.Get(path + "&cursor=" + *first.NextCursor).Want(http.StatusOK))
	require.Len(t, rest.Items, 1)
	require.Equal(t, 1, *rest.Items[0].Turn)
	require.Nil(t, rest.NextCursor)
	viewer.Get(path+"&cursor=abc").Refused(http.StatusBadRequest, "invalid_request")
	viewer.Get("/api/v1/admin/games/"+uuid.NewString()+"/turns").Refused(http.StatusNotFound, "not_found")
}
