package testkit

import (
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

const petDocument = `
openapi: 3.0.3
info: {title: pets, version: 1.0.0}
servers: [{url: /}]
paths:
  /pets/{id}:
    get:
      operationId: getPet
      parameters: [{name: id, in: path, required: true, schema: {type: string, format: uuid}}]
      responses:
        '200': {description: ok, content: {application/json: {schema: {$ref: '#/components/schemas/Pet'}}}}
        '404': {description: none, content: {application/json: {schema: {$ref: '#/components/schemas/Error'}}}}
  /pets:
    post:
      operationId: createPet
      requestBody: {required: true, content: {application/json: {schema: {$ref: '#/components/schemas/Pet'}}}}
      responses:
        '201': {description: ok, content: {application/json: {schema: {$ref: '#/components/schemas/Pet'}}}}
        '422': {description: bad, content: {application/json: {schema: {$ref: '#/components/schemas/Error'}}}}
components:
  schemas:
    Pet:
      type: object
      additionalProperties: false
      required: [name, tags]
      properties: {name: {type: string, maxLength: 5}, tags: {type: array, items: {type: string}}}
    Error:
      type: object
      additionalProperties: false
      required: [error]
      properties: {error: {type: object, required: [code], properties: {code: {type: string}}}}
`

// recorder is a test that notes its failures.
type recorder struct {
	testing.TB
	failures []string
}

func (r *recorder) Helper() {}
func (r *recorder) Errorf(format string, args ...any) {
	r.failures = append(r.failures, fmt.Sprintf(format, args...))
}

// fatal is what Fatalf panics with.
type fatal struct{}

func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	panic(fatal{})
}

// recorded runs f as a test of its own and returns how it failed.
func recorded(t *testing.T, f func(testing.TB)) (failures []string) {
	t.Helper()
	r := &recorder{TB: t}
	defer func() {
		if p := recover(); p != nil && p != (fatal{}) {
			panic(p)
		}
		failures = r.failures
	}()
	f(r)
	return r.failures
}

// pets serves one answer for everything.
func pets(t *testing.T, status int, body string) (*contract, string) {
	t.Helper()
	c, err := newContract([]byte(petDocument))
	require.NoError(t, err)
	return c, Serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("X-Seen", r.Header.Get("X-User-ID")+r.Header.Get("Authorization"))
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
}

const goodPet = `{"name":"rex","tags":[]}`

func TestFittingExchangePassesAndCounts(t *testing.T) {
	t.Parallel()
	c, base := pets(t, 200, goodPet)
	path := "/pets/" + uuid.NewString()
	got := Into[struct{ Name string }](newClient(t, base, c).Get(path).Want(200))
	require.Equal(t, "rex", got.Name)
	require.Equal(t, []string{"createPet"}, c.unexercised("/"))
	require.Empty(t, c.unexercised("/nowhere"))
}

func TestFailureDoesNotExerciseAnOperation(t *testing.T) {
	t.Parallel()
	c, base := pets(t, 404, `{"error":{"code":"not_found"}}`)
	newClient(t, base, c).Get("/pets/"+uuid.NewString()).Refused(404, "not_found")
	require.Equal(t, []string{"createPet", "getPet"}, c.unexercised("/"))
}

func TestResponsesAreHeldToTheDocument(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		status int
		body   string
	}{
		"null list":           {200, `{"name":"rex","tags":null}`},
		"unknown field":       {200, `{"name":"rex","tags":[],"secret":1}`},
		"missing field":       {200, `{"name":"rex"}`},
		"too long":            {200, `{"name":"long name","tags":[]}`},
		"not JSON":            {200, `rex`},
		"undocumented status": {418, goodPet},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, base := pets(t, tc.status, tc.body)
			failures := recorded(t, func(t testing.TB) { newClient(t, base, c).Get("/pets/" + uuid.NewString()) })
			require.Len(t, failures, 1)
			require.Contains(t, failures[0], "getPet: the response")
		})
	}
}

func TestRequestsAreHeldToTheDocument(t *testing.T) {
	t.Parallel()
	c, base := pets(t, 201, goodPet)
	for name, call := range map[string]func(*API) Reply{
		"unknown field": func(a *API) Reply { return a.Post("/pets", `{"name":"rex","tags":[],"x":1}`) },
		"no body":       func(a *API) Reply { return a.Post("/pets", nil) },
		"bad id":        func(a *API) Reply { return a.Get("/pets/REX") },
		"unknown route": func(a *API) Reply { return a.Get("/cats") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			failures := recorded(t, func(t testing.TB) { call(newClient(t, base, c)) })
			require.NotEmpty(t, failures)
			require.Contains(t, failures[0], "openapi.yaml")
		})
	}
}

func TestLenientClientStillChecksTheAnswer(t *testing.T) {
	t.Parallel()
	c, base := pets(t, 422, `{"error":{"code":"validation_failed"}}`)
	api := newClient(t, base, c).Lenient()
	api.Post("/pets", `{`).Refused(422, "validation_failed")
	api.Get("/cats").Want(422) // an unknown route answers in the common envelope

	c, base = pets(t, 404, `{"oops":1}`)
	require.Len(t, recorded(t, func(t testing.TB) { newClient(t, base, c).Lenient().Get("/cats") }), 1)
}

func TestUnexpectedStatusOrCodeEndsTheTest(t *testing.T) {
	t.Parallel()
	c, base := pets(t, 404, `{"error":{"code":"not_found"}}`)
	path := "/pets/" + uuid.NewString()
	require.Len(t, recorded(t, func(t testing.TB) { newClient(t, base, c).Get(path).Want(200) }), 1)
	require.Len(t, recorded(t, func(t testing.TB) { newClient(t, base, c).Get(path).Refused(404, "gone") }), 1)
	require.Len(t, recorded(t, func(t testing.TB) { Into[[]string](newClient(t, base, c).Get(path)) }), 1)
}

func TestIdentityGoesAlong(t *testing.T) {
	t.Parallel()
	c, base := pets(t, 200, goodPet)
	api, id := newClient(t, base, c), uuid.New()
	path := "/pets/" + uuid.NewString()
	require.Equal(t, id.String(), api.User(id).Get(path).Header.Get("X-Seen"))
	require.Equal(t, "Basic cm9vdDpwdw==", api.Admin("root", "pw").Get(path).Header.Get("X-Seen"))
	require.Empty(t, api.Get(path).Header.Get("X-Seen"), "a derived client leaves the first one alone")
}

func TestDocumentOfThisRepositoryIsUnderstood(t *testing.T) {
	t.Parallel()
	missing, err := Unexercised("/healthz")
	require.NoError(t, err)
	require.Equal(t, []string{"getHealth"}, missing)
	_ = Client(t, "http://127.0.0.1:1")
	called, err := Exercised()
	require.NoError(t, err)
	require.NotContains(t, called, "getHealth")
}
