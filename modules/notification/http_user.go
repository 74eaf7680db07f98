package notification

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/platform/httpx"
)

type userRoutes struct{ service *Service }

func newUserRoutes(s *Service) httpx.Table {
	h := userRoutes{s}
	return httpx.User("notification",
		httpx.Route{Op: "listNotifications", Method: http.MethodGet, Path: "/notifications", Handle: httpx.JSON(200, h.list)},
		httpx.Route{Op: "readNotification", Method: http.MethodPost, Path: "/notifications/{notification_id}/read", Handle: httpx.Empty(204, h.read)},
		httpx.Route{Op: "readAllNotifications", Method: http.MethodPost, Path: "/notifications/read-all", Handle: httpx.Empty(204, h.readAll)},
	)
}

type inboxQuery struct {
	httpx.Page
	Unread bool `query:"unread"`
}

type itemView struct {
	ID        uuid.UUID       `json:"notification_id"`
	Kind      Kind            `json:"kind"`
	Payload   json.RawMessage `json:"payload"`
	CreatedAt time.Time       `json:"created_at"`
	ReadAt    *time.Time      `json:"read_at"`
}

type inboxView struct {
	Items      []itemView `json:"items"`
	NextCursor *string    `json:"next_cursor"`
	Unread     int        `json:"unread"`
}

func (h userRoutes) list(ctx context.Context, in inboxQuery) (inboxView, error) {
	before, err := httpx.IDCursor("notifications", in.Cursor)
	if err != nil {
		return inboxView{}, err
	}
	items, unread, err := h.service.Inbox(ctx, httpx.UserID(ctx), in.Unread, before, in.Limit+1)
	if err != nil {
		return inboxView{}, err
	}
	page := httpx.PageOf(items, in.Limit, func(i InboxItem) itemView { return itemView(i) },
		func(i InboxItem) string { return httpx.EncodeCursor("notifications", i.ID.String()) })
	return inboxView{Items: page.Items, NextCursor: page.NextCursor, Unread: unread}, nil
}

type byID struct {
	ID uuid.UUID `path:"notification_id"`
}

func (h userRoutes) read(ctx context.Context, in byID) error {
	return h.service.Read(ctx, httpx.UserID(ctx), in.ID)
}

func (h userRoutes) readAll(ctx context.Context, _ struct{}) error {
	return h.service.ReadAll(ctx, httpx.UserID(ctx))
}
