package user

import (
	"time"

	"github.com/google/uuid"
)

// SanctionKind is what a sanction forbids.
type SanctionKind string

// The kinds of sanctions.
const (
	LoginBlock         SanctionKind = "login_block"
	GameCreateBlock    SanctionKind = "game_create_block"
	GameJoinBlock      SanctionKind = "game_join_block"
	ProfileUpdateBlock SanctionKind = "profile_update_block"
	PermanentBlock     SanctionKind = "permanent_block"
)

// ActiveSanction is a sanction as the user sees it.
type ActiveSanction struct {
	ID        uuid.UUID    `json:"sanction_id"`
	Kind      SanctionKind `json:"kind"`
	Reason    string       `json:"reason"`
	AppliedAt time.Time    `json:"applied_at"`
	ExpiresAt *time.Time   `json:"expires_at"`
}

func (s ActiveSanction) active(now time.Time) bool { return !expired(s.ExpiresAt, now) }

// Sanction is a sanction as operators see it.
type Sanction struct {
	ID           uuid.UUID    `db:"sanction_id" json:"sanction_id"`
	UserID       uuid.UUID    `db:"user_id" json:"-"`
	Kind         SanctionKind `db:"kind" json:"kind"`
	Reason       string       `db:"reason" json:"reason"` // shown to the user
	InternalNote string       `db:"internal_note" json:"internal_note"`
	Actor        string       `db:"actor" json:"actor"`
	AppliedAt    time.Time    `db:"applied_at" json:"applied_at"`
	ExpiresAt    *time.Time   `db:"expires_at" json:"expires_at"`
	RemovedAt    *time.Time   `db:"removed_at" json:"removed_at"`
	RemovedBy    *string      `db:"removed_by" json:"removed_by"`
	idempotency
}

// Active reports whether the sanction forbids anything at now.
func (s Sanction) Active(now time.Time) bool { return s.RemovedAt == nil && !expired(s.ExpiresAt, now) }

// visible is the part of a sanction that its user may see.
func (s Sanction) visible() ActiveSanction {
	return ActiveSanction{ID: s.ID, Kind: s.Kind, Reason: s.Reason, AppliedAt: s.AppliedAt, ExpiresAt: s.ExpiresAt}
}

// SanctionTerms is a sanction to apply.
type SanctionTerms struct {
	Kind         SanctionKind `json:"kind"`
	Reason       string       `json:"reason"` // shown to the user
	InternalNote string       `json:"internal_note"`
	ExpiresAt    *time.Time   `json:"expires_at"` // nil: until it is lifted
}
