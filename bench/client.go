package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"github.com/google/uuid"
)

// client makes the calls that prepare a measurement.
type client struct {
	base         string
	authenticate func(*http.Request)
}

func (c client) operator() client {
	c.authenticate = func(r *http.Request) { r.SetBasicAuth(operatorName, operatorPassword) }
	return c
}

func (c client) user(id uuid.UUID) client {
	c.authenticate = func(r *http.Request) { r.Header.Set("X-User-ID", id.String()) }
	return c
}

// post sends in, unless it is nil, and reads the answer into out, unless that is
// nil.
func (c client) post(ctx context.Context, path string, in, out any) error {
	var body io.Reader
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base+path, body)
	if err != nil {
		return err
	}
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	c.authenticate(req)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	said, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err != nil {
		return err
	}
	if res.StatusCode >= http.StatusMultipleChoices {
		return fmt.Errorf("POST %s: %s %s", path, res.Status, said)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(said, out)
}

// game creates a game and returns its id.
func (c client) game(ctx context.Context, path string) (uuid.UUID, error) {
	var made struct {
		ID uuid.UUID `json:"game_id"`
	}
	err := c.post(ctx, path, newGame, &made)
	return made.ID, err
}
