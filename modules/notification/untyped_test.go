package notification

var (
	gameID, inviteID, userID, deadline = theGame.ID, theEntity, theUser, theDeadline
)

// untypedExamples are examples as maps.
var untypedExamples = map[string]struct {
	kind    Kind
	payload map[string]any
}{
	"lobby.invite.received": {KindInviteReceived, map[string]any{"game_id": gameID.String(), "game_name": "First <light>", "invite_id": inviteID.String(),
		"inviter_user_id": userID.String(), "inviter_name": "Ада & Co", "expires_at": deadline}},
	"lobby.invite.revoked": {KindInviteRevoked, map[string]any{"game_id": gameID.String(), "game_name": "First light", "invite_id": inviteID.String()}},
	"lobby.application.submitted": {KindApplicationSubmitted, map[string]any{"game_id": gameID.String(), "game_name": "First light",
		"application_id": inviteID.String(), "applicant_user_id": userID.String()}},
	"lobby.application.approved": {KindApplicationApproved, map[string]any{"game_id": gameID.String(), "game_name": "First light", "application_id": inviteID.String()}},
	"lobby.application.rejected": {KindApplicationRejected, map[string]any{"game_id": gameID.String(), "game_name": "First light",
		"application_id": inviteID.String(), "reason": "the game is full"}},
	"lobby.application.rejected without a reason": {KindApplicationRejected, map[string]any{"game_id": gameID.String(), "game_name": "First light",
		"application_id": inviteID.String(), "reason": ""}},
	"lobby.membership.removed":              {KindMembershipRemoved, map[string]any{"game_id": gameID.String(), "game_name": "First light", "reason": "idle"}},
	"lobby.membership.blocked":              {KindMembershipBlocked, map[string]any{"game_id": gameID.String(), "game_name": "First light", "reason": "spam"}},
	"lobby.race_name.registered":            {KindRaceNameRegistered, map[string]any{"race_name": "Zorg"}},
	"lobby.race_name.pending":               {KindRaceNamePending, map[string]any{"race_name": "Zorg", "expires_at": deadline}},
	"lobby.race_name.expired":               {KindRaceNameExpired, map[string]any{"race_name": "Zorg"}},
	"runtime.image_pull_failed":             {KindImagePullFailed, map[string]any{"game_id": gameID.String(), "reason": "no route", "image_ref": "galaxy/engine:1"}},
	"runtime.container_start_failed":        {KindContainerStartFailed, map[string]any{"game_id": gameID.String(), "reason": "exit code 1", "image_ref": "galaxy/engine:1"}},
	"runtime.start_config_invalid":          {KindStartConfigInvalid, map[string]any{"game_id": gameID.String(), "reason": "the state was lost", "image_ref": ""}},
	"runtime.container_crashed":             {KindContainerCrashed, map[string]any{"game_id": gameID.String(), "exit_code": 137, "oom": true}},
	"runtime.container_crashed with code 0": {KindContainerCrashed, map[string]any{"game_id": gameID.String(), "exit_code": 0, "oom": false}},
	"runtime.container_missing":             {KindContainerMissing, map[string]any{"game_id": gameID.String()}},
	"runtime.container_foreign":             {KindContainerForeign, map[string]any{"container": "galaxy-game-x", "container_id": "0123abcd"}},
	"runtime.container_foreign of a game":   {KindContainerForeign, map[string]any{"game_id": gameID.String(), "container": "galaxy-game-x"}},
	"runtime.patch_rolled_back":             {KindPatchRolledBack, map[string]any{"game_id": gameID.String(), "reason": "no healthy answer in time"}},
	"game.started": {KindGameStarted, map[string]any{"game_id": gameID.String(), "game_name": "First light", "turn": 0, "next_turn_at": deadline,
		"race_name": "Zorg"}},
	"game.turn.ready": {KindGameTurnReady, map[string]any{"game_id": gameID.String(), "game_name": "First light", "turn": 3, "next_turn_at": deadline,
		"eliminated": []string{"Zorg", "Kree"}}},
	"game.turn.ready without a schedule": {KindGameTurnReady, map[string]any{"game_id": gameID.String(), "game_name": "First light", "turn": 3,
		"eliminated": []string{}}},
	"game.finished": {KindGameFinished, map[string]any{"game_id": gameID.String(), "game_name": "First light", "turn": 40, "next_turn_at": deadline,
		"winners": []string{"Zorg", "Kree"}}},
	"game.finished without a winner": {KindGameFinished, map[string]any{"game_id": gameID.String(), "game_name": "First light", "turn": 40, "winners": []string{}}},
	"game.paused":                    {KindGamePaused, map[string]any{"game_id": gameID.String(), "game_name": "First light", "reason": "generation_failed", "turn": 3}},
	"game.resumed":                   {KindGameResumed, map[string]any{"game_id": gameID.String(), "game_name": "First light", "turn": 3}},
	"game.cancelled":                 {KindGameCancelled, map[string]any{"game_id": gameID.String(), "game_name": "First light", "reason": "too few players"}},
	"game.turn.reminder":             {KindGameTurnReminder, map[string]any{"game_id": gameID.String(), "game_name": "First light", "turn": 3, "deadline": deadline}},
	"game.seat.offered":              {KindGameSeatOffered, map[string]any{"game_id": gameID.String(), "game_name": "First light", "race_name": "Zorg"}},
	"game.generation.failed":         {KindGenerationFailed, map[string]any{"game_id": gameID.String(), "turn": 3, "reason": "turn_failed"}},
	"game.turn.overdue":              {KindTurnOverdue, map[string]any{"game_id": gameID.String(), "turn": 3}},
	"game.state_mismatch":            {KindStateMismatch, map[string]any{"game_id": gameID.String(), "engine_turn": 5, "turn": 3}},
	"mail.dead_lettered":             {KindMailDeadLettered, map[string]any{"delivery_id": inviteID, "template": "game.started", "reason": "550 no such user"}},
	"platform.broadcast":             {KindBroadcast, map[string]any{"subject": "Maintenance", "text": "The platform is away on Sunday."}},
}
