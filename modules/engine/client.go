package engine

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/platform/httpx"
	enginev1 "galaxy/backend/proto/engine/v1"
)

// Port is where every engine listens.
const Port = "8080"

// Host is the name under which the engine of a game is known: to the dialer, to
// the container runtime and in traces.
func Host(game uuid.UUID) string { return "galaxy-game-" + game.String() }

// Client calls engines. It is safe for concurrent use.
type Client struct {
	cfg       Config
	transport *http.Transport
	http      *http.Client
}

// New makes a client whose connections come from d. It connects to nothing.
func New(cfg Config, d Dialer) *Client {
	t := newTransport(d)
	return &Client{cfg: cfg, transport: t, http: newHTTPClient(t)}
}

// Stop closes connections that are not in use.
func (c *Client) Stop(context.Context) error {
	c.transport.CloseIdleConnections()
	return nil
}

// call is one request.
type call struct {
	op      string // label of metrics
	method  string
	path    string
	query   url.Values
	accept  string
	match   string // If-None-Match
	body    any
	timeout time.Duration
	limit   int64 // of the answer, in bytes; maxAnswer when zero
}

// do sends the request and returns an answer that is of this game's engine. The
// caller judges status and body.
func (c *Client) do(ctx context.Context, game uuid.UUID, in call) (a answer, err error) {
	defer func(begin time.Time) { observe(ctx, in.op, begin, err) }(time.Now()) //nolint:forbidigo // only measured
	ctx, cancel := context.WithTimeout(ctx, in.timeout)
	defer cancel()
	req, err := in.request(ctx, game)
	if err != nil {
		return answer{}, err
	}
	res, err := c.http.Do(req)
	if err != nil {
		return answer{}, ErrUnreachable.Because(err)
	}
	defer res.Body.Close()
	a = answer{status: res.StatusCode, header: res.Header}
	if err = a.checkOrigin(game); err != nil {
		return answer{}, err // the body of anybody else is not read
	}
	if a.body, err = readBody(res, cmp.Or(in.limit, maxAnswer)); err != nil {
		return answer{}, err
	}
	return a, nil
}

func (in call) request(ctx context.Context, game uuid.UUID) (*http.Request, error) {
	u := url.URL{Scheme: "http", Host: Host(game) + ":" + Port, Path: in.path, RawQuery: in.query.Encode()}
	var body []byte
	if in.body != nil {
		var err error
		if body, err = json.Marshal(in.body); err != nil {
			return nil, fmt.Errorf("encode the call %s: %w", in.op, err)
		}
	}
	req, err := http.NewRequestWithContext(ctx, in.method, u.String(), bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("make the call %s: %w", in.op, err)
	}
	accept := in.accept
	if accept == "" {
		accept = "application/json"
	}
	req.Header.Set("Accept", accept)
	if in.body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if in.match != "" {
		req.Header.Set("If-None-Match", in.match)
	}
	if id := httpx.RequestID(ctx); id != "" {
		req.Header.Set(enginev1.HeaderRequestID, id)
	}
	return req, nil
}

// callJSON is do for calls that answer with one JSON value.
func callJSON[T any](ctx context.Context, c *Client, game uuid.UUID, in call, ok ...int) (T, error) {
	var out T
	a, err := c.do(ctx, game, in)
	if err != nil {
		return out, fmt.Errorf("%s of game %s: %w", in.op, game, err)
	}
	for _, status := range ok {
		if a.status == status {
			if err := a.decode(&out); err != nil {
				return out, fmt.Errorf("%s of game %s: %w", in.op, game, err)
			}
			return out, nil
		}
	}
	return out, fmt.Errorf("%s of game %s: %w", in.op, game, refusal(a))
}
