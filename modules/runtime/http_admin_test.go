package runtime

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.uber.org/fx"

	"galaxy/backend/modules/engine"
	"galaxy/backend/modules/runtime/driver"
	"galaxy/backend/platform/httpx"
	"galaxy/backend/platform/testkit"
)

const runtimes = "/api/v1/admin/runtimes"

// serve serves the admin routes of the fixture's service.
func (f *fixture) serve() (operator, viewer *testkit.API) {
	f.Helper()
	api := testkit.Surface(f, fx.Supply(f.s, f.inspector), httpx.Provide(newAdminRoutes),
		fx.Provide(func() httpx.AdminGate { return testkit.OpenGate{} }, func() httpx.Auditor { return f.auditor }))
	return api.Admin("operator", "secret"), api.Admin("viewer", "secret")
}

func TestOperatorsFollowTheirRequests(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	operator, viewer := f.serve()
	game := f.startRunning()
	one := runtimes + "/" + game.String()
	for _, row := range []struct {
		send func() testkit.Reply
		kind OperationKind
		want Observed
	}{
		{func() testkit.Reply { return operator.Post(one+"/restart", nil) }, OpRestart, Running},
		{func() testkit.Reply { return operator.Post(one+"/stop", nil) }, OpStop, Stopped},
		{func() testkit.Reply { return operator.Post(one+"/start", nil) }, OpStart, Running},
		{func() testkit.Reply { return operator.Delete(one) }, OpRemove, Removed},
	} {
		reply := row.send().Want(http.StatusAccepted)
		op := testkit.Into[operationView](reply)
		require.Equal(t, row.kind, op.Kind)
		require.Equal(t, "operator", op.Actor)
		require.NotEmpty(t, op.RequestID)
		require.Equal(t, "/api/v1/admin/operations/"+op.OperationID.String(), reply.Header.Get("Location"))
		entries := f.auditor.Entries()
		last := entries[len(entries)-1]
		require.Equal(t, "runtime."+string(row.kind), last.Action)
		require.Equal(t, "game:"+game.String(), last.Target)
		require.Equal(t, map[string]any{"operation_id": op.OperationID}, last.After)
		f.converge()
		done := testkit.Into[operationView](viewer.Get(reply.Header.Get("Location")).Want(http.StatusOK))
		require.Equal(t, OpSucceeded, done.Status)
		require.Equal(t, row.want, testkit.Into[runtimeView](viewer.Get(one).Want(http.StatusOK)).Observed)
		require.Equal(t, Operator, f.observer.last().Source)
	}
}

func TestRequestsAreListedNewestFirst(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	_, viewer := f.serve()
	game := f.start()
	for _, request := range []requestFunc{f.s.Stop, f.s.Restart, f.s.Stop, f.s.Remove} {
		f.request(request, game)
	}
	list := func(query string) (httpx.List[operationView], []OperationKind) {
		page := testkit.Into[httpx.List[operationView]](viewer.Get(
			runtimes + "/" + game.String() + "/operations" + query).Want(http.StatusOK))
		var kinds []OperationKind
		for _, o := range page.Items {
			kinds = append(kinds, o.Kind)
		}
		return page, kinds
	}
	first, kinds := list("?limit=3")
	require.Equal(t, []OperationKind{OpRemove, OpStop, OpRestart}, kinds)
	rest, kinds := list("?limit=3&cursor=" + *first.NextCursor)
	require.Equal(t, []OperationKind{OpStop, OpStart}, kinds)
	require.Nil(t, rest.NextCursor)
}

func TestListsOfEnginesAreFilteredAndPaged(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	_, viewer := f.serve()
	for range 3 {
		f.start()
	}
	f.converge()
	waiting := f.start()
	get := func(query string) httpx.List[runtimeView] {
		return testkit.Into[httpx.List[runtimeView]](viewer.Get(runtimes + query).Want(http.StatusOK))
	}
	require.Len(t, get("").Items, 4)
	require.Equal(t, waiting, get("").Items[0].GameID, "the newest game comes first")
	require.Equal(t, waiting, get("?status=starting").Items[0].GameID)
	require.Empty(t, get("?version=9.9.9").Items)
	require.Len(t, get("?version=1.2.3&status=running").Items, 3)
	first := get("?status=running&limit=2")
	require.Len(t, first.Items, 2)
	require.Len(t, get("?status=running&limit=2&cursor="+*first.NextCursor).Items, 1)
	lenient := viewer.Lenient()
	for _, query := range []string{
		"?cursor=" + httpx.EncodeCursor("operations", uuid.NewString()), "?cursor=" + httpx.EncodeCursor("runtimes", "7"),
		"?cursor=nonsense", "?status=dancing",
	} {
		lenient.Get(runtimes+query).Refused(http.StatusBadRequest, "invalid_request")
	}
}

func TestAFailedStartIsShownWithItsReason(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	_, viewer := f.serve()
	f.driver.Fail(driver.ErrConfigInvalid, "ensure")
	id := f.startSpec(f.spec())
	game := f.operation(id).GameID
	f.converge()
	view := testkit.Into[runtimeView](viewer.Get(runtimes + "/" + game.String()).Want(http.StatusOK))
	require.Equal(t, StartFailed, view.Observed)
	require.Equal(t, "start_config_invalid", view.ErrorCode)
	require.Contains(t, view.Error, "engine settings refused")
	require.Nil(t, view.OperationID)
	op := testkit.Into[operationView](viewer.Get("/api/v1/admin/operations/" + id.String()).Want(http.StatusOK))
	require.Equal(t, OpFailed, op.Status)
	require.Equal(t, "start_config_invalid", op.ErrorCode)
	require.NotNil(t, op.FinishedAt)
}

func TestOperatorsReadLogsAndStats(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	operator, viewer := f.serve()
	one := runtimes + "/" + f.startRunning().String()
	logs := testkit.Into[logsView](operator.Get(one + "/logs?lines=2").Want(http.StatusOK))
	require.Equal(t, []string{"line 1", "line 2"}, logs.Lines)
	stats := testkit.Into[statsView](viewer.Get(one + "/stats").Want(http.StatusOK))
	require.Equal(t, statsView{CPUSeconds: 3, Memory: 5 << 20, MemoryLimit: 64 << 20, Pids: 7}, stats)
	for _, row := range []struct {
		err    error
		status int
		reason string
	}{
		{driver.ErrUnavailable, http.StatusServiceUnavailable, "runtime_unavailable"},
		{driver.ErrNotFound, http.StatusConflict, "runtime_not_running"},
		{errBroken, http.StatusInternalServerError, "internal_error"},
	} {
		f.driver.Fail(row.err, "logs", "stats")
		operator.Get(one+"/logs").Refused(row.status, row.reason)
		viewer.Get(one+"/stats").Refused(row.status, row.reason)
	}
}

func TestAProbeLooksNowAndAsksForConvergence(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	operator, _ := f.serve()
	game := f.startRunning()
	one := runtimes + "/" + game.String()
	probe := func() probeView { return testkit.Into[probeView](operator.Post(one+"/probe", nil).Want(http.StatusOK)) }
	p := probe()
	require.True(t, p.Healthy)
	require.Equal(t, "running", p.Phase)
	require.Equal(t, 0, *p.Engine.Turn)
	require.Equal(t, 1, f.converge())

	f.engines.set(func(e *fakeEngines) {
		e.health, e.statusError = func() error { return engine.ErrUnreachable }, engine.ErrUnreachable
	})
	require.Equal(t, probeView{Phase: "running", Reason: "engine_unreachable"}, probe())
	require.Equal(t, Running, f.record(game).Observed, "a probe records nothing")
	f.converge()
	require.Equal(t, Unreachable, f.record(game).Observed)

	f.driver.Change(game, func(o *driver.Observed) { o.Foreign = true })
	probes := f.engines.probes[game]
	require.Equal(t, probeView{Phase: "running", Foreign: true}, probe())
	require.Equal(t, probes, f.engines.probes[game], "what is not ours is not called")
	f.driver.Lose(game)
	require.Equal(t, probeView{Phase: "absent"}, probe())
	f.driver.Fail(driver.ErrUnavailable, "inspect")
	operator.Post(one+"/probe", nil).Refused(http.StatusServiceUnavailable, "runtime_unavailable")
}

func TestReconcileHasAnEngineLookedAtNow(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	operator, _ := f.serve()
	game := f.startRunning()
	f.request(f.s.Stop, game)
	f.converge()
	require.Zero(t, f.convergeAfter(time.Hour), "nobody looks at a stopped engine")
	f.signalled()
	operator.Post(runtimes+"/"+game.String()+"/reconcile", nil).Want(http.StatusAccepted)
	require.True(t, f.signalled())
	require.Equal(t, 1, f.converge())
	require.Equal(t, []string{"engine_version.create", "runtime.reconcile"}, f.auditor.Actions())
}

func TestWhatIsNotThereIsNotFound(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	operator, _ := f.serve()
	one := runtimes + "/" + uuid.NewString()
	for _, path := range []string{"", "/operations", "/logs", "/stats"} {
		operator.Get(one+path).Refused(http.StatusNotFound, "runtime_not_found")
	}
	for _, path := range []string{"/stop", "/restart", "/reconcile", "/probe"} {
		operator.Post(one+path, nil).Refused(http.StatusNotFound, "runtime_not_found")
	}
	operator.Post(one+"/start", nil).Refused(http.StatusConflict, "runtime_not_startable")
	operator.Delete(one).Refused(http.StatusNotFound, "runtime_not_found")
	operator.Get("/api/v1/admin/operations/"+uuid.NewString()).Refused(http.StatusNotFound, "not_found")
}

func TestAViewerChangesNothing(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	_, viewer := f.serve()
	one := runtimes + "/" + f.startRunning().String()
	for _, path := range []string{"/start", "/stop", "/restart", "/reconcile", "/probe"} {
		viewer.Post(one+path, nil).Refused(http.StatusForbidden, "forbidden")
	}
	viewer.Delete(one).Refused(http.StatusForbidden, "forbidden")
	viewer.Get(one+"/logs").Refused(http.StatusForbidden, "forbidden")
	require.Equal(t, []string{"engine_version.create"}, f.auditor.Actions())
}
