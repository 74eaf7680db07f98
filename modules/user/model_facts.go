package user

import (
	"time"

	"github.com/google/uuid"
)

// override is an operator's number for one limit.
type override struct {
	ID        uuid.UUID  `json:"override_id"`
	Name      LimitName  `json:"name"`
	Value     int        `json:"value"`
	Reason    string     `json:"reason"`
	SetAt     time.Time  `json:"set_at"`
	ExpiresAt *time.Time `json:"expires_at"`
}

func (o override) active(now time.Time) bool { return o.ExpiresAt == nil || now.Before(*o.ExpiresAt) }

// facts is everything that the cache holds about a user. It says when things
// end, so that it stays true while time passes.
type facts struct {
	Account
	Plan       Plan             `db:"plan"`
	PlanStarts time.Time        `db:"plan_starts_at"`
	PlanEndsAt *time.Time       `db:"plan_ends_at"`
	Sanctions  []ActiveSanction `db:"sanctions"` // not removed; some may have ended
	Overrides  []override       `db:"overrides"` // likewise
}

func (f *facts) planAt(now time.Time) Plan {
	if f.PlanEndsAt != nil && !now.Before(*f.PlanEndsAt) {
		return Free
	}
	return f.Plan
}

func (f *facts) limitsAt(now time.Time) Limits {
	limits := f.planAt(now).Limits()
	for _, o := range f.Overrides {
		if p := limits.field(o.Name); p != nil && o.active(now) {
			*p = o.Value
		}
	}
	return limits
}

func (f *facts) sanctionsAt(now time.Time) []ActiveSanction {
	var active []ActiveSanction
	for _, s := range f.Sanctions {
		if s.active(now) {
			active = append(active, s)
		}
	}
	return active
}

// barred returns the active sanction of the kind, or nil. It allocates nothing:
// every request on the user surface asks.
func (f *facts) barred(kind SanctionKind, now time.Time) *ActiveSanction {
	for i := range f.Sanctions {
		if s := &f.Sanctions[i]; s.Kind == kind && s.active(now) {
			return s
		}
	}
	return nil
}

func (f *facts) at(now time.Time) Snapshot {
	s := Snapshot{UserID: f.ID, UserName: f.UserName, DisplayName: f.DisplayName, Email: f.Email, Language: f.PreferredLanguage,
		TimeZone: f.TimeZone, Deleted: f.DeletedAt != nil, Plan: f.planAt(now), Limits: f.limitsAt(now), Sanctions: f.sanctionsAt(now)}
	if s.Plan == f.Plan {
		s.PlanEndsAt = f.PlanEndsAt
	}
	return s
}
