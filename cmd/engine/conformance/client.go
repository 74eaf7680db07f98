package conformance

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"
	"github.com/stretchr/testify/require"

	enginev1 "galaxy/backend/proto/engine/v1"
)

// contractRouter finds the operations of the OpenAPI document, which is parsed once.
var contractRouter = sync.OnceValues(func() (routers.Router, error) {
	doc, err := openapi3.NewLoader().LoadFromData(enginev1.OpenAPI())
	if err != nil {
		return nil, err
	}
	doc.Servers = nil
	return legacy.NewRouter(doc)
})

// Client calls an engine and fails the test when an answer breaks the contract.
type Client struct {
	// Header goes with every request.
	Header http.Header

	t      testing.TB
	base   string
	router routers.Router
	http   *http.Client
}

// NewClient talks to the engine at base, for example "http://127.0.0.1:8080".
func NewClient(t testing.TB, base string) *Client {
	t.Helper()
	router, err := contractRouter()
	require.NoError(t, err)
	return &Client{t: t, base: strings.TrimSuffix(base, "/"), router: router, http: &http.Client{}, Header: http.Header{}}
}

// For is the same client for another test.
func (c *Client) For(t testing.TB) *Client {
	other := *c
	other.t, other.Header = t, c.Header.Clone()
	return &other
}

// With is the same client with one more header.
func (c *Client) With(key, value string) *Client {
	other := c.For(c.t)
	other.Header.Set(key, value)
	return other
}

// Answer is the engine's response to one request.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte

	t testing.TB
}

// Call sends body: nil for none, bytes and strings as they are, else as JSON.
func (c *Client) Call(method, path string, body any) *Answer {
	c.t.Helper()
	request := httptest.NewRequestWithContext(c.t.Context(), method, path, bytes.NewReader(c.encode(body)))
	request.Header = c.Header.Clone()
	if body != nil && request.Header.Get("Content-Type") == "" {
		request.Header.Set("Content-Type", "application/json")
	}
	route, parameters, routeErr := c.router.FindRoute(request)
	target, err := url.Parse(c.base + path)
	require.NoError(c.t, err)
	request.URL, request.Host, request.RequestURI = target, target.Host, ""
	response, err := c.http.Do(request)
	require.NoError(c.t, err)
	raw, err := io.ReadAll(response.Body)
	require.NoError(c.t, err)
	require.NoError(c.t, response.Body.Close())
	answer := &Answer{Status: response.StatusCode, Header: response.Header, Body: raw, t: c.t}
	require.Equal(c.t, "1", response.Header.Get(enginev1.HeaderContract))
	require.NotEmpty(c.t, response.Header.Get(enginev1.HeaderEngineVersion))
	if routeErr != nil {
		return answer // no operation of the contract, but an answer in its form
	}
	require.NoError(c.t, openapi3filter.ValidateResponse(c.t.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: request, PathParams: parameters, Route: route},
		Status:                 response.StatusCode, Header: response.Header, Body: io.NopCloser(bytes.NewReader(raw)),
		Options: &openapi3filter.Options{IncludeResponseStatus: false},
	}), "%s %s: %s", method, path, raw)
	return answer
}

func (c *Client) encode(body any) []byte {
	switch b := body.(type) {
	case nil:
		return nil
	case []byte:
		return b
	case string:
		return []byte(b)
	}
	raw, err := json.Marshal(body)
	require.NoError(c.t, err)
	return raw
}

// Get calls with GET.
func (c *Client) Get(path string) *Answer { c.t.Helper(); return c.Call(http.MethodGet, path, nil) }

// Put calls with PUT.
func (c *Client) Put(path string, body any) *Answer {
	c.t.Helper()
	return c.Call(http.MethodPut, path, body)
}

// Post calls with POST.
func (c *Client) Post(path string, body any) *Answer {
	c.t.Helper()
	return c.Call(http.MethodPost, path, body)
}

// Refused requires an error response and returns its error.
func (a *Answer) Refused(status int, code enginev1.ErrorCode) enginev1.Error {
	a.t.Helper()
	var envelope enginev1.ErrorResponse
	require.NoError(a.t, json.Unmarshal(a.Body, &envelope), "%s", a.Body)
	require.Equal(a.t, code, envelope.Error.Code, "%s", a.Body)
	require.Equal(a.t, status, a.Status, "%s", a.Body)
	require.NotEmpty(a.t, envelope.Error.Message)
	return envelope.Error
}

// Into requires the status and decodes the body.
func Into[T any](a *Answer, status int) T {
	a.t.Helper()
	require.Equal(a.t, status, a.Status, "%s", a.Body)
	var v T
	d := json.NewDecoder(bytes.NewReader(a.Body))
	d.DisallowUnknownFields()
	require.NoError(a.t, d.Decode(&v), "%s", a.Body)
	return v
}

// ReportPath is the path of a race's current report.
func ReportPath(race string) string {
	return enginev1.PathReport + "?race=" + url.QueryEscape(race)
}
