package notification

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

// entry says where a kind goes. A user's kind always goes by push and into the
// inbox.
type entry struct {
	email    bool // to each recipient too, by the mail template of the kind's name
	operator bool // by mail to the operators' address, instead of users
}

var catalog = map[Kind]entry{
	KindInviteReceived:       {email: true},
	KindInviteRevoked:        {},
	KindApplicationSubmitted: {},
	KindApplicationApproved:  {email: true},
	KindApplicationRejected:  {email: true},
	KindMembershipRemoved:    {email: true},
	KindMembershipBlocked:    {email: true},
	KindRaceNameRegistered:   {},
	KindRaceNamePending:      {email: true},
	KindRaceNameExpired:      {},
	KindGameStarted:          {email: true},
	KindGameTurnReady:        {email: true},
	KindGameFinished:         {email: true},
	KindGamePaused:           {email: true},
	KindGameResumed:          {email: true},
	KindGameCancelled:        {email: true},
	KindGameTurnReminder:     {email: true},
	KindGameSeatOffered:      {},
	KindBroadcast:            {email: true},

	KindImagePullFailed:      {operator: true},
	KindContainerStartFailed: {operator: true},
	KindStartConfigInvalid:   {operator: true},
	KindContainerCrashed:     {operator: true},
	KindContainerMissing:     {operator: true},
	KindContainerForeign:     {operator: true},
	KindPatchRolledBack:      {operator: true},
	KindGenerationFailed:     {operator: true},
	KindTurnOverdue:          {operator: true},
	KindStateMismatch:        {operator: true},
	KindMailDeadLettered:     {operator: true},
}
