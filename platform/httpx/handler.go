package httpx

import (
	"context"
	"net/http"
	"reflect"

	"github.com/labstack/echo/v4"
)

// Handler is what a route does; make one with JSON or Empty.
type Handler struct {
	plan  plan
	serve func(b *binder) echo.HandlerFunc
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

// JSON adapts a function: In is bound from the request, Out rendered as JSON.
//
// The fields of In say by tag where they come from: `path:"game_id"`,
// `query:"limit"`, `header:"If-Match"`, or `json:"name"` for the body. A field
// `body:"raw"` of type json.RawMessage takes the whole body, checked but not
// decoded. In may be struct{}.
func JSON[In, Out any](status int, fn func(ctx context.Context, in In) (Out, error)) Handler {
	return Handler{plan: planOf(reflect.TypeFor[In]()), serve: func(b *binder) echo.HandlerFunc {
		return func(c echo.Context) error {
			var in In
			if err := b.bind(c, &in); err != nil {
				return err
			}
			out, err := fn(c.Request().Context(), in)
			if err != nil {
				return err
			}
			return render(c, status, &out)
		}
	}}
}

// Empty adapts a function that answers with a status alone.
func Empty[In any](status int, fn func(ctx context.Context, in In) error) Handler {
	return Handler{plan: planOf(reflect.TypeFor[In]()), serve: func(b *binder) echo.HandlerFunc {
		return func(c echo.Context) error {
			var in In
			if err := b.bind(c, &in); err != nil {
				return err
			}
			if err := fn(c.Request().Context(), in); err != nil {
				return err
			}
			send(c, status, "", nil)
			return nil
		}
	}}
}
