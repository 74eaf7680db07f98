package notification

import (
	"time"

	"github.com/google/uuid"
)

var (
	theGame     = GameRef{ID: uuid.MustParse("019aa000-0000-7000-8000-000000000001"), Name: "First light"}
	theEntity   = uuid.MustParse("019aa000-0000-7000-8000-000000000002")
	theUser     = uuid.MustParse("019aa000-0000-7000-8000-000000000003")
	theDeadline = time.Date(2026, 3, 2, 18, 30, 0, 123_456_000, time.UTC)
)

// examples are payloads by kind or, where a kind has several shapes, by kind and
// shape. What becomes of them is in testdata/kinds.json.
var examples = map[string]Payload{
	"lobby.invite.received": InviteReceived{GameRef: GameRef{theGame.ID, "First <light>"}, InviteID: theEntity,
		InviterID: theUser, InviterName: "Ада & Co", ExpiresAt: theDeadline},
	"lobby.invite.revoked":        InviteRevoked{GameRef: theGame, InviteID: theEntity},
	"lobby.application.submitted": ApplicationSubmitted{GameRef: theGame, ApplicationID: theEntity, ApplicantID: theUser},
	"lobby.application.approved":  ApplicationApproved{GameRef: theGame, ApplicationID: theEntity},
	"lobby.application.rejected": ApplicationRejected{GameRef: theGame, ApplicationID: theEntity,
		Reason: "the game is full"},
	"lobby.application.rejected without a reason": ApplicationRejected{GameRef: theGame, ApplicationID: theEntity},
	"lobby.membership.removed":                    MembershipRemoved{GameRef: theGame, Reason: "idle"},
	"lobby.membership.blocked":                    MembershipBlocked{GameRef: theGame, Reason: "spam"},
	"lobby.race_name.registered":                  RaceNameRegistered{RaceName: "Zorg"},
	"lobby.race_name.pending":                     RaceNamePending{RaceName: "Zorg", ExpiresAt: theDeadline},
	"lobby.race_name.expired":                     RaceNameExpired{RaceName: "Zorg"},

	"game.started":                       GameStarted{GameRef: theGame, NextTurnAt: &theDeadline, RaceName: "Zorg"},
	"game.turn.ready":                    GameTurnReady{GameRef: theGame, Turn: 3, NextTurnAt: &theDeadline, Eliminated: RaceNames{"Zorg", "Kree"}},
	"game.turn.ready without a schedule": GameTurnReady{GameRef: theGame, Turn: 3},
	"game.finished":                      GameFinished{GameRef: theGame, Turn: 40, NextTurnAt: &theDeadline, Winners: RaceNames{"Zorg", "Kree"}},
	"game.finished without a winner":     GameFinished{GameRef: theGame, Turn: 40},
	"game.paused":                        GamePaused{GameRef: theGame, Reason: "generation_failed", Turn: 3},
	"game.resumed":                       GameResumed{GameRef: theGame, Turn: 3},
	"game.cancelled":                     GameCancelled{GameRef: theGame, Reason: "too few players"},
	"game.turn.reminder":                 GameTurnReminder{GameRef: theGame, Turn: 3, Deadline: theDeadline},
	"game.seat.offered":                  GameSeatOffered{GameRef: theGame, RaceName: "Zorg"},
	"platform.broadcast":                 Broadcast{Subject: "Maintenance", Text: "The platform is away on Sunday."},

	"runtime.image_pull_failed":             ImagePullFailed{GameID: theGame.ID, Reason: "no route", ImageRef: "galaxy/engine:1"},
	"runtime.container_start_failed":        ContainerStartFailed{GameID: theGame.ID, Reason: "exit code 1", ImageRef: "galaxy/engine:1"},
	"runtime.start_config_invalid":          StartConfigInvalid{GameID: theGame.ID, Reason: "the state was lost"},
	"runtime.container_crashed":             ContainerCrashed{GameID: theGame.ID, ExitCode: 137, OutOfMemory: true},
	"runtime.container_crashed with code 0": ContainerCrashed{GameID: theGame.ID},
	"runtime.container_missing":             ContainerMissing{GameID: theGame.ID},
	"runtime.container_foreign":             ContainerForeign{Container: "galaxy-game-x", ContainerID: "0123abcd"},
	"runtime.container_foreign of a game":   ContainerForeign{GameID: theGame.ID, Container: "galaxy-game-x"},
	"runtime.patch_rolled_back":             PatchRolledBack{GameID: theGame.ID, Reason: "no healthy answer in time"},
	"game.generation.failed":                GenerationFailed{GameID: theGame.ID, Turn: 3, Reason: "turn_failed"},
	"game.turn.overdue":                     TurnOverdue{GameID: theGame.ID, Turn: 3},
	"game.state_mismatch":                   StateMismatch{GameID: theGame.ID, EngineTurn: 5, Turn: 3},
	"mail.dead_lettered":                    MailDeadLettered{DeliveryID: theEntity, Template: "game.started", Reason: "550 no such user"},
}
