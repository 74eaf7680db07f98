package geo

import (
	"context"
	"fmt"
	"net/netip"

	"github.com/google/uuid"
	"go.uber.org/zap"

	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/pg"
)

// Service looks addresses up and counts where users are seen.
type Service struct {
	db       *pg.DB
	clock    clock.Clock
	database *database
	buffer   buffer
	erasures erasures
	store    store
	metrics  metrics
}

// NewService makes the service; Start reads the database file.
func NewService(db *pg.DB, clk clock.Clock, log *zap.Logger, cfg Config) *Service {
	s := &Service{db: db, clock: clk, database: &database{path: cfg.DBPath, log: log}}
	s.metrics = newMetrics(s)
	return s
}

// Start reads the database file. Without one the start fails: a mistyped path
// would otherwise only show as users without countries.
func (s *Service) Start(context.Context) error {
	if err := s.database.load(s.clock.Now()); err != nil {
		return fmt.Errorf("BACKEND_GEOIP_DB_PATH: %w", err)
	}
	return nil
}

// Country is the ISO 3166 code of the country of an address, or empty. It never
// blocks.
func (s *Service) Country(ip netip.Addr) string {
	country, outcome := s.database.country(ip)
	s.metrics.countLookups(outcome, 1)
	return country
}

// Seen implements httpx.UserSeen.
func (s *Service) Seen(user uuid.UUID, ip netip.Addr) {
	if !ip.IsValid() {
		return
	}
	if !s.buffer.add(userAddress{user, ip}, 1) {
		s.metrics.countDropped(1)
	}
}

// SeenCountries lists where a user was seen, as far as it has been flushed.
func (s *Service) SeenCountries(ctx context.Context, q pg.Querier, user uuid.UUID) ([]string, error) {
	return s.store.countries(ctx, q, user)
}

// Counters lists how often a user was seen where, most often first.
func (s *Service) Counters(ctx context.Context, user uuid.UUID) ([]Counter, error) {
	return s.store.counters(ctx, s.db, user)
}

// Database describes the file that is loaded; false before Start.
func (s *Service) Database() (DatabaseInfo, bool) {
	if loaded := s.database.current.Load(); loaded != nil {
		return loaded.info, true
	}
	return DatabaseInfo{}, false
}
