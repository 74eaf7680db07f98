package httpx

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"
)

// renderer is an Out that renders itself: Response and Raw.
type renderer interface {
	render(c echo.Context, status int) error
}

// render takes a pointer so that lists can be made non-nil in place.
func render[Out any](c echo.Context, status int, out *Out) error {
	if r, ok := any(out).(renderer); ok {
		return r.render(c, status)
	}
	return sendJSON(c, status, out)
}

func (r *Response[T]) render(c echo.Context, status int) error {
	if r.Status != 0 {
		status = r.Status
	}
	setHeaders(c, r.Header)
	return sendJSON(c, status, &r.Body)
}

func (r *Raw) render(c echo.Context, status int) error {
	if r.Status != 0 {
		status = r.Status
	}
	setHeaders(c, r.Header)
	if bodyless(status) {
		send(c, status, "", nil)
	} else {
		send(c, status, r.ContentType, r.Body)
	}
	return nil
}

// setHeaders lets the handler's headers win over the defaults.
func setHeaders(c echo.Context, header http.Header) {
	h := c.Response().Header()
	for name, values := range header {
		h[http.CanonicalHeaderKey(name)] = values
	}
}

func bodyless(status int) bool {
	return status == http.StatusNoContent || status == http.StatusNotModified
}

const mimeJSON = "application/json; charset=utf-8"

var jsonHeader = []string{mimeJSON}

func contentTypeHeader(contentType string) []string {
	if contentType == mimeJSON {
		return jsonHeader
	}
	return []string{contentType}
}

// sendJSON encodes before it sends: what cannot be encoded is still an error that
// can be answered. Context.JSON sends while it encodes, ends the text with a line
// feed, and obeys a parameter "pretty".
func sendJSON(c echo.Context, status int, out any) error {
	if bodyless(status) {
		send(c, status, "", nil)
		return nil
	}
	if l, ok := out.(listOut); ok {
		l.noNull()
	}
	body, err := json.Marshal(out)
	if err != nil {
		return fmt.Errorf("encode the answer: %w", err)
	}
	send(c, status, mimeJSON, body)
	return nil
}

// send writes the answer. A client that has gone is no news.
func send(c echo.Context, status int, contentType string, body []byte) {
	res := c.Response()
	h := res.Header()
	if _, ok := h[echo.HeaderContentType]; !ok && contentType != "" {
		h[echo.HeaderContentType] = contentTypeHeader(contentType)
	}
	if !bodyless(status) {
		info := infoOf(c.Request().Context())
		h[echo.HeaderContentLength] = info.headerValue(&info.lengthHeader, strconv.Itoa(len(body)))
	}
	res.WriteHeader(status)
	if len(body) > 0 {
		_, _ = res.Write(body)
	}
}
