package racename

import (
	"context"
	"net/http"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/platform/httpx"
)

type userRoutes struct{ service *Service }

func newUserRoutes(s *Service) httpx.Table {
	h := userRoutes{s}
	return httpx.User("racename",
		httpx.Route{Op: "listMyRaceNames", Method: http.MethodGet, Path: "/lobby/my/race-names", Handle: httpx.JSON(200, h.list)},
		httpx.Route{Op: "getRaceName", Method: http.MethodGet, Path: "/lobby/race-names/{name}", Handle: httpx.JSON(200, h.get)},
		httpx.Route{Op: "registerRaceName", Method: http.MethodPost, Path: "/lobby/race-names/register", Handle: httpx.JSON(200, h.register)},
	)
}

type nameView struct {
	RaceName     string     `json:"race_name"`
	State        string     `json:"state"`
	GameID       *uuid.UUID `json:"game_id"`
	SourceGameID *uuid.UUID `json:"source_game_id"`
	ExpiresAt    *time.Time `json:"expires_at"`
	RegisteredAt *time.Time `json:"registered_at"`
	CreatedAt    time.Time  `json:"created_at"`
}

func viewOf(n Name) nameView {
	return nameView{RaceName: n.Display, State: n.State, GameID: n.GameID, SourceGameID: n.SourceGameID, ExpiresAt: n.ExpiresAt,
		RegisteredAt: n.RegisteredAt, CreatedAt: n.CreatedAt}
}

func (h userRoutes) list(ctx context.Context, in httpx.Page) (httpx.List[nameView], error) {
	return httpx.PageByID("race_names", in, func(before uuid.UUID, n int) ([]Name, error) {
		return h.service.Names(ctx, httpx.UserID(ctx), before, n)
	}, viewOf, func(n Name) uuid.UUID { return n.ID })
}

type byName struct {
	Name string `path:"name"`
}

type availabilityView struct {
	RaceName     string       `json:"race_name"`
	Availability Availability `json:"availability"`
}

func (h userRoutes) get(ctx context.Context, in byName) (availabilityView, error) {
	name, answer, err := h.service.Availability(ctx, httpx.UserID(ctx), in.Name)
	return availabilityView{name, answer}, err
}

type registration struct {
	RaceName string `json:"race_name"`
}

func (h userRoutes) register(ctx context.Context, in registration) (nameView, error) {
	n, err := h.service.Register(ctx, httpx.UserID(ctx), in.RaceName)
	return viewOf(n), err
}
