package play

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"fmt"

	"github.com/google/uuid"

	"galaxy/backend/cmd/engine/bot"
	enginev1 "galaxy/backend/proto/engine/v1"
)

// Player is a user with a device, a race and a bot.
type Player struct {
	Email    string
	UserID   string
	UserName string
	Session  string
	Race     string

	api gateway
}

type challenge struct {
	ID string `json:"challenge_id"`
}

type session struct {
	SessionID string `json:"device_session_id"`
	UserID    string `json:"user_id"`
}

// signUp creates an account as a new device does: a code by mail, an Ed25519 key.
func signUp(ctx context.Context, g gateway, mailbox inbox, email, race string) (*Player, error) {
	var c challenge
	if err := g.call(ctx, "POST", "/api/v1/public/auth/send-email-code", map[string]string{"email": email, "language": "en"}, &c); err != nil {
		return nil, err
	}
	code, err := mailbox.code(ctx, email)
	if err != nil {
		return nil, err
	}
	public, _, err := ed25519.GenerateKey(nil)
	if err != nil {
		return nil, err
	}
	confirm := map[string]any{
		"challenge_id": c.ID, "code": code, "client_public_key": base64.StdEncoding.EncodeToString(public),
		"time_zone": "Europe/Amsterdam", "language": "en", "device": map[string]string{"name": "demo"},
	}
	var s session
	if err := g.call(ctx, "POST", "/api/v1/public/auth/confirm-email-code", confirm, &s); err != nil {
		return nil, err
	}
	p := &Player{Email: email, UserID: s.UserID, Session: s.SessionID, Race: race, api: g.asUser(s.UserID)}
	var account struct {
		UserName string `json:"user_name"`
	}
	if err := p.api.call(ctx, "GET", "/api/v1/user/account", nil, &account); err != nil {
		return nil, err
	}
	p.UserName = account.UserName
	return p, nil
}

// TurnSummary sums up what a player did in a turn.
type TurnSummary struct {
	Turn               int
	Accepted, Rejected int
	Planets            int
	Ships              int
}

// playTurn reads the newest report and sends the bot's orders and commands.
func (p *Player) playTurn(ctx context.Context, game string) (TurnSummary, error) {
	report, err := p.report(ctx, game, "latest")
	if err != nil {
		return TurnSummary{}, err
	}
	orders, commands := bot.Play(&report)
	m := TurnSummary{Turn: report.Turn, Planets: len(report.LocalPlanets)}
	for _, g := range report.Groups {
		m.Ships += g.Ships
	}
	for _, c := range commands {
		if err := p.api.with("Idempotency-Key", uuid.NewString()).call(ctx, "POST", "/api/v1/user/games/"+game+"/commands",
			map[string]any{"turn": report.Turn, "command": c}, nil); err != nil {
			return m, err
		}
	}
	if orders == nil { // the race is out of play and submits no list
		return m, nil
	}
	var answer enginev1.OrderResponse
	err = p.api.call(ctx, "PUT", "/api/v1/user/games/"+game+"/orders", map[string]any{"turn": report.Turn, "orders": orders}, &answer)
	m.Accepted, m.Rejected = answer.Accepted, answer.Rejected
	return m, err
}

// ready marks the player as ready for the end of this turn.
func (p *Player) ready(ctx context.Context, game string, turn int) error {
	return p.api.call(ctx, "PUT", "/api/v1/user/games/"+game+"/ready", map[string]int{"turn": turn}, nil)
}

func (p *Player) report(ctx context.Context, game, turn string) (enginev1.Report, error) {
	var raw json.RawMessage
	var report enginev1.Report
	if err := p.api.call(ctx, "GET", "/api/v1/user/games/"+game+"/reports/"+turn, nil, &raw); err != nil {
		return report, err
	}
	if err := json.Unmarshal(raw, &report); err != nil {
		return report, fmt.Errorf("report of turn %s: %w", turn, err)
	}
	return report, nil
}
