package user

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"galaxy/backend/modules/user/person"
	"galaxy/backend/platform/pg"
)

// NewAccount is what a first sign-in knows about a person.
type NewAccount struct {
	ID       uuid.UUID // a fresh one when nil; tells whether the account was made
	Email    string    // as the person wrote it
	Language string    // as person.NormalizeLanguage returns it
	TimeZone string    // as person.NormalizeTimeZone returns it
	Country  string    // ISO 3166, or empty
	// NameTries bounds how many user names are tried; 10 when zero.
	NameTries int
}

const defaultNameTries = 10

// Register makes an account on the free plan, or returns the live account that
// has the address; its id is not n.ID then. The caller holds the address's
// advisory lock or lives with a retry.
func (s *Service) Register(ctx context.Context, tx *pg.Tx, n NewAccount) (Account, error) {
	canonical, err := person.NormalizeEmail(n.Email)
	if err != nil {
		return Account{}, err
	}
	if n.ID == uuid.Nil {
		n.ID = newID()
	}
	if n.NameTries <= 0 {
		n.NameTries = defaultNameTries
	}
	now := s.clock.Now()
	a := Account{ID: n.ID, Email: n.Email, PreferredLanguage: n.Language, TimeZone: n.TimeZone, DeclaredCountry: n.Country,
		CreatedAt: now}
	for range n.NameTries {
		a.UserName = person.NewUserName()
		made, err := s.store.insertAccount(ctx, tx, a, canonical)
		if errors.Is(err, pg.ErrNoRows) {
			continue // the name is taken, or the address has been since
		}
		if err != nil {
			return Account{}, fmt.Errorf("register an account: %w", err)
		}
		if made.ID == n.ID {
			s.store.insertEntitlement(tx, EntitlementRecord{ID: newID(), UserID: made.ID, Plan: Free, Source: "registration",
				Actor: systemActor, StartsAt: now})
			s.accounts.stage(tx, record{Account: made, Plan: Free, PlanStarts: now})
		}
		return made, nil
	}
	return Account{}, errUserNames
}

// newID makes the id of a row: by time, so that lists sort by it. The source of
// its random part never fails.
func newID() uuid.UUID { return uuid.Must(uuid.NewV7()) }

// Patch is a change of a profile; nil fields stay.
type Patch struct {
	DisplayName       *string
	PreferredLanguage *string
	TimeZone          *string
}

func (p Patch) apply(a *Account) (changed bool, err error) {
	for _, field := range []struct {
		given     *string
		current   *string
		normalize func(string) (string, error)
	}{
		{p.DisplayName, &a.DisplayName, person.NormalizeDisplayName},
		{p.PreferredLanguage, &a.PreferredLanguage, func(s string) (string, error) {
			return person.NormalizeLanguage("preferred_language", s)
		}},
		{p.TimeZone, &a.TimeZone, person.NormalizeTimeZone},
	} {
		if field.given == nil {
			continue
		}
		v, err := field.normalize(*field.given)
		if err != nil {
			return false, err
		}
		changed = changed || v != *field.current
		*field.current = v
	}
	return changed, nil
}

// UpdateProfile changes a profile. ifMatch is an ETag, "*" or empty; another
// version than the one it names is ErrVersion. A patch that changes nothing
// leaves the version alone.
func (s *Service) UpdateProfile(ctx context.Context, id uuid.UUID, p Patch, ifMatch string) (Account, error) {
	var out Account
	err := s.db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error {
		r, err := s.lockProfile(ctx, tx, id)
		if err != nil {
			return err
		}
		if ifMatch != "" && ifMatch != "*" && ifMatch != r.ETag() {
			return ErrVersion
		}
		changed, err := p.apply(&r.Account)
		if err == nil && changed {
			r.Version++
			r.UpdatedAt = s.clock.Now()
			s.store.updateProfile(tx, r.Account)
			s.accounts.stage(tx, r)
		}
		out = r.Account
		return err
	})
	if err != nil {
		return Account{}, fmt.Errorf("update user %s: %w", id, err)
	}
	return out, nil
}

// lockProfile locks an account that the user surface has admitted, to change
// what it says about the person. The account may have been deleted or blocked
// since it was admitted.
func (s *Service) lockProfile(ctx context.Context, tx *pg.Tx, id uuid.UUID) (record, error) {
	r, err := s.store.lock(ctx, tx, id)
	if errors.Is(err, ErrNotFound) || err == nil && r.DeletedAt != nil {
		return record{}, ErrUserUnknown
	}
	if err != nil {
		return record{}, err
	}
	now := s.clock.Now()
	if block := r.activeSanction(PermanentBlock, now); block != nil {
		return record{}, ErrBlocked.With("reason", block.Reason)
	}
	if block := r.activeSanction(ProfileUpdateBlock, now); block != nil {
		return record{}, ErrProfileBlocked.With("reason", block.Reason)
	}
	return r, nil
}

// ChangeEmail gives the account another address and returns the one it had. An
// address that another live account has is ErrEmailTaken.
func (s *Service) ChangeEmail(ctx context.Context, tx *pg.Tx, id uuid.UUID, email string) (old string, err error) {
	canonical, err := person.NormalizeEmail(email)
	if err != nil {
		return "", err
	}
	r, err := s.lockProfile(ctx, tx, id)
	if err != nil {
		return "", err
	}
	old = r.Email
	if old == email {
		return old, nil
	}
	r.Email, r.Version, r.UpdatedAt = email, r.Version+1, s.clock.Now()
	if err := s.store.updateEmail(ctx, tx, r.Account, canonical, old); err != nil {
		return "", fmt.Errorf("change the address of user %s: %w", id, err)
	}
	s.accounts.stage(tx, r)
	return old, nil
}
