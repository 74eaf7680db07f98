package notification

import (
	"time"

	notificationv1 "galaxy/backend/proto/notification/v1"
)

// GameStarted tells a member that the game has begun.
type GameStarted struct {
	GameRef
	Turn       int        `json:"turn"`
	NextTurnAt *time.Time `json:"next_turn_at,omitempty"`
	RaceName   string     `json:"race_name,omitempty"` // the recipient's
}

// Kind implements Payload.
func (GameStarted) Kind() Kind { return KindGameStarted }

func (p GameStarted) table() table {
	return &notificationv1.GameStartedT{
		GameId: p.ID.String(), GameName: p.Name, Turn: turnNumber(p.Turn), NextTurnAtMs: unixMilli(p.NextTurnAt),
	}
}

// GameTurnReady tells the members that a turn was generated.
type GameTurnReady struct {
	GameRef
	Turn       int        `json:"turn"`
	NextTurnAt *time.Time `json:"next_turn_at,omitempty"`
	Eliminated RaceNames  `json:"eliminated"` // the races that the turn put out of play
}

// Kind implements Payload.
func (GameTurnReady) Kind() Kind { return KindGameTurnReady }

func (p GameTurnReady) table() table {
	return &notificationv1.GameTurnReadyT{
		GameId: p.ID.String(), GameName: p.Name, Turn: turnNumber(p.Turn), NextTurnAtMs: unixMilli(p.NextTurnAt),
	}
}

// GameFinished tells the members that the game ended with a turn.
type GameFinished struct {
	GameRef
	Turn       int        `json:"turn"`
	NextTurnAt *time.Time `json:"next_turn_at,omitempty"`
	Winners    RaceNames  `json:"winners"`
}

// Kind implements Payload.
func (GameFinished) Kind() Kind { return KindGameFinished }

func (p GameFinished) table() table {
	return &notificationv1.GameFinishedT{
		GameId: p.ID.String(), GameName: p.Name, Turn: turnNumber(p.Turn), Winners: p.Winners.list(),
	}
}

// GamePaused tells the members that the game stands still.
type GamePaused struct {
	GameRef
	Reason string `json:"reason"`
	Turn   int    `json:"turn"`
}

// Kind implements Payload.
func (GamePaused) Kind() Kind { return KindGamePaused }

func (p GamePaused) required() []field {
	return append(p.GameRef.required(), textField("reason", p.Reason))
}

func (p GamePaused) table() table {
	return &notificationv1.GamePausedT{GameId: p.ID.String(), GameName: p.Name, Reason: p.Reason, Turn: turnNumber(p.Turn)}
}

// GameResumed tells the members that the game goes on.
type GameResumed struct {
	GameRef
	Turn       int        `json:"turn"`
	NextTurnAt *time.Time `json:"next_turn_at,omitempty"`
}

// Kind implements Payload.
func (GameResumed) Kind() Kind { return KindGameResumed }

func (p GameResumed) table() table {
	return &notificationv1.GameResumedT{
		GameId: p.ID.String(), GameName: p.Name, Turn: turnNumber(p.Turn), NextTurnAtMs: unixMilli(p.NextTurnAt),
	}
}

// GameCancelled tells the members that there will be no game.
type GameCancelled struct {
	GameRef
	Reason string `json:"reason"` // may be empty
}

// Kind implements Payload.
func (GameCancelled) Kind() Kind { return KindGameCancelled }

func (p GameCancelled) table() table {
	return &notificationv1.GameCancelledT{GameId: p.ID.String(), GameName: p.Name, Reason: p.Reason}
}

// GameTurnReminder tells a member that orders are missing and the turn is due.
type GameTurnReminder struct {
	GameRef
	Turn     int       `json:"turn"`
	Deadline time.Time `json:"deadline"`
}

// Kind implements Payload.
func (GameTurnReminder) Kind() Kind { return KindGameTurnReminder }

func (p GameTurnReminder) required() []field {
	return append(p.GameRef.required(), timeField("deadline", p.Deadline))
}

func (p GameTurnReminder) table() table {
	return &notificationv1.GameTurnReminderT{
		GameId: p.ID.String(), GameName: p.Name, Turn: turnNumber(p.Turn), DeadlineAtMs: p.Deadline.UnixMilli(),
	}
}

// GameSeatOffered tells users that a race of a running game needs a player.
type GameSeatOffered struct {
	GameRef
	RaceName string `json:"race_name"`
}

// Kind implements Payload.
func (GameSeatOffered) Kind() Kind { return KindGameSeatOffered }

func (p GameSeatOffered) required() []field {
	return append(p.GameRef.required(), textField("race_name", p.RaceName))
}

func (p GameSeatOffered) table() table {
	return &notificationv1.GameSeatOfferedT{GameId: p.ID.String(), GameName: p.Name, RaceName: p.RaceName}
}

// Broadcast tells users what the platform has to say.
type Broadcast struct {
	Subject string `json:"subject"`
	Text    string `json:"text"`
}

// Kind implements Payload.
func (Broadcast) Kind() Kind { return KindBroadcast }

func (p Broadcast) required() []field {
	return []field{textField("subject", p.Subject), textField("text", p.Text)}
}

func (p Broadcast) table() table {
	return &notificationv1.PlatformBroadcastT{Title: p.Subject, Body: p.Text}
}
