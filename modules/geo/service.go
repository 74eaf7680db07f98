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
	db      *pg.DB
	clock   clock.Clock
	log     *zap.Logger
	file    *database
	buffer  counters
	leaving leaving
	store   store
	metrics metrics
}

// NewService makes the service; Start reads the database file.
func NewService(db *pg.DB, clk clock.Clock, log *zap.Logger, cfg Config) *Service {
	s := &Service{db: db, clock: clk, log: log, file: &database{path: cfg.DBPath, log: log}}
	s.metrics = newMetrics(s)
	return s
}

// Start reads the database file. Without one the start fails: a typing mistake
// would otherwise show as users without countries, for ever.
func (s *Service) Start(context.Context) error {
	if err := s.file.load(s.clock.Now()); err != nil {
		return fmt.Errorf("BACKEND_GEOIP_DB_PATH: %w", err)
	}
	return nil
}

// Country is the ISO 3166 code of the country of an address, or empty. It never
// blocks.
func (s *Service) Country(ip netip.Addr) string {
	country, how := s.file.country(ip)
	s.metrics.looked(how, 1)
	return country
}

// Seen implements httpx.UserSeen.
func (s *Service) Seen(user uuid.UUID, ip netip.Addr) {
	if !ip.IsValid() {
		return
	}
	if !s.buffer.add(sighting{user, ip}, 1) {
		s.metrics.dropped(1)
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
func (s *Service) Database() (Info, bool) {
	if now := s.file.current.Load(); now != nil {
		return now.info, true
	}
	return Info{}, false
}
