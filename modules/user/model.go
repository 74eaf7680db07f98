package user

import (
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"
)

// Account is a person. The personal fields of an erased one are empty.
type Account struct {
	ID                uuid.UUID  `db:"user_id" json:"user_id"`
	Email             string     `db:"email" json:"email"` // as the person wrote it
	UserName          string     `db:"user_name" json:"user_name"`
	DisplayName       string     `db:"display_name" json:"display_name"`
	PreferredLanguage string     `db:"preferred_language" json:"preferred_language"` // BCP 47
	TimeZone          string     `db:"time_zone" json:"time_zone"`                   // IANA
	DeclaredCountry   string     `db:"declared_country" json:"declared_country"`     // ISO 3166 at registration, or empty
	CreatedAt         time.Time  `db:"created_at" json:"created_at"`
	UpdatedAt         time.Time  `db:"updated_at" json:"updated_at"`
	DeletedAt         *time.Time `db:"deleted_at" json:"-"`
	ErasedAt          *time.Time `db:"erased_at" json:"-"`
	Version           int        `db:"version" json:"-"`
}

// ETag names the version of the account that a client has read.
func (a Account) ETag() string { return `"` + strconv.Itoa(a.Version) + `"` }

// restorable reports whether a deleted account can come back at now.
func (a Account) restorable(now time.Time, grace time.Duration) bool {
	return a.DeletedAt != nil && a.ErasedAt == nil && now.Before(a.DeletedAt.Add(grace))
}

// erasable reports whether the grace period of a deleted account is over.
func (a Account) erasable(now time.Time, grace time.Duration) bool {
	return a.DeletedAt != nil && a.ErasedAt == nil && !now.Before(a.DeletedAt.Add(grace))
}

// Snapshot is what other domains decide by: a user at one moment.
type Snapshot struct {
	UserID      uuid.UUID
	UserName    string
	DisplayName string
	Email       string
	Language    string
	TimeZone    string
	Deleted     bool
	Plan        Plan
	PlanEndsAt  *time.Time
	Limits      Limits           // of the plan, with the user's overrides
	Sanctions   []ActiveSanction // those that were active at that moment
}

// Has reports whether a sanction of the kind is active at now.
func (s Snapshot) Has(kind SanctionKind, now time.Time) bool {
	return slices.ContainsFunc(s.Sanctions, func(one ActiveSanction) bool { return one.Kind == kind && one.active(now) })
}

// Blocked reports whether the account may do nothing at all.
func (s Snapshot) Blocked() bool { return s.Has(PermanentBlock, time.Time{}) }

// LoginBlock is the sanction that forbids to sign in, or nil.
func (s Snapshot) LoginBlock() *ActiveSanction {
	i := slices.IndexFunc(s.Sanctions, func(one ActiveSanction) bool {
		return one.Kind == LoginBlock || one.Kind == PermanentBlock
	})
	if i < 0 {
		return nil
	}
	return &s.Sanctions[i]
}

// Detail is a user as operators see them.
type Detail struct {
	Account
	Snapshot Snapshot
}

// Note is what operators tell each other about a user.
type Note struct {
	ID        uuid.UUID `db:"note_id" json:"note_id"`
	UserID    uuid.UUID `db:"user_id" json:"-"`
	Actor     string    `db:"actor" json:"actor"`
	Text      string    `db:"text" json:"text"`
	CreatedAt time.Time `db:"created_at" json:"created_at"`
	idempotency
}

// idempotency is the Idempotency-Key of the call that inserted a row, and a hash
// of what it asked for.
type idempotency struct {
	Key  *string `db:"idempotency_key" json:"-"`
	Hash []byte  `db:"request_hash" json:"-"`
}

func (i idempotency) requestHash() []byte { return i.Hash }
