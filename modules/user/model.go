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
	DeclaredCountry   string     `db:"declared_country" json:"declared_country"`     // ISO 3166 of the first sign-in, or empty
	CreatedAt         time.Time  `db:"created_at" json:"created_at"`
	UpdatedAt         time.Time  `db:"updated_at" json:"updated_at"`
	DeletedAt         *time.Time `db:"deleted_at" json:"-"`
	ErasedAt          *time.Time `db:"erased_at" json:"-"`
	Version           int        `db:"version" json:"-"`
}

// ETag names the version of the account that a client has read.
func (a Account) ETag() string { return `"` + strconv.Itoa(a.Version) + `"` }

// Plan is what a user pays for.
type Plan string

// The plans.
const (
	Free      Plan = "free"
	Monthly   Plan = "monthly"
	Yearly    Plan = "yearly"
	Permanent Plan = "permanent"
)

// Limits bound what a user may hold at once.
type Limits struct {
	OwnedPrivateGames   int `json:"owned_private_games"`
	ActiveMemberships   int `json:"active_memberships"`
	PendingApplications int `json:"pending_applications"`
	RegisteredRaceNames int `json:"registered_race_names"`
}

var planLimits = map[Plan]Limits{
	Free:      {1, 3, 3, 1},
	Monthly:   {5, 10, 10, 3},
	Yearly:    {10, 20, 20, 6},
	Permanent: {20, 50, 50, 12},
}

// Limits of a plan, before overrides.
func (p Plan) Limits() Limits { return planLimits[p] }

// Ends reports whether the plan has an end.
func (p Plan) Ends() bool { return p == Monthly || p == Yearly }

// DefaultEnd is when a plan that starts at t ends unless somebody says
// otherwise; nil for plans without an end.
func (p Plan) DefaultEnd(t time.Time) *time.Time {
	switch p {
	case Monthly:
		t = t.AddDate(0, 1, 0)
	case Yearly:
		t = t.AddDate(1, 0, 0)
	default:
		return nil
	}
	return &t
}

// LimitName names a field of Limits in the API.
type LimitName string

// The limits.
const (
	OwnedPrivateGames   LimitName = "owned_private_games"
	ActiveMemberships   LimitName = "active_memberships"
	PendingApplications LimitName = "pending_applications"
	RegisteredRaceNames LimitName = "registered_race_names"
)

// LimitNames is every limit, in the order in which they are shown.
var LimitNames = []LimitName{OwnedPrivateGames, ActiveMemberships, PendingApplications, RegisteredRaceNames}

func (l *Limits) field(n LimitName) *int {
	return map[LimitName]*int{OwnedPrivateGames: &l.OwnedPrivateGames, ActiveMemberships: &l.ActiveMemberships,
		PendingApplications: &l.PendingApplications, RegisteredRaceNames: &l.RegisteredRaceNames}[n]
}

// Of is the value of one limit, zero for a name that does not exist.
func (l Limits) Of(n LimitName) int {
	if p := l.field(n); p != nil {
		return *p
	}
	return 0
}

// SanctionKind is what a sanction bars from.
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

func (s ActiveSanction) active(now time.Time) bool {
	return s.ExpiresAt == nil || now.Before(*s.ExpiresAt)
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

// LoginBlock is the sanction that bars from signing in, or nil.
func (s Snapshot) LoginBlock() *ActiveSanction {
	i := slices.IndexFunc(s.Sanctions, func(one ActiveSanction) bool { return one.Kind == LoginBlock || one.Kind == PermanentBlock })
	if i < 0 {
		return nil
	}
	return &s.Sanctions[i]
}
