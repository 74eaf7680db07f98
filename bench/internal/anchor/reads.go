package anchor

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/labstack/echo/v4"
)

// account has the fields of the product's answer to the same question.
type account struct {
	ID          uuid.UUID    `json:"user_id"`
	Email       string       `json:"email"`
	UserName    string       `json:"user_name"`
	DisplayName string       `json:"display_name"`
	Language    string       `json:"preferred_language"`
	Zone        string       `json:"time_zone"`
	Country     string       `json:"declared_country"`
	CreatedAt   time.Time    `json:"created_at"`
	UpdatedAt   time.Time    `json:"updated_at"`
	Entitlement *entitlement `json:"entitlement,omitempty"`
	Sanctions   []string     `json:"sanctions"`
}

type entitlement struct {
	Plan     string         `json:"plan"`
	StartsAt time.Time      `json:"starts_at"`
	EndsAt   *time.Time     `json:"ends_at"`
	Limits   map[string]int `json:"limits"`
}

var born = time.Date(2026, 5, 8, 19, 0, 0, 0, time.UTC)

var sample = account{
	ID: uuid.MustParse("0197a3c2-5f0e-7c3a-9f51-0d6a1e2b3c4d"), Email: "somebody@example.com", UserName: "player-abcdefgh",
	DisplayName: "Somebody", Language: "en", Zone: "Europe/Amsterdam", Country: "NL", CreatedAt: born, UpdatedAt: born,
	Entitlement: &entitlement{Plan: "permanent", StartsAt: born, Limits: map[string]int{"owned_private_games": 20,
		"active_memberships": 50, "pending_applications": 50, "registered_race_names": 12}},
	Sanctions: []string{},
}

const selectAccount = `SELECT user_id, email, user_name, display_name, preferred_language, time_zone, declared_country, created_at, updated_at
	FROM accounts WHERE user_id = $1`

func (s *server) row(c echo.Context) error {
	id, err := uuid.Parse(c.Request().Header.Get("X-User-ID"))
	if err != nil {
		return echo.ErrBadRequest
	}
	var a account
	if err := s.reads.QueryRow(c.Request().Context(), selectAccount, id).Scan(&a.ID, &a.Email, &a.UserName, &a.DisplayName,
		&a.Language, &a.Zone, &a.Country, &a.CreatedAt, &a.UpdatedAt); err != nil {
		return err
	}
	return c.JSON(http.StatusOK, a)
}

// game has the fields of the product's answer to the same question.
type game struct {
	ID               uuid.UUID       `json:"game_id"`
	Owner            *uuid.UUID      `json:"owner_user_id"`
	Visibility       string          `json:"visibility"`
	Name             string          `json:"name"`
	Description      string          `json:"description"`
	State            string          `json:"state"`
	PauseReason      *string         `json:"pause_reason"`
	LastError        *string         `json:"last_error"`
	MinPlayers       int             `json:"min_players"`
	MaxPlayers       int             `json:"max_players"`
	Players          int             `json:"players"`
	JoinPolicy       string          `json:"join_policy"`
	EnrollmentEndsAt *time.Time      `json:"enrollment_ends_at"`
	StartWhenFull    bool            `json:"start_when_full"`
	EngineVersion    string          `json:"engine_version"`
	Turns            json.RawMessage `json:"turns"`
	Map              json.RawMessage `json:"map"`
	CurrentTurn      int             `json:"current_turn"`
	LastTurnAt       *time.Time      `json:"last_turn_at"`
	NextTurnAt       *time.Time      `json:"next_turn_at"`
	ActiveRaces      int             `json:"active_races"`
	RuntimeStatus    *string         `json:"runtime_status"`
	EngineHealth     string          `json:"engine_health"`
	Result           json.RawMessage `json:"result"`
	CreatedAt        time.Time       `json:"created_at"`
	UpdatedAt        time.Time       `json:"updated_at"`
	StartedAt        *time.Time      `json:"started_at"`
	FinishedAt       *time.Time      `json:"finished_at"`
}

const (
	gameColumns = `game_id, owner_id, visibility, name, description, state, pause_reason, last_error, min_players, max_players, seats_taken,
		join_policy, enrollment_ends_at, start_when_full, engine_version, turns, map, current_turn, last_turn_at, next_turn_at, active_races,
		runtime_status, engine_health, result, created_at, updated_at, started_at, finished_at`
	selectPublic = `SELECT ` + gameColumns + ` FROM games WHERE visibility = 'public' AND state <> 'draft' ORDER BY game_id DESC LIMIT $1`
	selectMine   = `SELECT ` + gameColumns + ` FROM games WHERE owner_id = $2 ORDER BY game_id DESC LIMIT $1`
)

// page is the page size; one row more is read to know whether there is a next page.
const page = 10

func (s *server) public(c echo.Context) error { return s.list(c, selectPublic, page+1) }

func (s *server) mine(c echo.Context) error {
	id, err := uuid.Parse(c.Request().Header.Get("X-User-ID"))
	if err != nil {
		return echo.ErrBadRequest
	}
	return s.list(c, selectMine, page+1, id)
}

func (s *server) list(c echo.Context, statement string, args ...any) error {
	games, err := s.games(c.Request().Context(), statement, args...)
	if err != nil {
		return err
	}
	next := (*string)(nil)
	if len(games) > page {
		games = games[:page]
		id := games[page-1].ID.String()
		next = &id
	}
	return c.JSON(http.StatusOK, map[string]any{"items": games, "next_cursor": next})
}

func (s *server) games(ctx context.Context, statement string, args ...any) ([]game, error) {
	rows, err := s.reads.Query(ctx, statement, args...)
	if err != nil {
		return nil, err
	}
	games := make([]game, 0, page+1)
	var g game
	into := []any{&g.ID, &g.Owner, &g.Visibility, &g.Name, &g.Description, &g.State, &g.PauseReason, &g.LastError, &g.MinPlayers,
		&g.MaxPlayers, &g.Players, &g.JoinPolicy, &g.EnrollmentEndsAt, &g.StartWhenFull, &g.EngineVersion, &g.Turns, &g.Map, &g.CurrentTurn,
		&g.LastTurnAt, &g.NextTurnAt, &g.ActiveRaces, &g.RuntimeStatus, &g.EngineHealth, &g.Result, &g.CreatedAt, &g.UpdatedAt,
		&g.StartedAt, &g.FinishedAt}
	_, err = pgx.ForEachRow(rows, into, func() error {
		games = append(games, g)
		g.Turns, g.Map, g.Result = nil, nil, nil // the next row must not reuse their memory
		return nil
	})
	return games, err
}
