package httpx

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"os"
	"reflect"
	"strings"

	"galaxy/backend/platform/fault"
	"galaxy/backend/platform/httpx/strict"
)

// input is a request on its way into an In.
type input struct {
	e    *endpoint
	r    *http.Request
	w    http.ResponseWriter
	path func(name string) string
}

// into checks parameters, then the body, and fills the struct that target
// points to.
func (in *input) into(target any) error {
	if len(in.e.params) == 0 && in.e.op.body == nil && in.r.URL.RawQuery == "" {
		return nil
	}
	v := reflect.ValueOf(target).Elem()
	if err := in.bind(v); err != nil || in.e.op.body == nil {
		return err
	}
	data, err := in.read()
	if err != nil || data == nil {
		return err
	}
	tree, err := strict.Parse(data)
	if refused, ok := errors.AsType[*strict.Error](err); ok {
		return ErrInvalid.At(fault.Field{Name: refused.Path, Code: refused.Code, Message: refused.Text})
	}
	if err := in.e.op.checkBody(tree); err != nil {
		return err
	}
	plan := &in.e.route.Handle.plan
	if plan.raw != nil {
		v.FieldByIndex(plan.raw).SetBytes(data)
		return nil
	}
	return undecodable(plan.decode(v, tree))
}

// undecodable is a body that fits its schema and not its struct: a number that
// is an integer only mathematically, or a type that reads its own text.
func undecodable(err error) error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*strict.Error](err); ok {
		return ErrValidation.At(field(e.Path, e.Code))
	}
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok { // of a type that reads its own JSON
		return ErrValidation.At(field(e.Field, badType))
	}
	return ErrValidation.Because(err)
}

func (in *input) bind(v reflect.Value) error {
	query, err := in.query()
	if err != nil {
		return err
	}
	var wrong []fault.Field
	for i := range in.e.params {
		p := &in.e.params[i]
		values := in.values(p, query)
		if code := p.assign(v.FieldByIndex(p.index), values); code != "" {
			wrong = append(wrong, field(p.name, code))
		}
	}
	if wrong != nil {
		return ErrInvalid.At(wrong...)
	}
	return nil
}

func (in *input) query() (url.Values, error) {
	if in.r.URL.RawQuery == "" {
		return nil, nil
	}
	query, err := url.ParseQuery(in.r.URL.RawQuery)
	if err != nil {
		return nil, ErrInvalid.Saying("the query is malformed")
	}
	var unknown []fault.Field
	for name := range query {
		if in.e.op.params["query "+name] == nil {
			unknown = append(unknown, field(name, "unknown_parameter"))
		}
	}
	if unknown != nil {
		return nil, ErrInvalid.At(tidy(unknown)...)
	}
	return query, nil
}

func (in *input) values(p *boundParam, query url.Values) []string {
	switch p.in {
	case "path":
		text := in.path(p.name)
		if in.r.URL.RawPath != "" { // the router matched the encoded path
			if plain, err := url.PathUnescape(text); err == nil {
				text = plain
			}
		}
		return []string{text}
	case "query":
		return query[p.name]
	default:
		return in.r.Header.Values(p.name)
	}
}

// assign sets a field and answers with the code of what is wrong, or "".
func (p *boundParam) assign(v reflect.Value, values []string) string {
	v.SetZero()
	if len(values) == 0 && p.fallback != "" {
		values = []string{p.fallback}
	}
	if len(values) == 0 {
		if p.required {
			return missing
		}
		return ""
	}
	if len(values) > 1 && !p.many {
		return "repeated"
	}
	for _, text := range values {
		if !printable(text) || p.in == "path" && p.elem != uuidType && strings.Contains(text, "/") {
			return badEncoding
		}
	}
	if code := p.checkParam(values); code != "" {
		return code
	}
	switch {
	case p.many:
		v.Set(reflect.MakeSlice(v.Type(), len(values), len(values)))
		for i, text := range values {
			if code := p.set(v.Index(i), text); code != "" {
				return code
			}
		}
		return ""
	case p.pointer:
		v.Set(reflect.New(p.elem))
		v = v.Elem()
	}
	return p.set(v, values[0])
}

// read returns the body, nil when there is none and none is needed.
func (in *input) read() ([]byte, error) {
	r := in.r
	if r.ContentLength == 0 && !in.e.op.BodyRequired {
		return nil, nil
	}
	body := http.MaxBytesReader(in.w, r.Body, in.e.maxBody)
	var data []byte
	var err error
	if r.ContentLength >= 0 {
		data = make([]byte, r.ContentLength)
		_, err = io.ReadFull(body, data)
	} else {
		data, err = io.ReadAll(body)
	}
	if err == nil {
		if len(data) == 0 && !in.e.op.BodyRequired {
			return nil, nil
		}
		return data, nil
	}
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, errTooLarge
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return nil, errSlow
	}
	return nil, ErrInvalid.Saying("the body ended early").Because(err)
}

// checkMedia refuses a body that is not plain JSON by its headers.
func checkMedia(r *http.Request, op *operation) error {
	if op.body == nil || r.ContentLength == 0 && !op.BodyRequired {
		return nil
	}
	if encoding := r.Header.Get("Content-Encoding"); encoding != "" && encoding != "identity" {
		return errMediaType
	}
	types := r.Header["Content-Type"]
	if len(types) != 1 {
		return errMediaType
	}
	if types[0] == "application/json" {
		return nil
	}
	media, params, err := mime.ParseMediaType(types[0])
	if charset := params["charset"]; err != nil || media != "application/json" || charset != "" && !strings.EqualFold(charset, "utf-8") {
		return errMediaType
	}
	return nil
}
