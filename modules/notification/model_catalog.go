package notification

import (
	notificationv1 "galaxy/backend/proto/notification/v1"
)

// Kind names what happened. The set is closed.
type Kind string

// The kinds of source.md section 10 and domain.md, Notifications.
const (
	InviteReceived       Kind = "lobby.invite.received"
	InviteRevoked        Kind = "lobby.invite.revoked"
	ApplicationSubmitted Kind = "lobby.application.submitted"
	ApplicationApproved  Kind = "lobby.application.approved"
	ApplicationRejected  Kind = "lobby.application.rejected"
	MembershipRemoved    Kind = "lobby.membership.removed"
	MembershipBlocked    Kind = "lobby.membership.blocked"
	RaceNameRegistered   Kind = "lobby.race_name.registered"
	RaceNamePending      Kind = "lobby.race_name.pending"
	RaceNameExpired      Kind = "lobby.race_name.expired"
	ImagePullFailed      Kind = "runtime.image_pull_failed"
	ContainerStartFailed Kind = "runtime.container_start_failed"
	StartConfigInvalid   Kind = "runtime.start_config_invalid"
	ContainerCrashed     Kind = "runtime.container_crashed"
	ContainerMissing     Kind = "runtime.container_missing"
	ContainerForeign     Kind = "runtime.container_foreign"
	PatchRolledBack      Kind = "runtime.patch_rolled_back"
	GameStarted          Kind = "game.started"
	GameTurnReady        Kind = "game.turn.ready"
	GameFinished         Kind = "game.finished"
	GamePaused           Kind = "game.paused"
	GameResumed          Kind = "game.resumed"
	GameCancelled        Kind = "game.cancelled"
	GameTurnReminder     Kind = "game.turn.reminder"
	GameSeatOffered      Kind = "game.seat.offered"
	GenerationFailed     Kind = "game.generation.failed"
	TurnOverdue          Kind = "game.turn.overdue"
	StateMismatch        Kind = "game.state_mismatch"
	MailDeadLettered     Kind = "mail.dead_lettered"
	Broadcast            Kind = "platform.broadcast"
)

// entry says where a kind goes and what its payload must hold.
type entry struct {
	email    bool     // to each recipient, by the mail template of the kind's name
	operator bool     // to the operators' address instead of users
	pack     packer   // the push payload; nil: no push
	required []string // payload keys that must be there and not empty
}

var catalog = map[Kind]entry{
	InviteReceived:       {email: true, pack: packAs[notificationv1.LobbyInviteReceivedT], required: []string{"game_id", "game_name", "inviter_user_id", "inviter_name", "expires_at"}},
	InviteRevoked:        {pack: packAs[notificationv1.LobbyInviteRevokedT], required: []string{"game_id"}},
	ApplicationSubmitted: {pack: packAs[notificationv1.LobbyApplicationSubmittedT], required: []string{"game_id", "application_id"}},
	ApplicationApproved:  {email: true, pack: packAs[notificationv1.LobbyApplicationApprovedT], required: []string{"game_id", "game_name"}},
	ApplicationRejected:  {email: true, pack: packAs[notificationv1.LobbyApplicationRejectedT], required: []string{"game_id", "game_name"}},
	MembershipRemoved:    {email: true, pack: packAs[notificationv1.LobbyMembershipRemovedT], required: []string{"game_id", "game_name"}},
	MembershipBlocked:    {email: true, pack: packAs[notificationv1.LobbyMembershipBlockedT], required: []string{"game_id", "game_name"}},
	RaceNameRegistered:   {pack: packAs[notificationv1.LobbyRaceNameRegisteredT], required: []string{"race_name"}},
	RaceNamePending:      {email: true, pack: packAs[notificationv1.LobbyRaceNamePendingT], required: []string{"race_name", "expires_at"}},
	RaceNameExpired:      {pack: packAs[notificationv1.LobbyRaceNameExpiredT], required: []string{"race_name"}},
	GameStarted:          {email: true, pack: packAs[notificationv1.GameStartedT], required: []string{"game_id", "game_name"}},
	GameTurnReady:        {email: true, pack: packAs[notificationv1.GameTurnReadyT], required: []string{"game_id", "game_name", "turn"}},
	GameFinished:         {email: true, pack: packAs[notificationv1.GameFinishedT], required: []string{"game_id", "game_name", "turn"}},
	GamePaused:           {email: true, pack: packAs[notificationv1.GamePausedT], required: []string{"game_id", "game_name", "reason"}},
	GameResumed:          {email: true, pack: packAs[notificationv1.GameResumedT], required: []string{"game_id", "game_name"}},
	GameCancelled:        {email: true, pack: packAs[notificationv1.GameCancelledT], required: []string{"game_id", "game_name"}},
	GameTurnReminder:     {email: true, pack: packAs[notificationv1.GameTurnReminderT], required: []string{"game_id", "game_name", "turn", "deadline"}},
	GameSeatOffered:      {pack: packAs[notificationv1.GameSeatOfferedT], required: []string{"game_id", "race_name"}},
	Broadcast:            {email: true, pack: packAs[notificationv1.PlatformBroadcastT], required: []string{"subject", "text"}},

	ImagePullFailed:      {operator: true, required: []string{"game_id", "image_ref"}},
	ContainerStartFailed: {operator: true, required: []string{"game_id"}},
	StartConfigInvalid:   {operator: true, required: []string{"game_id", "reason"}},
	ContainerCrashed:     {operator: true, required: []string{"game_id", "exit_code"}},
	ContainerMissing:     {operator: true, required: []string{"game_id"}},
	ContainerForeign:     {operator: true, required: []string{"container"}},
	PatchRolledBack:      {operator: true, required: []string{"game_id", "reason"}},
	GenerationFailed:     {operator: true, required: []string{"game_id", "turn", "reason"}},
	TurnOverdue:          {operator: true, required: []string{"game_id", "turn"}},
	StateMismatch:        {operator: true, required: []string{"game_id", "engine_turn", "turn"}},
	MailDeadLettered:     {operator: true, required: []string{"delivery_id", "template"}},
}
