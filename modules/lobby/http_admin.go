package lobby

import (
	"context"
	"net/http"

	"github.com/google/uuid"

	"galaxy/backend/platform/httpx"
	"galaxy/backend/platform/schedule"
)

type adminRoutes struct{ service *Service }

func newAdminRoutes(s *Service) httpx.Table {
	h := adminRoutes{s}
	const game = "/games/{game_id}"
	return httpx.Admin("lobby",
		httpx.Route{Op: "adminListGames", Method: http.MethodGet, Path: "/games", Role: httpx.Viewer, Handle: httpx.JSON(200, h.list)},
		httpx.Route{Op: "adminCreateGame", Method: http.MethodPost, Path: "/games", Role: httpx.Operator, Handle: httpx.JSON(201, h.create)},
		httpx.Route{Op: "adminGetGame", Method: http.MethodGet, Path: game, Role: httpx.Viewer, Handle: httpx.JSON(200, h.get)},
		httpx.Route{Op: "adminPatchGame", Method: http.MethodPatch, Path: game, Role: httpx.Operator, Handle: httpx.JSON(200, h.patch)},
		httpx.Route{Op: "adminOpenGame", Method: http.MethodPost, Path: game + "/open", Role: httpx.Operator, Handle: h.move(200, Open)},
		httpx.Route{Op: "adminCloseGame", Method: http.MethodPost, Path: game + "/close", Role: httpx.Operator, Handle: h.move(200, Close)},
		httpx.Route{Op: "adminForceStartGame", Method: http.MethodPost, Path: game + "/force-start", Role: httpx.Operator, Handle: h.move(202, ForceStart)},
		httpx.Route{Op: "adminForceStopGame", Method: http.MethodPost, Path: game + "/force-stop", Role: httpx.Operator, Handle: h.move(202, ForceStop)},
		httpx.Route{Op: "adminPauseGame", Method: http.MethodPost, Path: game + "/pause", Role: httpx.Operator, Handle: h.move(200, Pause)},
		httpx.Route{Op: "adminResumeGame", Method: http.MethodPost, Path: game + "/resume", Role: httpx.Operator, Handle: h.move(200, Resume)},
		httpx.Route{Op: "adminCancelGame", Method: http.MethodPost, Path: game + "/cancel", Role: httpx.Operator, Handle: h.move(200, Cancel)},
		httpx.Route{Op: "adminRetryGame", Method: http.MethodPost, Path: game + "/retry", Role: httpx.Operator, Handle: h.move(202, Retry)},
		httpx.Route{Op: "adminSetSchedule", Method: http.MethodPut, Path: game + "/schedule", Role: httpx.Operator, Handle: httpx.JSON(200, h.schedule)},
		httpx.Route{Op: "adminListApplications", Method: http.MethodGet, Path: game + "/applications", Role: httpx.Viewer, Handle: httpx.JSON(200, h.applications)},
		httpx.Route{Op: "adminApproveApplication", Method: http.MethodPost, Path: "/applications/{application_id}/approve", Role: httpx.Operator, Handle: httpx.JSON(200, h.approve)},
		httpx.Route{Op: "adminRejectApplication", Method: http.MethodPost, Path: "/applications/{application_id}/reject", Role: httpx.Operator, Handle: httpx.JSON(200, h.reject)},
		httpx.Route{Op: "adminListMemberships", Method: http.MethodGet, Path: game + "/memberships", Role: httpx.Viewer, Handle: httpx.JSON(200, h.members)},
		httpx.Route{Op: "adminBanMember", Method: http.MethodPost, Path: game + "/memberships/{user_id}/ban", Role: httpx.Operator, Handle: httpx.JSON(200, h.ban)},
		httpx.Route{Op: "adminUnbanMember", Method: http.MethodPost, Path: game + "/memberships/{user_id}/unban", Role: httpx.Operator, Handle: httpx.Empty(204, h.unban)},
		httpx.Route{Op: "adminReplaceMember", Method: http.MethodPost, Path: game + "/memberships/{user_id}/replace", Role: httpx.Operator, Handle: httpx.JSON(200, h.replace)},
		httpx.Route{Op: "adminListUserMemberships", Method: http.MethodGet, Path: "/users/{user_id}/memberships", Role: httpx.Viewer, Handle: httpx.JSON(200, h.membershipsOf)},
	)
}

func (h adminRoutes) list(ctx context.Context, in gameQuery) (httpx.List[gameView], error) {
	f, err := in.filter(uuid.Nil)
	if err != nil {
		return httpx.List[gameView]{}, err
	}
	games, err := h.service.List(ctx, f)
	return in.page(operatorOf(ctx), games), err
}

func (h adminRoutes) create(ctx context.Context, in NewGame) (httpx.Response[gameView], error) {
	g, made, err := h.service.Create(ctx, operatorOf(ctx), in, httpx.IdempotencyKey(ctx))
	return created(operatorOf(ctx), g, made, err, "/api/v1/admin/games")
}

func (h adminRoutes) get(ctx context.Context, in byGame) (httpx.Response[gameView], error) {
	g, err := h.service.Game(ctx, in.Game)
	return tagged(operatorOf(ctx), g, err)
}

func (h adminRoutes) patch(ctx context.Context, in patchGame) (httpx.Response[gameView], error) {
	g, err := h.service.Patch(ctx, operatorOf(ctx), in.Game, in.ETag, in.Patch)
	return tagged(operatorOf(ctx), g, err)
}

// move is the handler of a verb.
func (h adminRoutes) move(status int, verb Verb) httpx.Handler {
	return httpx.JSON(status, func(ctx context.Context, in byGame) (httpx.Response[gameView], error) {
		g, err := h.service.Move(ctx, operatorOf(ctx), in.Game, verb)
		return tagged(operatorOf(ctx), g, err)
	})
}

type setSchedule struct {
	byGame
	Turns schedule.Settings `json:"turns"`
}

func (h adminRoutes) schedule(ctx context.Context, in setSchedule) (httpx.Response[gameView], error) {
	g, err := h.service.SetSchedule(ctx, operatorOf(ctx), in.Game, in.Turns)
	return tagged(operatorOf(ctx), g, err)
}

func (h adminRoutes) applications(ctx context.Context, in gamePage) (httpx.List[applicationView], error) {
	return listApplications(ctx, h.service, operatorOf(ctx), in)
}

func (h adminRoutes) approve(ctx context.Context, in byApplication) (applicationView, error) {
	a, err := h.service.Approve(ctx, operatorOf(ctx), in.ID)
	return viewApplication(a), err
}

func (h adminRoutes) reject(ctx context.Context, in rejectApplication) (applicationView, error) {
	a, err := h.service.Reject(ctx, operatorOf(ctx), in.ID, in.Reason)
	return viewApplication(a), err
}

func (h adminRoutes) members(ctx context.Context, in byGame) (httpx.List[seatView], error) {
	if _, err := h.service.Game(ctx, in.Game); err != nil {
		return httpx.List[seatView]{}, err
	}
	seats, err := h.service.Seats(ctx, in.Game)
	return viewSeats(seats), err
}

func (h adminRoutes) ban(ctx context.Context, in byMember) (seatView, error) {
	s, err := h.service.Block(ctx, operatorOf(ctx), in.Game, in.Member)
	return viewSeat(s), err
}

func (h adminRoutes) unban(ctx context.Context, in byMember) error {
	return h.service.Unban(ctx, operatorOf(ctx), in.Game, in.Member)
}

type replaceMember struct {
	byMember
	Successor uuid.UUID `json:"successor_user_id"`
}

func (h adminRoutes) replace(ctx context.Context, in replaceMember) (seatView, error) {
	s, err := h.service.Replace(ctx, operatorOf(ctx), in.Game, in.Member, in.Successor)
	return viewSeat(s), err
}

type userPage struct {
	User uuid.UUID `path:"user_id"`
	httpx.Page
}

func (h adminRoutes) membershipsOf(ctx context.Context, in userPage) (httpx.List[seatView], error) {
	return pageOf("memberships", in.Page, func(before uuid.UUID, n int) ([]Seat, error) {
		return h.service.MembershipsOf(ctx, in.User, before, n)
	}, viewSeat, func(s Seat) uuid.UUID { return s.GameID })
}
