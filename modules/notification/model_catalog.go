package notification

import (
	notificationv1 "galaxy/backend/proto/notification/v1"
)

// Kind names what happened. The set is closed.
type Kind string

// The kinds.
const (
	KindInviteReceived       Kind = "lobby.invite.received"
	KindInviteRevoked        Kind = "lobby.invite.revoked"
	KindApplicationSubmitted Kind = "lobby.application.submitted"
	KindApplicationApproved  Kind = "lobby.application.approved"
	KindApplicationRejected  Kind = "lobby.application.rejected"
	KindMembershipRemoved    Kind = "lobby.membership.removed"
	KindMembershipBlocked    Kind = "lobby.membership.blocked"
	KindRaceNameRegistered   Kind = "lobby.race_name.registered"
	KindRaceNamePending      Kind = "lobby.race_name.pending"
	KindRaceNameExpired      Kind = "lobby.race_name.expired"
	KindImagePullFailed      Kind = "runtime.image_pull_failed"
	KindContainerStartFailed Kind = "runtime.container_start_failed"
	KindStartConfigInvalid   Kind = "runtime.start_config_invalid"
	KindContainerCrashed     Kind = "runtime.container_crashed"
	KindContainerMissing     Kind = "runtime.container_missing"
	KindContainerForeign     Kind = "runtime.container_foreign"
	KindPatchRolledBack      Kind = "runtime.patch_rolled_back"
	KindGameStarted          Kind = "game.started"
	KindGameTurnReady        Kind = "game.turn.ready"
	KindGameFinished         Kind = "game.finished"
	KindGamePaused           Kind = "game.paused"
	KindGameResumed          Kind = "game.resumed"
	KindGameCancelled        Kind = "game.cancelled"
	KindGameTurnReminder     Kind = "game.turn.reminder"
	KindGameSeatOffered      Kind = "game.seat.offered"
	KindGenerationFailed     Kind = "game.generation.failed"
	KindTurnOverdue          Kind = "game.turn.overdue"
	KindStateMismatch        Kind = "game.state_mismatch"
	KindMailDeadLettered     Kind = "mail.dead_lettered"
	KindBroadcast            Kind = "platform.broadcast"
)

// entry says where a kind goes and what its payload must hold.
type entry struct {
	email    bool     // to each recipient, by the mail template of the kind's name
	operator bool     // to the operators' address instead of users
	pack     packer   // the push payload; nil: no push
	required []string // payload keys that must be there and not empty
}

var catalog = map[Kind]entry{
	KindInviteReceived:       {email: true, pack: packAs[notificationv1.LobbyInviteReceivedT], required: []string{"game_id", "game_name", "inviter_user_id", "inviter_name", "expires_at"}},
	KindInviteRevoked:        {pack: packAs[notificationv1.LobbyInviteRevokedT], required: []string{"game_id"}},
	KindApplicationSubmitted: {pack: packAs[notificationv1.LobbyApplicationSubmittedT], required: []string{"game_id", "application_id"}},
	KindApplicationApproved:  {email: true, pack: packAs[notificationv1.LobbyApplicationApprovedT], required: []string{"game_id", "game_name"}},
	KindApplicationRejected:  {email: true, pack: packAs[notificationv1.LobbyApplicationRejectedT], required: []string{"game_id", "game_name"}},
	KindMembershipRemoved:    {email: true, pack: packAs[notificationv1.LobbyMembershipRemovedT], required: []string{"game_id", "game_name"}},
	KindMembershipBlocked:    {email: true, pack: packAs[notificationv1.LobbyMembershipBlockedT], required: []string{"game_id", "game_name"}},
	KindRaceNameRegistered:   {pack: packAs[notificationv1.LobbyRaceNameRegisteredT], required: []string{"race_name"}},
	KindRaceNamePending:      {email: true, pack: packAs[notificationv1.LobbyRaceNamePendingT], required: []string{"race_name", "expires_at"}},
	KindRaceNameExpired:      {pack: packAs[notificationv1.LobbyRaceNameExpiredT], required: []string{"race_name"}},
	KindGameStarted:          {email: true, pack: packAs[notificationv1.GameStartedT], required: []string{"game_id", "game_name"}},
	KindGameTurnReady:        {email: true, pack: packAs[notificationv1.GameTurnReadyT], required: []string{"game_id", "game_name", "turn"}},
	KindGameFinished:         {email: true, pack: packAs[notificationv1.GameFinishedT], required: []string{"game_id", "game_name", "turn"}},
	KindGamePaused:           {email: true, pack: packAs[notificationv1.GamePausedT], required: []string{"game_id", "game_name", "reason"}},
	KindGameResumed:          {email: true, pack: packAs[notificationv1.GameResumedT], required: []string{"game_id", "game_name"}},
	KindGameCancelled:        {email: true, pack: packAs[notificationv1.GameCancelledT], required: []string{"game_id", "game_name"}},
	KindGameTurnReminder:     {email: true, pack: packAs[notificationv1.GameTurnReminderT], required: []string{"game_id", "game_name", "turn", "deadline"}},
	KindGameSeatOffered:      {pack: packAs[notificationv1.GameSeatOfferedT], required: []string{"game_id", "race_name"}},
	KindBroadcast:            {email: true, pack: packAs[notificationv1.PlatformBroadcastT], required: []string{"subject", "text"}},

	KindImagePullFailed:      {operator: true, required: []string{"game_id", "image_ref"}},
	KindContainerStartFailed: {operator: true, required: []string{"game_id"}},
	KindStartConfigInvalid:   {operator: true, required: []string{"game_id", "reason"}},
	KindContainerCrashed:     {operator: true, required: []string{"game_id", "exit_code"}},
	KindContainerMissing:     {operator: true, required: []string{"game_id"}},
	KindContainerForeign:     {operator: true, required: []string{"container"}},
	KindPatchRolledBack:      {operator: true, required: []string{"game_id", "reason"}},
	KindGenerationFailed:     {operator: true, required: []string{"game_id", "turn", "reason"}},
	KindTurnOverdue:          {operator: true, required: []string{"game_id", "turn"}},
	KindStateMismatch:        {operator: true, required: []string{"game_id", "engine_turn", "turn"}},
	KindMailDeadLettered:     {operator: true, required: []string{"delivery_id", "template"}},
}
