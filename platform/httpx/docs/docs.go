// Package docs renders openapi.yaml for people. Everything that the page loads
// is embedded, so it works without the internet.
package docs

import (
	"bytes"
	"net/http"
	"net/url"

	"github.com/swaggest/swgui/v5emb"
)

// Pages is what GET /docs and below answer.
type Pages struct {
	Page   []byte       // /docs
	Assets http.Handler // /docs/*
}

// Render makes the pages for the document that is served at /openapi.yaml.
func Render() Pages {
	ui := v5emb.New("Galaxy backend", "/openapi.yaml", "/docs")
	var page bodyRecorder
	ui.ServeHTTP(&page, &http.Request{Method: http.MethodGet, URL: &url.URL{Path: "/docs"}})
	return Pages{Page: page.body.Bytes(), Assets: ui}
}

// bodyRecorder is a ResponseWriter that keeps the body.
type bodyRecorder struct {
	header http.Header
	body   bytes.Buffer
}

func (c *bodyRecorder) Header() http.Header {
	if c.header == nil {
		c.header = http.Header{}
	}
	return c.header
}

func (c *bodyRecorder) Write(p []byte) (int, error) { return c.body.Write(p) }
func (c *bodyRecorder) WriteHeader(int)             {}
