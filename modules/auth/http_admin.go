package auth

import (
	"context"
	"net/http"

	"github.com/google/uuid"

	"galaxy/backend/platform/httpx"
)

type adminRoutes struct {
	service *Service
	users   UserChecker
}

func newAdminRoutes(s *Service, users UserChecker) httpx.Table {
	h := adminRoutes{s, users}
	return httpx.Admin("auth",
		httpx.Route{Op: "listUserSessions", Method: http.MethodGet, Path: "/users/{user_id}/sessions", Role: httpx.Viewer, Handle: httpx.JSON(200, h.list)},
		httpx.Route{Op: "revokeUserSessions", Method: http.MethodPost, Path: "/users/{user_id}/sessions/revoke-all", Role: httpx.Operator, Handle: httpx.JSON(200, h.revokeAll)},
		httpx.Route{Op: "revokeSession", Method: http.MethodPost, Path: "/sessions/{session_id}/revoke", Role: httpx.Operator, Handle: httpx.Empty(204, h.revoke)},
	)
}

type userSessionQuery struct {
	UserID uuid.UUID `path:"user_id"`
	sessionQuery
}

func (h adminRoutes) list(ctx context.Context, in userSessionQuery) (httpx.List[sessionView], error) {
	if err := h.users.Exists(ctx, in.UserID); err != nil {
		return httpx.List[sessionView]{}, err
	}
	return in.sessionQuery.list(ctx, h.service, in.UserID)
}

type byUserID struct {
	UserID uuid.UUID `path:"user_id"`
}

func (h adminRoutes) revokeAll(ctx context.Context, in byUserID) (revokedView, error) {
	if err := h.users.Exists(ctx, in.UserID); err != nil {
		return revokedView{}, err
	}
	n, err := h.service.RevokeAll(ctx, in.UserID, RevokedByOperator)
	return revokedView{n}, err
}

func (h adminRoutes) revoke(ctx context.Context, in bySessionID) error {
	return h.service.Revoke(ctx, in.ID, RevokedByOperator)
}
