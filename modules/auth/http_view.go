package auth

import (
	"time"

	"github.com/google/uuid"
)

// sessionView is a session as its user and operators see it.
type sessionView struct {
	DeviceSessionID uuid.UUID         `json:"device_session_id"`
	Status          Status            `json:"status"`
	DeviceName      string            `json:"device_name"`
	UserAgent       string            `json:"user_agent"`
	Country         *string           `json:"country"`
	CreatedAt       time.Time         `json:"created_at"`
	LastSeenAt      time.Time         `json:"last_seen_at"`
	RevokedAt       *time.Time        `json:"revoked_at"`
	RevokedReason   *RevocationReason `json:"revoked_reason"`
}

func viewOf(s Session) sessionView {
	v := sessionView{DeviceSessionID: s.ID, Status: s.Status, DeviceName: s.DeviceName, UserAgent: s.UserAgent,
		CreatedAt: s.CreatedAt, LastSeenAt: s.LastSeenAt, RevokedAt: s.RevokedAt, RevokedReason: s.RevokedReason}
	if s.Country != "" {
		v.Country = &s.Country
	}
	return v
}
