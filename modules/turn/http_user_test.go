package turn

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/engine"
	"galaxy/backend/modules/game"
	"galaxy/backend/platform/testkit"
	enginev1 "galaxy/backend/proto/engine/v1"
)

func TestPlayerMovesOverHTTP(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	turns := hourly()
	turns.EarlyWhenReady = true
	g := f.startGame(turns, 2)
	api := f.serve(t)
	ada := api.User(f.user(g, 0))
	base := "/api/v1/user/games/" + g.ID.String()
	list := map[string]any{"turn": 0, "mode": "strict", "orders": []any{
		map[string]any{
			"type": "ship_type.create", "name": "Hauler",
			"drive": 2, "armament": 0, "weapons": 0, "shields": 0, "cargo": 1,
		},
		map[string]any{"type": "planet.route", "planet": 17, "cargo": "COL", "destination": nil},
		map[string]any{"type": "group.load", "group": 4, "cargo": "COL", "as": "$a"},
		map[string]any{"type": "group.send", "group": "$a", "planet": 42},
	}}
	res := testkit.Into[enginev1.OrderResponse](ada.Put(base+"/orders", list).Want(http.StatusOK))
	require.Equal(t, 4, res.Accepted)
	require.Equal(t, enginev1.ModeStrict, f.engine.game(g.ID).orders.Mode)
	got := testkit.Into[orderListView](ada.Get(base + "/orders").Want(http.StatusOK))
	require.Equal(t, enginev1.Alias("$a"), got.Orders[3].Group)
	require.True(t, got.Orders[1].Destination.Present, "a cleared route survives the way there and back")

	peace := map[string]any{"type": "relation.set", "race": "Race1", "relation": "peace"}
	give := func() enginev1.CommandResponse {
		reply := ada.With("Idempotency-Key", "k1").Post(base+"/commands", map[string]any{"turn": 0, "command": peace})
		return testkit.Into[enginev1.CommandResponse](reply.Want(http.StatusOK))
	}
	first, again := give(), give()
	require.Equal(t, first.CommandID, again.CommandID)

	ready := testkit.Into[readinessView](ada.Put(base+"/ready", map[string]any{"turn": 0}).Want(http.StatusOK))
	require.Equal(t, readinessView{Ready: true, Awaited: 2, NotReady: 1}, ready)
	ada.Delete(base + "/ready").Want(http.StatusOK)
	ada.Put(base+"/ready", map[string]any{"turn": 0}).Want(http.StatusOK)
	api.User(f.user(g, 1)).Put(base+"/ready", map[string]any{"turn": 0}).Want(http.StatusOK)
	f.run()
	ada.Put(base+"/orders", list).Refused(http.StatusConflict, "turn_mismatch")
	page := testkit.Into[turnListView](ada.Get(base + "/turns?limit=1").Want(http.StatusOK))
	require.Equal(t, 1, page.CurrentTurn)
	require.Equal(t, "ready", page.Items[0].Cause)
	require.Equal(t, "received", *page.Items[0].Outcomes[0].Outcome)
	require.Nil(t, page.NextCursor)
}

func TestReportIsTheEngines(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.startGame(hourly(), 1)
	ada := f.serve(t).User(f.user(g, 0))
	base := "/api/v1/user/games/" + g.ID.String() + "/reports/"
	r := ada.Get(base + "latest").Want(http.StatusOK)
	require.Equal(t, `"same"`, r.Header.Get("ETag"))
	require.Equal(t, "private, no-cache", r.Header.Get("Cache-Control"))
	require.Equal(t, "Accept", r.Header.Get("Vary"))
	require.Nil(t, f.engine.game(g.ID).report.Turn)
	require.Equal(t, "Race0", f.engine.game(g.ID).report.Race)
	ada.With("If-None-Match", `"same"`).Get(base + "0").Want(http.StatusNotModified)
	require.Equal(t, 0, *f.engine.game(g.ID).report.Turn)
	text := ada.With("Accept", "text/plain").Get(base + "0").Want(http.StatusOK)
	require.Equal(t, "text/plain; charset=utf-8", text.Header.Get("Content-Type"))
	require.Equal(t, "Report for Race0", string(text.Body))
	ada.Get(base+"9").Refused(http.StatusNotFound, "turn_not_found")
	ada.Lenient().Get(base+"-1").Refused(http.StatusBadRequest, "invalid_request")
	ada.Lenient().Get(base+"soon").Refused(http.StatusBadRequest, "invalid_request")
}

func TestBadMovesAreRefusedOverHTTP(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.startGame(hourly(), 2)
	api := f.serve(t)
	base := "/api/v1/user/games/" + g.ID.String()
	empty := map[string]any{"turn": 0, "orders": []any{}}
	api.User(uuid.New()).Put(base+"/orders", empty).Refused(http.StatusNotFound, "not_found")
	ada := api.User(f.user(g, 0))
	ada.Put(base+"/orders", map[string]any{"turn": 7, "orders": []any{}}).Refused(http.StatusConflict, "turn_mismatch")
	lenient := ada.Lenient()
	lenient.Put(base+"/orders", map[string]any{"turn": 0, "orders": []any{map[string]any{"type": "planet.explode"}}}).
		Refused(http.StatusUnprocessableEntity, "validation_failed")
	lenient.Put(base+"/orders", map[string]any{"turn": 0, "race_name": "Race1", "orders": []any{}}).
		Refused(http.StatusBadRequest, "invalid_request")
	lenient.Put(base+"/orders", `{"turn":0,"orders":[`+strings.Repeat(" ", 1<<20)+`]}`).
		Refused(http.StatusRequestEntityTooLarge, "body_too_large")
	lenient.Post(base+"/commands", map[string]any{"turn": 0, "command": map[string]any{"type": "race.cheat"}}).
		Refused(http.StatusUnprocessableEntity, "validation_failed")
	f.games.changeMember(g.ID, 1, func(s *game.Membership) { s.Status = game.Blocked })
	api.User(f.user(g, 1)).Put(base+"/ready", map[string]any{"turn": 0}).Refused(http.StatusForbidden, "membership_ended")
	f.setState(g, game.Paused, game.EventPaused)
	ada.Put(base+"/orders", empty).Refused(http.StatusConflict, "game_state_conflict")
}

func TestOwnerExtendsTheTurn(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	turns := hourly()
	turns.MaxExtend = 2 * time.Hour
	g := f.startGame(turns, 2)
	owner := f.user(g, 0)
	f.games.changeGame(g.ID, func(g *game.Game) { g.OwnerID = &owner })
	api := f.serve(t)
	path := "/api/v1/user/lobby/games/" + g.ID.String() + "/extend"
	until := func(hours int) map[string]any {
		return map[string]any{"next_turn_at": noon.Add(time.Duration(hours) * time.Hour)}
	}
	api.User(f.user(g, 1)).Post(path, until(2)).Refused(http.StatusForbidden, "not_owner")
	api.User(uuid.New()).Post(path, until(2)).Refused(http.StatusNotFound, "not_found")
	api.User(owner).Post(path, until(2)).Want(http.StatusOK)
	view := testkit.Into[deadlineView](api.User(owner).Post(path, until(2)).Want(http.StatusOK))
	require.EqualValues(t, 3600, view.Extended, "a repeat adds nothing")
	api.User(owner).Post(path, until(4)).Refused(http.StatusConflict, "extension_refused")
	api.User(owner).Post(path, until(1)).Refused(http.StatusConflict, "extension_refused")
	api.User(owner).Post(path, until(3)).Want(http.StatusOK)
	require.Equal(t, noon.Add(3*time.Hour), *f.clockOf(g).NextTurnAt)
	f.games.changeGame(g.ID, func(g *game.Game) { g.Turns.Mode = "manual" })
	f.notify(g, game.EventSettings)
	api.User(owner).Post(path, until(5)).Refused(http.StatusConflict, "no_deadline")
}

func TestReportFormatFollowsAccept(t *testing.T) {
	t.Parallel()
	for accept, want := range map[string]string{
		"":                                   engine.JSONReport,
		"*/*":                                engine.JSONReport,
		"text/plain":                         engine.TextReport,
		"Text/Plain; q=0.9":                  engine.TextReport,
		"text/plain;q=0.5, application/json": engine.JSONReport,
		"application/json;q=0.1, text/plain;q=0.2": engine.TextReport,
		"text/html":      engine.JSONReport,
		"text/plain;q=x": engine.TextReport,
	} {
		require.Equal(t, want, reportFormat(accept), strconv.Quote(accept))
	}
}

func TestTurnsArePagedForPlayers(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.startGame(hourly(), 1)
	for range 3 {
		f.submitAll(g)
		f.clock.Advance(time.Hour)
		f.run()
	}
	api := f.serve(t)
	path := "/api/v1/user/games/" + g.ID.String() + "/turns?limit=2"
	page := testkit.Into[turnListView](api.User(f.user(g, 0)).Get(path).Want(http.StatusOK))
	require.Equal(t, []int{3, 2}, []int{page.Items[0].Turn, page.Items[1].Turn})
	page = testkit.Into[turnListView](api.User(f.user(g, 0)).Get(path + "&cursor=" + *page.NextCursor).Want(http.StatusOK))
	require.Len(t, page.Items, 1)
	require.Nil(t, page.NextCursor)
	api.User(f.user(g, 0)).Get(path+"&cursor=abc").Refused(http.StatusBadRequest, "invalid_request")

}
