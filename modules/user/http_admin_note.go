package user

import (
	"context"

	"github.com/google/uuid"

	"galaxy/backend/platform/httpx"
)

func (h adminRoutes) notes(ctx context.Context, in historyQuery) (httpx.List[Note], error) {
	list := func(before uuid.UUID, n int) ([]Note, error) { return h.service.Notes(ctx, in.UserID, before, n) }
	return historyPage(ctx, h, in, "notes", list, func(n Note) Note { return n }, func(n Note) uuid.UUID { return n.ID })
}

type addNote struct {
	UserID uuid.UUID `path:"user_id"`
	Text   string    `json:"text"`
}

func (h adminRoutes) addNote(ctx context.Context, in addNote) (httpx.Response[Note], error) {
	n, inserted, err := h.service.AddNote(ctx, in.UserID, in.Text)
	return created(n, inserted, in.UserID, "/notes"), err
}
