package user

import (
	"slices"
	"time"

	"github.com/google/uuid"
)

// facts is everything that the cache holds about a user. It says when things
// end, so that it stays true while time passes.
type facts struct {
	Account
	Plan       Plan             `db:"plan"`
	PlanStarts time.Time        `db:"plan_starts_at"`
	PlanEndsAt *time.Time       `db:"plan_ends_at"`
	Sanctions  []ActiveSanction `db:"sanctions"` // not removed; some may have ended
	Overrides  []Override       `db:"overrides"` // likewise
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
		if p := limits.field(o.Name); p != nil && o.Active(now) {
			*p = o.Value
		}
	}
	return limits
}

func (f *facts) sanctionsAt(now time.Time) []ActiveSanction {
	active := []ActiveSanction{}
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

// override returns the override of a limit that is not removed, or nil.
func (f *facts) override(name LimitName) *Override {
	for i := range f.Overrides {
		if f.Overrides[i].Name == name {
			return &f.Overrides[i]
		}
	}
	return nil
}

// without takes the override of a limit off.
func (f *facts) without(name LimitName) {
	f.Overrides = slices.DeleteFunc(f.Overrides, func(o Override) bool { return o.Name == name })
}

// pardon takes a sanction off.
func (f *facts) pardon(id uuid.UUID) {
	f.Sanctions = slices.DeleteFunc(f.Sanctions, func(s ActiveSanction) bool { return s.ID == id })
}
