package httpx

import (
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
)

// limitBody refuses a body that says it is longer than limit bytes, and stops
// reading one that says nothing.
func limitBody(limit int64) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			r := c.Request()
			if r.ContentLength > limit {
				return errTooLarge
			}
			if r.ContentLength != 0 {
				// The writer itself: through echo's Response the reader could not
				// tell net/http to close the connection.
				r.Body = http.MaxBytesReader(c.Response().Writer, r.Body, limit)
			}
			return next(c)
		}
	}
}

// requireJSON refuses a body that is not plain JSON by its headers.
func requireJSON(required bool) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			r := c.Request()
			if (r.ContentLength != 0 || required) && !isJSON(r.Header) {
				return errMediaType
			}
			return next(c)
		}
	}
}

func isJSON(h http.Header) bool {
	if encoding := h.Get(echo.HeaderContentEncoding); encoding != "" && encoding != "identity" {
		return false
	}
	types := h[echo.HeaderContentType]
	if len(types) != 1 {
		return false
	}
	if types[0] == echo.MIMEApplicationJSON {
		return true
	}
	media, params, err := mime.ParseMediaType(types[0])
	charset := params["charset"]
	return err == nil && media == echo.MIMEApplicationJSON && (charset == "" || strings.EqualFold(charset, "utf-8"))
}

// writeDeadline gives the answer another deadline than the server's, counted from
// when the request came.
func writeDeadline(d time.Duration) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			began := infoOf(c.Request().Context()).began
			_ = http.NewResponseController(c.Response()).SetWriteDeadline(began.Add(d)) // a test's writer has none
			return next(c)
		}
	}
}
