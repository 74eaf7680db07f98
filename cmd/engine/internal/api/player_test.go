package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"galaxy/backend/cmd/engine/conformance"
	"galaxy/backend/cmd/engine/internal/api"
	enginev1 "galaxy/backend/proto/engine/v1"
)

// ownPlanet is the number of one of the race's planets.
func (f *fixture) ownPlanet(race string) int { return f.report(race).LocalPlanets[0].Number }

func TestOrderListReplacesTheEarlierOne(t *testing.T) {
	t.Parallel()
	f := newGameFixture(t)
	planet := f.ownPlanet("Zorg")
	first := f.order("Zorg", 0, enginev1.Rename(planet, "Alpha"), enginev1.Send(enginev1.Group(99), 1))
	require.Equal(t, 1, first.Accepted)
	require.Equal(t, 1, first.Rejected)
	require.True(t, first.Stored)
	require.Equal(t, enginev1.OrderUnknownGroup, first.Results[1].Code)
	require.Equal(t, first.OrderHash, f.order("Zorg", 0, enginev1.Rename(planet, "Alpha"), enginev1.Send(enginev1.Group(99), 1)).OrderHash)
	second := f.order("Zorg", 0, enginev1.Rename(planet, "Beta"))
	require.NotEqual(t, first.OrderHash, second.OrderHash)
	require.Len(t, first.OrderHash, 16)

	pending := f.report("Zorg").Pending
	require.Equal(t, []enginev1.Order{enginev1.Rename(planet, "Beta")}, pending.Orders)
	require.Nil(t, f.report("Vogons").Pending, "nobody sees another's orders")
	f.restart(api.Options{})
	require.Equal(t, pending, f.report("Zorg").Pending, "durable")
	f.turn(1)
	r := f.report("Zorg")
	require.Nil(t, r.Pending)
	require.Equal(t, []enginev1.OrderResult{{Index: 0, Status: "ok"}}, r.OrderResults)
	require.Equal(t, "Beta", r.LocalPlanets[0].Name)
}

func TestStrictListIsStoredWholeOrNotAtAll(t *testing.T) {
	t.Parallel()
	f := newGameFixture(t)
	planet := f.ownPlanet("Zorg")
	f.order("Zorg", 0, enginev1.Rename(planet, "Old"))
	request := orders("Zorg", 0, enginev1.Rename(planet, "New"), enginev1.Send(enginev1.Group(99), 1))
	request.Mode = enginev1.ModeStrict
	refused := f.Put(enginev1.PathOrder, request).Refused(422, enginev1.CodeOrdersRejected)
	require.Len(t, refused.Details[enginev1.DetailResults], 2)
	require.Equal(t, enginev1.Rename(planet, "Old"), f.report("Zorg").Pending.Orders[0], "the old list is kept")
	request.Orders = request.Orders[:1]
	require.Equal(t, 1, conformance.Into[enginev1.OrderResponse](f.Put(enginev1.PathOrder, request), 200).Accepted)
}

func TestALateListOrCommandIsRefused(t *testing.T) {
	t.Parallel()
	f := newGameFixture(t)
	f.turn(1)
	hash := f.status().StateHash
	for _, turn := range []int{0, 2, 1 << 40} {
		refused := f.Put(enginev1.PathOrder, orders("Zorg", turn)).Refused(409, enginev1.CodeTurnMismatch)
		require.InDelta(t, 1, refused.Details[enginev1.DetailCurrentTurn], 0)
		f.Put(enginev1.PathCommand, command("Zorg", turn, 1, enginev1.QuitGame("Zorg"))).Refused(409, enginev1.CodeTurnMismatch)
	}
	require.False(t, f.status().Races[0].HasOrders)
	require.Equal(t, enginev1.RaceActive, f.status().Races[0].State)
	require.Equal(t, hash, f.status().StateHash)
}

func TestCommandsAreRepeatableByTheirID(t *testing.T) {
	t.Parallel()
	f := newGameFixture(t)
	first := f.command("Zorg", 0, 1, enginev1.SetRelation("Vogons", enginev1.Peace))
	require.Equal(t, enginev1.CommandResponse{RaceName: "Zorg", CommandID: commandID(1), Status: enginev1.CommandApplied}, first)
	f.restart(api.Options{})
	first.Replayed = true
	require.Equal(t, first, f.command("Zorg", 0, 1, enginev1.SetRelation("Vogons", enginev1.Peace)))
	require.Equal(t, enginev1.CommandUnchanged, f.command("Zorg", 0, 2, enginev1.SetRelation("Vogons", enginev1.Peace)).Status)
	f.Put(enginev1.PathCommand, command("Zorg", 0, 1, enginev1.SetRelation("Vogons", enginev1.War))).Refused(409, enginev1.CodeCommandConflict)
	f.Put(enginev1.PathCommand, command("Vogons", 0, 1, enginev1.SetRelation("Zorg", enginev1.Peace))).Refused(409, enginev1.CodeCommandConflict)
	require.Equal(t, enginev1.Peace, f.report("Zorg").Races[1].Relation)
	f.turn(1)
	require.Equal(t, first, f.command("Zorg", 0, 1, enginev1.SetRelation("Vogons", enginev1.Peace)), "also when the turn has ended meanwhile")
	f.restart(api.Options{})
	require.Equal(t, first, f.command("Zorg", 0, 1, enginev1.SetRelation("Vogons", enginev1.Peace)))
	require.Equal(t, enginev1.Peace, f.report("Zorg").Races[1].Relation)
}

func TestMessagesArriveAtOnce(t *testing.T) {
	t.Parallel()
	f := newGameFixture(t)
	etag := f.Get(conformance.ReportPath("Vogons")).Header.Get("ETag")
	f.command("Zorg", 0, 1, enginev1.SendMessage("Peace? ☮", "Vogons"))
	answer := f.Get(conformance.ReportPath("Vogons"))
	require.NotEqual(t, etag, answer.Header.Get("ETag"))
	require.Equal(t, "Peace? ☮", f.report("Vogons").Messages[0].Text)
}

func TestOrdersTakeAQuitBackInTheOrderTheyCame(t *testing.T) {
	t.Parallel()
	f := newGameFixture(t)
	f.order("Zorg", 0)
	f.command("Zorg", 0, 1, enginev1.QuitGame("Zorg"))
	require.Equal(t, enginev1.RaceQuitting, f.status().Races[0].State, "the quit came after the list")
	f.restart(api.Options{})
	require.Equal(t, enginev1.RaceQuitting, f.status().Races[0].State)
	f.order("Zorg", 0)
	require.Equal(t, enginev1.RaceActive, f.status().Races[0].State)
	f.restart(api.Options{})
	require.Equal(t, enginev1.RaceActive, f.status().Races[0].State)
	f.command("Zorg", 0, 2, enginev1.QuitGame("Zorg"))
	for turn := 1; turn <= 3; turn++ {
		f.restart(api.Options{})
		f.turn(turn)
	}
	require.Equal(t, enginev1.RaceQuit, f.status().Races[0].State)
}

func TestReportsOfPastTurnsStay(t *testing.T) {
	t.Parallel()
	f := newGameFixture(t)
	f.command("Zorg", 0, 1, enginev1.SetRelation("Vogons", enginev1.Peace))
	before := f.report("Zorg")
	f.turn(1)
	f.command("Zorg", 1, 2, enginev1.SetRelation("Vogons", enginev1.War))
	f.turn(2)
	answer := f.Get(conformance.ReportPath("Zorg") + "&turn=0")
	require.Equal(t, before, conformance.Into[enginev1.Report](answer, 200), "with the commands of that turn")
	require.Equal(t, "private, max-age=86400", answer.Header.Get("Cache-Control"))
	require.Equal(t, "private, no-cache", f.Get(conformance.ReportPath("Zorg")).Header.Get("Cache-Control"))
	f.Get(conformance.ReportPath("Zorg")+"&turn=3").Refused(404, enginev1.CodeTurnNotFound)
	f.Get(conformance.ReportPath("Nobody")).Refused(404, enginev1.CodeRaceNotFound)
}

func TestReportHasAStrongTag(t *testing.T) {
	t.Parallel()
	f := newGameFixture(t)
	first := f.Get(conformance.ReportPath("Zorg"))
	tag := first.Header.Get("ETag")
	require.Regexp(t, `^"[0-9a-f]{32}"$`, tag)
	require.Equal(t, 304, f.With("If-None-Match", tag).Get(conformance.ReportPath("Zorg")).Status)
	require.Equal(t, 304, f.With("If-None-Match", `"x", W/`+tag).Get(conformance.ReportPath("Zorg")).Status)
	require.Equal(t, 200, f.With("If-None-Match", `"x"`).Get(conformance.ReportPath("Zorg")).Status)
	text := f.With("Accept", "text/plain").Get(conformance.ReportPath("Zorg"))
	require.NotEqual(t, tag, text.Header.Get("ETag"))
	require.Contains(t, string(text.Body), "Galaxy report for Zorg, turn 0")
}

func TestReportHasTheRequestedFormat(t *testing.T) {
	t.Parallel()
	f := newGameFixture(t)
	for accept, want := range map[string]string{
		"":                                   "application/json",
		"*/*":                                "application/json",
		"application/json":                   "application/json",
		"text/plain":                         "text/plain; charset=utf-8",
		"text/*":                             "text/plain; charset=utf-8",
		"text/plain;q=0.5, application/*":    "application/json",
		"application/json;q=0.1, text/plain": "text/plain; charset=utf-8",
	} {
		require.Equal(t, want, f.With("Accept", accept).Get(conformance.ReportPath("Zorg")).Header.Get("Content-Type"), accept)
	}
	for _, accept := range []string{"image/png", "application/json;q=0, text/plain;q=0", "application/json;q=nonsense"} {
		f.With("Accept", accept).Get(conformance.ReportPath("Zorg")).Refused(406, enginev1.CodeNotAcceptable)
	}
	f.With("Accept", "text/plain").Get(enginev1.PathStatus).Refused(406, enginev1.CodeNotAcceptable)
}

func TestMalformedRequestsAreRefused(t *testing.T) {
	t.Parallel()
	f := newGameFixture(t)
	const head = `{"race_name":"Zorg","turn":0,`
	for name, c := range map[string]struct {
		method, path, body string
		status             int
		code               enginev1.ErrorCode
	}{
		"empty":             {"PUT", enginev1.PathTurn, "", 400, enginev1.CodeInvalidRequest},
		"no object":         {"PUT", enginev1.PathTurn, "[1]", 400, enginev1.CodeInvalidRequest},
		"null":              {"PUT", enginev1.PathTurn, "null", 400, enginev1.CodeInvalidRequest},
		"truncated":         {"PUT", enginev1.PathTurn, `{"turn":1`, 400, enginev1.CodeInvalidRequest},
		"second value":      {"PUT", enginev1.PathTurn, `{"turn":1}{}`, 400, enginev1.CodeInvalidRequest},
		"unknown field":     {"PUT", enginev1.PathTurn, `{"turn":1,"force":true}`, 400, enginev1.CodeInvalidRequest},
		"other case":        {"PUT", enginev1.PathTurn, `{"Turn":1}`, 400, enginev1.CodeInvalidRequest},
		"duplicate":         {"PUT", enginev1.PathTurn, `{"turn":1,"turn":2}`, 400, enginev1.CodeInvalidRequest},
		"string":            {"PUT", enginev1.PathTurn, `{"turn":"1"}`, 400, enginev1.CodeInvalidRequest},
		"fraction":          {"PUT", enginev1.PathTurn, `{"turn":1.5}`, 400, enginev1.CodeInvalidRequest},
		"huge":              {"PUT", enginev1.PathTurn, `{"turn":1e400}`, 400, enginev1.CodeInvalidRequest},
		"null field":        {"PUT", enginev1.PathTurn, `{"turn":null}`, 400, enginev1.CodeInvalidRequest},
		"missing":           {"PUT", enginev1.PathTurn, `{}`, 422, enginev1.CodeValidationFailed},
		"deep":              {"PUT", enginev1.PathTurn, strings.Repeat(`{"a":`, 9000), 400, enginev1.CodeInvalidRequest},
		"encoding":          {"PUT", enginev1.PathTurn, "{\"turn\xff\":1}", 400, enginev1.CodeInvalidRequest},
		"orders missing":    {"PUT", enginev1.PathOrder, head + `"mode":"lenient"}`, 422, enginev1.CodeValidationFailed},
		"orders null":       {"PUT", enginev1.PathOrder, head + `"orders":null}`, 400, enginev1.CodeInvalidRequest},
		"order null":        {"PUT", enginev1.PathOrder, head + `"orders":[null]}`, 400, enginev1.CodeInvalidRequest},
		"order not a list":  {"PUT", enginev1.PathOrder, head + `"orders":{}}`, 400, enginev1.CodeInvalidRequest},
		"not a number":      {"PUT", enginev1.PathOrder, head + `"orders":[{"type":"group.unload","group":1,"amount":NaN}]}`, 400, enginev1.CodeInvalidRequest},
		"infinity":          {"PUT", enginev1.PathOrder, head + `"orders":[{"type":"group.unload","group":1,"amount":1e999}]}`, 400, enginev1.CodeInvalidRequest},
		"order field":       {"PUT", enginev1.PathOrder, head + `"orders":[{"type":"group.merge","speed":1}]}`, 400, enginev1.CodeInvalidRequest},
		"group object":      {"PUT", enginev1.PathOrder, head + `"orders":[{"type":"group.unload","group":{}}]}`, 400, enginev1.CodeInvalidRequest},
		"unknown order":     {"PUT", enginev1.PathOrder, head + `"orders":[{"type":"group.dance"}]}`, 422, enginev1.CodeValidationFailed},
		"negative block":    {"PUT", enginev1.PathOrder, head + `"orders":[{"type":"ship_type.create","name":"X","drive":-1,"armament":0,"weapons":0,"shields":0,"cargo":0}]}`, 422, enginev1.CodeValidationFailed},
		"unknown mode":      {"PUT", enginev1.PathOrder, head + `"mode":"hard","orders":[]}`, 422, enginev1.CodeValidationFailed},
		"negative turn":     {"PUT", enginev1.PathOrder, `{"race_name":"Zorg","turn":-1,"orders":[]}`, 422, enginev1.CodeValidationFailed},
		"no race":           {"PUT", enginev1.PathOrder, `{"race_name":"","turn":0,"orders":[]}`, 422, enginev1.CodeValidationFailed},
		"no command":        {"PUT", enginev1.PathCommand, head + `"command_id":"` + commandID(1) + `"}`, 422, enginev1.CodeValidationFailed},
		"command a string":  {"PUT", enginev1.PathCommand, head + `"command_id":"` + commandID(1) + `","command":"quit"}`, 400, enginev1.CodeInvalidRequest},
		"command id":        {"PUT", enginev1.PathCommand, head + `"command_id":"1","command":{"type":"race.quit","confirm":"Zorg"}}`, 422, enginev1.CodeValidationFailed},
		"command field":     {"PUT", enginev1.PathCommand, head + `"command_id":"` + commandID(1) + `","command":{"type":"race.quit","confirm":"Zorg","loudly":true}}`, 400, enginev1.CodeInvalidRequest},
		"command mixture":   {"PUT", enginev1.PathCommand, head + `"command_id":"` + commandID(1) + `","command":{"type":"race.quit","confirm":"Zorg","text":""}}`, 422, enginev1.CodeValidationFailed},
		"command type":      {"PUT", enginev1.PathCommand, head + `"command_id":"` + commandID(1) + `","command":{"type":"race.dance"}}`, 422, enginev1.CodeValidationFailed},
		"reserved command":  {"PUT", enginev1.PathCommand, head + `"command_id":"` + commandID(1) + `","command":{"type":"vote.set","race":"Vogons"}}`, 422, enginev1.CodeValidationFailed},
		"quit unconfirmed":  {"PUT", enginev1.PathCommand, head + `"command_id":"` + commandID(1) + `","command":{"type":"race.quit","confirm":"zorg"}}`, 422, enginev1.CodeValidationFailed},
		"banish reason":     {"POST", enginev1.PathBanish, `{"race_name":"Zorg","reason":"` + strings.Repeat("x", 201) + `"}`, 422, enginev1.CodeValidationFailed},
		"report: no race":   {"GET", enginev1.PathReport, "", 422, enginev1.CodeValidationFailed},
		"report: turn":      {"GET", enginev1.PathReport + "?race=Zorg&turn=x", "", 400, enginev1.CodeInvalidRequest},
		"report: negative":  {"GET", enginev1.PathReport + "?race=Zorg&turn=-1", "", 422, enginev1.CodeValidationFailed},
		"report: parameter": {"GET", enginev1.PathReport + "?race=Zorg&eye=all", "", 400, enginev1.CodeInvalidRequest},
		"report: twice":     {"GET", enginev1.PathReport + "?race=Zorg&race=Vogons", "", 400, enginev1.CodeInvalidRequest},
		"path":              {"GET", "/api/v1/secrets", "", 404, enginev1.CodeNotFound},
		"method":            {"DELETE", enginev1.PathStatus, "", 405, enginev1.CodeMethodNotAllowed},
		"large":             {"PUT", enginev1.PathTurn, `{"turn":` + strings.Repeat(" ", enginev1.MaxBody) + `1}`, 413, enginev1.CodeBodyTooLarge},
		"large order":       {"PUT", enginev1.PathOrder, strings.Repeat(" ", enginev1.MaxOrderBody+1), 413, enginev1.CodeBodyTooLarge},
		"large init":        {"POST", enginev1.PathInit, strings.Repeat(" ", enginev1.MaxInitBody+1), 413, enginev1.CodeBodyTooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			var body any = c.body
			if c.method == http.MethodGet {
				body = nil
			}
			answer := f.For(t).Call(c.method, c.path, body)
			answer.Refused(c.status, c.code)
			if c.status == 405 {
				require.Equal(t, "GET", answer.Header.Get("Allow"))
			}
		})
	}
	require.Equal(t, 0, f.status().At(), "no request had an effect")
}

func TestBodiesMustBeDeclaredAsJSON(t *testing.T) {
	t.Parallel()
	f := newGameFixture(t)
	for _, media := range []string{"text/plain", "application/x-www-form-urlencoded", "json", ";;"} {
		f.With("Content-Type", media).Put(enginev1.PathTurn, `{"turn":1}`).Refused(415, enginev1.CodeUnsupportedMediaType)
	}
	conformance.Into[enginev1.TurnResponse](f.With("Content-Type", "application/json; charset=utf-8").Put(enginev1.PathTurn, `{"turn":1}`), 200)
}

func TestTheLongestListFits(t *testing.T) {
	t.Parallel()
	f := newGameFixture(t)
	list := make([]enginev1.Order, enginev1.MaxOrders)
	for i := range list {
		list[i] = enginev1.Send(enginev1.Group(i+1), 1)
	}
	require.Equal(t, enginev1.MaxOrders, f.order("Zorg", 0, list...).Rejected)
	f.Put(enginev1.PathOrder, orders("Zorg", 0, append(list, enginev1.Merge())...)).Refused(422, enginev1.CodeValidationFailed)
}

// FuzzRequests checks that no body causes a server error or a response outside
// the contract.
func FuzzRequests(fuzz *testing.F) {
	for _, seed := range []string{
		`{"turn":1}`, `{"race_name":"Zorg","turn":0,"orders":[{"type":"group.merge"}]}`, `{"race_name":"Zorg"}`,
		`{"race_name":"Zorg","turn":0,"command_id":"` + commandID(1) + `","command":{"type":"message.send","to":["*"],"text":"x"}}`,
		`{"race_name":"Zorg","turn":0,"orders":[{"type":"group.send","group":"$a","planet":1e2}]}`, "{\"turn\":1\x00}", `{}`, `[]`, `"`,
	} {
		for path := range 4 {
			fuzz.Add(path, []byte(seed))
		}
	}
	f := newGameFixture(fuzz)
	paths := []struct{ method, path string }{
		{"PUT", enginev1.PathTurn}, {"PUT", enginev1.PathOrder}, {"PUT", enginev1.PathCommand}, {"POST", enginev1.PathInit},
	}
	fuzz.Fuzz(func(t *testing.T, path int, body []byte) {
		target := paths[max(path, -path)&3]
		answer := f.For(t).Call(target.method, target.path, body)
		if answer.Status >= 500 || !json.Valid(answer.Body) {
			t.Fatal(fmt.Sprint(answer.Status, " ", string(answer.Body)))
		}
	})
}
