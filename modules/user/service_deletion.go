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
	return s.changeDeletion(ctx, id, "user.soft_delete", func(ctx context.Context, tx *pg.Tx, r *record) error {
		if r.DeletedAt != nil {
			return nil
		}
		now := s.clock.Now()
		r.DeletedAt = &now
		if err := s.writeDeletion(ctx, tx, r, now); err != nil {
			return err
		}
		return s.hooks.depart(ctx, tx, id, Deleted)
	})
}

// Restore undoes a deletion within the grace period, if the address is still
// free (else ErrEmailTaken). Sessions, seats and names stay gone.
func (s *Service) Restore(ctx context.Context, id uuid.UUID) error {
	return s.changeDeletion(ctx, id, "user.restore", func(ctx context.Context, tx *pg.Tx, r *record) error {
		if r.DeletedAt == nil {
			return nil
		}
		now := s.clock.Now()
		if !r.restorable(now, s.cfg.ErasureGrace) {
			return ErrErased
		}
		r.DeletedAt = nil
		return s.writeDeletion(ctx, tx, r, now)
	})
}

// changeDeletion deletes or restores. What operators do is audited; what users do
// to their own account is not on that record.
func (s *Service) changeDeletion(ctx context.Context, id uuid.UUID, action string,
	fn func(ctx context.Context, tx *pg.Tx, r *record) error) error {
	err := s.db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error {
		r, err := s.store.lock(ctx, tx, id)
		if err != nil {
			return err
		}
		before := r.DeletedAt != nil
		if err := fn(ctx, tx, &r); err != nil || httpx.PrincipalOf(ctx).Username == "" {
			return err
		}
		return s.audit.Record(ctx, tx, admin.Entry{Action: action, Target: auditTarget(id),
			Before: map[string]any{"deleted": before}, After: map[string]any{"deleted": r.DeletedAt != nil}})
	})
	if err != nil {
		return fmt.Errorf("%s %s: %w", action, id, err)
	}
	return nil
}

// writeDeletion is sent at once: whether the address is free shows here.
func (s *Service) writeDeletion(ctx context.Context, tx *pg.Tx, r *record, now time.Time) error {
	r.UpdatedAt, r.Version = now, r.Version+1
	s.accounts.stage(tx, *r)
	return s.store.updateDeleted(ctx, tx, r.Account)
}

// erase empties a deleted account whose grace period is over and reports whether
// it did.
func (s *Service) erase(ctx context.Context, id uuid.UUID, now time.Time) (erased bool, err error) {
	err = s.db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error {
		erased = false
		r, err := s.store.lock(ctx, tx, id)
		if err != nil || !r.erasable(now, s.cfg.ErasureGrace) {
			return err
		}
		addresses, err := s.store.erasableAddresses(ctx, tx, id)
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
		r.ErasedAt, r.UpdatedAt, r.Version = &now, now, r.Version+1
		r.Email, r.DisplayName, r.PreferredLanguage, r.TimeZone, r.DeclaredCountry = "", "", "en", "UTC", ""
		s.store.eraseAccount(tx, r.Account)
		s.accounts.stage(tx, r)
		erased = true
		return nil
	})
	if err != nil {
		return false, fmt.Errorf("erase user %s: %w", id, err)
	}
	return erased, nil
}

// writeExpiries writes down which sanctions and overrides of a user have ended by
// now, and whether the plan has.
func (s *Service) writeExpiries(ctx context.Context, id uuid.UUID, now time.Time) error {
	err := s.db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error {
		r, err := s.store.lock(ctx, tx, id)
		if err != nil {
			return err
		}
		for _, x := range r.Sanctions {
			if !x.active(now) {
				s.store.removeSanction(tx, x.ID, *x.ExpiresAt, systemActor)
			}
		}
		for _, o := range r.Overrides {
			if !o.Active(now) {
				s.store.removeOverride(tx, o.ID, *o.ExpiresAt, systemActor)
			}
		}
		r.Sanctions = r.sanctionsAt(now)
		r.Overrides = slices.DeleteFunc(r.Overrides, func(o Override) bool { return !o.Active(now) })
		s.expirePlan(tx, &r, now)
		s.accounts.stage(tx, r)
		return nil
	})
	if err != nil {
		return fmt.Errorf("write what expired of user %s: %w", id, err)
	}
	return nil
}
