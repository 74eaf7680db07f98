package play

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	enginev1 "galaxy/backend/proto/engine/v1"
	notificationv1 "galaxy/backend/proto/notification/v1"
	pushv1 "galaxy/backend/proto/push/v1"
)

// Options configure the game.
type Options struct {
	// MaxTurns fails the game when it is not over after this number of turns.
	MaxTurns int
	// Interval is the scheduled time between turns, in seconds. Every turn is
	// generated early, because both players are ready.
	Interval int
}

// Playthrough is one game and its results.
type Playthrough struct {
	Endpoints Endpoints
	Options   Options
	Players   []*Player
	GameID    string
	GameName  string
	Turns     int
	Result    *enginev1.Result
	Reports   map[string]string // the last classic report by race
	Took      time.Duration
	TurnTimes []time.Duration // from the last "ready" to both players' push events

	printer *Printer
	gateway gateway
	inbox   inbox
	stream  *stream
}

// gameView is the part of a game's representation that is used here.
type gameView struct {
	ID    string           `json:"game_id"`
	State string           `json:"state"`
	Turn  int              `json:"current_turn"`
	Error *string          `json:"last_error"`
	Final *enginev1.Result `json:"result"`
}

// Game plays one game to its end. A step that fails is an error.
func Game(ctx context.Context, e Endpoints, d Doer, o Options, printer *Printer) (*Playthrough, error) {
	tag := strings.ToLower(uuid.NewString()[:6])
	p := &Playthrough{Endpoints: e, Options: o, GameName: "First light " + tag, printer: printer, Reports: map[string]string{},
		gateway: newGateway(e.REST, d), inbox: inbox{newGateway(e.Inbox, d)}}
	begin := time.Now()
	for _, step := range []func(context.Context, string) error{p.connectGateway, p.signUpPlayers, p.fillGame, p.startGame, p.playTurns, p.awaitFinish} {
		if err := step(ctx, tag); err != nil {
			p.Close()
			return p, err
		}
	}
	p.Took = time.Since(begin)
	return p, nil
}

// Close ends the subscription.
func (p *Playthrough) Close() {
	if p.stream != nil {
		p.stream.close()
		p.stream = nil
	}
}

func (p *Playthrough) connectGateway(ctx context.Context, tag string) (err error) {
	p.printer.Section("A gateway subscribes")
	p.stream, err = subscribe(ctx, p.Endpoints.Push, "demo-"+tag)
	if err == nil {
		p.printer.step(blue, "gateway", "subscribed to push at %s", p.Endpoints.Push)
	}
	return err
}

func (p *Playthrough) signUpPlayers(ctx context.Context, tag string) error {
	p.printer.Section("Two users sign up")
	for _, who := range []struct{ name, race string }{{"ada", "Zorg "}, {"bob", "Vogons "}} {
		email := who.name + "-" + tag + "@example.com"
		player, err := signUp(ctx, p.gateway, p.inbox, email, who.race+tag)
		if err != nil {
			return err
		}
		p.Players = append(p.Players, player)
		p.printer.step(green, who.name, "read the code from their mail at %s and is %s", email, player.UserName)
	}
	return nil
}

// fillGame creates the game, and fills it by invitation.
func (p *Playthrough) fillGame(ctx context.Context, _ string) error {
	p.printer.Section("A game is created")
	owner, guest := p.Players[0], p.Players[1]
	var g gameView
	create := map[string]any{"name": p.GameName, "description": "Played by bots.", "min_players": 2, "max_players": 2,
		"turns": map[string]any{"mode": "interval", "interval_seconds": p.Options.Interval, "early_when_ready": true}}
	if err := owner.api.with("Idempotency-Key", uuid.NewString()).call(ctx, "POST", "/api/v1/user/lobby/games", create,
		&g); err != nil {
		return err
	}
	p.GameID = g.ID
	at := "/api/v1/user/lobby/games/" + g.ID
	if err := owner.api.call(ctx, "POST", at+"/open", nil, nil); err != nil {
		return err
	}
	p.printer.step(green, "ada", "created and opened %q", p.GameName)
	if err := owner.api.call(ctx, "POST", at+"/join", map[string]string{"race_name": owner.Race}, nil); err != nil {
		return err
	}
	var invite struct {
		ID string `json:"invite_id"`
	}
	if err := owner.api.call(ctx, "POST", at+"/invites", map[string]string{"user_name": guest.UserName}, &invite); err != nil {
		return err
	}
	p.printer.step(green, "ada", "plays %s and invites %s", owner.Race, guest.UserName)
	if _, err := p.awaitEvent(ctx, guest, "lobby.invite.received"); err != nil {
		return err
	}
	m, err := p.inbox.find(ctx, guest.Email, "invites you")
	if err != nil {
		return err
	}
	p.printer.step(yellow, "mail", "to bob: %q", m.Subject)
	if err := guest.api.call(ctx, "POST", "/api/v1/user/lobby/invites/"+invite.ID+"/redeem", map[string]string{"race_name": guest.Race}, nil); err != nil {
		return err
	}
	p.printer.step(green, "bob", "accepts and plays %s", guest.Race)
	return nil
}

// startGame closes the enrollment, starts the game and waits until it is running.
func (p *Playthrough) startGame(ctx context.Context, _ string) error {
	p.printer.Section("The engine starts (" + p.Endpoints.Engine.Driver + ")")
	owner := p.Players[0]
	at := "/api/v1/user/lobby/games/" + p.GameID
	if err := owner.api.call(ctx, "POST", at+"/close", nil, nil); err != nil {
		return err
	}
	if err := owner.api.call(ctx, "POST", at+"/start", nil, nil); err != nil {
		return err
	}
	begin := time.Now()
	var g gameView
	err := poll(ctx, "the engine", func() (bool, error) {
		if err := owner.api.call(ctx, "GET", at, nil, &g); err != nil {
			return false, err
		}
		if g.State == "start_failed" {
			return false, fmt.Errorf("the game did not start: %s", textOr(g.Error))
		}
		return g.State == "running", nil
	})
	if err != nil {
		return err
	}
	for _, player := range p.Players {
		if _, err := p.awaitEvent(ctx, player, "game.started"); err != nil {
			return err
		}
	}
	p.printer.step(blue, "platform", "the game runs after %s; both players were told by push",
		time.Since(begin).Round(time.Millisecond))
	return nil
}

// playTurns plays until the game is finished.
func (p *Playthrough) playTurns(ctx context.Context, _ string) error {
	p.printer.Section("Turns")
	owner := p.Players[0]
	for turn := 0; ; turn++ {
		if turn == p.Options.MaxTurns {
			return fmt.Errorf("the game was not over after %d turns", turn)
		}
		lines := make([]string, 0, len(p.Players))
		for _, player := range p.Players {
			m, err := player.playTurn(ctx, p.GameID)
			if err != nil {
				return fmt.Errorf("turn %d of %s: %w", turn, player.Race, err)
			}
			lines = append(lines, fmt.Sprintf("%s %d planets, %d ships, %d orders", player.Race, m.Planets, m.Ships, m.Accepted))
		}
		begin := time.Now()
		if err := p.advanceTurn(ctx, turn); err != nil {
			return err
		}
		for _, player := range p.Players {
			if err := p.awaitTurnReady(ctx, player, turn+1); err != nil {
				return err
			}
		}
		took := time.Since(begin)
		p.TurnTimes = append(p.TurnTimes, took)
		p.Turns = turn + 1
		p.printer.step(blue, fmt.Sprintf("turn %d", turn+1), "%s  %s", strings.Join(lines, " · "),
			p.printer.paint(dim, took.Round(time.Millisecond).String()))
		var g gameView
		if err := owner.api.call(ctx, "GET", "/api/v1/user/lobby/games/"+p.GameID, nil, &g); err != nil {
			return err
		}
		if g.State == "finished" {
			p.Result = g.Final
			return nil
		}
	}
}

// advanceTurn has the turn generated before its deadline: the first one by an
// operator, the others because all players are ready.
func (p *Playthrough) advanceTurn(ctx context.Context, turn int) error {
	if turn == 0 {
		err := p.gateway.operator(p.Endpoints).call(ctx, "POST", "/api/v1/admin/games/"+p.GameID+"/turns/advance", map[string]bool{"keep_deadline": false}, nil)
		p.printer.step(yellow, "operator", "advances the first turn")
		return err
	}
	for _, player := range p.Players {
		if err := player.ready(ctx, p.GameID, turn); err != nil {
			return fmt.Errorf("ready of %s in turn %d: %w", player.Race, turn, err)
		}
	}
	return nil
}

// awaitFinish waits for the last events and mails and reads the final reports.
func (p *Playthrough) awaitFinish(ctx context.Context, _ string) error {
	for _, player := range p.Players {
		if _, err := p.awaitEvent(ctx, player, "game.finished"); err != nil {
			return err
		}
		if _, err := p.inbox.find(ctx, player.Email, "is over"); err != nil {
			return err
		}
		text, err := player.api.text(ctx, "/api/v1/user/games/"+p.GameID+"/reports/latest")
		if err != nil {
			return err
		}
		p.Reports[player.Race] = text
	}
	return nil
}

// awaitEvent waits for an event of a kind to a player about this game.
func (p *Playthrough) awaitEvent(ctx context.Context, to *Player, kind string) (*pushv1.ClientEvent, error) {
	return p.stream.next(ctx, kind+" to "+to.UserName, func(e *pushv1.ClientEvent) bool {
		return e.GetKind() == kind && e.GetUserId() == to.UserID
	})
}

// awaitTurnReady waits for the push event that a turn's report is ready.
func (p *Playthrough) awaitTurnReady(ctx context.Context, to *Player, turn int) error {
	_, err := p.stream.next(ctx, fmt.Sprintf("turn %d to %s", turn, to.UserName), func(e *pushv1.ClientEvent) bool {
		return e.GetKind() == "game.turn.ready" && e.GetUserId() == to.UserID && turnNumber(e) == turn
	})
	return err
}

// turnNumber decodes the payload, which is the FlatBuffers table of its kind.
func turnNumber(e *pushv1.ClientEvent) int {
	return int(notificationv1.GetRootAsGameTurnReady(e.GetPayload(), 0).Turn())
}

func textOr(s *string) string {
	if s == nil {
		return "no reason was given"
	}
	return *s
}
