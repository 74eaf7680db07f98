package user

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/modules/mail"
	"galaxy/backend/modules/user/person"
)

// Detail is a user as operators see him.
type Detail struct {
	Account
	Snapshot Snapshot
}

// Detail returns a user, or ErrNotFound.
func (s *Service) Detail(ctx context.Context, id uuid.UUID) (Detail, error) {
	f, err := s.accounts.known(ctx, id)
	if errors.Is(err, ErrUserUnknown) {
		err = ErrNotFound
	}
	if err != nil {
		return Detail{}, err
	}
	return Detail{f.Account, f.at(s.clock.Now())}, nil
}

// Exists returns ErrNotFound unless there is such a user, deleted or not: the
// first check of operators' routes about a user.
func (s *Service) Exists(ctx context.Context, id uuid.UUID) error {
	_, err := s.Detail(ctx, id)
	return err
}

// List lists users, newest first.
func (s *Service) List(ctx context.Context, f Filter) ([]Listed, error) {
	if f.Email != "" {
		canonical, err := person.NormalizeEmail(f.Email)
		if err != nil {
			return []Listed{}, nil // nobody has such an address
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

// Records lists a user's history of plans, newest first.
func (s *Service) Records(ctx context.Context, id, before uuid.UUID, n int) ([]Record, error) {
	return s.store.records(ctx, s.db, id, before, n)
}

// Sanctions lists a user's sanctions, newest first, those that are over as well.
func (s *Service) Sanctions(ctx context.Context, id, before uuid.UUID, n int) ([]Sanction, error) {
	return s.store.sanctions(ctx, s.db, id, before, n)
}

// Notes lists what operators noted about a user, newest first.
func (s *Service) Notes(ctx context.Context, id, before uuid.UUID, n int) ([]Note, error) {
	return s.store.notes(ctx, s.db, id, before, n)
}

// Entitlement is what a user may hold and what he does.
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

// Entitlement tells what a user may hold, from the cache, and how much of it he
// does, from the domains that count.
func (s *Service) Entitlement(ctx context.Context, id uuid.UUID) (Entitlement, error) {
	f, err := s.accounts.known(ctx, id)
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
	plan := f.planAt(now)
	out := Entitlement{Plan: plan, StartsAt: f.PlanStarts, EndsAt: f.PlanEndsAt, Sanctions: f.sanctionsAt(now)}
	if plan != f.Plan {
		out.StartsAt, out.EndsAt = *f.PlanEndsAt, nil
	}
	limits := f.limitsAt(now)
	for _, name := range LimitNames {
		out.Limits = append(out.Limits, LimitUse{name, plan.Limits().Of(name), limits.Of(name), used[string(name)]})
	}
	return out, nil
}

// Overrides is the history of a user's overrides, newest first.
func (s *Service) Overrides(ctx context.Context, id uuid.UUID) ([]Override, error) {
	return s.store.overrides(ctx, s.db, id, exported)
}

// exported bounds each list in an export; the newest entries come first.
const exported = 1000

// Exported is everything that the platform holds on a user. Domains is what the
// other domains add, by name.
type Exported struct {
	At        time.Time
	Account   Account
	Records   []Record
	Sanctions []Sanction
	Overrides []Override
	Former    []string // addresses before this one
	Domains   map[string]any
}

// Export gathers everything held on a user, or returns ErrNotFound. What
// operators note among themselves is not part of it.
func (s *Service) Export(ctx context.Context, id uuid.UUID) (Exported, error) {
	f, err := s.store.facts(ctx, s.db, id)
	if err != nil {
		return Exported{}, err
	}
	out := Exported{At: s.clock.Now(), Account: f.Account, Domains: map[string]any{}}
	if out.Records, err = s.store.records(ctx, s.db, id, uuid.Nil, exported); err != nil {
		return Exported{}, err
	}
	if out.Sanctions, err = s.store.sanctions(ctx, s.db, id, uuid.Nil, exported); err != nil {
		return Exported{}, err
	}
	if out.Overrides, err = s.store.overrides(ctx, s.db, id, exported); err != nil {
		return Exported{}, err
	}
	if out.Former, err = s.store.former(ctx, s.db, id); err != nil {
		return Exported{}, err
	}
	sent := []mail.Summary{}
	for _, address := range append(out.Former, f.Email) {
		some, err := s.mail.SentTo(ctx, s.db, address, exported)
		if err != nil {
			return Exported{}, err
		}
		sent = append(sent, some...)
	}
	out.Domains["mail"] = map[string]any{"sent": sent}
	for _, e := range s.hooks.Exports {
		if out.Domains[e.Name()], err = e.Export(ctx, s.db, id); err != nil {
			return Exported{}, fmt.Errorf("export user %s from %s: %w", id, e.Name(), err)
		}
	}
	return out, nil
}
