package auth

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"go.uber.org/zap"

	"galaxy/backend/modules/admin"
	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/pg"
)

// Service signs people in and keeps their device sessions.
type Service struct {
	db        *pg.DB
	clock     clock.Clock
	log       *zap.Logger
	cfg       Config
	sessions  *SessionCache
	revoker   *revoker
	mailer    Mailer
	users     Users
	accounts  Accounts
	countries CountryLookup
	audit     admin.Auditor
	store     store
	keys      keyring
}

// NewService makes the service; Start loads the code keys and warms the cache.
func NewService(
	db *pg.DB, clk clock.Clock, log *zap.Logger, cfg Config, sessions *SessionCache, r *revoker,
	mailer Mailer, users Users, accounts Accounts, countries CountryLookup, audit admin.Auditor,
) *Service {
	return &Service{db: db, clock: clk, log: log, cfg: cfg, sessions: sessions, revoker: r,
		mailer: mailer, users: users, accounts: accounts, countries: countries, audit: audit}
}

// Start loads the keys of the code MACs and warms the cache with the newest
// sessions, as many as fit.
func (s *Service) Start(ctx context.Context) error {
	keys, err := s.loadKeys(ctx)
	if err != nil {
		return err
	}
	s.keys = keys
	if s.cfg.ChallengeTTL > recommendedTTL {
		s.log.Warn("sign-in codes live longer than ten minutes", zap.Duration("ttl", s.cfg.ChallengeTTL))
	}
	return s.warm(ctx)
}

// warmPage is how many sessions one statement of the warm-up reads: reading all
// that fit takes longer than a statement may.
const warmPage = 10_000

func (s *Service) warm(ctx context.Context) error {
	before := uuid.Max
	for left := s.sessions.capacity; left > 0; left -= warmPage {
		n := min(left, warmPage)
		rows, err := s.store.newestActive(ctx, s.db, before, n)
		if err != nil {
			return fmt.Errorf("warm device sessions: %w", err)
		}
		for _, row := range rows {
			s.sessions.Warm(row.ID, row)
			before = row.ID
		}
		if len(rows) < n {
			return nil
		}
	}
	return nil
}
