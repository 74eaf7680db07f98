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
		httpx.Route{Op: "readNotification", Method: http.MethodPost, Path: "/notifications/{notification_id}/read", Handle: httpx.Empty(204, h.markRead)},
		httpx.Route{Op: "readAllNotifications", Method: http.MethodPost, Path: "/notifications/read-all", Handle: httpx.Empty(204, h.markAllRead)},
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
	unread := 0
	read := func(before uuid.UUID, n int) (items []InboxItem, err error) {
		filter := InboxFilter{UnreadOnly: in.Unread, Before: before, Limit: n}
		items, unread, err = h.service.Inbox(ctx, httpx.UserID(ctx), filter)
		return items, err
	}
	page, err := httpx.PageByID("notifications", in.Page, read,
		func(i InboxItem) itemView { return itemView(i) }, func(i InboxItem) uuid.UUID { return i.ID })
	return inboxView{Items: page.Items, NextCursor: page.NextCursor, Unread: unread}, err
}

type itemPath struct {
	ID uuid.UUID `path:"notification_id"`
}

func (h userRoutes) markRead(ctx context.Context, in itemPath) error {
	return h.service.MarkRead(ctx, httpx.UserID(ctx), in.ID)
}

func (h userRoutes) markAllRead(ctx context.Context, _ struct{}) error {
	return h.service.MarkAllRead(ctx, httpx.UserID(ctx))
}
