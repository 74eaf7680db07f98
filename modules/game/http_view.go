package game

import (
	"context"
	"net/http"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/platform/httpx"
	"galaxy/backend/platform/nullable"
	"galaxy/backend/platform/schedule"
	enginev1 "galaxy/backend/proto/engine/v1"
)

// View is a game as clients see it.
type View struct {
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

// ViewFor shows a game to an actor; why it failed is for those who manage it.
func ViewFor(by Actor, g Game) View {
	v := View{
		ID: g.ID, OwnerID: g.OwnerID, Visibility: g.Visibility, Name: g.Name, Description: g.Description, State: g.State,
		PauseReason: nullable.Text(g.PauseReason), MinPlayers: g.MinPlayers, MaxPlayers: g.MaxPlayers, Players: g.SeatsTaken, JoinPolicy: g.JoinPolicy,
		EnrollmentEndsAt: g.EnrollmentEndsAt, StartWhenFull: g.StartWhenFull, EngineVersion: g.EngineVersion, Turns: g.Turns.Document(), Map: g.Map,
		CurrentTurn: g.CurrentTurn, LastTurnAt: g.LastTurnAt, NextTurnAt: g.NextTurnAt, ActiveRaces: g.ActiveRaces,
		RuntimeStatus: nullable.Text(g.RuntimeStatus), EngineHealth: g.EngineHealth, Result: g.Result,
		CreatedAt: g.CreatedAt, UpdatedAt: g.UpdatedAt, StartedAt: g.StartedAt, FinishedAt: g.FinishedAt,
	}
	if by.Operator != "" || g.OwnedBy(by.User) {
		v.LastError = nullable.Text(g.LastError)
	}
	return v
}

// tagged shows a game with its ETag.
func tagged(by Actor, g Game, err error) (httpx.Response[View], error) {
	return httpx.Response[View]{Body: ViewFor(by, g), Header: http.Header{"Etag": {g.ETag()}}}, err
}

// created shows a game that was just made, or by an earlier request.
func created(by Actor, g Game, made bool, err error, base string) (httpx.Response[View], error) {
	out, err := tagged(by, g, err)
	out.Status = http.StatusOK
	if made {
		out.Status = http.StatusCreated
		out.Header.Set("Location", base+"/"+g.ID.String())
	}
	return out, err
}

// CallingUser is the user behind the request.
func CallingUser(ctx context.Context) Actor { return Actor{User: httpx.UserID(ctx)} }

// CallingOperator is the operator behind the request.
func CallingOperator(ctx context.Context) Actor {
	return Actor{Operator: httpx.PrincipalOf(ctx).Username}
}

type byGame struct {
	Game uuid.UUID `path:"game_id"`
}

// MembershipView is a membership as clients see it.
type MembershipView struct {
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

// ViewMembership shows a membership.
func ViewMembership(m Membership) MembershipView {
	return MembershipView{GameID: m.GameID, UserID: m.UserID, RaceName: m.RaceName, Status: m.Status, Reason: m.Reason, Vacant: m.Vacant,
		Successor: m.Successor, OfferedAt: m.OfferedAt, JoinedAt: m.JoinedAt, EndedAt: m.EndedAt}
}

func viewMemberships(members []Membership) httpx.List[MembershipView] {
	var out httpx.List[MembershipView]
	for _, m := range members {
		out.Items = append(out.Items, ViewMembership(m))
	}
	return out
}
