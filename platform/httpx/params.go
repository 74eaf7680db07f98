package httpx

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"galaxy/backend/openapi/shapes"
	"galaxy/backend/platform/httpx/strict"
)

// plan says where the fields of an In come from. It is made once per route.
type plan struct {
	params []param
	body   bool  // something comes from the body
	raw    []int // the field that takes the body undecoded, nil when none
	decode strict.Decoder
	err    error // what is wrong with In; the boot reports it
}

// param is one field bound to a path, query or header parameter.
type param struct {
	index      []int
	in         string // as the document spells it: path, query, header
	name       string
	repeatable bool // a slice: the parameter may repeat
	pointer    bool // a pointer: nil means absent
	elem       reflect.Type
	set        setter
}

// checkedByType reports whether the field's type checks more than a schema would.
func (p param) checkedByType() bool { return p.elem == uuidType || p.elem.Kind() == reflect.Bool }

var rawType = reflect.TypeFor[json.RawMessage]()

func planOf(t reflect.Type) plan {
	var p plan
	if t.Kind() != reflect.Struct {
		p.body = true
		p.decode, p.err = strict.DecoderOf(t)
		return p
	}
	if p.err = p.fields(t, nil); p.err != nil {
		p.err = fmt.Errorf("%s: %w", t, p.err)
		return p
	}
	p.decode, p.err = strict.TaggedDecoderOf(t)
	return p
}

func (p *plan) fields(t reflect.Type, at []int) error {
	for f := range t.Fields() {
		index := append(append([]int(nil), at...), f.Index...)
		if f.Anonymous && f.Type.Kind() == reflect.Struct && f.Tag == "" {
			if err := p.fields(f.Type, index); err != nil {
				return err
			}
			continue
		}
		if err := p.field(f, index); err != nil {
			return fmt.Errorf("field %s: %w", f.Name, err)
		}
	}
	return nil
}

func (p *plan) field(f reflect.StructField, index []int) error {
	for _, in := range []string{openapi3.ParameterInPath, openapi3.ParameterInQuery, openapi3.ParameterInHeader} {
		name, ok := f.Tag.Lookup(in)
		if !ok {
			continue
		}
		if !f.IsExported() {
			return fmt.Errorf("it has to be exported")
		}
		param, err := paramOf(f.Type)
		param.index, param.in, param.name = index, in, name
		p.params = append(p.params, param)
		return err
	}
	if f.Tag.Get("body") == "raw" {
		if f.Type != rawType {
			return fmt.Errorf("a raw body has to be a json.RawMessage")
		}
		p.body, p.raw = true, index
		return nil
	}
	name, ok := f.Tag.Lookup("json")
	if !ok {
		return fmt.Errorf("it has no tag that says where it comes from")
	}
	p.body = p.body || strings.Split(name, ",")[0] != "-"
	return nil
}

func paramOf(t reflect.Type) (param, error) {
	var p param
	switch t.Kind() {
	case reflect.Pointer:
		p.pointer, t = true, t.Elem()
	case reflect.Slice:
		p.repeatable, t = true, t.Elem()
	}
	set, err := setterOf(t)
	p.elem, p.set = t, set
	return p, err
}

// boundParam is a param with what the document says about it.
type boundParam struct {
	param
	required    bool
	defaultText string         // the schema's default as text, empty when none
	typ         string         // the schema's type
	schema      *shapes.Schema // nil when the type alone checks it
}

// bind joins the plan with the operation and reports where they differ.
func (p plan) bind(op *operation) ([]boundParam, error) {
	bound := make([]boundParam, 0, len(p.params))
	seen := map[string]bool{}
	for _, param := range p.params {
		key := param.in + " " + param.name
		declared := op.params[key]
		seen[key] = true
		if declared == nil && !strings.EqualFold(key, "header Accept") { // OpenAPI ignores a declared Accept
			return nil, fmt.Errorf("the document has no %s parameter", key)
		}
		bound = append(bound, boundOf(param, declared, op.compile))
	}
	for key := range op.params {
		if !seen[key] && !strings.HasPrefix(key, "header ") {
			return nil, fmt.Errorf("the %s parameter of the document is bound to nothing", key)
		}
	}
	if p.body != (op.body != nil) {
		return nil, fmt.Errorf("the handler takes a body: %t, the document has one: %t", p.body, op.body != nil)
	}
	return bound, nil
}

func boundOf(p param, declared *shapes.Param, compile shapes.Compile) boundParam {
	b := boundParam{param: p}
	if declared == nil {
		return b
	}
	b.required, b.typ = declared.Required, declared.Type
	if declared.Default != nil {
		b.defaultText = fmt.Sprint(declared.Default)
	}
	if declared.Schema != nil && !p.checkedByType() {
		b.schema = &shapes.Schema{Text: declared.Schema, Compile: compile}
	}
	return b
}
