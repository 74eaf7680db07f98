package game

import (
	"context"
	"net/http"

	"github.com/google/uuid"

	"galaxy/backend/platform/httpx"
	"galaxy/backend/platform/schedule"
)

type adminRoutes struct {
	service *Service
	games   *Games
}

func newAdminRoutes(s *Service, g *Games) httpx.Table {
	h := adminRoutes{s, g}
	const one = "/games/{game_id}"
	return httpx.Admin("game",
		httpx.Route{Op: "adminListGames", Method: http.MethodGet, Path: "/games", Role: httpx.Viewer, Handle: httpx.JSON(200, h.list)},
		httpx.Route{Op: "adminCreateGame", Method: http.MethodPost, Path: "/games", Role: httpx.Operator, Handle: httpx.JSON(201, h.create)},
		httpx.Route{Op: "adminGetGame", Method: http.MethodGet, Path: one, Role: httpx.Viewer, Handle: httpx.JSON(200, h.get)},
		httpx.Route{Op: "adminPatchGame", Method: http.MethodPatch, Path: one, Role: httpx.Operator, Handle: httpx.JSON(200, h.patch)},
		httpx.Route{Op: "adminOpenGame", Method: http.MethodPost, Path: one + "/open", Role: httpx.Operator, Handle: h.move(200, Open)},
		httpx.Route{Op: "adminCloseGame", Method: http.MethodPost, Path: one + "/close", Role: httpx.Operator, Handle: h.move(200, Close)},
		httpx.Route{Op: "adminForceStartGame", Method: http.MethodPost, Path: one + "/force-start", Role: httpx.Operator, Handle: h.move(202, ForceStart)},
		httpx.Route{Op: "adminForceStopGame", Method: http.MethodPost, Path: one + "/force-stop", Role: httpx.Operator, Handle: h.move(202, ForceStop)},
		httpx.Route{Op: "adminPauseGame", Method: http.MethodPost, Path: one + "/pause", Role: httpx.Operator, Handle: h.move(200, Pause)},
		httpx.Route{Op: "adminResumeGame", Method: http.MethodPost, Path: one + "/resume", Role: httpx.Operator, Handle: h.move(200, Resume)},
		httpx.Route{Op: "adminCancelGame", Method: http.MethodPost, Path: one + "/cancel", Role: httpx.Operator, Handle: h.move(200, Cancel)},
		httpx.Route{Op: "adminRetryGame", Method: http.MethodPost, Path: one + "/retry", Role: httpx.Operator, Handle: h.move(202, Retry)},
		httpx.Route{Op: "adminSetSchedule", Method: http.MethodPut, Path: one + "/schedule", Role: httpx.Operator, Handle: httpx.JSON(200, h.schedule)},
		httpx.Route{Op: "adminListMemberships", Method: http.MethodGet, Path: one + "/memberships", Role: httpx.Viewer, Handle: httpx.JSON(200, h.members)},
		httpx.Route{Op: "adminBanMember", Method: http.MethodPost, Path: one + "/memberships/{user_id}/ban", Role: httpx.Operator, Handle: httpx.JSON(200, h.ban)},
		httpx.Route{Op: "adminUnbanMember", Method: http.MethodPost, Path: one + "/memberships/{user_id}/unban", Role: httpx.Operator, Handle: httpx.Empty(204, h.unban)},
		httpx.Route{Op: "adminListUserMemberships", Method: http.MethodGet, Path: "/users/{user_id}/memberships", Role: httpx.Viewer, Handle: httpx.JSON(200, h.membershipsOf)},
	)
}

type listGames struct {
	httpx.Page
	Status     string `query:"status"`
	Visibility string `query:"visibility"`
	Query      string `query:"q"`
	Open       bool   `query:"open"`
}

func (h adminRoutes) list(ctx context.Context, in listGames) (httpx.List[View], error) {
	f := Filter{Status: State(in.Status), Visibility: in.Visibility, Query: in.Query, Open: in.Open}
	return httpx.PageByID("games", in.Page, func(before uuid.UUID, n int) ([]Game, error) {
		f.Before, f.Limit = before, n
		return h.service.List(ctx, f)
	}, func(g Game) View { return ViewFor(CallingOperator(ctx), g) }, func(g Game) uuid.UUID { return g.ID })
}

func (h adminRoutes) create(ctx context.Context, in NewGame) (httpx.Response[View], error) {
	g, made, err := h.service.Create(ctx, CallingOperator(ctx), in, httpx.IdempotencyKey(ctx))
	return created(CallingOperator(ctx), g, made, err, "/api/v1/admin/games")
}

func (h adminRoutes) get(ctx context.Context, in byGame) (httpx.Response[View], error) {
	g, err := h.games.Game(ctx, in.Game)
	return tagged(CallingOperator(ctx), g, err)
}

func (h adminRoutes) patch(ctx context.Context, in patchGame) (httpx.Response[View], error) {
	g, err := h.service.Patch(ctx, CallingOperator(ctx), in.Game, in.ETag, in.Patch)
	return tagged(CallingOperator(ctx), g, err)
}

// move is the handler of a verb.
func (h adminRoutes) move(status int, verb Verb) httpx.Handler {
	return httpx.JSON(status, func(ctx context.Context, in byGame) (httpx.Response[View], error) {
		g, err := h.service.Move(ctx, CallingOperator(ctx), in.Game, verb)
		return tagged(CallingOperator(ctx), g, err)
	})
}

type setSchedule struct {
	byGame
	Turns schedule.Settings `json:"turns"`
}

func (h adminRoutes) schedule(ctx context.Context, in setSchedule) (httpx.Response[View], error) {
	g, err := h.service.SetSchedule(ctx, CallingOperator(ctx), in.Game, in.Turns)
	return tagged(CallingOperator(ctx), g, err)
}

func (h adminRoutes) members(ctx context.Context, in byGame) (httpx.List[MembershipView], error) {
	if _, err := h.games.Game(ctx, in.Game); err != nil {
		return httpx.List[MembershipView]{}, err
	}
	members, err := h.games.Memberships(ctx, in.Game)
	return viewMemberships(members), err
}

func (h adminRoutes) ban(ctx context.Context, in byMember) (MembershipView, error) {
	m, err := h.service.Block(ctx, CallingOperator(ctx), in.Game, in.Member)
	return ViewMembership(m), err
}

func (h adminRoutes) unban(ctx context.Context, in byMember) error {
	return h.service.Unban(ctx, CallingOperator(ctx), in.Game, in.Member)
}

type userPage struct {
	User uuid.UUID `path:"user_id"`
	httpx.Page
}

func (h adminRoutes) membershipsOf(ctx context.Context, in userPage) (httpx.List[MembershipView], error) {
	return httpx.PageByID("memberships", in.Page, func(before uuid.UUID, n int) ([]Membership, error) {
		return h.service.MembershipsOf(ctx, in.User, before, n)
	}, ViewMembership, func(m Membership) uuid.UUID { return m.GameID })
}
