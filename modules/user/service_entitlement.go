package user

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/modules/admin"
	"galaxy/backend/modules/user/person"
	"galaxy/backend/platform/pg"
)

// maxDuration is the longest that a plan, an override or a sanction with an end
// may last.
const maxDuration = 10 * 365 * 24 * time.Hour

// checkEnd accepts no end, or one in the future that is not absurdly far.
func checkEnd(field string, end *time.Time, now time.Time) error {
	if end != nil && (!end.After(now) || end.After(now.Add(maxDuration))) {
		return person.InvalidField(field, "out_of_range", "the time has to lie ahead, by ten years at most")
	}
	return nil
}

// Grant is a plan to give.
type Grant struct {
	Plan   Plan       `json:"plan"`
	Source string     `json:"source"` // operator, purchase or gift
	Reason string     `json:"reason"`
	EndsAt *time.Time `json:"ends_at"` // nil: one month, one year, never
}

// GrantPlan gives a plan from now on, instead of the one that the user has. It
// reports false when nothing was inserted: the call is a repeat.
func (s *Service) GrantPlan(ctx context.Context, id uuid.UUID, g Grant) (_ EntitlementRecord, inserted bool, _ error) {
	g.EndsAt = pg.Microseconds(g.EndsAt)
	var out EntitlementRecord
	key, err := newIdempotency(ctx, "grant", id, g)
	if err != nil {
		return EntitlementRecord{}, false, err
	}
	err = s.update(ctx, id, func(ctx context.Context, tx *pg.Tx, r *record) error {
		inserted = false
		earlier, err := replayed(key, func(key string) (EntitlementRecord, error) {
			return s.store.entitlementByKey(ctx, tx, actor(ctx), key)
		})
		if err != nil {
			return err
		}
		s.expirePlan(tx, r, s.clock.Now()) // the sweeper may not have come yet; the history has to be complete
		before := planView(r)
		if earlier != nil {
			out = *earlier
		} else if out, inserted, err = s.newEntitlement(ctx, tx, id, g); err != nil {
			return err
		}
		if inserted {
			out.idempotency = key
			s.store.insertEntitlement(tx, out)
			r.Plan, r.PlanStarts, r.PlanEndsAt = out.Plan, out.StartsAt, out.EndsAt
		}
		return s.audit.Record(ctx, tx, admin.Entry{Action: "user.entitlement.grant", Target: auditTarget(id),
			Before: before, After: planView(r)})
	})
	if err != nil {
		return EntitlementRecord{}, false, fmt.Errorf("grant a plan to user %s: %w", id, keyConflict(err))
	}
	return out, inserted, nil
}

func planView(r *record) map[string]any {
	return map[string]any{"plan": r.Plan, "ends_at": r.PlanEndsAt}
}

// newEntitlement makes the record of a grant, or returns the newest one and
// false when that one says the same and has not ended.
func (s *Service) newEntitlement(ctx context.Context, tx *pg.Tx, id uuid.UUID, g Grant,
) (_ EntitlementRecord, isNew bool, _ error) {
	now := s.clock.Now()
	if g.EndsAt != nil && !g.Plan.Ends() {
		return EntitlementRecord{}, false, person.InvalidField("ends_at", "invalid", "this plan has no end")
	}
	if err := checkEnd("ends_at", g.EndsAt, now); err != nil {
		return EntitlementRecord{}, false, err
	}
	newest, err := s.store.entitlements(ctx, tx, id, uuid.Nil, 1)
	if err != nil {
		return EntitlementRecord{}, false, err
	}
	by := actor(ctx)
	if len(newest) == 1 && newest[0].matches(g, by) && !expired(newest[0].EndsAt, now) {
		return newest[0], false, nil
	}
	if g.EndsAt == nil {
		g.EndsAt = g.Plan.DefaultEnd(now)
	}
	return EntitlementRecord{ID: newID(), UserID: id, Plan: g.Plan, Source: g.Source, Actor: by, Reason: g.Reason,
		StartsAt: now, EndsAt: g.EndsAt}, true, nil
}

// expirePlan gives the free plan from the instant at which the paid one ended,
// if that has come.
func (s *Service) expirePlan(tx *pg.Tx, r *record, now time.Time) {
	if !expired(r.PlanEndsAt, now) {
		return
	}
	s.store.insertEntitlement(tx, EntitlementRecord{ID: newID(), UserID: r.ID, Plan: Free, Source: "expiry",
		Actor: systemActor, Reason: string(r.Plan) + " ended", StartsAt: *r.PlanEndsAt})
	r.Plan, r.PlanStarts, r.PlanEndsAt = Free, *r.PlanEndsAt, nil
}

// SetLimit overrides one limit of one user, until expires when that is set. The
// same again changes nothing.
func (s *Service) SetLimit(ctx context.Context, id uuid.UUID, name LimitName, value int, reason string,
	expires *time.Time) error {
	expires = pg.Microseconds(expires)
	err := s.update(ctx, id, func(ctx context.Context, tx *pg.Tx, r *record) error {
		now := s.clock.Now()
		if err := checkEnd("expires_at", expires, now); err != nil {
			return err
		}
		old, same := r.override(name), false
		if old != nil {
			same = old.Active(now) && old.Value == value && old.Reason == reason && sameTime(old.ExpiresAt, expires)
		}
		before := r.limitsAt(now).Get(name)
		if !same {
			s.replaceOverride(tx, r, old, Override{ID: newID(), UserID: id, Name: name, Value: value, Reason: reason,
				Actor: actor(ctx), SetAt: now, ExpiresAt: expires})
		}
		return s.audit.Record(ctx, tx, admin.Entry{Action: "user.limit.set", Target: auditTarget(id),
			Before: map[string]any{"name": name, "value": before},
			After:  map[string]any{"name": name, "value": value, "expires_at": expires}})
	})
	if err != nil {
		return fmt.Errorf("set limit %s of user %s: %w", name, id, err)
	}
	return nil
}

// replaceOverride puts o in the place of old, which may be nil.
func (s *Service) replaceOverride(tx *pg.Tx, r *record, old *Override, o Override) {
	switch {
	case old == nil:
	case old.Active(o.SetAt):
		s.store.removeOverride(tx, old.ID, o.SetAt, o.Actor)
	default: // it ended by itself, and the sweeper has not come yet
		s.store.removeOverride(tx, old.ID, *old.ExpiresAt, systemActor)
	}
	s.store.insertOverride(tx, o)
	r.removeOverride(o.Name)
	r.Overrides = append(r.Overrides, o)
}

// ClearLimit gives the limit back to the plan, or returns ErrNoOverride.
func (s *Service) ClearLimit(ctx context.Context, id uuid.UUID, name LimitName) error {
	err := s.update(ctx, id, func(ctx context.Context, tx *pg.Tx, r *record) error {
		now := s.clock.Now()
		old := r.override(name)
		if old == nil || !old.Active(now) {
			return ErrNoOverride
		}
		s.store.removeOverride(tx, old.ID, now, actor(ctx))
		before := old.Value
		r.removeOverride(name)
		return s.audit.Record(ctx, tx, admin.Entry{Action: "user.limit.clear", Target: auditTarget(id),
			Before: map[string]any{"name": name, "value": before},
			After:  map[string]any{"name": name, "value": r.limitsAt(now).Get(name)}})
	})
	if err != nil {
		return fmt.Errorf("clear limit %s of user %s: %w", name, id, err)
	}
	return nil
}
