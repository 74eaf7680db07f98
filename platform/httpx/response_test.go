package httpx_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"galaxy/backend/platform/httpx"
)

// answering serves a route that answers with out.
func answering[Out any](status int, out Out) func(*setup) {
	return with(httpx.User("ship", httpx.Route{Op: "getAccount", Method: "GET", Path: "/account",
		Handle: httpx.JSON(status, func(context.Context, struct{}) (Out, error) { return out, nil })}))
}

func TestAnAnswerHasABodyOnlyWhereItsStatusAllows(t *testing.T) {
	t.Parallel()
	body := map[string]int{"turn": 3}
	for name, c := range map[string]struct {
		option  func(*setup)
		status  int
		text    string
		content string // Content-Type
		length  string // Content-Length
	}{
		"plain":            {answering(200, body), 200, `{"turn":3}`, "application/json; charset=utf-8", "10"},
		"created":          {answering(201, body), 201, `{"turn":3}`, "application/json; charset=utf-8", "10"},
		"no content":       {answering(204, body), 204, "", "", ""},
		"not modified":     {answering(200, httpx.Response[any]{Status: 304, Body: body}), 304, "", "", ""},
		"null":             {answering[any](200, nil), 200, "null", "application/json; charset=utf-8", "4"},
		"raw":              {answering(200, httpx.Raw{ContentType: "text/csv", Body: []byte("a,b")}), 200, "a,b", "text/csv", "3"},
		"raw, no content":  {answering(204, httpx.Raw{ContentType: "text/csv", Body: []byte("a,b")}), 204, "", "", ""},
		"raw, empty":       {answering(200, httpx.Raw{ContentType: "text/csv"}), 200, "", "text/csv", "0"},
		"raw, of a header": {answering(200, httpx.Raw{ContentType: "a", Header: http.Header{"Content-Type": {"b"}}}), 200, "", "b", "0"},
	} {
		f, _ := newStoppedFixture(t, c.option)
		r := f.ask(http.MethodGet, accountPath, "")
		require.Equal(t, c.status, r.Code, name)
		require.Equal(t, c.text, r.Body.String(), name)
		require.Equal(t, []string{c.content, c.length}, []string{r.Header().Get("Content-Type"), r.Header().Get("Content-Length")}, name)
	}
}

func TestAnEmptyListIsAnArray(t *testing.T) {
	t.Parallel()
	for _, option := range []func(*setup){
		answering(200, httpx.List[string]{}), answering(200, httpx.Response[httpx.List[string]]{}),
	} {
		f, _ := newStoppedFixture(t, option)
		require.Equal(t, `{"items":[],"next_cursor":null}`, f.ask(http.MethodGet, accountPath, "").Body.String())
	}
}

func TestAnAnswerThatCannotBeEncodedIsAnsweredWhole(t *testing.T) {
	t.Parallel()
	f, _ := newStoppedFixture(t, answering(200, []any{strings.Repeat("x", 10_000), make(chan int)}))
	r := f.ask(http.MethodGet, accountPath, "")
	require.Equal(t, http.StatusInternalServerError, r.Code)
	require.True(t, json.Valid(r.Body.Bytes()))
	require.Contains(t, r.Body.String(), "internal_error")
	lines := f.logs.FilterMessage("request failed").All()
	require.Len(t, lines, 1)
	require.Contains(t, lines[0].ContextMap()["error"], "encode the answer")
}

func TestPrettyIsNoParameter(t *testing.T) {
	t.Parallel()
	f, _ := newStoppedFixture(t)
	require.Equal(t, http.StatusBadRequest, f.ask(http.MethodGet, accountPath+"?pretty", "").Code)
	require.Equal(t, `{"name":"Aurora"}`, f.ask(http.MethodGet, accountPath, "").Body.String(), "no line feed")
}

func TestAnUndeclaredAcceptMayBeRead(t *testing.T) {
	t.Parallel()
	type in struct {
		Accept string `header:"Accept"`
	}
	f, _ := newStoppedFixture(t, with(httpx.User("ship", httpx.Route{Op: "getAccount", Method: "GET", Path: "/account",
		Handle: httpx.JSON(http.StatusOK, func(_ context.Context, in in) (string, error) { return in.Accept, nil })})))
	require.Equal(t, `"text/csv"`, f.ask(http.MethodGet, accountPath, "", "Accept", "text/csv").Body.String())
	require.Equal(t, `""`, f.ask(http.MethodGet, accountPath, "").Body.String())
}

// FuzzRequest sends anything: the service may refuse it, and never fails.
func FuzzRequest(f *testing.F) {
	f.Add("POST", "ships", "", `{"name":"x","mass":1,"tags":["a"],"crew":{"captain":"K"}}`, "application/json")
	f.Add("PATCH", "ships/"+goodID, "", `{"name":"\ud800"}`, "application/json; charset=utf-8")
	f.Add("GET", "ships", "limit=1&status=docked&open=true&since=2026-01-02T03:04:05Z&at=::1", "", "")
	f.Add("PUT", "ships/"+goodID+"/orders", "", `[[{"a":[1e999]}]]`, "application/json")
	f.Add("GET", "names/%C5%BD%00", "a;b=%zz", "", "x/y")
	served, _ := newStoppedFixture(f)
	f.Fuzz(func(t *testing.T, method, path, query, body, media string) {
		r, err := http.NewRequestWithContext(t.Context(), method, "http://x/api/v1/user/"+path+"?"+query, strings.NewReader(body))
		if err != nil {
			return
		}
		r.Header.Set("X-User-ID", goodID)
		r.Header.Set("Content-Type", media)
		r.Header.Set("If-Match", `"1"`)
		rec := httptest.NewRecorder()
		served.Handler().ServeHTTP(rec, r)
		if rec.Code >= http.StatusInternalServerError {
			if method == http.MethodDelete { // the ship that fails as it is asked to
				return
			}
			t.Fatalf("%s %s?%s: %d %s", method, path, query, rec.Code, rec.Body)
		}
		if rec.Body.Len() > 0 && !json.Valid(rec.Body.Bytes()) {
			t.Fatalf("no JSON: %s", rec.Body)
		}
	})
}
