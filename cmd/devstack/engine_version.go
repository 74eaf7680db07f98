package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
)

// registerEngine enters the engine's version, as an operator would, and makes
// it the default. A version that is there already keeps what operators have
// made of it since.
func (s *stack) registerEngine(ctx context.Context) error {
	const versions = "/api/v1/admin/engine-versions"
	entry := map[string]string{
		"version": s.cfg.EngineVersion, "image_ref": s.engines.image, "notes": "registered by devstack",
	}
	status, answer, err := s.callAdmin(ctx, http.MethodPost, versions, entry)
	switch {
	case err != nil:
		return err
	case status == http.StatusOK || status == http.StatusConflict:
		return nil
	case status == http.StatusUnauthorized:
		return fmt.Errorf("the operator %s has another password by now: give it with -admin-password", s.cfg.AdminUser)
	case status != http.StatusCreated:
		return fmt.Errorf("register engine %s: %d %s", s.cfg.EngineVersion, status, answer)
	}
	status, answer, err = s.callAdmin(ctx, http.MethodPost, versions+"/"+url.PathEscape(s.cfg.EngineVersion)+"/default",
		nil)
	if err == nil && status >= http.StatusBadRequest {
		err = fmt.Errorf("make engine %s the default: %d %s", s.cfg.EngineVersion, status, answer)
	}
	return err
}

// callAdmin calls an admin route with the first operator's credentials.
func (s *stack) callAdmin(ctx context.Context, method, path string, body any) (status int, answer []byte, err error) {
	var payload io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return 0, nil, err
		}
		payload = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, method, s.url(path), payload)
	if err != nil {
		return 0, nil, err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	req.SetBasicAuth(s.cfg.AdminUser, s.cfg.AdminPassword)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer res.Body.Close()
	answer, err = io.ReadAll(io.LimitReader(res.Body, 4<<10))
	return res.StatusCode, bytes.TrimSpace(answer), err
}
