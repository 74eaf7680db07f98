package admin

import (
	"cmp"
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

// Service keeps the operators' accounts and the audit log. It authenticates the
// admin surface.
type Service struct {
	db        *pg.DB
	clock     clock.Clock
	log       *zap.Logger
	cfg       Config
	store     store
	accounts  *cache.Table[string, accountRow]
	verifier  *verifier
	anonymous *anonymousLimiter
}

// NewService makes the service; Start warms its cache and inserts the bootstrap
// account.
func NewService(db *pg.DB, clk clock.Clock, log *zap.Logger, cfg Config) (*Service, error) {
	v, err := newVerifier(clk)
	if err != nil {
		return nil, err
	}
	s := &Service{db: db, clock: clk, log: log, cfg: cfg, verifier: v, anonymous: newAnonymousLimiter()}
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
	h, err := s.verifier.hash(ctx, s.cfg.BootstrapPassword.Reveal())
	if err != nil {
		return err
	}
	now := s.clock.Now()
	return s.db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error {
		created, err := s.store.insertAccount(ctx, tx, accountRow{Username: name, Hash: h, Role: httpx.Administrator.String(),
			Bootstrap: true, CreatedAt: now, UpdatedAt: now})
		if created {
			tx.OnCommit(func() { s.log.Info("bootstrap admin account created", zap.String("username", name)) })
		}
		return err
	})
}

// Authenticate implements httpx.AdminGate. A user name or password that no
// account can have is refused at no cost; the database is asked only after the
// throttle, so that an unknown name takes as long as a known one.
func (s *Service) Authenticate(
	ctx context.Context, username, password string, source netip.Addr,
) (httpx.Principal, error) {
	name, err := normalizeUsername(username)
	if err != nil || checkPassword(password) != nil {
		return httpx.Principal{}, ErrCredentials
	}
	mac := s.verifier.mac(name, password)
	row, _ := s.accounts.Peek(name)
	state := s.verifier.state(mac, row.loginHash())
	if state == fresh {
		return row.principal()
	}
	if state == uncached && !s.verifier.throttle.allow(s.clock.Now(), name, source) {
		return httpx.Principal{}, ErrThrottled.After(retryAfter)
	}
	if row, _, err = s.accounts.Get(ctx, name); err != nil {
		return httpx.Principal{}, err
	}
	if err := s.verifier.verify(ctx, mac, password, row.loginHash()); err != nil {
		return httpx.Principal{}, err
	}
	// The account may have changed while bcrypt ran.
	now, _, err := s.accounts.Get(ctx, name)
	if err != nil || now.loginHash() != row.loginHash() {
		return httpx.Principal{}, cmp.Or(err, error(ErrCredentials))
	}
	return now.principal()
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
