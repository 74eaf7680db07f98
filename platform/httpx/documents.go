package httpx

import (
	"context"

	"galaxy/backend/platform/httpx/docs"
)

// documents serves the contract: as it is, and rendered.
type documents struct {
	docs.Pages
	text []byte
}

func newDocuments(d Document) *documents { return &documents{docs.Render(), d.Text} }

func (d *documents) yaml(context.Context, struct{}) (Raw, error) {
	return Raw{ContentType: "application/yaml", Body: d.text}, nil
}

func (d *documents) docs(context.Context, struct{}) (Raw, error) {
	return Raw{ContentType: "text/html; charset=utf-8", Body: d.Page}, nil
}
