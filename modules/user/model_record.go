package user

import (
	"slices"
	"time"

	"github.com/google/uuid"
)

// record is everything that the cache holds about a user. It says when things
// end, so that it stays true while time passes.
type record struct {
	Account
	Plan       Plan             `db:"plan"`
	PlanStarts time.Time        `db:"plan_starts_at"`
	PlanEndsAt *time.Time       `db:"plan_ends_at"`
	Sanctions  []ActiveSanction `db:"sanctions"` // not removed; some may have ended
	Overrides  []Override       `db:"overrides"` // likewise
}

func (r *record) planAt(now time.Time) Plan {
	if expired(r.PlanEndsAt, now) {
		return Free
	}
	return r.Plan
}

func (r *record) limitsAt(now time.Time) Limits {
	limits := r.planAt(now).Limits()
	for _, o := range r.Overrides {
		if o.Active(now) {
			limits.Set(o.Name, o.Value)
		}
	}
	return limits
}

func (r *record) sanctionsAt(now time.Time) []ActiveSanction {
	active := []ActiveSanction{}
	for _, s := range r.Sanctions {
		if s.active(now) {
			active = append(active, s)
		}
	}
	return active
}

// activeSanction returns the active sanction of the kind, or nil. It allocates
// nothing: every request on the user surface asks.
func (r *record) activeSanction(kind SanctionKind, now time.Time) *ActiveSanction {
	for i := range r.Sanctions {
		if s := &r.Sanctions[i]; s.Kind == kind && s.active(now) {
			return s
		}
	}
	return nil
}

func (r *record) snapshot(now time.Time) Snapshot {
	s := Snapshot{UserID: r.ID, UserName: r.UserName, DisplayName: r.DisplayName, Email: r.Email,
		Language: r.PreferredLanguage, TimeZone: r.TimeZone, Deleted: r.DeletedAt != nil, Plan: r.planAt(now),
		Limits: r.limitsAt(now), Sanctions: r.sanctionsAt(now)}
	if s.Plan == r.Plan {
		s.PlanEndsAt = r.PlanEndsAt
	}
	return s
}

// override returns the override of a limit that is not removed, or nil.
func (r *record) override(name LimitName) *Override {
	for i := range r.Overrides {
		if r.Overrides[i].Name == name {
			return &r.Overrides[i]
		}
	}
	return nil
}

func (r *record) removeOverride(name LimitName) {
	r.Overrides = slices.DeleteFunc(r.Overrides, func(o Override) bool { return o.Name == name })
}

func (r *record) removeSanction(id uuid.UUID) {
	r.Sanctions = slices.DeleteFunc(r.Sanctions, func(s ActiveSanction) bool { return s.ID == id })
}
