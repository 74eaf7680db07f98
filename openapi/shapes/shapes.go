// Package shapes is the part of openapi.yaml that request validation needs: the
// parameters of every operation and the schema of its body.
//
// Parsing the whole document takes longer than the rest of the start. The bundler
// reduces it once; the reduced document is small, and a schema is compiled by the
// first request that needs it.
package shapes

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// Shapes is the reduced document.
type Shapes struct {
	Operations []Operation                `json:"operations"` // by id
	Schemas    map[string]json.RawMessage `json:"schemas"`    // components.schemas, without prose
}

// Operation is one operation of the document.
type Operation struct {
	ID           string          `json:"id"`
	Method       string          `json:"method"`
	Path         string          `json:"path"`
	Params       []Param         `json:"params,omitempty"`
	Body         json.RawMessage `json:"body,omitempty"` // schema of the JSON body; may be a reference
	BodyRequired bool            `json:"body_required,omitempty"`
}

// Param is one path, query or header parameter.
type Param struct {
	Name     string          `json:"name"`
	In       string          `json:"in"`
	Required bool            `json:"required,omitempty"`
	Default  any             `json:"default,omitempty"`
	Type     string          `json:"type,omitempty"` // of the schema, through a reference too
	Schema   json.RawMessage `json:"schema,omitempty"`
}

type object = map[string]any

var methods = []string{"get", "put", "post", "delete", "options", "head", "patch", "trace"}

// Reduce reads openapi.yaml.
func Reduce(text []byte) (*Shapes, error) {
	var doc object
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return nil, err
	}
	r := reducer{doc: doc}
	s := &Shapes{Schemas: map[string]json.RawMessage{}}
	for path, item := range r.object(doc["paths"]) {
		shared := r.object(item)
		for _, method := range methods {
			if op, ok := shared[method]; ok {
				s.Operations = append(s.Operations, r.operation(path, method, shared["parameters"], r.object(op)))
			}
		}
	}
	slices.SortFunc(s.Operations, func(a, b Operation) int {
		return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(a.Path, b.Path))
	})
	for i, op := range s.Operations {
		if op.ID == "" || i > 0 && s.Operations[i-1].ID == op.ID {
			r.errs = append(r.errs, fmt.Errorf("%s %s: operationId %q is empty or taken", op.Method, op.Path, op.ID))
		}
	}
	for name, schema := range r.object(r.object(doc["components"])["schemas"]) {
		s.Schemas[name] = r.schema(schema)
	}
	return s, errors.Join(r.errs...)
}

type reducer struct {
	doc  object
	errs []error
}

func (r *reducer) operation(path, method string, shared any, o object) Operation {
	id, _ := o["operationId"].(string)
	op := Operation{ID: id, Method: strings.ToUpper(method), Path: path}
	for _, list := range []any{shared, o["parameters"]} {
		items, _ := list.([]any)
		for _, item := range items {
			op.Params = append(op.Params, r.param(r.object(item)))
		}
	}
	if body := r.object(o["requestBody"]); body != nil {
		op.BodyRequired, _ = body["required"].(bool)
		if media := r.object(r.object(body["content"])["application/json"]); media["schema"] != nil {
			op.Body = r.schema(media["schema"])
		}
	}
	return op
}

func (r *reducer) param(o object) Param {
	p := Param{}
	p.Name, _ = o["name"].(string)
	p.In, _ = o["in"].(string)
	p.Required, _ = o["required"].(bool)
	if schema := r.object(o["schema"]); schema != nil {
		p.Default, p.Schema = schema["default"], r.schema(o["schema"])
		p.Type, _ = schema["type"].(string)
	}
	return p
}

// object follows references; it is nil for any other value.
func (r *reducer) object(v any) object {
	o, _ := v.(object)
	for range 8 { // longer chains are loops
		ref, ok := o["$ref"].(string)
		if !ok {
			return o
		}
		var at any = r.doc
		for key := range strings.SplitSeq(strings.TrimPrefix(ref, "#/"), "/") {
			in, _ := at.(object)
			at = in[key]
		}
		o, ok = at.(object)
		if !ok {
			r.errs = append(r.errs, fmt.Errorf("reference %s cannot be resolved", ref))
		}
	}
	return o
}

func (r *reducer) schema(v any) json.RawMessage {
	text, err := json.Marshal(withoutProse(v))
	if err != nil {
		r.errs = append(r.errs, err)
	}
	return text
}

// withoutProse is a schema without its descriptions and examples. Names of
// properties are kept.
func withoutProse(v any) any {
	o, ok := v.(object)
	if !ok {
		return v
	}
	out := object{}
	for key, value := range o {
		switch key {
		case "description", "title", "example", "externalDocs":
		case "properties":
			members := object{}
			named, _ := value.(object)
			for name, schema := range named {
				members[name] = withoutProse(schema)
			}
			out[key] = members
		case "allOf", "anyOf", "oneOf":
			items, _ := value.([]any)
			items = slices.Clone(items)
			for i := range items {
				items[i] = withoutProse(items[i])
			}
			out[key] = items
		default:
			out[key] = withoutProse(value)
		}
	}
	return out
}
