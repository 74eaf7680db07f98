package runtime

import (
	"net/http"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.uber.org/fx"

	"galaxy/backend/platform/httpx"
	"galaxy/backend/platform/testkit"

	"galaxy/backend/modules/runtime/driver"
)

// desk is the admin surface over a bench.
type desk struct {
	*bench
	api *testkit.API
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	b := newBench(t)
	return &desk{b, testkit.Surface(t, fx.Supply(b.s, b.c), fx.Provide(func() httpx.AdminGate { return testkit.OpenGate{} }),
		httpx.Provide(newRuntimeRoutes))}
}

func (d *desk) as(role string) *testkit.API { return d.api.Admin(role, "secret") }

const runtimes = "/api/v1/admin/runtimes"

func TestOperatorsFollowTheirRequests(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	game := d.running()
	one := runtimes + "/" + game.String()
	for _, row := range []struct {
		act  func(*testkit.API) testkit.Reply
		kind OperationKind
		want Observed
	}{
		{func(a *testkit.API) testkit.Reply { return a.Post(one+"/restart", nil) }, OpRestart, Running},
		{func(a *testkit.API) testkit.Reply { return a.Post(one+"/stop", nil) }, OpStop, Stopped},
		{func(a *testkit.API) testkit.Reply { return a.Post(one+"/start", nil) }, OpStart, Running},
		{func(a *testkit.API) testkit.Reply { return a.Delete(one) }, OpRemove, Removed},
	} {
		reply := row.act(d.as("operator")).Want(http.StatusAccepted)
		op := testkit.Into[operationView](reply)
		require.Equal(t, row.kind, op.Kind)
		require.Equal(t, "operator", op.Actor)
		require.NotEmpty(t, op.RequestID)
		require.Equal(t, "/api/v1/admin/operations/"+op.OperationID.String(), reply.Header.Get("Location"))
		d.pass()
		done := testkit.Into[operationView](d.as("viewer").Get(reply.Header.Get("Location")).Want(http.StatusOK))
		require.Equal(t, OpSucceeded, done.Status)
		require.Equal(t, row.want, testkit.Into[runtimeView](d.as("viewer").Get(one).Want(http.StatusOK)).Observed)
		require.Equal(t, Operator, d.heard.changes[len(d.heard.changes)-1].Source)
	}
	history := testkit.Into[httpx.List[operationView]](d.as("viewer").Get(one + "/operations?limit=3").Want(http.StatusOK))
	require.Equal(t, OpRemove, history.Items[0].Kind)
	rest := testkit.Into[httpx.List[operationView]](d.as("viewer").Get(one + "/operations?limit=3&cursor=" + *history.NextCursor).Want(http.StatusOK))
	require.Len(t, rest.Items, 2)
	require.Nil(t, rest.NextCursor)
	require.Len(t, d.heard.entries, 5, "the version and four requests")
	require.Equal(t, "game:"+game.String(), d.heard.entries[4].Target)
}

func TestListsOfEnginesAreFilteredAndPaged(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	for range 3 {
		d.start()
	}
	d.pass()
	waiting := d.start()
	get := func(query string) httpx.List[runtimeView] {
		return testkit.Into[httpx.List[runtimeView]](d.as("viewer").Get(runtimes + query).Want(http.StatusOK))
	}
	require.Len(t, get("").Items, 4)
	require.Equal(t, waiting, get("?status=starting").Items[0].GameID)
	require.Empty(t, get("?version=9.9.9").Items)
	first := get("?status=running&limit=2")
	require.Len(t, first.Items, 2)
	require.Len(t, get("?status=running&limit=2&cursor="+*first.NextCursor).Items, 1)
	d.as("viewer").Lenient().Get(runtimes+"?cursor="+httpx.EncodeCursor("operations", uuid.NewString())).Refused(http.StatusBadRequest, "invalid_request")
	d.as("viewer").Lenient().Get(runtimes+"?status=dancing").Refused(http.StatusBadRequest, "invalid_request")
}

func TestOperatorsLookIntoAnEngine(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	game := d.running()
	one := runtimes + "/" + game.String()
	require.Equal(t, []string{"engine started"}, testkit.Into[logsView](d.as("operator").Get(one+"/logs?lines=5").Want(http.StatusOK)).Lines)
	require.EqualValues(t, 7, testkit.Into[statsView](d.as("viewer").Get(one+"/stats").Want(http.StatusOK)).Pids)
	p := testkit.Into[probeView](d.as("operator").Post(one+"/probe", nil).Want(http.StatusOK))
	require.True(t, p.Healthy)
	require.Equal(t, 0, *p.Engine.Turn)
	require.Equal(t, 1, d.pass(), "a probe asks for a look")
	d.as("operator").Post(one+"/reconcile", nil).Want(http.StatusAccepted)
	require.Equal(t, 1, d.pass())

	d.driver.failing(driver.ErrUnavailable, "inspect", "logs")
	d.as("operator").Post(one+"/probe", nil).Refused(http.StatusServiceUnavailable, "runtime_unavailable")
	d.as("operator").Get(one+"/logs").Refused(http.StatusServiceUnavailable, "runtime_unavailable")
	d.driver.failing(driver.ErrNotFound, "stats")
	d.as("viewer").Get(one+"/stats").Refused(http.StatusConflict, "runtime_not_running")
}

func TestWhatIsNotThereIsNotFound(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	one := runtimes + "/" + uuid.NewString()
	op := d.as("operator")
	for _, path := range []string{"", "/operations", "/logs", "/stats"} {
		op.Get(one+path).Refused(http.StatusNotFound, "runtime_not_found")
	}
	for _, path := range []string{"/stop", "/restart", "/reconcile", "/probe"} {
		op.Post(one+path, nil).Refused(http.StatusNotFound, "runtime_not_found")
	}
	op.Post(one+"/start", nil).Refused(http.StatusConflict, "runtime_not_startable")
	op.Delete(one).Refused(http.StatusNotFound, "runtime_not_found")
	op.Get("/api/v1/admin/operations/"+uuid.NewString()).Refused(http.StatusNotFound, "not_found")
}

func TestAViewerChangesNothing(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	one := runtimes + "/" + d.running().String()
	v := d.as("viewer")
	for _, path := range []string{"/start", "/stop", "/restart", "/reconcile", "/probe"} {
		v.Post(one+path, nil).Refused(http.StatusForbidden, "forbidden")
	}
	v.Delete(one).Refused(http.StatusForbidden, "forbidden")
}

func TestRequestsFromManyOperatorsLeaveOneOperationUnderWay(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	game := d.running()
	var wg sync.WaitGroup
	for i := range 12 {
		kind := []OperationKind{OpStop, OpRestart, OpStart}[i%3]
		wg.Go(func() {
			if _, err := d.s.Order(d.Context(), game, kind); err != nil {
				d.Errorf("order %s: %v", kind, err)
			}
		})
	}
	wg.Wait()
	d.pass()
	all, err := d.s.Operations(t.Context(), game, uuid.Nil, 100)
	require.NoError(t, err)
	ended := map[OperationStatus]int{}
	for _, o := range all {
		ended[o.Status]++
	}
	require.Equal(t, 2, ended[OpSucceeded], "the first start and the last wish")
	require.Equal(t, len(all)-2, ended[OpSuperseded])
}
