package play

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"time"
)

// Doer sends a request. *http.Client is one; a test may use its own to validate
// every exchange against the contract.
type Doer interface {
	Do(req *http.Request) (*http.Response, error)
}

// gateway calls the REST API as the platform's gateway does.
type gateway struct {
	base   string
	http   Doer
	calls  *atomic.Int64
	header http.Header
}

func newGateway(base string, d Doer) gateway {
	return gateway{base: base, http: d, calls: new(atomic.Int64), header: http.Header{}}
}

// asUser makes calls in the name of a user whom the gateway has authenticated.
func (g gateway) asUser(user string) gateway { return g.with("X-User-ID", user) }

func (g gateway) with(name, value string) gateway {
	g.header = g.header.Clone()
	g.header.Set(name, value)
	return g
}

// operator makes calls with the operator's credentials.
func (g gateway) operator(e Endpoints) gateway {
	req := http.Request{Header: http.Header{}}
	req.SetBasicAuth(e.Admin.Username, e.Admin.Password)
	return g.with("Authorization", req.Header.Get("Authorization"))
}

// apiError is an error response.
type apiError struct {
	Status int
	Code   string
	Text   string
}

func (r apiError) Error() string { return fmt.Sprintf("%d %s: %s", r.Status, r.Code, r.Text) }

// call sends in as JSON, unless it is nil, and reads the answer into out, unless
// that is nil.
func (g gateway) call(ctx context.Context, method, path string, in, out any) error {
	var body io.Reader
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, method, g.base+path, body)
	if err != nil {
		return err
	}
	req.Header = g.header.Clone()
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	text, err := g.send(req)
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(text, out)
}

func (g gateway) send(req *http.Request) ([]byte, error) {
	g.calls.Add(1)
	resp, err := g.http.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 16<<20))
	if err != nil {
		return nil, err
	}
	if resp.StatusCode < 300 {
		return text, nil
	}
	var envelope struct {
		Error struct {
			Code    string `json:"code"`
			Message string `json:"message"`
		} `json:"error"`
	}
	_ = json.Unmarshal(text, &envelope) // without an envelope the status remains
	return nil, apiError{resp.StatusCode, envelope.Error.Code, envelope.Error.Message}
}

// text fetches a plain-text document.
func (g gateway) text(ctx context.Context, path string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, g.base+path, nil)
	if err != nil {
		return "", err
	}
	req.Header = g.header.Clone()
	req.Header.Set("Accept", "text/plain")
	text, err := g.send(req)
	return string(text), err
}

// poll calls done repeatedly until it returns true or an error, or ctx ends.
func poll(ctx context.Context, what string, done func() (bool, error)) error {
	for {
		ok, err := done()
		if ok || err != nil {
			return err
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s: %w", what, ctx.Err())
		}
	}
}
