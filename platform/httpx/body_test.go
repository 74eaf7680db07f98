package httpx_test

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/platform/httpx"
)

func userOf(f *fixture) uuid.UUID { return httpx.UserID(f.lastCtx) }

func TestABodyMayHaveItsLimitAndNotAByteMore(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, c := range []struct {
		method, path, body string
		limit              int
	}{
		{"POST", "/api/v1/public/echo", `{"name":"x"}`, 4 << 10},
		{"POST", "/api/v1/user/ships", `{"name":"x"}`, 64 << 10},
		{"PUT", "/api/v1/user/ships/" + goodID + "/orders", `{}`, 1 << 20},
	} {
		for _, chunked := range []bool{false, true} {
			send := func(size int) reply {
				body := c.body + strings.Repeat(" ", size-len(c.body))
				r, err := http.NewRequestWithContext(t.Context(), c.method, f.base+c.path, strings.NewReader(body))
				require.NoError(t, err)
				if chunked {
					r.ContentLength = -1
				}
				r.Header.Set("X-User-ID", goodID)
				r.Header.Set("Content-Type", "application/json")
				return send(t, http.DefaultClient, r)
			}
			require.Less(t, send(c.limit).StatusCode, 300, c.path)
			over := send(c.limit + 1)
			require.Equal(t, http.StatusRequestEntityTooLarge, over.StatusCode, c.path)
			require.Equal(t, "body_too_large", over.code(t))
			require.True(t, over.Close, "the connection is given up")
		}
	}
}

func TestOnlyPlainJSONIsTaken(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	const body = `{"name":"x"}`
	for name, headers := range map[string][]string{
		"missing": nil, "empty": {"Content-Type", ""}, "text": {"Content-Type", "text/plain"},
		"form":      {"Content-Type", "application/x-www-form-urlencoded"},
		"multipart": {"Content-Type", "multipart/form-data; boundary=x"},
		"suffix":    {"Content-Type", "application/problem+json"},
		"charset":   {"Content-Type", "application/json; charset=latin-1"},
		"two":       {"Content-Type", "application/json", "Content-Type", "application/json"},
		"packed":    {"Content-Type", "application/json", "Content-Encoding", "gzip"},
	} {
		r := f.do(t, http.MethodPost, "/api/v1/public/echo", body, headers...)
		require.Equal(t, http.StatusUnsupportedMediaType, r.StatusCode, name)
		require.Equal(t, "unsupported_media_type", r.code(t))
	}
	for _, media := range []string{"application/json", "Application/JSON", "application/json; charset=UTF-8", `application/json;charset="utf-8"`} {
		require.Equal(t, http.StatusOK, f.do(t, http.MethodPost, "/api/v1/public/echo", body, "Content-Type", media).StatusCode, media)
	}
}

func TestWhatIsWrongWithABodyIsNamed(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for body, want := range map[string]struct {
		status int
		fields []string
	}{
		// Malformed, or with fields that are not there: 400.
		" ":                              {400, []string{" syntax"}},
		`{"name":"x"`:                    {400, []string{" syntax"}},
		`{"name":"x"}{"name":"y"}`:       {400, []string{" syntax"}},
		`{"name":"x","name":"y"}`:        {400, []string{"name duplicate_field"}},
		`{"name":"x","Name":"y"}`:        {400, []string{"Name unknown_field"}},
		`{"name":"x","warp":1,"a":2}`:    {400, []string{"a unknown_field", "warp unknown_field"}},
		`{"warp":1,"mass":-1}`:           {400, []string{"warp unknown_field"}},
		`{"name":"x","crew":{"cook":1}}`: {400, []string{"crew.cook unknown_field"}},
		`{"name":"\ud800"}`:              {400, []string{"name invalid_encoding"}},
		`{"name":"a\u0000"}`:             {400, []string{"name invalid_encoding"}},
		"{\"name\":\"\xff\"}":            {400, []string{"name invalid_encoding"}},
		"\xef\xbb\xbf{\"name\":\"x\"}":   {400, []string{" invalid_encoding"}},
		strings.Repeat("[", 2000):        {400, []string{strings.TrimSuffix(strings.Repeat("0.", 65), ".") + " too_deep"}},
		`{"name":"x","mass":1e400}`:      {400, []string{"mass out_of_range"}},
		// Well-formed, but of another shape: 422.
		`null`:                             {422, []string{" wrong_type"}},
		`[]`:                               {422, []string{" wrong_type"}},
		`"x"`:                              {422, []string{" wrong_type"}},
		`{}`:                               {422, []string{"name required"}},
		`{"name":""}`:                      {422, []string{"name too_short"}},
		`{"name":"123456789012345678901"}`: {422, []string{"name too_long"}},
		`{"name":null}`:                    {422, []string{"name wrong_type"}},
		`{"name":"x","mass":"1"}`:          {422, []string{"mass wrong_type"}},
		`{"name":"x","mass":1.5}`:          {422, []string{"mass wrong_type"}},
		`{"name":"x","mass":-1}`:           {422, []string{"mass out_of_range"}},
		`{"name":"x","mass":1001}`:         {422, []string{"mass out_of_range"}},
		`{"name":"x","mass":1.0}`:          {422, []string{"mass wrong_type"}}, // an integer to the schema, not to Go
		`{"name":"x","kind":"tug"}`:        {422, []string{"kind unknown_value"}},
		`{"name":"x","owner":"{` + goodID + `}"}`: {422, []string{"owner invalid_format"}},
		`{"name":"x","built":"yesterday"}`:        {422, []string{"built invalid_format"}},
		`{"name":"x","tags":["a","a"]}`:           {422, []string{"tags not_unique"}},
		`{"name":"x","tags":["1","2","3","4"]}`:   {422, []string{"tags too_many"}},
		`{"name":"x","crew":{}}`:                  {422, []string{"crew.captain required"}},
		`{"name":"","mass":-1}`:                   {422, []string{"mass out_of_range", "name too_short"}},
	} {
		r := f.user(t, http.MethodPost, "/api/v1/user/ships", body)
		require.Equal(t, want.status, r.StatusCode, "%s: %s", body, r.text)
		require.Equal(t, want.fields, r.fields(t), body)
		require.Equal(t, map[int]string{400: "invalid_request", 422: "validation_failed"}[want.status], r.code(t))
	}
	require.Nil(t, f.last, "the handler was never called")
}

func TestAnEmptyBodyIsMalformedWhereOneIsNeeded(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	r := f.user(t, http.MethodPost, "/api/v1/user/ships", "", "Content-Type", "application/json")
	require.Equal(t, http.StatusBadRequest, r.StatusCode)
	require.Equal(t, []string{" syntax"}, r.fields(t))

	r = f.user(t, http.MethodPut, "/api/v1/user/ships/"+goodID+"/orders", "")
	require.Equal(t, http.StatusOK, r.StatusCode, r.text)
	require.Empty(t, f.last.(putOrders).Orders)
	r = f.user(t, http.MethodPut, "/api/v1/user/ships/"+goodID+"/orders", `{"a": [1]}`)
	require.Equal(t, http.StatusOK, r.StatusCode, r.text)
	require.JSONEq(t, `{"a":[1]}`, string(f.last.(putOrders).Orders))
	require.Equal(t, goodID, f.last.(putOrders).ID.String())
	r = f.user(t, http.MethodPut, "/api/v1/user/ships/"+goodID+"/orders", `{"a":1,"a":2}`)
	require.Equal(t, []string{"a duplicate_field"}, r.fields(t))
}

func TestABodyReachesTheHandlerWhole(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	r := f.user(t, http.MethodPost, "/api/v1/user/ships",
		`{"name":"Žižka \ud83d\ude80","mass":7,"kind":"scout","owner":"`+goodID+`","built":"2026-01-02T03:04:05Z","tags":["a"],"crew":{"captain":"K"}}`,
		"Idempotency-Key", "key-1")
	require.Equal(t, http.StatusCreated, r.StatusCode, r.text)
	require.Equal(t, "/api/v1/user/ships/"+goodID, r.Header.Get("Location"))
	require.Equal(t, `"1"`, r.Header.Get("ETag"))
	got := f.last.(ship)
	require.Equal(t, "Žižka 🚀", got.Name)
	require.Equal(t, 7, got.Mass)
	require.Equal(t, "K", got.Crew.Captain)
	require.Equal(t, goodID, httpx.UserID(f.lastCtx).String())
	require.Equal(t, "key-1", httpx.IdempotencyKey(f.lastCtx))
	require.Equal(t, r.Header.Get("X-Request-ID"), httpx.RequestID(f.lastCtx))
	require.NotEmpty(t, httpx.UserAgent(f.lastCtx))
}

func TestAnIdempotencyKeyIsShortVisibleASCII(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, keys := range [][]string{{""}, {strings.Repeat("k", 65)}, {"a b"}, {"schlüssel"}, {"a", "b"}} {
		var headers []string
		for _, k := range keys {
			headers = append(headers, "Idempotency-Key", k)
		}
		r := f.user(t, http.MethodPost, "/api/v1/user/ships", `{"name":"x"}`, headers...)
		require.Equal(t, http.StatusBadRequest, r.StatusCode, keys)
		require.Equal(t, []string{"Idempotency-Key invalid_format"}, r.fields(t))
	}
}

func TestHeadersFieldsAndPathMeetInOneStruct(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	r := f.user(t, http.MethodPatch, "/api/v1/user/ships/"+goodID, `{"name":"x","mass":3}`, "If-Match", `"7"`)
	require.Equal(t, http.StatusOK, r.StatusCode, r.text)
	require.Equal(t, patchShip{ID: uuid.MustParse(goodID), Match: `"7"`, Named: Named{"x", 3}}, f.last)
	r = f.user(t, http.MethodPatch, "/api/v1/user/ships/"+goodID, `{"name":"x"}`)
	require.Equal(t, []string{"If-Match required"}, r.fields(t))
}

func TestABodyThatEndsEarlyIsMalformed(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	conn := f.dial(t)
	_, err := fmt.Fprintf(conn, "POST /api/v1/public/echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{")
	require.NoError(t, err)
	require.NoError(t, conn.CloseWrite())
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	require.Equal(t, http.StatusBadRequest, resp.StatusCode)
	require.Contains(t, readAll(t, resp), "the body ended early")
}

func TestABodyNeverReachesTheFieldOfAParameter(t *testing.T) {
	t.Parallel()
	type noted struct {
		ID   uuid.UUID `path:"ship_id"`
		Note string    `json:"note"`
	}
	got := make(chan noted, 1)
	f, _ := newStoppedFixture(t, with(httpx.User("ship", httpx.Route{Op: "putOrders", Method: "PUT", Path: "/ships/{ship_id}/orders",
		Handle: httpx.Empty(http.StatusAccepted, func(_ context.Context, in noted) error { got <- in; return nil })})))
	r := f.ask(http.MethodPut, "/api/v1/user/ships/"+goodID+"/orders", `{"ID":"`+blockedID+`","id":1,"note":"x"}`)
	require.Equal(t, http.StatusAccepted, r.Code, r.Body)
	require.Equal(t, noted{uuid.MustParse(goodID), "x"}, <-got)
}
