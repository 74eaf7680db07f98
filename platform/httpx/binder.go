package httpx

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"reflect"
	"strings"

	"github.com/labstack/echo/v4"

	"galaxy/backend/platform/fault"
	"galaxy/backend/platform/httpx/header"
	"galaxy/backend/platform/httpx/strict"
)

// binder fills the In of one route from a request.
type binder struct {
	plan   *plan
	op     *operation
	params []boundParam
}

// bind checks parameters, then the body, and fills the struct that target
// points to.
func (b *binder) bind(c echo.Context, target any) error {
	if err := readIdempotencyKey(c.Request()); err != nil {
		return err
	}
	if len(b.params) == 0 && b.op.body == nil && c.Request().URL.RawQuery == "" {
		return nil
	}
	v := reflect.ValueOf(target).Elem()
	if err := b.bindParams(c, v); err != nil || b.op.body == nil {
		return err
	}
	return b.bindBody(c.Request(), v)
}

const maxIdempotencyKey = 64

func readIdempotencyKey(r *http.Request) error {
	keys, ok := r.Header["Idempotency-Key"]
	if !ok || r.Method == http.MethodGet {
		return nil
	}
	key := onlyValue(keys)
	if !header.VisibleASCII(key, maxIdempotencyKey) {
		return Invalid("Idempotency-Key", badFormat, "one key of 1 to 64 visible ASCII characters is needed")
	}
	infoOf(r.Context()).idempotencyKey = key
	return nil
}

// bindBody parses a body once: its tree is held against the schema, then put
// into the struct.
func (b *binder) bindBody(r *http.Request, v reflect.Value) error {
	data, err := b.read(r)
	if err != nil || data == nil {
		return err
	}
	tree, err := strict.Parse(data)
	if refused, ok := errors.AsType[*strict.Error](err); ok {
		return ErrInvalid.At(fault.Field{Name: refused.Path, Code: refused.Code, Message: refused.Text})
	}
	if err := b.op.checkBody(tree); err != nil {
		return err
	}
	if b.plan.raw != nil {
		v.FieldByIndex(b.plan.raw).SetBytes(data)
		return nil
	}
	return undecodable(b.plan.decode(v, tree))
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

func (b *binder) bindParams(c echo.Context, v reflect.Value) error {
	query, err := b.query(c.Request())
	if err != nil {
		return err
	}
	var wrong []fault.Field
	for i := range b.params {
		p := &b.params[i]
		values := p.values(c, query)
		if code := p.assign(v.FieldByIndex(p.index), values); code != "" {
			wrong = append(wrong, field(p.name, code))
		}
	}
	if wrong != nil {
		return ErrInvalid.At(wrong...)
	}
	return nil
}

func (b *binder) query(r *http.Request) (url.Values, error) {
	if r.URL.RawQuery == "" {
		return nil, nil
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, ErrInvalid.Saying("the query is malformed")
	}
	var unknown []fault.Field
	for name := range query {
		if b.op.params["query "+name] == nil {
			unknown = append(unknown, field(name, "unknown_parameter"))
		}
	}
	if unknown != nil {
		return nil, ErrInvalid.At(normalized(unknown)...)
	}
	return query, nil
}

func (p *boundParam) values(c echo.Context, query url.Values) []string {
	switch p.in {
	case "path":
		text := c.Param(p.name)
		if c.Request().URL.RawPath != "" { // echo matched the encoded path
			if plain, err := url.PathUnescape(text); err == nil {
				text = plain
			}
		}
		return []string{text}
	case "query":
		return query[p.name]
	default:
		return c.Request().Header.Values(p.name)
	}
}

// assign sets a field and answers with the code of what is wrong, or "".
func (p *boundParam) assign(v reflect.Value, values []string) string {
	v.SetZero()
	if len(values) == 0 && p.defaultText != "" {
		values = []string{p.defaultText}
	}
	if len(values) == 0 {
		if p.required {
			return missing
		}
		return ""
	}
	if len(values) > 1 && !p.repeatable {
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
	case p.repeatable:
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
func (b *binder) read(r *http.Request) ([]byte, error) {
	if r.ContentLength == 0 && !b.op.BodyRequired {
		return nil, nil
	}
	var data []byte
	var err error
	if r.ContentLength >= 0 {
		data = make([]byte, r.ContentLength)
		_, err = io.ReadFull(r.Body, data)
	} else {
		data, err = io.ReadAll(r.Body)
	}
	if err == nil {
		if len(data) == 0 && !b.op.BodyRequired {
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
