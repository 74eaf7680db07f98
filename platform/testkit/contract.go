package testkit

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
	"github.com/google/uuid"

	backend "galaxy/backend"
)

// contract holds requests and responses to openapi.yaml.
type contract struct {
	doc     *openapi3.T
	router  routers.Router
	options *openapi3filter.Options

	mu        sync.Mutex
	exercised map[string]map[int]bool // operationId to the statuses that were answered
}

// repositoryContract is that of this repository. All clients of a test process
// share it, and with it the record of what was exercised.
var repositoryContract = sync.OnceValues(func() (*contract, error) { return newContract(backend.OpenAPI) })

func newContract(document []byte) (*contract, error) {
	doc, err := openapi3.NewLoader().LoadFromData(document)
	if err != nil {
		return nil, fmt.Errorf("read openapi.yaml: %w", err)
	}
	router, err := gorillamux.NewRouter(doc)
	if err != nil {
		return nil, fmt.Errorf("read the routes of openapi.yaml: %w", err)
	}
	isUUID := openapi3.NewCallbackValidator(func(s string) error {
		if id, err := uuid.Parse(s); err != nil || id.String() != s {
			return errors.New("not a UUID in its canonical form")
		}
		return nil
	})
	return &contract{
		doc: doc, router: router, exercised: map[string]map[int]bool{},
		options: &openapi3filter.Options{
			MultiError: true, IncludeResponseStatus: true,
			RejectWhenRequestBodyNotSpecified: true, SkipSettingDefaults: true,
			AuthenticationFunc: openapi3filter.NoopAuthenticationFunc,
			SchemaValidationOptions: []openapi3.SchemaValidationOption{
				openapi3.WithStringFormatValidator("uuid", isUUID),
			},
		},
	}, nil
}

// exchange is one call that is being checked.
type exchange struct {
	contract *contract
	input    *openapi3filter.RequestValidationInput // nil when the document has no such route
}

// find looks up the operation of a request.
func (c *contract) find(req *http.Request) (*exchange, error) {
	route, params, err := c.router.FindRoute(req)
	if err != nil {
		return &exchange{contract: c}, fmt.Errorf("%s %s is not in openapi.yaml: %w", req.Method, req.URL.Path, err)
	}
	input := &openapi3filter.RequestValidationInput{Request: req, PathParams: params, Route: route, Options: c.options}
	return &exchange{c, input}, nil
}

// request checks the request, whose body is still to be sent afterwards.
func (e *exchange) request(ctx context.Context) error {
	if err := openapi3filter.ValidateRequest(ctx, e.input); err != nil {
		return fmt.Errorf("%s: the request does not fit openapi.yaml: %w", e.input.Route.Operation.OperationID, err)
	}
	return nil
}

// response checks what was answered and notes that the operation was called.
// An answer outside every documented route is an error in the common envelope.
func (e *exchange) response(ctx context.Context, status int, header http.Header, body []byte) error {
	if e.input == nil {
		return e.contract.envelope(body)
	}
	op := e.input.Route.Operation
	e.contract.note(op.OperationID, status)
	if kind := header.Get("Content-Type"); strings.HasPrefix(kind, "text/html") || kind == "application/yaml" {
		return nil // a page, which kin-openapi has no notion of, or a text that it would read as an object
	}
	in := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: e.input, Status: status, Header: header, Options: e.contract.options,
	}
	if err := openapi3filter.ValidateResponse(ctx, in.SetBodyBytes(body)); err != nil {
		return fmt.Errorf("%s: the response %d does not fit openapi.yaml: %w", op.OperationID, status, err)
	}
	return nil
}

func (c *contract) envelope(body []byte) error {
	schema := c.doc.Components.Schemas["Error"]
	if schema == nil {
		return errors.New("openapi.yaml has no schema Error")
	}
	var v any
	if err := json.NewDecoder(bytes.NewReader(body)).Decode(&v); err != nil {
		return fmt.Errorf("the answer to an unknown route is not JSON: %w", err)
	}
	if err := schema.Value.VisitJSON(v); err != nil {
		return fmt.Errorf("the answer to an unknown route does not fit the schema Error: %w", err)
	}
	return nil
}

func (c *contract) note(operation string, status int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.exercised[operation] == nil {
		c.exercised[operation] = map[int]bool{}
	}
	c.exercised[operation][status] = true
}

// unexercised lists the operations below the path prefix that never succeeded.
func (c *contract) unexercised(prefix string) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var names []string
	for path, item := range c.doc.Paths.Map() {
		if !strings.HasPrefix(path, prefix) {
			continue
		}
		for _, op := range item.Operations() {
			statuses := slices.Collect(maps.Keys(c.exercised[op.OperationID]))
			succeeded := func(status int) bool { return status < http.StatusBadRequest }
			if !slices.ContainsFunc(statuses, succeeded) {
				names = append(names, op.OperationID)
			}
		}
	}
	slices.Sort(names)
	return names
}

// Unexercised lists, sorted, the operations of openapi.yaml below a path prefix
// that no client of this test process has called with success.
func Unexercised(prefix string) ([]string, error) {
	c, err := repositoryContract()
	if err != nil {
		return nil, err
	}
	return c.unexercised(prefix), nil
}

// Exercised tells how each operation that was called has answered: operationId
// to statuses, sorted.
func Exercised() (map[string][]int, error) {
	c, err := repositoryContract()
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	out := map[string][]int{}
	for op, statuses := range c.exercised {
		out[op] = slices.Sorted(maps.Keys(statuses))
	}
	return out, nil
}
