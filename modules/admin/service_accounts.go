package admin

import (
	"context"
	"slices"

	"galaxy/backend/platform/httpx"
	"galaxy/backend/platform/pg"
)

// Create makes an operator. The same name and role again answers with the
// account that is there (its password stays); another role is ErrExists.
func (s *Service) Create(ctx context.Context, username, password string, role httpx.Role) (a Account, created bool, err error) {
	name, err := normalizeUsername(username)
	if err != nil {
		return Account{}, false, err
	}
	h, err := s.verifier.hash(ctx, password)
	if err != nil {
		return Account{}, false, err
	}
	now := s.clock.Now()
	row := accountRow{Username: name, Hash: h, Role: role.String(), CreatedAt: now, UpdatedAt: now}
	err = s.db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error {
		if created, err = s.store.insert(ctx, tx, row); err != nil {
			return err
		}
		if !created {
			if row, err = s.store.account(ctx, tx, name); err != nil {
				return err
			}
			if row.Role != role.String() {
				return ErrExists
			}
		} else {
			// Only what was written is cached: a row that was merely read may be
			// older than the one that another request is committing.
			s.accounts.Put(tx, name, row)
		}
		return s.Record(ctx, tx, Entry{Action: "admin.create", Target: "admin:" + name, After: map[string]any{"role": role}})
	})
	if err != nil {
		return Account{}, false, err
	}
	a, err = row.account()
	return a, created, err
}

// Disable shuts an operator out at once. The last enabled admin stays.
func (s *Service) Disable(ctx context.Context, username string) (Account, error) {
	return s.change(ctx, username, "admin.disable", func(r *accountRow) {
		if r.DisabledAt == nil {
			now := s.clock.Now()
			r.DisabledAt = &now
		}
	})
}

// Enable lets an operator in again, with the password from before.
func (s *Service) Enable(ctx context.Context, username string) (Account, error) {
	return s.change(ctx, username, "admin.enable", func(r *accountRow) { r.DisabledAt = nil })
}

// SetRole changes what an operator may do. The last enabled admin stays one.
func (s *Service) SetRole(ctx context.Context, username string, role httpx.Role) (Account, error) {
	return s.change(ctx, username, "admin.role", func(r *accountRow) { r.Role = role.String() })
}

// ResetPassword sets a new password; credentials remembered for the old one no
// longer count.
func (s *Service) ResetPassword(ctx context.Context, username, password string) (Account, error) {
	h, err := s.verifier.hash(ctx, password)
	if err != nil {
		return Account{}, err
	}
	return s.change(ctx, username, "admin.reset_password", func(r *accountRow) { r.Hash, r.Bootstrap = h, false })
}

// change applies edit to one account and keeps the last admin.
func (s *Service) change(ctx context.Context, username, action string, edit func(*accountRow)) (Account, error) {
	name, err := normalizeUsername(username)
	if err != nil {
		return Account{}, ErrNotFound
	}
	var row accountRow
	err = s.db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error {
		all, err := s.store.lockAll(ctx, tx)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(all, func(r accountRow) bool { return r.Username == name })
		if i < 0 {
			return ErrNotFound
		}
		before := all[i]
		edit(&all[i])
		if !slices.ContainsFunc(all, func(r accountRow) bool {
			return r.DisabledAt == nil && r.Role == httpx.Administrator.String()
		}) {
			return ErrLastAdmin
		}
		row = all[i]
		row.UpdatedAt = s.clock.Now()
		s.store.update(tx, row)
		s.accounts.Put(tx, name, row)
		return s.Record(ctx, tx, Entry{Action: action, Target: "admin:" + name, Before: facts(before), After: facts(row)})
	})
	if err != nil {
		return Account{}, err
	}
	return row.account()
}

// facts is what the audit log shows of an account: nothing of its password.
func facts(r accountRow) map[string]any {
	return map[string]any{"role": r.Role, "disabled": r.DisabledAt != nil}
}
