package lobby

import (
	"context"
	"net/http"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/modules/lobby/internal/games"
	"galaxy/backend/platform/httpx"
	"galaxy/backend/platform/schedule"
	enginev1 "galaxy/backend/proto/engine/v1"
)

type gameView struct {
	ID               uuid.UUID         `json:"game_id"`
	OwnerID          *uuid.UUID        `json:"owner_user_id"`
	Visibility       string            `json:"visibility"`
	Name             string            `json:"name"`
	Description      string            `json:"description"`
	State            State             `json:"state"`
	PauseReason      *string           `json:"pause_reason"`
	LastError        *string           `json:"last_error"`
	MinPlayers       int               `json:"min_players"`
	MaxPlayers       int               `json:"max_players"`
	Players          int               `json:"players"`
	JoinPolicy       string            `json:"join_policy"`
	EnrollmentEndsAt *time.Time        `json:"enrollment_ends_at"`
	StartWhenFull    bool              `json:"start_when_full"`
	EngineVersion    string            `json:"engine_version"`
	Turns            schedule.Document `json:"turns"`
	Map              MapOptions        `json:"map"`
	CurrentTurn      int               `json:"current_turn"`
	LastTurnAt       *time.Time        `json:"last_turn_at"`
	NextTurnAt       *time.Time        `json:"next_turn_at"`
	ActiveRaces      int               `json:"active_races"`
	RuntimeStatus    *string           `json:"runtime_status"`
	EngineHealth     string            `json:"engine_health"`
	Result           *enginev1.Result  `json:"result"`
	CreatedAt        time.Time         `json:"created_at"`
	UpdatedAt        time.Time         `json:"updated_at"`
	StartedAt        *time.Time        `json:"started_at"`
	FinishedAt       *time.Time        `json:"finished_at"`
}

// viewFor shows a game; why it failed is for those who manage it.
func viewFor(by Actor, g Game) gameView {
	v := gameView{
		ID: g.ID, OwnerID: g.OwnerID, Visibility: g.Visibility, Name: g.Name, Description: g.Description, State: g.State,
		PauseReason: games.Optional(g.PauseReason), MinPlayers: g.MinPlayers, MaxPlayers: g.MaxPlayers, Players: g.SeatsTaken, JoinPolicy: g.JoinPolicy,
		EnrollmentEndsAt: g.EnrollmentEndsAt, StartWhenFull: g.StartWhenFull, EngineVersion: g.EngineVersion, Turns: g.Turns.Document(), Map: g.Map,
		CurrentTurn: g.CurrentTurn, LastTurnAt: g.LastTurnAt, NextTurnAt: g.NextTurnAt, ActiveRaces: g.ActiveRaces,
		RuntimeStatus: games.Optional(g.RuntimeStatus), EngineHealth: g.EngineHealth, Result: g.Result,
		CreatedAt: g.CreatedAt, UpdatedAt: g.UpdatedAt, StartedAt: g.StartedAt, FinishedAt: g.FinishedAt,
	}
	if by.Operator != "" || g.Owned(by.User) {
		v.LastError = games.Optional(g.LastError)
	}
	return v
}

// tagged shows a game with its ETag.
func tagged(by Actor, g Game, err error) (httpx.Response[gameView], error) {
	return httpx.Response[gameView]{Body: viewFor(by, g), Header: http.Header{"Etag": {g.ETag()}}}, err
}

// created shows a game that was just made, or by an earlier request.
func created(by Actor, g Game, made bool, err error, base string) (httpx.Response[gameView], error) {
	out, err := tagged(by, g, err)
	out.Status = http.StatusOK
	if made {
		out.Status = http.StatusCreated
		out.Header.Set("Location", base+"/"+g.ID.String())
	}
	return out, err
}

// caller is the user behind the request.
func caller(ctx context.Context) Actor { return Actor{User: httpx.UserID(ctx)} }

// operatorOf is the operator behind the request.
func operatorOf(ctx context.Context) Actor { return Actor{Operator: httpx.PrincipalOf(ctx).Username} }

type byGame struct {
	Game uuid.UUID `path:"game_id"`
}

type gameQuery struct {
	httpx.Page
	Status     string `query:"status"`
	Visibility string `query:"visibility"`
	Query      string `query:"q"`
	Open       bool   `query:"open"`
}

// filter turns a query into a filter for the next page.
func (q gameQuery) filter(viewer uuid.UUID) (Filter, error) {
	before, err := httpx.IDCursor("games", q.Cursor)
	return Filter{User: viewer, Status: State(q.Status), Visibility: q.Visibility, Query: q.Query, Open: q.Open, Before: before, Limit: q.Limit + 1}, err
}

func (q gameQuery) page(by Actor, games []Game) httpx.List[gameView] {
	return httpx.PageOf(games, q.Limit, func(g Game) gameView { return viewFor(by, g) },
		func(g Game) string { return httpx.EncodeCursor("games", g.ID.String()) })
}

// pageOf reads a page of rows that are sorted by an id, newest first.
func pageOf[R, V any](kind string, p httpx.Page, read func(before uuid.UUID, n int) ([]R, error), view func(R) V, id func(R) uuid.UUID) (httpx.List[V], error) {
	before, err := httpx.IDCursor(kind, p.Cursor)
	if err != nil {
		return httpx.List[V]{}, err
	}
	rows, err := read(before, p.Limit+1)
	if err != nil {
		return httpx.List[V]{}, err
	}
	return httpx.PageOf(rows, p.Limit, view, func(r R) string { return httpx.EncodeCursor(kind, id(r).String()) }), nil
}

type seatView struct {
	GameID    uuid.UUID  `json:"game_id"`
	UserID    uuid.UUID  `json:"user_id"`
	RaceName  string     `json:"race_name"`
	Status    string     `json:"status"`
	Reason    string     `json:"reason"`
	Vacant    bool       `json:"vacant"`
	Successor bool       `json:"successor"`
	OfferedAt *time.Time `json:"offered_at"`
	JoinedAt  time.Time  `json:"joined_at"`
	EndedAt   *time.Time `json:"ended_at"`
}

func viewSeat(s Seat) seatView {
	return seatView{GameID: s.GameID, UserID: s.UserID, RaceName: s.RaceName, Status: s.Status, Reason: s.Reason, Vacant: s.Vacant,
		Successor: s.Successor, OfferedAt: s.OfferedAt, JoinedAt: s.JoinedAt, EndedAt: s.EndedAt}
}

// seated shows a seat that was just taken, or by an earlier request.
func seated(s Seat, made bool, err error) (httpx.Response[seatView], error) {
	out := httpx.Response[seatView]{Body: viewSeat(s), Status: http.StatusOK}
	if made {
		out.Status = http.StatusCreated
		out.Header = http.Header{"Location": {"/api/v1/user/lobby/games/" + s.GameID.String() + "/memberships"}}
	}
	return out, err
}

func viewSeats(seats []Seat) httpx.List[seatView] {
	var out httpx.List[seatView]
	for _, s := range seats {
		out.Items = append(out.Items, viewSeat(s))
	}
	return out
}

type applicationView struct {
	ID        uuid.UUID  `json:"application_id"`
	GameID    uuid.UUID  `json:"game_id"`
	GameName  string     `json:"game_name"`
	UserID    uuid.UUID  `json:"user_id"`
	RaceName  string     `json:"race_name"`
	Message   string     `json:"message"`
	State     string     `json:"state"`
	Reason    string     `json:"reason"`
	CreatedAt time.Time  `json:"created_at"`
	DecidedAt *time.Time `json:"decided_at"`
}

func viewApplication(a Application) applicationView {
	return applicationView{ID: a.ID, GameID: a.GameID, GameName: a.GameName, UserID: a.UserID, RaceName: a.RaceName, Message: a.Message,
		State: a.State, Reason: a.Reason, CreatedAt: a.CreatedAt, DecidedAt: a.DecidedAt}
}

type inviteView struct {
	ID        uuid.UUID  `json:"invite_id"`
	GameID    uuid.UUID  `json:"game_id"`
	GameName  string     `json:"game_name"`
	UserID    uuid.UUID  `json:"user_id"`
	InviterID uuid.UUID  `json:"inviter_user_id"`
	Message   string     `json:"message"`
	State     string     `json:"state"`
	Reason    string     `json:"reason"`
	CreatedAt time.Time  `json:"created_at"`
	ExpiresAt time.Time  `json:"expires_at"`
	DecidedAt *time.Time `json:"decided_at"`
}

func viewInvite(i Invite) inviteView {
	return inviteView{ID: i.ID, GameID: i.GameID, GameName: i.GameName, UserID: i.UserID, InviterID: i.InviterID, Message: i.Message,
		State: i.State, Reason: i.Reason, CreatedAt: i.CreatedAt, ExpiresAt: i.ExpiresAt, DecidedAt: i.DecidedAt}
}
