package user

import (
	"context"
	"errors"

	"github.com/google/uuid"

	"galaxy/backend/modules/admin"
	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/httpx"
	"galaxy/backend/platform/pg"
)

// Service changes users and calls the hooks. It is the user surface's gate.
type Service struct {
	db       *pg.DB
	clock    clock.Clock
	cfg      Config
	accounts *Accounts
	mail     Mailer
	audit    admin.Auditor
	hooks    Hooks
	store    store
}

// NewService makes the service.
func NewService(
	db *pg.DB, clk clock.Clock, cfg Config, accounts *Accounts, m Mailer, a admin.Auditor, h Hooks,
) *Service {
	return &Service{db: db, clock: clk, cfg: cfg, accounts: accounts, mail: m, audit: a, hooks: h}
}

// Admit implements httpx.UserGate. It answers from memory.
func (s *Service) Admit(ctx context.Context, id uuid.UUID) error {
	r, err := s.accounts.find(ctx, id)
	if err != nil {
		return err
	}
	if r.DeletedAt != nil {
		return ErrUserUnknown
	}
	if block := r.activeSanction(PermanentBlock, s.clock.Now()); block != nil {
		return ErrBlocked.With("reason", block.Reason)
	}
	return nil
}

// Account is the account as cached, or ErrUserUnknown. Deleted accounts are
// returned as well.
func (s *Service) Account(ctx context.Context, id uuid.UUID) (Account, error) {
	r, err := s.accounts.find(ctx, id)
	if err != nil {
		return Account{}, err
	}
	return r.Account, nil
}

// FindByEmail returns the live account of a canonical address; false when there
// is none.
func (s *Service) FindByEmail(ctx context.Context, q pg.Querier, canonical string) (Account, bool, error) {
	a, err := s.store.byEmail(ctx, q, canonical)
	if errors.Is(err, pg.ErrNoRows) {
		return Account{}, false, nil
	}
	return a, err == nil, err
}

// LoginBlocked reports whether a live account of the address may not sign in. It
// is the same query for any address, so that nobody can tell them apart.
func (s *Service) LoginBlocked(ctx context.Context, q pg.Querier, canonical string) (bool, error) {
	return s.store.loginBlocked(ctx, q, canonical, s.clock.Now())
}

// update runs fn on the locked record of an account and stages what fn makes of
// it. A deleted account is ErrDeleted.
func (s *Service) update(ctx context.Context, id uuid.UUID,
	fn func(ctx context.Context, tx *pg.Tx, r *record) error) error {
	return s.db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error {
		r, err := s.store.lock(ctx, tx, id)
		if err != nil {
			return err
		}
		if r.DeletedAt != nil {
			return ErrDeleted
		}
		if err := fn(ctx, tx, &r); err != nil {
			return err
		}
		s.accounts.stage(tx, r)
		return nil
	})
}

// actor names who acts: the operator behind the request, else the system.
func actor(ctx context.Context) string {
	if p := httpx.PrincipalOf(ctx); p.Username != "" {
		return p.Username
	}
	return systemActor
}

const systemActor = "system"

// auditTarget names a user in the audit log.
func auditTarget(id uuid.UUID) string { return "user:" + id.String() }
