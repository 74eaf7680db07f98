package notification

import (
	"time"

	"github.com/google/uuid"

	notificationv1 "galaxy/backend/proto/notification/v1"
)

// InviteReceived tells a user that somebody asks them into a game.
type InviteReceived struct {
	GameRef
	InviteID    uuid.UUID `json:"invite_id"`
	InviterID   uuid.UUID `json:"inviter_user_id"`
	InviterName string    `json:"inviter_name"`
	ExpiresAt   time.Time `json:"expires_at"`
}

// Kind implements Payload.
func (InviteReceived) Kind() Kind { return KindInviteReceived }

func (p InviteReceived) required() []field {
	return append(p.GameRef.required(), idField("inviter_user_id", p.InviterID), textField("inviter_name", p.InviterName),
		timeField("expires_at", p.ExpiresAt))
}

func (p InviteReceived) table() table {
	return &notificationv1.LobbyInviteReceivedT{
		GameId: p.ID.String(), GameName: p.Name, InviteId: p.InviteID.String(), InviterUserId: p.InviterID.String(),
		ExpiresAtMs: p.ExpiresAt.UnixMilli(),
	}
}

// InviteRevoked tells a user that an invite of theirs is void.
type InviteRevoked struct {
	GameRef
	InviteID uuid.UUID `json:"invite_id"`
}

// Kind implements Payload.
func (InviteRevoked) Kind() Kind { return KindInviteRevoked }

func (p InviteRevoked) table() table {
	return &notificationv1.LobbyInviteRevokedT{GameId: p.ID.String(), GameName: p.Name, InviteId: p.InviteID.String()}
}

// ApplicationSubmitted tells a game's owner that somebody applied.
type ApplicationSubmitted struct {
	GameRef
	ApplicationID uuid.UUID `json:"application_id"`
	ApplicantID   uuid.UUID `json:"applicant_user_id"`
}

// Kind implements Payload.
func (ApplicationSubmitted) Kind() Kind { return KindApplicationSubmitted }

func (p ApplicationSubmitted) required() []field {
	return append(p.GameRef.required(), idField("application_id", p.ApplicationID))
}

func (p ApplicationSubmitted) table() table {
	return &notificationv1.LobbyApplicationSubmittedT{
		GameId: p.ID.String(), GameName: p.Name,
		ApplicationId: p.ApplicationID.String(), ApplicantUserId: p.ApplicantID.String(),
	}
}

// ApplicationApproved tells an applicant that they are in.
type ApplicationApproved struct {
	GameRef
	ApplicationID uuid.UUID `json:"application_id"`
}

// Kind implements Payload.
func (ApplicationApproved) Kind() Kind { return KindApplicationApproved }

func (p ApplicationApproved) table() table {
	return &notificationv1.LobbyApplicationApprovedT{
		GameId: p.ID.String(), GameName: p.Name, ApplicationId: p.ApplicationID.String(),
	}
}

// ApplicationRejected tells an applicant that they are not in.
type ApplicationRejected struct {
	GameRef
	ApplicationID uuid.UUID `json:"application_id"`
	Reason        string    `json:"reason"` // may be empty
}

// Kind implements Payload.
func (ApplicationRejected) Kind() Kind { return KindApplicationRejected }

func (p ApplicationRejected) table() table {
	return &notificationv1.LobbyApplicationRejectedT{
		GameId: p.ID.String(), GameName: p.Name, ApplicationId: p.ApplicationID.String(), Reason: p.Reason,
	}
}

// MembershipRemoved tells a member that their seat was taken away.
type MembershipRemoved struct {
	GameRef
	Reason string `json:"reason"` // may be empty
}

// Kind implements Payload.
func (MembershipRemoved) Kind() Kind { return KindMembershipRemoved }

func (p MembershipRemoved) table() table {
	return &notificationv1.LobbyMembershipRemovedT{GameId: p.ID.String(), GameName: p.Name, Reason: p.Reason}
}

// MembershipBlocked tells a member that they are banned from the game.
type MembershipBlocked struct {
	GameRef
	Reason string `json:"reason"` // may be empty
}

// Kind implements Payload.
func (MembershipBlocked) Kind() Kind { return KindMembershipBlocked }

func (p MembershipBlocked) table() table {
	return &notificationv1.LobbyMembershipBlockedT{GameId: p.ID.String(), GameName: p.Name, Reason: p.Reason}
}

// RaceNameRegistered tells a user that a race name is theirs.
type RaceNameRegistered struct {
	RaceName string `json:"race_name"`
}

// Kind implements Payload.
func (RaceNameRegistered) Kind() Kind { return KindRaceNameRegistered }

func (p RaceNameRegistered) required() []field { return []field{textField("race_name", p.RaceName)} }

func (p RaceNameRegistered) table() table {
	return &notificationv1.LobbyRaceNameRegisteredT{RaceName: p.RaceName}
}

// RaceNamePending tells a user that they may register a race name until a time.
type RaceNamePending struct {
	RaceName  string    `json:"race_name"`
	ExpiresAt time.Time `json:"expires_at"`
}

// Kind implements Payload.
func (RaceNamePending) Kind() Kind { return KindRaceNamePending }

func (p RaceNamePending) required() []field {
	return []field{textField("race_name", p.RaceName), timeField("expires_at", p.ExpiresAt)}
}

func (p RaceNamePending) table() table {
	return &notificationv1.LobbyRaceNamePendingT{RaceName: p.RaceName, ExpiresAtMs: p.ExpiresAt.UnixMilli()}
}

// RaceNameExpired tells a user that a race name is free again.
type RaceNameExpired struct {
	RaceName string `json:"race_name"`
}

// Kind implements Payload.
func (RaceNameExpired) Kind() Kind { return KindRaceNameExpired }

func (p RaceNameExpired) required() []field { return []field{textField("race_name", p.RaceName)} }

func (p RaceNameExpired) table() table {
	return &notificationv1.LobbyRaceNameExpiredT{RaceName: p.RaceName}
}
