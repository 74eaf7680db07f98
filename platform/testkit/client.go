package testkit

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/uuid"
)

// API is an HTTP client that fails its test when a request or a response does
// not fit openapi.yaml. Its methods that end in a client return a copy:
//
//	api := testkit.Client(t, url)
//	games := testkit.Into[gameList](api.User(ada).Get("/api/v1/user/lobby/games").Want(200))
type API struct {
	t        testing.TB
	base     string
	http     *http.Client
	header   http.Header
	contract *contract
	lenient  bool
}

// Client returns a client of the service at base, such as http://127.0.0.1:8080.
func Client(t testing.TB, base string) *API {
	t.Helper()
	c, err := repositoryContract()
	if err != nil {
		t.Fatalf("testkit: %v", err)
	}
	return newClient(t, base, c)
}

func newClient(t testing.TB, base string, c *contract) *API {
	transport := &http.Transport{MaxIdleConnsPerHost: 32}
	t.Cleanup(transport.CloseIdleConnections)
	return &API{t: t, base: base, contract: c, header: http.Header{}, http: &http.Client{
		Transport: transport, Timeout: stepTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Serve serves a handler until the test ends and returns where.
func Serve(t testing.TB, handler http.Handler) (base string) {
	t.Helper()
	srv := httptest.NewServer(handler)
	t.Cleanup(srv.Close)
	return srv.URL
}

func (a *API) copy() *API {
	b := *a
	b.header = a.header.Clone()
	return &b
}

// With sends a header along with every request.
func (a *API) With(name, value string) *API {
	b := a.copy()
	b.header.Set(name, value)
	return b
}

// User acts for a user, as the gateway does.
func (a *API) User(id uuid.UUID) *API { return a.With("X-User-ID", id.String()) }

// Admin sends an operator's credentials.
func (a *API) Admin(username, password string) *API {
	req := http.Request{Header: http.Header{}}
	req.SetBasicAuth(username, password)
	return a.With("Authorization", req.Header.Get("Authorization"))
}

// Lenient lets requests through that do not fit the document: for tests of bad
// input. Responses are held to it all the same.
func (a *API) Lenient() *API {
	b := a.copy()
	b.lenient = true
	return b
}

// In reports to another test, such as a subtest.
func (a *API) In(t testing.TB) *API {
	b := a.copy()
	b.t = t
	return b
}

// Get calls without a body.
func (a *API) Get(path string) Reply { a.t.Helper(); return a.Call(http.MethodGet, path, nil) }

// Post calls with body as JSON, or none for nil.
func (a *API) Post(path string, body any) Reply {
	a.t.Helper()
	return a.Call(http.MethodPost, path, body)
}

// Put calls with body as JSON, or none for nil.
func (a *API) Put(path string, body any) Reply {
	a.t.Helper()
	return a.Call(http.MethodPut, path, body)
}

// Patch calls with body as JSON, or none for nil.
func (a *API) Patch(path string, body any) Reply {
	a.t.Helper()
	return a.Call(http.MethodPatch, path, body)
}

// Delete calls without a body.
func (a *API) Delete(path string) Reply { a.t.Helper(); return a.Call(http.MethodDelete, path, nil) }

// Call sends one request. A body of []byte or string goes as it is, anything
// else as JSON, nil not at all.
func (a *API) Call(method, path string, body any) Reply {
	a.t.Helper()
	var payload []byte
	switch b := body.(type) {
	case nil:
	case []byte:
		payload = b
	case string:
		payload = []byte(b)
	default:
		var err error
		if payload, err = json.Marshal(b); err != nil {
			a.t.Fatalf("testkit: %s %s: encode the body: %v", method, path, err)
		}
	}
	req, err := http.NewRequestWithContext(a.t.Context(), method, a.base+path, bytes.NewReader(payload))
	if err != nil {
		a.t.Fatalf("testkit: %s %s: %v", method, path, err)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	} else {
		req.Body, req.ContentLength = http.NoBody, 0
	}
	return a.Do(req)
}

// Do sends a request of the test's own making and checks both ways.
func (a *API) Do(req *http.Request) Reply {
	a.t.Helper()
	for name, values := range a.header {
		req.Header[name] = values
	}
	var payload []byte
	if req.Body != nil {
		var err error
		if payload, err = io.ReadAll(req.Body); err != nil {
			a.t.Fatalf("testkit: read the request's body: %v", err)
		}
	}
	ex := a.checkRequest(req, payload)
	if len(payload) > 0 {
		req.Body = io.NopCloser(bytes.NewReader(payload))
	}
	res, err := a.http.Do(req)
	if err != nil {
		a.t.Fatalf("testkit: %s %s: %v", req.Method, req.URL.Path, err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		a.t.Fatalf("testkit: %s %s: read the response: %v", req.Method, req.URL.Path, err)
	}
	if err := ex.response(context.WithoutCancel(req.Context()), res.StatusCode, res.Header, body); err != nil {
		a.t.Errorf("testkit: %v\n%s", err, body)
	}
	return Reply{Status: res.StatusCode, Header: res.Header, Body: body, t: a.t, call: req.Method + " " + req.URL.Path}
}

func (a *API) checkRequest(req *http.Request, payload []byte) *exchange {
	a.t.Helper()
	copied := req.Clone(context.WithoutCancel(req.Context()))
	copied.Body = io.NopCloser(bytes.NewReader(payload))
	ex, err := a.contract.find(copied)
	if err == nil && !a.lenient {
		err = ex.request(copied.Context())
	}
	if err != nil && !a.lenient {
		a.t.Errorf("testkit: %v\n%s", err, payload)
	}
	return ex
}

// Reply is an answer.
type Reply struct {
	Status int
	Header http.Header
	Body   []byte

	t    testing.TB
	call string
}

// Want ends the test unless the status is the given one.
func (r Reply) Want(status int) Reply {
	r.t.Helper()
	if r.Status != status {
		r.t.Fatalf("%s: got %d, want %d: %s", r.call, r.Status, status, r.Body)
	}
	return r
}

// Refused ends the test unless the call failed with this status and this code,
// the stable token that clients go by.
func (r Reply) Refused(status int, code string) Reply {
	r.t.Helper()
	type envelope struct{ Error struct{ Code string } }
	if got := Into[envelope](r.Want(status)).Error.Code; got != code {
		r.t.Fatalf("%s: got the code %q, want %q: %s", r.call, got, code, r.Body)
	}
	return r
}

// Into decodes the body of an answer.
func Into[T any](r Reply) T {
	r.t.Helper()
	var v T
	if err := json.Unmarshal(r.Body, &v); err != nil {
		r.t.Fatalf("%s: decode the response: %v: %s", r.call, err, r.Body)
	}
	return v
}
