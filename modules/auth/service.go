package auth

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"go.uber.org/zap"

	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/pg"
)

// Service signs people in and keeps their device sessions.
type Service struct {
	db       *pg.DB
	clock    clock.Clock
	log      *zap.Logger
	cfg      Config
	sessions *Sessions
	ends     *ends
	near     Neighbours
	store    store
	keys     keyring
}

// NewService makes the service; Start loads the code keys and warms the cache.
func NewService(db *pg.DB, clk clock.Clock, log *zap.Logger, cfg Config, sessions *Sessions, n Neighbours) *Service {
	return &Service{db: db, clock: clk, log: log, cfg: cfg, sessions: sessions, near: n,
		ends: &ends{sessions: sessions, announce: n.Announce, clock: clk}}
}

// Start loads the keys of the code MACs and warms the cache with the newest
// sessions, as many as fit.
func (s *Service) Start(ctx context.Context) error {
	keys, err := s.loadKeys(ctx)
	if err != nil {
		return err
	}
	s.keys = keys
	if s.cfg.ChallengeTTL > longTTL {
		s.log.Warn("sign-in codes live longer than ten minutes", zap.Duration("ttl", s.cfg.ChallengeTTL))
	}
	return s.warm(ctx)
}

// warmPage is how many sessions one statement of the warm-up reads: a full cache
// takes longer than a statement may.
const warmPage = 10_000

func (s *Service) warm(ctx context.Context) error {
	before := uuid.Max
	for left := s.sessions.max; left > 0; left -= warmPage {
		n := min(left, warmPage)
		rows, err := s.store.recent(ctx, s.db, before, n)
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
