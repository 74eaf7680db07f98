package user

import (
	"time"

	"github.com/google/uuid"
)

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

// Get is the value of one limit, zero for a name that does not exist.
func (l Limits) Get(n LimitName) int {
	if p := l.field(n); p != nil {
		return *p
	}
	return 0
}

// Set changes one limit; a name that does not exist changes nothing.
func (l *Limits) Set(n LimitName, value int) {
	if p := l.field(n); p != nil {
		*p = value
	}
}

// EntitlementRecord is one entry of a user's history of plans.
type EntitlementRecord struct {
	ID       uuid.UUID  `db:"record_id" json:"record_id"`
	UserID   uuid.UUID  `db:"user_id" json:"-"`
	Plan     Plan       `db:"plan" json:"plan"`
	Source   string     `db:"source" json:"source"`
	Actor    string     `db:"actor" json:"actor"`
	Reason   string     `db:"reason" json:"reason"`
	StartsAt time.Time  `db:"starts_at" json:"starts_at"`
	EndsAt   *time.Time `db:"ends_at" json:"ends_at"`
	idempotency
}

// matches reports whether the record is what g would insert. A grant without an
// end of its own for a plan that ends never matches: it would end later.
func (e EntitlementRecord) matches(g Grant, actor string) bool {
	return e.Plan == g.Plan && e.Source == g.Source && e.Reason == g.Reason && e.Actor == actor &&
		sameTime(e.EndsAt, g.EndsAt)
}

// Override is an operator's number for one limit, as operators see it.
type Override struct {
	ID        uuid.UUID  `db:"override_id" json:"override_id"`
	UserID    uuid.UUID  `db:"user_id" json:"-"`
	Name      LimitName  `db:"name" json:"name"`
	Value     int        `db:"value" json:"value"`
	Reason    string     `db:"reason" json:"reason"`
	Actor     string     `db:"actor" json:"actor"`
	SetAt     time.Time  `db:"set_at" json:"set_at"`
	ExpiresAt *time.Time `db:"expires_at" json:"expires_at"`
	RemovedAt *time.Time `db:"removed_at" json:"removed_at"`
	RemovedBy *string    `db:"removed_by" json:"removed_by"`
}

// Active reports whether the override counts at now.
func (o Override) Active(now time.Time) bool { return o.RemovedAt == nil && !expired(o.ExpiresAt, now) }

// Entitlement is what a user may hold and what they hold.
type Entitlement struct {
	Plan      Plan             `json:"plan"`
	StartsAt  time.Time        `json:"starts_at"`
	EndsAt    *time.Time       `json:"ends_at"`
	Limits    []LimitUse       `json:"limits"`
	Sanctions []ActiveSanction `json:"sanctions"`
}

// LimitUse is one limit of a user.
type LimitUse struct {
	Name  LimitName `json:"name"`
	Plan  int       `json:"plan"`  // what the plan alone gives
	Limit int       `json:"limit"` // what counts
	Used  int       `json:"used"`
}

// expired reports whether an end, if there is one, has come at now.
func expired(end *time.Time, now time.Time) bool { return end != nil && !now.Before(*end) }

func sameTime(a, b *time.Time) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Equal(*b)
}
