package lobby

import (
	"context"
	"net/http"

	"github.com/google/uuid"

	"galaxy/backend/modules/game"
	"galaxy/backend/platform/httpx"
)

type userRoutes struct{ service *Service }

func newUserRoutes(s *Service) httpx.Table {
	h := userRoutes{s}
	const one = "/lobby/games/{game_id}"
	return httpx.User("lobby",
		httpx.Route{Op: "listGames", Method: http.MethodGet, Path: "/lobby/games", Handle: httpx.JSON(200, h.list)},
		httpx.Route{Op: "createApplication", Method: http.MethodPost, Path: one + "/applications", Handle: httpx.JSON(201, h.apply)},
		httpx.Route{Op: "listApplications", Method: http.MethodGet, Path: one + "/applications", Handle: httpx.JSON(200, h.applications)},
		httpx.Route{Op: "approveApplication", Method: http.MethodPost, Path: "/lobby/applications/{application_id}/approve", Handle: httpx.JSON(200, h.approve)},
		httpx.Route{Op: "rejectApplication", Method: http.MethodPost, Path: "/lobby/applications/{application_id}/reject", Handle: httpx.JSON(200, h.reject)},
		httpx.Route{Op: "withdrawApplication", Method: http.MethodPost, Path: "/lobby/applications/{application_id}/withdraw", Handle: httpx.JSON(200, h.withdraw)},
		httpx.Route{Op: "joinGame", Method: http.MethodPost, Path: one + "/join", Handle: httpx.JSON(201, h.join)},
		httpx.Route{Op: "offerSeat", Method: http.MethodPost, Path: one + "/seats/{race_name}/offer", Handle: httpx.JSON(200, h.offer)},
		httpx.Route{Op: "takeSeat", Method: http.MethodPost, Path: one + "/seats/{race_name}/take", Handle: httpx.JSON(201, h.take)},
		httpx.Route{Op: "listMyApplications", Method: http.MethodGet, Path: "/lobby/my/applications", Handle: httpx.JSON(200, h.myApplications)},
	)
}

type listGames struct {
	httpx.Page
	Status     string `query:"status"`
	Visibility string `query:"visibility"`
	Query      string `query:"q"`
	Open       bool   `query:"open"`
}

func (h userRoutes) list(ctx context.Context, in listGames) (httpx.List[game.View], error) {
	by := game.CallingUser(ctx)
	f := game.Filter{Status: game.State(in.Status), Visibility: in.Visibility, Query: in.Query, Open: in.Open}
	return httpx.PageByID("games", in.Page, func(before uuid.UUID, n int) ([]game.Game, error) {
		f.Before, f.Limit = before, n
		return h.service.List(ctx, by.User, f)
	}, func(g game.Game) game.View { return game.ViewFor(by, g) }, func(g game.Game) uuid.UUID { return g.ID })
}

type createApplication struct {
	byGame
	RaceName string `json:"race_name"`
	Message  string `json:"message"`
}

func (h userRoutes) apply(ctx context.Context, in createApplication) (httpx.Response[applicationView], error) {
	wanted := Application{GameID: in.Game, UserID: httpx.UserID(ctx), RaceName: in.RaceName, Message: in.Message}
	a, made, err := h.service.Apply(ctx, wanted, httpx.IdempotencyKey(ctx))
	out := httpx.Response[applicationView]{Body: viewApplication(a), Status: http.StatusOK}
	if made {
		out.Status = http.StatusCreated
		out.Header = http.Header{"Location": {"/api/v1/user/lobby/my/applications"}}
	}
	return out, err
}

type gamePage struct {
	byGame
	httpx.Page
}

func (h userRoutes) applications(ctx context.Context, in gamePage) (httpx.List[applicationView], error) {
	return listApplications(ctx, h.service, game.CallingUser(ctx), in)
}

func listApplications(
	ctx context.Context, s *Service, by game.Actor, in gamePage,
) (httpx.List[applicationView], error) {
	return httpx.PageByID("applications", in.Page, func(before uuid.UUID, n int) ([]Application, error) {
		return s.Applications(ctx, by, in.Game, before, n)
	}, viewApplication, func(a Application) uuid.UUID { return a.ID })
}

type byApplication struct {
	ID uuid.UUID `path:"application_id"`
}

type rejectApplication struct {
	byApplication
	Reason string `json:"reason"`
}

func (h userRoutes) approve(ctx context.Context, in byApplication) (applicationView, error) {
	a, err := h.service.Approve(ctx, game.CallingUser(ctx), in.ID)
	return viewApplication(a), err
}

func (h userRoutes) reject(ctx context.Context, in rejectApplication) (applicationView, error) {
	a, err := h.service.Reject(ctx, game.CallingUser(ctx), in.ID, in.Reason)
	return viewApplication(a), err
}

func (h userRoutes) withdraw(ctx context.Context, in byApplication) (applicationView, error) {
	a, err := h.service.Withdraw(ctx, httpx.UserID(ctx), in.ID)
	return viewApplication(a), err
}

type joinGame struct {
	byGame
	RaceName string `json:"race_name"`
}

func (h userRoutes) join(ctx context.Context, in joinGame) (httpx.Response[game.MembershipView], error) {
	return membershipResponse(h.service.Join(ctx, httpx.UserID(ctx), in.Game, in.RaceName))
}

type byRace struct {
	byGame
	RaceName string `path:"race_name"`
}

func (h userRoutes) offer(ctx context.Context, in byRace) (game.MembershipView, error) {
	s, err := h.service.Offer(ctx, game.CallingUser(ctx), in.Game, in.RaceName)
	return game.ViewMembership(s), err
}

func (h userRoutes) take(ctx context.Context, in byRace) (httpx.Response[game.MembershipView], error) {
	return membershipResponse(h.service.Take(ctx, httpx.UserID(ctx), in.Game, in.RaceName))
}

func (h userRoutes) myApplications(ctx context.Context, in httpx.Page) (httpx.List[applicationView], error) {
	return httpx.PageByID("my_applications", in, func(before uuid.UUID, n int) ([]Application, error) {
		return h.service.MyApplications(ctx, httpx.UserID(ctx), before, n)
	}, viewApplication, func(a Application) uuid.UUID { return a.ID })
}
