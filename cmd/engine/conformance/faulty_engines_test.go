package conformance_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"galaxy/backend/cmd/engine/internal/api"
	"galaxy/backend/cmd/engine/internal/game"
	enginev1 "galaxy/backend/proto/engine/v1"
)

// fault breaks one rule of the contract: it changes requests before the engine
// sees them (nil for none) and responses before the client sees them.
type fault struct {
	step    string // of the conformance test that must notice
	request func(r *http.Request, body string) string
	answer  func(r *http.Request, w *httptest.ResponseRecorder, body string) string
	rules   func(*game.Config, *game.State, game.Lists) *game.Turn
}

// faultProxy injects a fault between a client and an engine.
func faultProxy(f fault, engine http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if f.request != nil {
			raw, _ := io.ReadAll(r.Body) // what cannot be read is empty
			r.Body = io.NopCloser(strings.NewReader(f.request(r, string(raw))))
			r.ContentLength = -1
		}
		recorder := httptest.NewRecorder()
		engine.ServeHTTP(recorder, r)
		body := recorder.Body.String()
		if f.answer != nil {
			body = f.answer(r, recorder, body)
		}
		for key, values := range recorder.Header() {
			if key != "Content-Length" {
				w.Header()[key] = values
			}
		}
		w.WriteHeader(recorder.Code)
		_, _ = io.Copy(w, bytes.NewReader([]byte(body))) // the client notices
	})
}

func onPath(path string, change func(body string) string) func(*http.Request, string) string {
	return func(r *http.Request, body string) string {
		if r.URL.Path != path {
			return body
		}
		return change(body)
	}
}

// replaceText replaces a text in every response.
func replaceText(old, with string) func(*http.Request, *httptest.ResponseRecorder, string) string {
	return func(_ *http.Request, _ *httptest.ResponseRecorder, body string) string {
		return strings.ReplaceAll(body, old, with)
	}
}

// changeStatus changes the status of responses with this error code.
func changeStatus(code enginev1.ErrorCode, status int) func(*http.Request, *httptest.ResponseRecorder, string) string {
	return func(_ *http.Request, w *httptest.ResponseRecorder, body string) string {
		if strings.Contains(body, `"code":"`+string(code)+`"`) {
			w.Code = status
		}
		return body
	}
}

var (
	turnField    = regexp.MustCompile(`"turn":\d+`)
	commandField = regexp.MustCompile(`"command_id":"0197a3c2-aaaa[^"]*"`)
	modeField    = regexp.MustCompile(`"mode":"strict",`)
)

// dropHeader removes a header from every response.
func dropHeader(name string) func(*http.Request, *httptest.ResponseRecorder, string) string {
	return func(_ *http.Request, w *httptest.ResponseRecorder, body string) string {
		w.Header().Del(name)
		return body
	}
}

func protocolFaults() map[string]fault {
	var sequence atomic.Int64
	return map[string]fault{
		"no contract header": {step: "before init", answer: dropHeader(enginev1.HeaderContract)},
		"no game header":     {step: "init", answer: dropHeader(enginev1.HeaderGameID)},
		"no turn header":     {step: "init", answer: dropHeader(enginev1.HeaderTurn)},
		"no entity tag":      {step: "reports", answer: dropHeader("ETag")},
		"no cache control":   {step: "reports", answer: dropHeader("Cache-Control")},
		"an unknown field":   {step: "before init", answer: replaceText(`"state":"uninitialized"`, `"state":"uninitialized","mood":"good"`)},
		"a field missing":    {step: "init", answer: replaceText(`"eliminated_turn":null`, `"x":0`)},
		"seed forgotten":     {step: "init", answer: replaceText(`"seed":"8412093847120983471",`, "")},
		"no details":         {step: "orders", answer: replaceText(`"current_turn":`, `"turn":`)},
		"no field errors":    {step: "bad init", answer: replaceText(`"fields":`, `"field":`)},
		"init never replays": {step: "init", answer: func(r *http.Request, w *httptest.ResponseRecorder, body string) string {
			if r.URL.Path == enginev1.PathInit && w.Code == 200 {
				w.Code = 201
			}
			return body
		}},
		"late orders land": {step: "orders", request: onPath(enginev1.PathOrder, func(body string) string { return turnField.ReplaceAllString(body, `"turn":0`) })},
		"turns are skipped": {step: "first turn", request: onPath(enginev1.PathTurn, func(body string) string {
			return strings.Replace(body, `"turn":2`, `"turn":1`, 1)
		})},
		"turns are not replayed": {step: "first turn", answer: replaceText(`"replayed":true,"duration_ms"`, `"replayed":false,"duration_ms"`)},
		"strict is lenient":      {step: "orders", request: onPath(enginev1.PathOrder, func(body string) string { return modeField.ReplaceAllString(body, "") })},
		"commands are repeated": {step: "commands", request: onPath(enginev1.PathCommand, func(body string) string {
			return commandField.ReplaceAllString(body, fmt.Sprintf(`"command_id":"0197a3c2-aaaa-7c3a-9f51-%012d"`, sequence.Add(1)))
		})},
		"lists are not told apart": {step: "orders", answer: func(_ *http.Request, _ *httptest.ResponseRecorder, body string) string {
			return regexp.MustCompile(`"order_hash":"[^"]*"`).ReplaceAllString(body, `"order_hash":"0123456789abcdef"`)
		}},
		"an order code is made up":    {step: "order codes", answer: replaceText(`"code":"unknown_group"`, `"code":"who_knows"`)},
		"orders are always fine":      {step: "order codes", answer: replaceText(`"status":"error"`, `"status":"ok"`)},
		"banishments are not replays": {step: "banish", answer: replaceText(`"replayed":true,"planets_released"`, `"replayed":false,"planets_released"`)},
		"everybody sees Bee's report": {step: "the start", request: func(r *http.Request, body string) string {
			r.URL.RawQuery = strings.Replace(r.URL.RawQuery, "race=Ant", "race=B%C3%A9e+der+Zweite", 1)
			return body
		}},
		"past reports are current": {step: "reports", request: func(r *http.Request, body string) string {
			r.URL.RawQuery = strings.Replace(r.URL.RawQuery, "&turn=0", "", 1)
			return body
		}},
		"no text": {step: "reports", request: func(r *http.Request, body string) string {
			if r.Header.Get("Accept") == "text/plain" {
				r.Header.Del("Accept")
			}
			return body
		}},
		"bodies are never too large": {step: "bad init", request: func(_ *http.Request, body string) string { return strings.TrimSpace(body) }},
		"bodies need no type": {step: "bad requests", request: func(r *http.Request, body string) string {
			if body != "" {
				r.Header.Set("Content-Type", "application/json")
			}
			return body
		}},
		"the hash stands still": {step: "first turn", answer: func(_ *http.Request, _ *httptest.ResponseRecorder, body string) string {
			return regexp.MustCompile(`"state_hash":"[^"]*"`).ReplaceAllString(body, `"state_hash":"0123456789abcdef"`)
		}},
		"a turn is lost": {step: "first turn", answer: func(r *http.Request, w *httptest.ResponseRecorder, body string) string {
			if r.URL.Path == enginev1.PathTurn && w.Code == 200 {
				return turnField.ReplaceAllString(body, `"turn":0`)
			}
			return body
		}},
	}
}

// codeFaults give every code that can be provoked another status.
func codeFaults() map[string]fault {
	all := map[string]fault{}
	for code, step := range map[enginev1.ErrorCode]string{
		enginev1.CodeInvalidRequest: "bad init", enginev1.CodeValidationFailed: "bad init", enginev1.CodeBodyTooLarge: "bad init",
		enginev1.CodeUnsupportedMediaType: "bad requests", enginev1.CodeNotAcceptable: "bad requests", enginev1.CodeMethodNotAllowed: "bad requests",
		enginev1.CodeNotFound: "bad requests", enginev1.CodeRaceNotFound: "bad requests", enginev1.CodeTurnNotFound: "bad requests",
		enginev1.CodeNotInitialized: "before init", enginev1.CodeAlreadyInitialized: "init", enginev1.CodeTurnMismatch: "orders",
		enginev1.CodeCommandConflict: "commands", enginev1.CodeOrdersRejected: "orders", enginev1.CodeRaceInactive: "quitting",
		enginev1.CodeGameFinished: "the end",
	} {
		all["status of "+string(code)] = fault{step: step, answer: changeStatus(code, 418)}
	}
	return all
}

// ruleFaults are engines that keep the protocol and break a rule of the game.
func ruleFaults() map[string]fault {
	after := func(change func(turn *game.Turn)) func(*game.Config, *game.State, game.Lists) *game.Turn {
		return func(c *game.Config, s *game.State, l game.Lists) *game.Turn {
			turn := game.Advance(c, s, l)
			change(turn)
			return turn
		}
	}
	return map[string]fault{
		"orders are forgotten": {step: "first ships", rules: func(c *game.Config, s *game.State, _ game.Lists) *game.Turn {
			return game.Advance(c, s, make(game.Lists, len(s.Races)))
		}},
		"nobody grows": {step: "first ships", rules: after(func(turn *game.Turn) {
			for i := range turn.State.Planets {
				turn.State.Planets[i].Colonists = 0
			}
		})},
		"ships are fewer": {step: "first ships", rules: after(func(turn *game.Turn) {
			for i := range turn.State.Groups {
				turn.State.Groups[i].Ships--
			}
		})},
		"flights last longer": {step: "flight", rules: after(func(turn *game.Turn) {
			for i := range turn.State.Groups {
				if g := &turn.State.Groups[i]; g.Space {
					g.Left += 11
				}
			}
		})},
		"nobody is idle": {step: "first turn", rules: after(func(turn *game.Turn) {
			for i := range turn.State.Races {
				turn.State.Races[i].Idle = 0
			}
		})},
		"the game never ends": {step: "the end", rules: after(func(turn *game.Turn) { turn.State.Result = nil })},
	}
}

// Every fault must fail the step that covers it.
func TestABrokenEngineDoesNotConform(t *testing.T) {
	t.Parallel()
	for _, faults := range []map[string]fault{protocolFaults(), codeFaults(), ruleFaults()} {
		for name, f := range faults {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				target := newReferenceEngine(t, api.Options{Advance: f.rules})
				broken := httptest.NewServer(faultProxy(f, target.Config.Handler))
				defer broken.Close()
				test := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestConformance$", "-test.v", "-engine-url="+broken.URL)
				out, err := test.CombinedOutput()
				require.Error(t, err, "%s", out)
				require.Contains(t, string(out), "--- FAIL: TestConformance/"+strings.ReplaceAll(f.step, " ", "_"))
			})
		}
	}
}

// The proxy itself must not break anything.
func TestAnUnchangedEngineConformsThroughTheProxy(t *testing.T) {
	t.Parallel()
	proxy := httptest.NewServer(faultProxy(fault{}, newReferenceEngine(t, api.Options{}).Config.Handler))
	defer proxy.Close()
	out, err := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestConformance$", "-engine-url="+proxy.URL).CombinedOutput()
	require.NoError(t, err, "%s", out)
}
