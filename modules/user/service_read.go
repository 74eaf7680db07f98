package user

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"galaxy/backend/modules/user/person"
)

// Detail returns a user, or ErrNotFound.
func (s *Service) Detail(ctx context.Context, id uuid.UUID) (Detail, error) {
	r, err := s.accounts.find(ctx, id)
	if errors.Is(err, ErrUserUnknown) {
		err = ErrNotFound
	}
	if err != nil {
		return Detail{}, err
	}
	return Detail{r.Account, r.snapshot(s.clock.Now())}, nil
}

// Exists returns ErrNotFound unless there is such a user, deleted or not: the
// first check of operators' routes about a user.
func (s *Service) Exists(ctx context.Context, id uuid.UUID) error {
	_, err := s.Detail(ctx, id)
	return err
}

// List lists users, newest first.
func (s *Service) List(ctx context.Context, f Filter) ([]Summary, error) {
	if f.Email != "" {
		canonical, err := person.NormalizeEmail(f.Email)
		if err != nil {
			return []Summary{}, nil // nobody has such an address
		}
		f.Email = canonical
	}
	f.Now = s.clock.Now()
	rows, err := s.store.list(ctx, s.db, f)
	if err != nil {
		return nil, fmt.Errorf("list users: %w", err)
	}
	return rows, nil
}

// EntitlementRecords lists a user's history of plans, newest first.
func (s *Service) EntitlementRecords(ctx context.Context, id, before uuid.UUID, n int) ([]EntitlementRecord, error) {
	return s.store.entitlements(ctx, s.db, id, before, n)
}

// Sanctions lists a user's sanctions, newest first, those that are over as well.
func (s *Service) Sanctions(ctx context.Context, id, before uuid.UUID, n int) ([]Sanction, error) {
	return s.store.sanctions(ctx, s.db, id, before, n)
}

// Notes lists what operators noted about a user, newest first.
func (s *Service) Notes(ctx context.Context, id, before uuid.UUID, n int) ([]Note, error) {
	return s.store.notes(ctx, s.db, id, before, n)
}

// Overrides is the history of a user's overrides, newest first.
func (s *Service) Overrides(ctx context.Context, id uuid.UUID) ([]Override, error) {
	return s.store.overrides(ctx, s.db, id, maxExported)
}

// Entitlement tells what a user may hold, from the cache, and how much of it they
// hold, from the domains that count.
func (s *Service) Entitlement(ctx context.Context, id uuid.UUID) (Entitlement, error) {
	r, err := s.accounts.find(ctx, id)
	if err != nil {
		return Entitlement{}, err
	}
	used := map[string]int{}
	for _, u := range s.hooks.Usages {
		counts, err := u.Usage(ctx, s.db, id)
		if err != nil {
			return Entitlement{}, fmt.Errorf("count what user %s uses: %w", id, err)
		}
		for name, n := range counts {
			used[name] += n
		}
	}
	now := s.clock.Now()
	plan := r.planAt(now)
	out := Entitlement{Plan: plan, StartsAt: r.PlanStarts, EndsAt: r.PlanEndsAt, Sanctions: r.sanctionsAt(now)}
	if plan != r.Plan {
		out.StartsAt, out.EndsAt = *r.PlanEndsAt, nil
	}
	limits := r.limitsAt(now)
	for _, name := range LimitNames {
		out.Limits = append(out.Limits, LimitUse{name, plan.Limits().Get(name), limits.Get(name), used[string(name)]})
	}
	return out, nil
}
