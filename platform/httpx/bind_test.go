package httpx_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/platform/httpx"
)

// level reads JSON of its own.
type level int

func (l *level) UnmarshalJSON(text []byte) error {
	if string(text) == `"top"` {
		return errors.New("no level of this name")
	}
	return json.Unmarshal(text, (*int)(l))
}

type noteIn struct {
	ID    uuid.UUID `path:"ship_id"`
	Count int8      `json:"count"`
	Level level     `json:"level"`
	Parts []struct {
		Size uint `json:"size"`
	} `json:"parts"`
}

// The schema of the orders is open: what reaches the struct fits it or not.
func TestAValueThatFitsItsSchemaAndNotItsTypeIsNamed(t *testing.T) {
	t.Parallel()
	f, _ := newStoppedFixture(t, with(httpx.User("ship", httpx.Route{Op: "putOrders", Method: "PUT", Path: "/ships/{ship_id}/orders",
		Handle: httpx.Empty(http.StatusNoContent, func(context.Context, noteIn) error { return nil })})))
	for body, want := range map[string]struct {
		status int
		field  string
	}{
		`{"count":7,"level":2,"parts":[{"size":1}]}`: {204, ""},
		`{"other":true,"count":null,"parts":null}`:   {204, ""},
		`{"count":1000}`:                     {422, "count"},
		`{"count":1.0}`:                      {422, "count"},
		`{"count":"7"}`:                      {422, "count"},
		`{"parts":[{"size":1},{"size":-1}]}`: {422, "parts.1.size"},
		`{"parts":{}}`:                       {422, "parts"},
		`{"level":"high"}`:                   {422, ""},
		`{"level":"top"}`:                    {422, ""},
	} {
		r := f.ask(http.MethodPut, "/api/v1/user/ships/"+goodID+"/orders", body)
		require.Equal(t, want.status, r.Code, body)
		if want.field != "" {
			require.Contains(t, r.Body.String(), fmt.Sprintf(`{"name":%q,"code":"wrong_type"`, want.field), body)
		}
		require.NotContains(t, r.Body.String(), "no level of this name", "a cause is for the log")
	}
}

func TestABodyOfNonsenseNamesTwentyFieldsAtMost(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	fields := []string{`"name":"x"`}
	for i := range 100 {
		fields = append(fields, fmt.Sprintf(`"f%03d":1`, i))
	}
	r := f.user(t, http.MethodPost, "/api/v1/user/ships", "{"+strings.Join(fields, ",")+"}")
	require.Len(t, r.fields(t), 20)
	require.Equal(t, "f000 unknown_field", r.fields(t)[0], "sorted")

	r = f.user(t, http.MethodPost, "/api/v1/user/ships", `{"name":"x","`+strings.Repeat("é", 100)+`":1}`)
	require.Equal(t, []string{strings.Repeat("é", 64) + " unknown_field"}, r.fields(t), "cut to 128 bytes of valid text")
}

func TestAnUnknownFieldWinsOverAValueThatDoesNotFit(t *testing.T) {
	t.Parallel()
	r := newFixture(t).user(t, http.MethodPost, "/api/v1/user/ships", `{"mass":-1,"warp":9,"crew":{"cook":1}}`)
	require.Equal(t, http.StatusBadRequest, r.StatusCode)
	require.Equal(t, []string{"crew.cook unknown_field", "warp unknown_field"}, r.fields(t))
}

func TestEveryWrongParameterIsNamedAtOnce(t *testing.T) {
	t.Parallel()
	r := newFixture(t).user(t, http.MethodGet, "/api/v1/user/ships?limit=x&open=maybe&since=now&status=sunk", "")
	require.Equal(t, []string{"limit wrong_type", "status unknown_value", "open wrong_type", "since invalid_format"}, r.fields(t))
	r = newFixture(t).user(t, http.MethodGet, "/api/v1/user/ships?b=1&a=1&limit=x", "")
	require.Equal(t, []string{"a unknown_parameter", "b unknown_parameter"}, r.fields(t), "unknown ones come first")
}

func TestAParameterIsHeldAgainstItsGoTypeAsWell(t *testing.T) {
	t.Parallel()
	type narrow struct {
		Limit  int8        `query:"limit"`
		Cursor *string     `query:"cursor"`
		Status []string    `query:"status"`
		Open   bool        `query:"open"`
		Since  *time.Time  `query:"since"`
		At     []uuid.UUID `query:"at"`
	}
	got := make(chan narrow, 1)
	f, _ := newStoppedFixture(t, with(httpx.User("ship", httpx.Route{Op: "listShips", Method: "GET", Path: "/ships",
		Handle: httpx.Empty(http.StatusNoContent, func(_ context.Context, in narrow) error { got <- in; return nil })})))
	require.Equal(t, http.StatusNoContent, f.ask(http.MethodGet, "/api/v1/user/ships?limit=7&cursor=c&open=false&at="+goodID+"&at="+unknownID, "").Code)
	cursor := "c"
	require.Equal(t, narrow{Limit: 7, Cursor: &cursor, At: []uuid.UUID{uuid.MustParse(goodID), uuid.MustParse(unknownID)}}, <-got)
	require.Equal(t, http.StatusNoContent, f.ask(http.MethodGet, "/api/v1/user/ships", "").Code)
	require.Equal(t, narrow{Limit: 50}, <-got, "absent pointers are nil, the default of the document is bound")
	for query, want := range map[string]string{"at=x": "at invalid_id", "at=" + goodID + "&at=x": "at invalid_id", "open=0": "open wrong_type"} {
		name, code, _ := strings.Cut(want, " ")
		require.Contains(t, f.ask(http.MethodGet, "/api/v1/user/ships?"+query, "").Body.String(), fmt.Sprintf(`{"name":%q,"code":%q`, name, code), query)
	}
}

func TestAnIdempotencyKeyMeansNothingOnARead(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	require.Equal(t, http.StatusOK, f.user(t, http.MethodGet, accountPath, "", "Idempotency-Key", "not a key").StatusCode)
	require.Empty(t, httpx.IdempotencyKey(f.lastCtx))
}

func TestABodyWithoutALengthIsReadToItsEnd(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for body, want := range map[string]string{
		"c\r\n{\"name\":\"x\"}\r\n0\r\n\r\n":          "200 OK",
		"6\r\n{\"name\r\n6\r\n\":\"x\"}\r\n0\r\n\r\n": "200 OK",
		"0\r\n\r\n": "400 Bad Request", // one is needed
		"c\r\n{\"name\":\"x\"}\r\n2\r\n{}\r\n0\r\n\r\n":          "400 Bad Request",
		"1001\r\n" + strings.Repeat(" ", 4097) + "\r\n0\r\n\r\n": "413 Request Entity Too Large",
	} {
		got := f.raw(t, "POST /api/v1/public/echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"+body)
		require.Contains(t, got, want, body[:min(len(body), 20)])
	}
}

func TestAFieldWithoutATagStopsTheBoot(t *testing.T) {
	t.Parallel()
	for want, handle := range map[string]httpx.Handler{
		"field Hidden: it has no tag": handlerOf[struct {
			ID     uuid.UUID `path:"ship_id"`
			Hidden string
		}](),
		"field Inner: it has no tag": handlerOf[struct {
			Inner struct{ Name string }
		}](),
		"JSON cannot fill a chan int": handlerOf[struct {
			Events chan int `json:"events"`
		}](),
		"JSON cannot fill a func()": handlerOf[func()](),
		`two fields are called "name"`: handlerOf[struct {
			Named
			Other string `json:"name"`
		}](),
	} {
		problems, err := httpx.Compare(document, httpx.User("m", httpx.Route{Op: "getAccount", Method: "GET", Path: "/account", Handle: handle}))
		require.NoError(t, err)
		require.Contains(t, strings.Join(problems, "\n"), want)
	}
}

func TestADocumentThatCannotBeReadStopsTheBoot(t *testing.T) {
	t.Parallel()
	_, err := httpx.Compare(httpx.Document{Shapes: []byte("{")})
	require.ErrorContains(t, err, "read openapi.yaml")

	broken := httpx.Document{Text: []byte(`
paths:
  /api/v1/public/echo:
    post:
      operationId: publicEcho
      requestBody: {content: {application/json: {schema: {$ref: '#/components/schemas/Nowhere'}}}}
`)}
	problems, err := httpx.Compare(broken, httpx.Public("m", httpx.Route{Op: "publicEcho", Method: "POST", Path: "/echo", Handle: handlerOf[ship]()}))
	require.NoError(t, err)
	require.Contains(t, strings.Join(problems, "\n"), "operation publicEcho: schema", "a schema is compiled when it is first needed, and by the contract test")
}
