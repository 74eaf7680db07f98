package httpx

import (
	"errors"
	"fmt"
	"slices"

	"github.com/getkin/kin-openapi/openapi3"
)

// Document is the text of openapi.yaml.
type Document []byte

// operation is what the edge needs of one operation of the document.
type operation struct {
	id, method, path string
	params           map[string]*openapi3.Parameter // by "in name"
	body             *openapi3.Schema               // nil when the operation takes none
	bodyRequired     bool
}

// load reads the document's operations, by operationId.
func (d Document) load() (map[string]*operation, error) {
	doc, err := openapi3.NewLoader().LoadFromData(d)
	if err != nil {
		return nil, fmt.Errorf("read openapi.yaml: %w", err)
	}
	ops := map[string]*operation{}
	for path, item := range doc.Paths.Map() {
		for method, o := range item.Operations() {
			if ops[o.OperationID] != nil || o.OperationID == "" {
				return nil, fmt.Errorf("read openapi.yaml: %s %s: operationId %q is empty or taken", method, path, o.OperationID)
			}
			op := &operation{id: o.OperationID, method: method, path: path, params: map[string]*openapi3.Parameter{}}
			for _, ref := range slices.Concat(item.Parameters, o.Parameters) {
				op.params[ref.Value.In+" "+ref.Value.Name] = ref.Value
			}
			if o.RequestBody != nil {
				op.bodyRequired = o.RequestBody.Value.Required
				if media := o.RequestBody.Value.Content.Get("application/json"); media != nil && media.Schema != nil {
					op.body = media.Schema.Value
				}
			}
			ops[op.id] = op
		}
	}
	return ops, nil
}

// Compare holds tables against the document both ways and lists, sorted, what
// differs: a route without its operation, an operation without its route,
// parameters that are not those of the document. The probes' operations count
// as served. It is for the contract test of the whole program.
func Compare(d Document, tables ...Table) ([]string, error) {
	ops, err := d.load()
	if err != nil {
		return nil, err
	}
	var problems []string
	if err := checkTables(tables); err != nil {
		problems = append(problems, err.Error())
	}
	for _, t := range append(tables, probeTable(nil, nil)) {
		for _, r := range t.Routes {
			if _, _, err := t.resolve(r, ops); err != nil {
				problems = append(problems, err.Error())
			}
			delete(ops, r.Op)
		}
	}
	for _, op := range ops {
		problems = append(problems, fmt.Sprintf("operation %s (%s %s) has no route", op.id, op.method, op.path))
	}
	slices.Sort(problems)
	return problems, nil
}

// resolve finds the route's operation.
func (t Table) resolve(r Route, ops map[string]*operation) (*operation, []boundParam, error) {
	where := fmt.Sprintf("route %s (%s %s)", r.Op, r.Method, t.fullPath(r))
	op := ops[r.Op]
	if op == nil {
		return nil, nil, errors.New(where + " is not in openapi.yaml")
	}
	if op.method != r.Method || op.path != t.fullPath(r) {
		return nil, nil, fmt.Errorf("%s is %s %s in openapi.yaml", where, op.method, op.path)
	}
	bound, err := r.Handle.plan.bind(op)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", where, err)
	}
	return op, bound, nil
}
