package admin

import (
	"context"
	"slices"

	"galaxy/backend/platform/httpx"
	"galaxy/backend/platform/pg"
)

// Create makes an account. The same name and role again returns the existing
// account, whose password stays; another role is ErrExists.
func (s *Service) Create(
	ctx context.Context, username, password string, role httpx.Role,
) (a Account, created bool, err error) {
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
		if created, err = s.store.insertAccount(ctx, tx, row); err != nil {
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
			// Only a row that was written is cached: one that was merely read may be
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

// Disable keeps an operator from signing in, at once. The last enabled
// administrator cannot be disabled.
func (s *Service) Disable(ctx context.Context, username string) (Account, error) {
	return s.editAccount(ctx, username, "admin.disable", func(r *accountRow) {
		if r.DisabledAt == nil {
			now := s.clock.Now()
			r.DisabledAt = &now
		}
	})
}

// Enable lets an operator sign in again, with the same password.
func (s *Service) Enable(ctx context.Context, username string) (Account, error) {
	return s.editAccount(ctx, username, "admin.enable", func(r *accountRow) { r.DisabledAt = nil })
}

// SetRole changes what an operator may do. The last enabled administrator keeps
// that role.
func (s *Service) SetRole(ctx context.Context, username string, role httpx.Role) (Account, error) {
	return s.editAccount(ctx, username, "admin.role", func(r *accountRow) { r.Role = role.String() })
}

// ResetPassword sets a new password; credentials cached for the old one are no
// longer valid.
func (s *Service) ResetPassword(ctx context.Context, username, password string) (Account, error) {
	h, err := s.verifier.hash(ctx, password)
	if err != nil {
		return Account{}, err
	}
	return s.editAccount(ctx, username, "admin.reset_password", func(r *accountRow) { r.Hash, r.Bootstrap = h, false })
}

// editAccount applies edit to one account, unless no enabled administrator would
// be left.
func (s *Service) editAccount(ctx context.Context, username, action string, edit func(*accountRow)) (Account, error) {
	name, err := normalizeUsername(username)
	if err != nil {
		return Account{}, ErrNotFound
	}
	var row accountRow
	err = s.db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error {
		rows, err := s.store.lockAccounts(ctx, tx)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(rows, func(r accountRow) bool { return r.Username == name })
		if i < 0 {
			return ErrNotFound
		}
		before := rows[i]
		edit(&rows[i])
		if !slices.ContainsFunc(rows, accountRow.enabledAdmin) {
			return ErrLastAdmin
		}
		row = rows[i]
		row.UpdatedAt = s.clock.Now()
		s.store.updateAccount(tx, row)
		s.accounts.Put(tx, name, row)
		return s.Record(ctx, tx, Entry{Action: action, Target: "admin:" + name, Before: auditView(before),
			After: auditView(row)})
	})
	if err != nil {
		return Account{}, err
	}
	return row.account()
}

// auditView is what the audit log shows of an account: nothing of its password.
func auditView(r accountRow) map[string]any {
	return map[string]any{"role": r.Role, "disabled": r.DisabledAt != nil}
}
