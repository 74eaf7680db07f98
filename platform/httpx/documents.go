package httpx

import (
	"bytes"
	"context"
	"net/http"
	"net/url"

	"github.com/swaggest/swgui/v5emb"
)

// documents serves the contract: as it is, and rendered. Everything the page
// loads is embedded, so it works without the internet.
type documents struct {
	text   []byte
	page   []byte
	assets http.Handler
}

func newDocuments(d Document) *documents {
	ui := v5emb.New("Galaxy backend", "/openapi.yaml", "/docs")
	var page capture
	ui.ServeHTTP(&page, &http.Request{Method: http.MethodGet, URL: &url.URL{Path: "/docs"}})
	return &documents{text: d.Text, page: page.body.Bytes(), assets: ui}
}

func (d *documents) yaml(context.Context, struct{}) (Raw, error) {
	return Raw{ContentType: "application/yaml", Body: d.text}, nil
}

func (d *documents) docs(context.Context, struct{}) (Raw, error) {
	return Raw{ContentType: "text/html; charset=utf-8", Body: d.page}, nil
}

// capture is a ResponseWriter that keeps the body.
type capture struct {
	header http.Header
	body   bytes.Buffer
}

func (c *capture) Header() http.Header {
	if c.header == nil {
		c.header = http.Header{}
	}
	return c.header
}

func (c *capture) Write(p []byte) (int, error) { return c.body.Write(p) }
func (c *capture) WriteHeader(int)             {}
