package lobby

import (
	"context"
	"net/http"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/modules/lobby/directory"
	"galaxy/backend/platform/httpx"
)

type userRoutes struct{ service *Service }

func newUserRoutes(s *Service) httpx.Table {
	h := userRoutes{s}
	return httpx.User("lobby",
		httpx.Route{Op: "listGames", Method: http.MethodGet, Path: "/lobby/games", Handle: httpx.JSON(200, h.list)},
		httpx.Route{Op: "createGame", Method: http.MethodPost, Path: "/lobby/games", Handle: httpx.JSON(201, h.create)},
		httpx.Route{Op: "getGame", Method: http.MethodGet, Path: "/lobby/games/{game_id}", Handle: httpx.JSON(200, h.get)},
		httpx.Route{Op: "patchGame", Method: http.MethodPatch, Path: "/lobby/games/{game_id}", Handle: httpx.JSON(200, h.patch)},
		httpx.Route{Op: "openGame", Method: http.MethodPost, Path: "/lobby/games/{game_id}/open", Handle: h.move(200, Open)},
		httpx.Route{Op: "closeGame", Method: http.MethodPost, Path: "/lobby/games/{game_id}/close", Handle: h.move(200, Close)},
		httpx.Route{Op: "startGame", Method: http.MethodPost, Path: "/lobby/games/{game_id}/start", Handle: h.move(202, Start)},
		httpx.Route{Op: "retryGame", Method: http.MethodPost, Path: "/lobby/games/{game_id}/retry", Handle: h.move(202, Retry)},
		httpx.Route{Op: "pauseGame", Method: http.MethodPost, Path: "/lobby/games/{game_id}/pause", Handle: h.move(200, Pause)},
		httpx.Route{Op: "resumeGame", Method: http.MethodPost, Path: "/lobby/games/{game_id}/resume", Handle: h.move(200, Resume)},
		httpx.Route{Op: "cancelGame", Method: http.MethodPost, Path: "/lobby/games/{game_id}/cancel", Handle: h.move(200, Cancel)},
		httpx.Route{Op: "transferGame", Method: http.MethodPost, Path: "/lobby/games/{game_id}/transfer", Handle: httpx.JSON(200, h.transfer)},
		httpx.Route{Op: "listMyGames", Method: http.MethodGet, Path: "/lobby/my/games", Handle: httpx.JSON(200, h.mine)},
		httpx.Route{Op: "listMyRaceNames", Method: http.MethodGet, Path: "/lobby/my/race-names", Handle: httpx.JSON(200, h.names)},
		httpx.Route{Op: "getRaceName", Method: http.MethodGet, Path: "/lobby/race-names/{name}", Handle: httpx.JSON(200, h.availability)},
		httpx.Route{Op: "registerRaceName", Method: http.MethodPost, Path: "/lobby/race-names/register", Handle: httpx.JSON(200, h.register)},
	)
}

func (h userRoutes) list(ctx context.Context, in gameQuery) (httpx.List[gameView], error) {
	f, err := in.filter(httpx.UserID(ctx))
	if err != nil {
		return httpx.List[gameView]{}, err
	}
	games, err := h.service.List(ctx, f)
	return in.page(caller(ctx), games), err
}

func (h userRoutes) create(ctx context.Context, in NewGame) (httpx.Response[gameView], error) {
	g, made, err := h.service.Create(ctx, caller(ctx), in, httpx.IdempotencyKey(ctx))
	return created(caller(ctx), g, made, err, "/api/v1/user/lobby/games")
}

func (h userRoutes) get(ctx context.Context, in byGame) (httpx.Response[gameView], error) {
	g, err := h.service.View(ctx, httpx.UserID(ctx), in.Game)
	return tagged(caller(ctx), g, err)
}

type patchGame struct {
	byGame
	ETag string `header:"If-Match"`
	Patch
}

func (h userRoutes) patch(ctx context.Context, in patchGame) (httpx.Response[gameView], error) {
	g, err := h.service.Patch(ctx, caller(ctx), in.Game, in.ETag, in.Patch)
	return tagged(caller(ctx), g, err)
}

// move is the handler of a verb.
func (h userRoutes) move(status int, verb Verb) httpx.Handler {
	return httpx.JSON(status, func(ctx context.Context, in byGame) (httpx.Response[gameView], error) {
		g, err := h.service.Move(ctx, caller(ctx), in.Game, verb)
		return tagged(caller(ctx), g, err)
	})
}

type transferGame struct {
	byGame
	To uuid.UUID `json:"user_id"`
}

func (h userRoutes) transfer(ctx context.Context, in transferGame) (httpx.Response[gameView], error) {
	g, err := h.service.Transfer(ctx, caller(ctx), in.Game, in.To)
	return tagged(caller(ctx), g, err)
}

// myGameView is a game with what it expects of the user; null when it expects
// nothing.
type myGameView struct {
	gameView
	Expected *expectView `json:"expected"`
}

type expectView struct {
	Submitted bool       `json:"submitted"`
	Ready     bool       `json:"ready"`
	Deadline  *time.Time `json:"deadline"`
}

func (h userRoutes) mine(ctx context.Context, in httpx.Page) (httpx.List[myGameView], error) {
	by := caller(ctx)
	var expected map[uuid.UUID]Expect
	return pageOf("my_games", in, func(before uuid.UUID, n int) (games []Game, err error) {
		games, expected, err = h.service.Mine(ctx, by.User, before, n)
		return games, err
	}, func(g Game) myGameView {
		v := myGameView{gameView: viewFor(by, g)}
		if x, ok := expected[g.ID]; ok {
			v.Expected = &expectView{Submitted: x.Submitted, Ready: x.Ready, Deadline: x.Deadline}
		}
		return v
	}, func(g Game) uuid.UUID { return g.ID })
}

type raceNameView struct {
	RaceName     string     `json:"race_name"`
	State        string     `json:"state"`
	GameID       *uuid.UUID `json:"game_id"`
	SourceGameID *uuid.UUID `json:"source_game_id"`
	ExpiresAt    *time.Time `json:"expires_at"`
	RegisteredAt *time.Time `json:"registered_at"`
	CreatedAt    time.Time  `json:"created_at"`
}

func viewRaceName(n directory.Name) raceNameView {
	return raceNameView{RaceName: n.Display, State: n.State, GameID: n.GameID, SourceGameID: n.SourceGameID, ExpiresAt: n.ExpiresAt,
		RegisteredAt: n.RegisteredAt, CreatedAt: n.CreatedAt}
}

func (h userRoutes) names(ctx context.Context, in httpx.Page) (httpx.List[raceNameView], error) {
	return pageOf("race_names", in, func(before uuid.UUID, n int) ([]directory.Name, error) {
		return h.service.RaceNames().Names(ctx, httpx.UserID(ctx), before, n)
	}, viewRaceName, func(n directory.Name) uuid.UUID { return n.ID })
}

type raceNamePath struct {
	Name string `path:"name"`
}

type availabilityView struct {
	RaceName     string                 `json:"race_name"`
	Availability directory.Availability `json:"availability"`
}

func (h userRoutes) availability(ctx context.Context, in raceNamePath) (availabilityView, error) {
	name, answer, err := h.service.RaceNames().Availability(ctx, httpx.UserID(ctx), in.Name)
	return availabilityView{name, answer}, err
}

type registration struct {
	RaceName string `json:"race_name"`
}

func (h userRoutes) register(ctx context.Context, in registration) (raceNameView, error) {
	n, err := h.service.RaceNames().Register(ctx, httpx.UserID(ctx), in.RaceName)
	return viewRaceName(n), err
}
