package httpx

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/labstack/echo/v4"

	"galaxy/backend/openapi/shapes"
)

// Document is openapi.yaml.
type Document struct {
	Text   []byte // served as it is
	Shapes []byte // its reduced form, openapi/shapes.json; made from Text when empty
}

// operation is what a route needs of its operation in the document.
type operation struct {
	shapes.Operation
	params  map[string]*shapes.Param // by "in name"
	body    *shapes.Schema           // nil when the operation takes none
	compile shapes.Compile
}

// load reads the document's operations, by operationId.
func (d Document) load() (map[string]*operation, error) {
	read := &shapes.Shapes{}
	var err error
	if len(d.Shapes) > 0 {
		err = json.Unmarshal(d.Shapes, read)
	} else {
		read, err = shapes.Reduce(d.Text)
	}
	if err != nil {
		return nil, fmt.Errorf("read openapi.yaml: %w", err)
	}
	compile := read.Compiler()
	ops := make(map[string]*operation, len(read.Operations))
	for _, o := range read.Operations {
		op := &operation{Operation: o, params: map[string]*shapes.Param{}, compile: compile}
		for i := range o.Params {
			op.params[o.Params[i].In+" "+o.Params[i].Name] = &o.Params[i]
		}
		if o.Body != nil {
			op.body = &shapes.Schema{Text: o.Body, Compile: compile}
		}
		ops[o.ID] = op
	}
	return ops, nil
}

// Compare holds tables against the document both ways and lists, sorted, what
// differs: a route without its operation, an operation without its route,
// parameters that are not those of the document, a schema that cannot be
// compiled. The probes' operations count as served. It is for the contract
// test of the whole program.
func Compare(d Document, tables ...Table) ([]string, error) {
	ops, err := d.load()
	if err != nil {
		return nil, err
	}
	var problems []string
	if err := checkTables(tables); err != nil {
		problems = append(problems, err.Error())
	}
	for _, t := range append(slices.Clone(tables), probeTable(nil, nil)) {
		for _, r := range t.Routes {
			p, err := t.resolve(r, ops)
			if err == nil {
				err = p.compile()
			}
			if err != nil {
				problems = append(problems, err.Error())
			}
			delete(ops, r.Op)
		}
	}
	for _, op := range ops {
		problems = append(problems, fmt.Sprintf("operation %s (%s %s) has no route", op.ID, op.Method, op.Path))
	}
	slices.Sort(problems)
	return problems, nil
}

// compile tries what a boot leaves for the first request.
func (p *endpoint) compile() error {
	all := []*shapes.Schema{p.op.body}
	for _, param := range p.params {
		all = append(all, param.schema)
	}
	for _, s := range all {
		if s == nil {
			continue
		}
		if _, err := s.Get(); err != nil {
			return fmt.Errorf("operation %s: %w", p.op.ID, err)
		}
	}
	return nil
}

// resolve finds the route's operation.
func (t Table) resolve(r Route, ops map[string]*operation) (*endpoint, error) {
	where := fmt.Sprintf("route %s (%s %s)", r.Op, r.Method, t.fullPath(r))
	op := ops[r.Op]
	if op == nil {
		return nil, errors.New(where + " is not in openapi.yaml")
	}
	if op.Method != r.Method || op.Path != t.fullPath(r) {
		return nil, fmt.Errorf("%s is %s %s in openapi.yaml", where, op.Method, op.Path)
	}
	params, err := r.Handle.plan.bind(op)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", where, err)
	}
	return &endpoint{
		surface: t.Surface, route: r, op: op, params: params, maxBody: cmp.Or(r.MaxBody, surfaces[t.Surface].maxBody),
		metrics: &routeMetrics{group: t.Surface.String(), method: r.Method, path: op.Path},
	}, nil
}

// handler is the route's handler, bound to its operation.
func (p *endpoint) handler() echo.HandlerFunc {
	return p.route.Handle.serve(&binder{plan: &p.route.Handle.plan, op: p.op, params: p.params})
}
