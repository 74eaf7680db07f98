package user

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/modules/admin"
	"galaxy/backend/modules/user/person"
	"galaxy/backend/platform/httpx"
	"galaxy/backend/platform/pg"
)

// farthest is the longest that a measure with an end may last.
const farthest = 10 * 365 * 24 * time.Hour

// checkEnd accepts no end, or one that lies ahead and not absurdly far.
func checkEnd(field string, end *time.Time, now time.Time) error {
	if end != nil && (!end.After(now) || end.After(now.Add(farthest))) {
		return person.Wrong(field, "out_of_range", "the time has to lie ahead, by ten years at most")
	}
	return nil
}

// onceFor remembers the request's Idempotency-Key with a hash of what is asked
// for; without a key there is nothing to remember.
func onceFor(ctx context.Context, asked ...any) (onceOnly, error) {
	key := httpx.IdempotencyKey(ctx)
	if key == "" {
		return onceOnly{}, nil
	}
	text, err := json.Marshal(asked)
	if err != nil {
		return onceOnly{}, fmt.Errorf("hash the request: %w", err)
	}
	sum := sha256.Sum256(text)
	return onceOnly{Key: &key, Hash: sum[:]}, nil
}

// change runs fn on the locked facts of an account and keeps what fn makes of
// them. A deleted account is ErrDeleted.
func (s *Service) change(ctx context.Context, id uuid.UUID, fn func(ctx context.Context, tx *pg.Tx, f *facts) error) error {
	return s.db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error {
		f, err := s.store.lock(ctx, tx, id)
		if err != nil {
			return err
		}
		if f.DeletedAt != nil {
			return ErrDeleted
		}
		if err := fn(ctx, tx, &f); err != nil {
			return err
		}
		s.accounts.keep(tx, f)
		return nil
	})
}

func target(id uuid.UUID) string { return "user:" + id.String() }

// Grant is a plan to give.
type Grant struct {
	Plan   Plan       `json:"plan"`
	Source string     `json:"source"` // operator, purchase or gift
	Reason string     `json:"reason"`
	EndsAt *time.Time `json:"ends_at"` // nil: one month, one year, never
}

// Grant gives a plan from now on, instead of the one that the user has. It
// reports false when nothing was made: the call is a repeat.
func (s *Service) Grant(ctx context.Context, id uuid.UUID, g Grant) (out Record, made bool, err error) {
	once, err := onceFor(ctx, "grant", id, g)
	if err != nil {
		return Record{}, false, err
	}
	err = s.change(ctx, id, func(ctx context.Context, tx *pg.Tx, f *facts) error {
		made = false
		before, err := repeated(once, func(key string) (Record, error) { return s.store.recordByKey(ctx, tx, actor(ctx), key) })
		if err != nil {
			return err
		}
		s.fallBack(tx, f, s.clock.Now()) // a plan that ended unnoticed stays in the history
		was := *f
		if before != nil {
			out = *before
		} else if out, made, err = s.newRecord(ctx, tx, id, g); err != nil {
			return err
		}
		if made {
			out.onceOnly = once
			s.store.grant(tx, out)
			f.Plan, f.PlanStarts, f.PlanEndsAt = out.Plan, out.StartsAt, out.EndsAt
		}
		return s.audit.Record(ctx, tx, admin.Entry{Action: "user.entitlement.grant", Target: target(id),
			Before: planView(&was), After: planView(f)})
	})
	if err != nil {
		return Record{}, false, fmt.Errorf("grant a plan to user %s: %w", id, clash(err))
	}
	return out, made, nil
}

func planView(f *facts) map[string]any {
	return map[string]any{"plan": f.Plan, "ends_at": f.PlanEndsAt}
}

// newRecord makes the record of a grant, or returns the newest one when it says
// the same and is still in force.
func (s *Service) newRecord(ctx context.Context, tx *pg.Tx, id uuid.UUID, g Grant) (Record, bool, error) {
	now := s.clock.Now()
	if g.EndsAt != nil && !g.Plan.Ends() {
		return Record{}, false, person.Wrong("ends_at", "invalid", "this plan has no end")
	}
	if err := checkEnd("ends_at", g.EndsAt, now); err != nil {
		return Record{}, false, err
	}
	newest, err := s.store.records(ctx, tx, id, uuid.Nil, 1)
	if err != nil {
		return Record{}, false, err
	}
	by := actor(ctx)
	if len(newest) == 1 && newest[0].says(g, by) && (newest[0].EndsAt == nil || now.Before(*newest[0].EndsAt)) {
		return newest[0], false, nil
	}
	if g.EndsAt == nil {
		g.EndsAt = g.Plan.DefaultEnd(now)
	}
	return Record{ID: newID(), UserID: id, Plan: g.Plan, Source: g.Source, Actor: by, Reason: g.Reason, StartsAt: now, EndsAt: g.EndsAt}, true, nil
}

// says reports whether the record is what g would make. A grant without an end
// of its own for a plan that ends is never a repeat: it would end later.
func (r Record) says(g Grant, by string) bool {
	return r.Plan == g.Plan && r.Source == g.Source && r.Reason == g.Reason && r.Actor == by && sameTime(r.EndsAt, g.EndsAt)
}

func sameTime(a, b *time.Time) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Equal(*b)
}

func deref[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}

// SetLimit gives one user another number for one limit, until expires when that
// is set. The same again changes nothing.
func (s *Service) SetLimit(ctx context.Context, id uuid.UUID, name LimitName, value int, reason string, expires *time.Time) error {
	err := s.change(ctx, id, func(ctx context.Context, tx *pg.Tx, f *facts) error {
		now := s.clock.Now()
		if err := checkEnd("expires_at", expires, now); err != nil {
			return err
		}
		old, same := f.override(name), false
		if old != nil {
			same = old.Active(now) && old.Value == value && old.Reason == reason && sameTime(old.ExpiresAt, expires)
		}
		before := f.limitsAt(now).Of(name)
		if !same {
			o := Override{ID: newID(), UserID: id, Name: name, Value: value, Reason: reason, Actor: actor(ctx), SetAt: now, ExpiresAt: expires}
			s.override(tx, f, old, o)
		}
		return s.audit.Record(ctx, tx, admin.Entry{Action: "user.limit.set", Target: target(id),
			Before: map[string]any{"name": name, "value": before}, After: map[string]any{"name": name, "value": value, "expires_at": expires}})
	})
	if err != nil {
		return fmt.Errorf("set limit %s of user %s: %w", name, id, err)
	}
	return nil
}

// override puts o in the place of old, which may be nil.
func (s *Service) override(tx *pg.Tx, f *facts, old *Override, o Override) {
	switch {
	case old == nil:
	case old.Active(o.SetAt):
		s.store.removeOverride(tx, old.ID, o.SetAt, o.Actor)
	default: // it ended by itself, unnoticed so far
		s.store.removeOverride(tx, old.ID, *old.ExpiresAt, system)
	}
	s.store.insertOverride(tx, o)
	f.without(o.Name)
	f.Overrides = append(f.Overrides, o)
}

// ClearLimit gives the limit back to the plan, or returns ErrNoOverride.
func (s *Service) ClearLimit(ctx context.Context, id uuid.UUID, name LimitName) error {
	err := s.change(ctx, id, func(ctx context.Context, tx *pg.Tx, f *facts) error {
		now := s.clock.Now()
		old := f.override(name)
		if old == nil || !old.Active(now) {
			return ErrNoOverride
		}
		s.store.removeOverride(tx, old.ID, now, actor(ctx))
		before := old.Value
		f.without(name)
		return s.audit.Record(ctx, tx, admin.Entry{Action: "user.limit.clear", Target: target(id),
			Before: map[string]any{"name": name, "value": before}, After: map[string]any{"name": name, "value": f.limitsAt(now).Of(name)}})
	})
	if err != nil {
		return fmt.Errorf("clear limit %s of user %s: %w", name, id, err)
	}
	return nil
}
