package httpx

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
)

// Handler is what a route does; make one with JSON or Empty.
type Handler struct {
	plan plan
	run  func(ctx context.Context, in *input) (answer, error)
}

// Response is an Out that sets headers, or another status than the route's.
// Header names are taken as they are: use the canonical spelling.
type Response[T any] struct {
	Body   T
	Header http.Header
	Status int // zero: the route's
}

// Raw is an Out that is sent as it is.
type Raw struct {
	Status      int // zero: the route's
	ContentType string
	Body        []byte
	Header      http.Header
}

// answer is what goes over the wire.
type answer struct {
	status      int
	contentType string
	body        []byte
	header      http.Header
}

// answerer is an Out with its own idea of the answer: Response and Raw.
type answerer interface {
	answer(status int) (answer, error)
}

// JSON adapts a function: In is bound from the request, Out rendered as JSON.
//
// The fields of In say by tag where they come from: `path:"game_id"`,
// `query:"limit"`, `header:"If-Match"`, or `json:"name"` for the body. A field
// `body:"raw"` of type json.RawMessage takes the whole body, checked but not
// decoded. In may be struct{}.
func JSON[In, Out any](status int, fn func(ctx context.Context, in In) (Out, error)) Handler {
	p := planOf(reflect.TypeFor[In]())
	return Handler{plan: p, run: func(ctx context.Context, from *input) (answer, error) {
		var in In
		if err := from.into(&in); err != nil {
			return answer{}, err
		}
		out, err := fn(ctx, in)
		if err != nil {
			return answer{}, err
		}
		return render(status, &out)
	}}
}

// Empty adapts a function that answers with a status alone.
func Empty[In any](status int, fn func(ctx context.Context, in In) error) Handler {
	p := planOf(reflect.TypeFor[In]())
	return Handler{plan: p, run: func(ctx context.Context, from *input) (answer, error) {
		var in In
		if err := from.into(&in); err != nil {
			return answer{}, err
		}
		return answer{status: status}, fn(ctx, in)
	}}
}

// render takes a pointer so that lists can be made non-nil in place.
func render[Out any](status int, out *Out) (answer, error) {
	if a, ok := any(out).(answerer); ok {
		return a.answer(status)
	}
	if f, ok := any(out).(filler); ok {
		f.fill()
	}
	return encode(answer{status: status}, out)
}

func encode(a answer, out any) (answer, error) {
	if bodyless(a.status) {
		return a, nil
	}
	body, err := json.Marshal(out)
	if err != nil {
		return answer{}, fmt.Errorf("encode the answer: %w", err)
	}
	a.body, a.contentType = body, jsonType
	return a, nil
}

const jsonType = "application/json; charset=utf-8"

func bodyless(status int) bool {
	return status == http.StatusNoContent || status == http.StatusNotModified
}

func (r *Response[T]) answer(status int) (answer, error) {
	if r.Status != 0 {
		status = r.Status
	}
	if f, ok := any(&r.Body).(filler); ok {
		f.fill()
	}
	return encode(answer{status: status, header: r.Header}, &r.Body)
}

func (r *Raw) answer(status int) (answer, error) {
	if r.Status != 0 {
		status = r.Status
	}
	a := answer{status: status, header: r.Header}
	if !bodyless(status) {
		a.body, a.contentType = r.Body, r.ContentType
	}
	return a, nil
}
