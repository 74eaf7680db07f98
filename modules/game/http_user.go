package game

import (
	"context"
	"net/http"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/platform/httpx"
)

type userRoutes struct {
	service *Service
	games   *Games
}

func newUserRoutes(s *Service, g *Games) httpx.Table {
	h := userRoutes{s, g}
	const one = "/lobby/games/{game_id}"
	return httpx.User("game",
		httpx.Route{Op: "createGame", Method: http.MethodPost, Path: "/lobby/games", Handle: httpx.JSON(201, h.create)},
		httpx.Route{Op: "getGame", Method: http.MethodGet, Path: one, Handle: httpx.JSON(200, h.get)},
		httpx.Route{Op: "patchGame", Method: http.MethodPatch, Path: one, Handle: httpx.JSON(200, h.patch)},
		httpx.Route{Op: "openGame", Method: http.MethodPost, Path: one + "/open", Handle: h.move(200, Open)},
		httpx.Route{Op: "closeGame", Method: http.MethodPost, Path: one + "/close", Handle: h.move(200, Close)},
		httpx.Route{Op: "startGame", Method: http.MethodPost, Path: one + "/start", Handle: h.move(202, Start)},
		httpx.Route{Op: "retryGame", Method: http.MethodPost, Path: one + "/retry", Handle: h.move(202, Retry)},
		httpx.Route{Op: "pauseGame", Method: http.MethodPost, Path: one + "/pause", Handle: h.move(200, Pause)},
		httpx.Route{Op: "resumeGame", Method: http.MethodPost, Path: one + "/resume", Handle: h.move(200, Resume)},
		httpx.Route{Op: "cancelGame", Method: http.MethodPost, Path: one + "/cancel", Handle: h.move(200, Cancel)},
		httpx.Route{Op: "transferGame", Method: http.MethodPost, Path: one + "/transfer", Handle: httpx.JSON(200, h.transfer)},
		httpx.Route{Op: "listMyGames", Method: http.MethodGet, Path: "/lobby/my/games", Handle: httpx.JSON(200, h.mine)},
		httpx.Route{Op: "listMemberships", Method: http.MethodGet, Path: one + "/memberships", Handle: httpx.JSON(200, h.members)},
		httpx.Route{Op: "removeMember", Method: http.MethodPost, Path: one + "/memberships/{user_id}/remove", Handle: httpx.JSON(200, h.remove)},
		httpx.Route{Op: "blockMember", Method: http.MethodPost, Path: one + "/memberships/{user_id}/block", Handle: httpx.JSON(200, h.block)},
		httpx.Route{Op: "leaveGame", Method: http.MethodPost, Path: one + "/leave", Handle: httpx.Empty(204, h.leave)},
	)
}

func (h userRoutes) create(ctx context.Context, in NewGame) (httpx.Response[View], error) {
	g, made, err := h.service.Create(ctx, CallingUser(ctx), in, httpx.IdempotencyKey(ctx))
	return created(CallingUser(ctx), g, made, err, "/api/v1/user/lobby/games")
}

func (h userRoutes) get(ctx context.Context, in byGame) (httpx.Response[View], error) {
	g, err := h.service.Show(ctx, httpx.UserID(ctx), in.Game)
	return tagged(CallingUser(ctx), g, err)
}

type patchGame struct {
	byGame
	ETag string `header:"If-Match"`
	Patch
}

func (h userRoutes) patch(ctx context.Context, in patchGame) (httpx.Response[View], error) {
	g, err := h.service.Patch(ctx, CallingUser(ctx), in.Game, in.ETag, in.Patch)
	return tagged(CallingUser(ctx), g, err)
}

// move is the handler of a verb.
func (h userRoutes) move(status int, verb Verb) httpx.Handler {
	return httpx.JSON(status, func(ctx context.Context, in byGame) (httpx.Response[View], error) {
		g, err := h.service.Move(ctx, CallingUser(ctx), in.Game, verb)
		return tagged(CallingUser(ctx), g, err)
	})
}

type transferGame struct {
	byGame
	To uuid.UUID `json:"user_id"`
}

func (h userRoutes) transfer(ctx context.Context, in transferGame) (httpx.Response[View], error) {
	g, err := h.service.Transfer(ctx, CallingUser(ctx), in.Game, in.To)
	return tagged(CallingUser(ctx), g, err)
}

// myGameView is a game with what it expects of the user; null when it expects
// nothing.
type myGameView struct {
	View
	Expected *expectView `json:"expected"`
}

type expectView struct {
	Submitted bool       `json:"submitted"`
	Ready     bool       `json:"ready"`
	Deadline  *time.Time `json:"deadline"`
}

func (h userRoutes) mine(ctx context.Context, in httpx.Page) (httpx.List[myGameView], error) {
	by := CallingUser(ctx)
	var expected map[uuid.UUID]Expect
	return httpx.PageByID("my_games", in, func(before uuid.UUID, n int) (games []Game, err error) {
		games, expected, err = h.service.GamesOf(ctx, by.User, before, n)
		return games, err
	}, func(g Game) myGameView {
		v := myGameView{View: ViewFor(by, g)}
		if x, ok := expected[g.ID]; ok {
			v.Expected = &expectView{Submitted: x.Submitted, Ready: x.Ready, Deadline: x.Deadline}
		}
		return v
	}, func(g Game) uuid.UUID { return g.ID })
}

func (h userRoutes) members(ctx context.Context, in byGame) (httpx.List[MembershipView], error) {
	members, err := h.service.Members(ctx, httpx.UserID(ctx), in.Game)
	return viewMemberships(members), err
}

type byMember struct {
	byGame
	Member uuid.UUID `path:"user_id"`
}

func (h userRoutes) remove(ctx context.Context, in byMember) (MembershipView, error) {
	m, err := h.service.Remove(ctx, CallingUser(ctx), in.Game, in.Member)
	return ViewMembership(m), err
}

func (h userRoutes) block(ctx context.Context, in byMember) (MembershipView, error) {
	m, err := h.service.Block(ctx, CallingUser(ctx), in.Game, in.Member)
	return ViewMembership(m), err
}

func (h userRoutes) leave(ctx context.Context, in byGame) error {
	return h.service.Leave(ctx, httpx.UserID(ctx), in.Game)
}
