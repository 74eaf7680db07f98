package user

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/modules/admin"
	"galaxy/backend/platform/httpx"
	"galaxy/backend/platform/pg"
)

// Delete closes an account: the address is free, sessions end, seats and names
// are given back, all in one transaction. An account that is deleted already
// stays as it is.
func (s *Service) Delete(ctx context.Context, id uuid.UUID) error {
	return s.move(ctx, id, "user.soft_delete", func(ctx context.Context, tx *pg.Tx, f *facts, now time.Time) error {
		if f.DeletedAt != nil {
			return nil
		}
		f.DeletedAt = &now
		if err := s.moved(ctx, tx, f, now); err != nil {
			return err
		}
		return s.hooks.depart(ctx, tx, id, Deleted)
	})
}

// Restore undoes a deletion within the grace period, if the address is still
// free (else ErrEmailTaken). Sessions, seats and names stay gone.
func (s *Service) Restore(ctx context.Context, id uuid.UUID) error {
	return s.move(ctx, id, "user.restore", func(ctx context.Context, tx *pg.Tx, f *facts, now time.Time) error {
		if f.DeletedAt == nil {
			return nil
		}
		if f.ErasedAt != nil || !now.Before(f.DeletedAt.Add(s.cfg.ErasureGrace)) {
			return ErrErased
		}
		f.DeletedAt = nil
		return s.moved(ctx, tx, f, now)
	})
}

// move deletes or restores. What operators do is audited, what users do to their
// own account is not on that record.
func (s *Service) move(ctx context.Context, id uuid.UUID, action string, fn func(context.Context, *pg.Tx, *facts, time.Time) error) error {
	err := s.db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error {
		f, err := s.store.lock(ctx, tx, id)
		if err != nil {
			return err
		}
		before := f.DeletedAt != nil
		if err := fn(ctx, tx, &f, s.clock.Now()); err != nil || httpx.PrincipalOf(ctx).Username == "" {
			return err
		}
		return s.audit.Record(ctx, tx, admin.Entry{Action: action, Target: target(id),
			Before: map[string]any{"deleted": before}, After: map[string]any{"deleted": f.DeletedAt != nil}})
	})
	if err != nil {
		return fmt.Errorf("%s %s: %w", action, id, err)
	}
	return nil
}

// moved writes a deletion or its end. Whether the address is free shows here.
func (s *Service) moved(ctx context.Context, tx *pg.Tx, f *facts, now time.Time) error {
	f.UpdatedAt, f.Version = now, f.Version+1
	s.accounts.keep(tx, *f)
	return s.store.updateDeleted(ctx, tx, f.Account)
}

// erase empties a deleted account whose grace period is over and reports whether
// it was time.
func (s *Service) erase(ctx context.Context, id uuid.UUID, now time.Time) (erased bool, err error) {
	err = s.db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error {
		erased = false
		f, err := s.store.lock(ctx, tx, id)
		if err != nil || f.DeletedAt == nil || f.ErasedAt != nil || now.Before(f.DeletedAt.Add(s.cfg.ErasureGrace)) {
			return err
		}
		addresses, err := s.store.addresses(ctx, tx, id)
		if err != nil {
			return err
		}
		for _, address := range addresses {
			if err := s.mail.EraseAddress(ctx, tx, address); err != nil {
				return err
			}
		}
		if err := s.hooks.depart(ctx, tx, id, Erased); err != nil {
			return err
		}
		f.ErasedAt, f.UpdatedAt, f.Version = &now, now, f.Version+1
		f.Email, f.DisplayName, f.PreferredLanguage, f.TimeZone, f.DeclaredCountry = "", "", "en", "UTC", ""
		s.store.erase(tx, f.Account)
		s.accounts.keep(tx, f)
		erased = true
		return nil
	})
	if err != nil {
		return false, fmt.Errorf("erase user %s: %w", id, err)
	}
	return erased, nil
}

// settle writes down what has ended by now: sanctions, overrides, the plan.
func (s *Service) settle(ctx context.Context, id uuid.UUID, now time.Time) error {
	err := s.db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error {
		f, err := s.store.lock(ctx, tx, id)
		if err != nil {
			return err
		}
		for _, x := range f.Sanctions {
			if !x.active(now) {
				s.store.removeSanction(tx, x.ID, *x.ExpiresAt, system)
			}
		}
		for _, o := range f.Overrides {
			if !o.Active(now) {
				s.store.removeOverride(tx, o.ID, *o.ExpiresAt, system)
			}
		}
		f.Sanctions = f.sanctionsAt(now)
		f.Overrides = slices.DeleteFunc(f.Overrides, func(o Override) bool { return !o.Active(now) })
		s.fallBack(tx, &f, now)
		s.accounts.keep(tx, f)
		return nil
	})
	if err != nil {
		return fmt.Errorf("settle user %s: %w", id, err)
	}
	return nil
}

// fallBack gives the free plan from the instant at which the paid one ended.
func (s *Service) fallBack(tx *pg.Tx, f *facts, now time.Time) {
	if f.PlanEndsAt == nil || now.Before(*f.PlanEndsAt) {
		return
	}
	s.store.grant(tx, Record{ID: newID(), UserID: f.ID, Plan: Free, Source: "expiry", Actor: system,
		Reason: string(f.Plan) + " ended", StartsAt: *f.PlanEndsAt})
	f.Plan, f.PlanStarts, f.PlanEndsAt = Free, *f.PlanEndsAt, nil
}
