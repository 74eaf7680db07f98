package httpx

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"galaxy/backend/platform/fault"
)

// envelope is the one shape of an error.
type envelope struct {
	Error problem `json:"error"`
}

type problem struct {
	Code      string         `json:"code"`
	Message   string         `json:"message"`
	RequestID string         `json:"request_id"`
	Details   map[string]any `json:"details,omitempty"`
}

// answerOf renders a fault. From 500 on nothing but the fixed text of the
// fault leaves the process.
func answerOf(f *fault.Error, requestID string) answer {
	p := problem{Code: f.Reason, Message: f.Message, RequestID: requestID}
	a := answer{status: f.Code.Status(), contentType: jsonType, header: http.Header{}}
	if a.status < http.StatusInternalServerError {
		p.Details = detailsOf(f)
	}
	var err error
	if a.body, err = json.Marshal(envelope{p}); err != nil { // a detail that is no JSON
		p.Details = nil
		a.body, _ = json.Marshal(envelope{p})
	}
	if f.RetryAfter > 0 {
		seconds := (f.RetryAfter + time.Second - 1) / time.Second
		a.header["Retry-After"] = []string{strconv.FormatInt(int64(seconds), 10)}
	}
	switch a.status {
	case http.StatusRequestEntityTooLarge, http.StatusRequestTimeout:
		a.header["Connection"] = []string{"close"} // the rest of the body is still on its way
	}
	return a
}

func detailsOf(f *fault.Error) map[string]any {
	if len(f.Fields) == 0 {
		return f.Details
	}
	details := map[string]any{"fields": f.Fields}
	for k, v := range f.Details {
		details[k] = v
	}
	return details
}

// Header values that never change are shared between answers; net/http only
// reads them.
var (
	noStore = []string{"no-store"}
	noSniff = []string{"nosniff"}
)

// write sends the answer. The headers of the handler win over the defaults.
func (a *answer) write(w http.ResponseWriter, requestID string) {
	h := w.Header()
	h["Cache-Control"], h["X-Content-Type-Options"] = noStore, noSniff
	h["X-Request-Id"] = []string{requestID}
	if a.contentType != "" {
		h["Content-Type"] = []string{a.contentType}
	}
	for name, values := range a.header {
		h[http.CanonicalHeaderKey(name)] = values
	}
	if !bodyless(a.status) {
		h["Content-Length"] = []string{strconv.Itoa(len(a.body))}
	}
	w.WriteHeader(a.status)
	if len(a.body) > 0 {
		_, _ = w.Write(a.body) // a client that has gone is no news
	}
}
