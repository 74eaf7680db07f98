package admin

import (
	"context"
	"errors"
	"fmt"
	"net/netip"

	"go.uber.org/zap"

	"galaxy/backend/platform/cache"
	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/httpx"
	"galaxy/backend/platform/pg"
)

// Service owns the operators. It is the admin surface's gate.
type Service struct {
	db       *pg.DB
	clock    clock.Clock
	log      *zap.Logger
	cfg      Config
	store    store
	accounts *cache.Table[string, accountRow]
	verifier *verifier
}

// NewService makes the service; Start warms its cache and inserts the bootstrap
// account.
func NewService(db *pg.DB, clk clock.Clock, log *zap.Logger, cfg Config) (*Service, error) {
	v, err := newVerifier(clk)
	if err != nil {
		return nil, err
	}
	s := &Service{db: db, clock: clk, log: log, cfg: cfg, verifier: v}
	s.accounts = newAccountCache(s)
	return s, nil
}

// Start warms the cache, and inserts the bootstrap account if it is configured
// and no account has its name.
func (s *Service) Start(ctx context.Context) error {
	if s.cfg.BootstrapUser != "" {
		if err := s.bootstrap(ctx); err != nil {
			return fmt.Errorf("bootstrap the first admin: %w", err)
		}
	}
	rows, err := s.store.accounts(ctx, s.db)
	if err != nil {
		return fmt.Errorf("warm admin accounts: %w", err)
	}
	for _, r := range rows {
		s.accounts.Warm(r.Username, r)
		if r.Bootstrap && r.DisabledAt == nil {
			s.log.Warn("admin account still has its bootstrap password", zap.String("username", r.Username))
		}
	}
	if len(rows) == 0 {
		s.log.Warn("there is no admin account: set BACKEND_ADMIN_BOOTSTRAP_USER and _PASSWORD once")
	}
	return nil
}

func (s *Service) bootstrap(ctx context.Context) error {
	name, err := normalizeUsername(s.cfg.BootstrapUser)
	if err != nil {
		return err
	}
	if _, err := s.store.account(ctx, s.db, name); !errors.Is(err, ErrNotFound) {
		return err // there already, or the database cannot be asked
	}
	h, err := s.verifier.hash(s.cfg.BootstrapPassword.Reveal())
	if err != nil {
		return err
	}
	now := s.clock.Now()
	return s.db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error {
		made, err := s.store.insert(ctx, tx, accountRow{Username: name, Hash: h, Role: httpx.Administrator.String(), Bootstrap: true, CreatedAt: now, UpdatedAt: now})
		if made {
			tx.OnCommit(func() { s.log.Info("bootstrap admin account created", zap.String("username", name)) })
		}
		return err
	})
}

// Authenticate implements httpx.AdminGate.
func (s *Service) Authenticate(ctx context.Context, username, password string, source netip.Addr) (httpx.Principal, error) {
	name, err := normalizeUsername(username)
	if err != nil {
		return httpx.Principal{}, s.verifier.verify(ctx, "", password, "", source)
	}
	row, found, err := s.accounts.Get(ctx, name)
	if err != nil {
		return httpx.Principal{}, err
	}
	hash := row.Hash
	if !found || row.DisabledAt != nil {
		hash = ""
	}
	if err := s.verifier.verify(ctx, name, password, hash, source); err != nil {
		return httpx.Principal{}, err
	}
	role, err := httpx.ParseRole(row.Role)
	return httpx.Principal{Username: row.Username, Role: role}, err
}

// Account returns one operator, or ErrNotFound.
func (s *Service) Account(ctx context.Context, username string) (Account, error) {
	name, err := normalizeUsername(username)
	if err != nil {
		return Account{}, ErrNotFound
	}
	row, err := s.store.account(ctx, s.db, name)
	if err != nil {
		return Account{}, err
	}
	return row.account()
}

// Accounts lists all operators by user name.
func (s *Service) Accounts(ctx context.Context) ([]Account, error) {
	rows, err := s.store.accounts(ctx, s.db)
	if err != nil {
		return nil, fmt.Errorf("list admin accounts: %w", err)
	}
	accounts := make([]Account, 0, len(rows))
	for _, r := range rows {
		a, err := r.account()
		if err != nil {
			return nil, err
		}
		accounts = append(accounts, a)
	}
	return accounts, nil
}
