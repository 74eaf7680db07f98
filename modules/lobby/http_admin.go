package lobby

import (
	"context"
	"net/http"

	"github.com/google/uuid"

	"galaxy/backend/modules/game"
	"galaxy/backend/platform/httpx"
)

type adminRoutes struct{ service *Service }

func newAdminRoutes(s *Service) httpx.Table {
	h := adminRoutes{s}
	const one = "/games/{game_id}"
	return httpx.Admin("lobby",
		httpx.Route{Op: "adminListApplications", Method: http.MethodGet, Path: one + "/applications", Role: httpx.Viewer, Handle: httpx.JSON(200, h.applications)},
		httpx.Route{Op: "adminApproveApplication", Method: http.MethodPost, Path: "/applications/{application_id}/approve", Role: httpx.Operator, Handle: httpx.JSON(200, h.approve)},
		httpx.Route{Op: "adminRejectApplication", Method: http.MethodPost, Path: "/applications/{application_id}/reject", Role: httpx.Operator, Handle: httpx.JSON(200, h.reject)},
		httpx.Route{Op: "adminReplaceMember", Method: http.MethodPost, Path: one + "/memberships/{user_id}/replace", Role: httpx.Operator, Handle: httpx.JSON(200, h.replace)},
	)
}

func (h adminRoutes) applications(ctx context.Context, in gamePage) (httpx.List[applicationView], error) {
	return listApplications(ctx, h.service, game.CallingOperator(ctx), in)
}

func (h adminRoutes) approve(ctx context.Context, in byApplication) (applicationView, error) {
	a, err := h.service.Approve(ctx, game.CallingOperator(ctx), in.ID)
	return viewApplication(a), err
}

func (h adminRoutes) reject(ctx context.Context, in rejectApplication) (applicationView, error) {
	a, err := h.service.Reject(ctx, game.CallingOperator(ctx), in.ID, in.Reason)
	return viewApplication(a), err
}

type replaceMember struct {
	byGame
	Member    uuid.UUID `path:"user_id"`
	Successor uuid.UUID `json:"successor_user_id"`
}

func (h adminRoutes) replace(ctx context.Context, in replaceMember) (game.MembershipView, error) {
	s, err := h.service.Replace(ctx, game.CallingOperator(ctx), in.Game, in.Member, in.Successor)
	return game.ViewMembership(s), err
}
