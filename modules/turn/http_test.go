package turn

import (
	"context"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.uber.org/fx"

	"galaxy/backend/modules/admin"
	"galaxy/backend/modules/engine"
	"galaxy/backend/modules/game"
	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/fault"
	"galaxy/backend/platform/httpx"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/testkit"
	enginev1 "galaxy/backend/proto/engine/v1"
)

// doors let every user in who is not barred, and operators under the role that
// is their name.
type doors map[uuid.UUID]error

func (d doors) Admit(_ context.Context, user uuid.UUID) error { return d[user] }
func (doors) Seen(uuid.UUID, netip.Addr)                      {}
func (doors) Refused(context.Context, httpx.AuditEntry)       {}
func (doors) Authenticate(_ context.Context, username, _ string, _ netip.Addr) (httpx.Principal, error) {
	role, err := httpx.ParseRole(username)
	if err != nil {
		return httpx.Principal{}, fault.New(fault.Unauthenticated, "unauthenticated", "no such operator")
	}
	return httpx.Principal{Username: username, Role: role}, nil
}

func edge(d doors) fx.Option {
	return fx.Options(httpx.Module,
		fx.Supply(httpx.Config{ListenAddr: "127.0.0.1:0", ReadTimeout: time.Minute, WriteTimeout: time.Minute, ShutdownTimeout: time.Second}, httpx.GatewayConfig{}, httpx.TLSConfig{}),
		fx.Provide(
			func() httpx.UserGate { return d }, func() httpx.UserSeen { return d },
			func() httpx.AdminGate { return d }, func() httpx.Auditor { return d },
		))
}

// serve puts the routes over a table, whose runner stands still.
func (w *table) serve(t *testing.T) *testkit.API { return w.serveTo(t, nil) }

func (w *table) serveTo(t *testing.T, barred doors) *testkit.API {
	t.Helper()
	var server *httpx.Server
	testkit.Boot(t, edge(barred), fx.Supply(w.service, config()), httpx.Provide(newUserRoutes, newAdminRoutes), fx.Populate(&server))
	return testkit.Client(t, "http://"+server.Addr().String())
}

func TestPlayerMovesOverHTTP(t *testing.T) {
	t.Parallel()
	w := newTable(t)
	turns := hourly()
	turns.EarlyWhenReady = true
	g := w.game(turns, 2)
	api := w.serve(t)
	ada := api.User(w.user(g, 0))
	base := "/api/v1/user/games/" + g.ID.String()
	list := map[string]any{"turn": 0, "mode": "strict", "orders": []any{
		map[string]any{"type": "ship_type.create", "name": "Hauler", "drive": 2, "armament": 0, "weapons": 0, "shields": 0, "cargo": 1},
		map[string]any{"type": "planet.route", "planet": 17, "cargo": "COL", "destination": nil},
		map[string]any{"type": "group.load", "group": 4, "cargo": "COL", "as": "$a"},
		map[string]any{"type": "group.send", "group": "$a", "planet": 42},
	}}
	res := testkit.Into[enginev1.OrderResponse](ada.Put(base+"/orders", list).Want(http.StatusOK))
	require.Equal(t, 4, res.Accepted)
	require.Equal(t, enginev1.ModeStrict, w.engine.get(g.ID).orders.Mode)
	got := testkit.Into[orderListView](ada.Get(base + "/orders").Want(http.StatusOK))
	require.Equal(t, enginev1.Alias("$a"), got.Orders[3].Group)
	require.True(t, got.Orders[1].Destination.Present, "a cleared route survives the way there and back")

	command := map[string]any{"turn": 0, "command": map[string]any{"type": "relation.set", "race": "Race1", "relation": "peace"}}
	first := testkit.Into[enginev1.CommandResponse](ada.With("Idempotency-Key", "k1").Post(base+"/commands", command).Want(http.StatusOK))
	again := testkit.Into[enginev1.CommandResponse](ada.With("Idempotency-Key", "k1").Post(base+"/commands", command).Want(http.StatusOK))
	require.Equal(t, first.CommandID, again.CommandID)

	ready := testkit.Into[readinessView](ada.Put(base+"/ready", map[string]any{"turn": 0}).Want(http.StatusOK))
	require.Equal(t, readinessView{Ready: true, Awaited: 2, NotReady: 1}, ready)
	ada.Delete(base + "/ready").Want(http.StatusOK)
	ada.Put(base+"/ready", map[string]any{"turn": 0}).Want(http.StatusOK)
	api.User(w.user(g, 1)).Put(base+"/ready", map[string]any{"turn": 0}).Want(http.StatusOK)
	w.settle()
	ada.Put(base+"/orders", list).Refused(http.StatusConflict, "turn_mismatch")
	page := testkit.Into[turnListView](ada.Get(base + "/turns?limit=1").Want(http.StatusOK))
	require.Equal(t, 1, page.CurrentTurn)
	require.Equal(t, "ready", page.Items[0].Cause)
	require.Equal(t, "received", *page.Items[0].Outcomes[0].Outcome)
	require.Nil(t, page.NextCursor)
}

func TestTurnsArePaged(t *testing.T) {
	t.Parallel()
	w := newTable(t)
	g := w.game(hourly(), 1)
	for range 3 {
		w.moves(g)
		w.clock.Advance(time.Hour)
		w.settle()
	}
	api := w.serve(t)
	path := "/api/v1/user/games/" + g.ID.String() + "/turns?limit=2"
	page := testkit.Into[turnListView](api.User(w.user(g, 0)).Get(path).Want(http.StatusOK))
	require.Equal(t, []int{3, 2}, []int{page.Items[0].Turn, page.Items[1].Turn})
	page = testkit.Into[turnListView](api.User(w.user(g, 0)).Get(path + "&cursor=" + *page.NextCursor).Want(http.StatusOK))
	require.Len(t, page.Items, 1)
	require.Nil(t, page.NextCursor)
	api.User(w.user(g, 0)).Get(path+"&cursor=abc").Refused(http.StatusBadRequest, "invalid_request")

	runs := "/api/v1/admin/games/" + g.ID.String() + "/turns?limit=2"
	list := testkit.Into[httpx.List[runView]](api.Admin("viewer", "x").Get(runs).Want(http.StatusOK))
	require.Len(t, list.Items, 2)
	list = testkit.Into[httpx.List[runView]](api.Admin("viewer", "x").Get(runs + "&cursor=" + *list.NextCursor).Want(http.StatusOK))
	require.Len(t, list.Items, 1)
}

func TestReportIsHandedThrough(t *testing.T) {
	t.Parallel()
	w := newTable(t)
	g := w.game(hourly(), 1)
	ada := w.serve(t).User(w.user(g, 0))
	base := "/api/v1/user/games/" + g.ID.String() + "/reports/"
	r := ada.Get(base + "latest").Want(http.StatusOK)
	require.Equal(t, `"same"`, r.Header.Get("ETag"))
	require.Equal(t, "private, no-cache", r.Header.Get("Cache-Control"))
	require.Equal(t, "Accept", r.Header.Get("Vary"))
	require.Nil(t, w.engine.get(g.ID).report.Turn)
	require.Equal(t, "Race0", w.engine.get(g.ID).report.Race)
	ada.With("If-None-Match", `"same"`).Get(base + "0").Want(http.StatusNotModified)
	require.Equal(t, 0, *w.engine.get(g.ID).report.Turn)
	text := ada.With("Accept", "text/plain").Get(base + "0").Want(http.StatusOK)
	require.Equal(t, "text/plain; charset=utf-8", text.Header.Get("Content-Type"))
	require.Equal(t, "Report for Race0", string(text.Body))
	ada.Get(base+"9").Refused(http.StatusNotFound, "turn_not_found")
	ada.Lenient().Get(base+"-1").Refused(http.StatusBadRequest, "invalid_request")
	ada.Lenient().Get(base+"soon").Refused(http.StatusBadRequest, "invalid_request")
}

// B44.
func TestBadMovesAreRefused(t *testing.T) {
	t.Parallel()
	w := newTable(t)
	g := w.game(hourly(), 2)
	api := w.serve(t)
	base := "/api/v1/user/games/" + g.ID.String()
	orders := map[string]any{"turn": 0, "orders": []any{}}
	api.User(uuid.New()).Put(base+"/orders", orders).Refused(http.StatusNotFound, "not_found")
	ada := api.User(w.user(g, 0))
	ada.Put(base+"/orders", map[string]any{"turn": 7, "orders": []any{}}).Refused(http.StatusConflict, "turn_mismatch")
	ada.Lenient().Put(base+"/orders", map[string]any{"turn": 0, "orders": []any{map[string]any{"type": "planet.explode"}}}).Refused(http.StatusUnprocessableEntity, "validation_failed")
	ada.Lenient().Put(base+"/orders", map[string]any{"turn": 0, "race_name": "Race1", "orders": []any{}}).Refused(http.StatusBadRequest, "invalid_request")
	ada.Lenient().Put(base+"/orders", `{"turn":0,"orders":[`+strings.Repeat(" ", 1<<20)+`]}`).Refused(http.StatusRequestEntityTooLarge, "body_too_large")
	ada.Lenient().Post(base+"/commands", map[string]any{"turn": 0, "command": map[string]any{"type": "race.cheat"}}).Refused(http.StatusUnprocessableEntity, "validation_failed")
	w.lobby.reseat(g.ID, 1, func(s *game.Membership) { s.Status = game.Blocked })
	api.User(w.user(g, 1)).Put(base+"/ready", map[string]any{"turn": 0}).Refused(http.StatusForbidden, "membership_ended")
	w.move(g, game.Paused, game.EventPaused)
	ada.Put(base+"/orders", orders).Refused(http.StatusConflict, "game_state_conflict")
}

func TestOperatorsRunTurnsOverHTTP(t *testing.T) {
	t.Parallel()
	w := newTable(t)
	g := w.game(hourly(), 2)
	api := w.serve(t)
	base := "/api/v1/admin/games/" + g.ID.String()
	op := api.Admin("operator", "x")
	api.Admin("viewer", "x").Post(base+"/turns/advance", map[string]any{}).Refused(http.StatusForbidden, "forbidden")
	op.Get(base+"/turns/1").Refused(http.StatusNotFound, "not_found")
	made := op.Post(base+"/turns/advance", map[string]any{"keep_deadline": true}).Want(http.StatusAccepted)
	require.Equal(t, base+"/turns/1", made.Header.Get("Location"))
	w.settle()
	runs := testkit.Into[turnRunsView](op.Get(base + "/turns/1").Want(http.StatusOK))
	require.Equal(t, "done", runs.Runs[0].Status)
	require.Equal(t, "operator", runs.Runs[0].RequestedBy)
	op.Post(base+"/turns/retry", nil).Refused(http.StatusConflict, "no_failed_run")
	w.engine.get(g.ID).before = engine.ErrBusy
	op.Post(base+"/turns/advance", map[string]any{}).Want(http.StatusAccepted)
	w.settle()
	op.Post(base+"/turns/retry", nil).Want(http.StatusAccepted)
	op.Post(base+"/races/Nobody/banish", nil).Refused(http.StatusNotFound, "race_not_found")
	run := testkit.Into[runView](op.Post(base+"/races/Race1/banish", nil).Want(http.StatusAccepted))
	require.Equal(t, "banish", run.Kind)
	later := map[string]any{"next_turn_at": noon.Add(5 * time.Hour)}
	deadline := testkit.Into[deadlineView](op.Post(base+"/extend", later).Want(http.StatusOK))
	require.Equal(t, noon.Add(5*time.Hour), *deadline.NextTurnAt)
	op.Post("/api/v1/admin/games/"+uuid.NewString()+"/turns/advance", map[string]any{}).Refused(http.StatusNotFound, "not_found")
}

func TestOwnerExtendsTheTurn(t *testing.T) {
	t.Parallel()
	w := newTable(t)
	turns := hourly()
	turns.MaxExtend = 2 * time.Hour
	g := w.game(turns, 2)
	owner := w.user(g, 0)
	w.lobby.update(g.ID, func(g *game.Game) { g.OwnerID = &owner })
	api := w.serve(t)
	path := "/api/v1/user/lobby/games/" + g.ID.String() + "/extend"
	until := func(hours int) map[string]any {
		return map[string]any{"next_turn_at": noon.Add(time.Duration(hours) * time.Hour)}
	}
	api.User(w.user(g, 1)).Post(path, until(2)).Refused(http.StatusForbidden, "not_owner")
	api.User(uuid.New()).Post(path, until(2)).Refused(http.StatusNotFound, "not_found")
	api.User(owner).Post(path, until(2)).Want(http.StatusOK)
	view := testkit.Into[deadlineView](api.User(owner).Post(path, until(2)).Want(http.StatusOK))
	require.EqualValues(t, 3600, view.Extended, "a repeat adds nothing")
	api.User(owner).Post(path, until(4)).Refused(http.StatusConflict, "extension_refused")
	api.User(owner).Post(path, until(1)).Refused(http.StatusConflict, "extension_refused")
	api.User(owner).Post(path, until(3)).Want(http.StatusOK)
	require.Equal(t, noon.Add(3*time.Hour), *w.clockOf(g).NextTurnAt)
	w.lobby.update(g.ID, func(g *game.Game) { g.Turns.Mode = "manual" })
	w.tell(g, game.EventSettings)
	api.User(owner).Post(path, until(5)).Refused(http.StatusConflict, "no_deadline")
}

func TestRenderingFollowsAccept(t *testing.T) {
	t.Parallel()
	for accept, want := range map[string]string{
		"": engine.JSONReport, "*/*": engine.JSONReport, "text/plain": engine.TextReport, "Text/Plain; q=0.9": engine.TextReport,
		"text/plain;q=0.5, application/json": engine.JSONReport, "application/json;q=0.1, text/plain;q=0.2": engine.TextReport,
		"text/html": engine.JSONReport, "text/plain;q=x": engine.TextReport,
	} {
		require.Equal(t, want, reportFormat(accept), strconv.Quote(accept))
	}
}

// The module as the product wires it, but for its neighbours.
func TestModuleMakesATurnByItself(t *testing.T) {
	t.Parallel()
	w := newTable(t)
	var server *httpx.Server
	testkit.Boot(t, Module, edge(nil), fx.Supply(config()),
		testkit.StandIn[*pg.DB](w.db), testkit.StandIn[clock.Clock](w.clock),
		testkit.StandIn[Games](w.lobby), testkit.StandIn[GameReader](w.lobby), testkit.StandIn[Recorder](w.lobby), testkit.StandIn[HookGames](w.lobby),
		testkit.StandIn[EngineLeaser](w.gate), testkit.StandIn[Generator](w.engine), testkit.StandIn[PlayerAPI](w.engine),
		testkit.StandIn[Notifier](w.mail), testkit.StandIn[admin.Auditor](w.audit),
		fx.Populate(&server, &w.lobby.observer, &w.service))
	w.observer = w.lobby.observer
	w.clock.BlockUntil(1) // the loop's first pass is over
	g := w.game(hourly(), 1)
	w.clock.BlockUntil(2) // it heard of the game and set the alarm
	w.moves(g)
	made := make(chan struct{})
	w.engine.get(g.ID).during = func() { close(made) }
	w.clock.Advance(time.Hour)
	<-made
	api := testkit.Client(t, "http://"+server.Addr().String())
	api.User(w.user(g, 0)).Get("/api/v1/user/games/" + g.ID.String() + "/turns").Want(http.StatusOK)
}
