package engineversion

import (
	"context"
	"slices"

	"galaxy/backend/modules/admin"
	"galaxy/backend/platform/cache"
	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/pg"
)

// Service answers questions about engine versions and changes them.
type Service struct {
	db       *pg.DB
	clock    clock.Clock
	auditor  admin.Auditor
	store    store
	list     *cache.Table[wholeList, []Version]
	prefetch PrefetchSignal
}

// NewService makes the service. It does nothing until it is asked.
func NewService(db *pg.DB, clk clock.Clock, auditor admin.Auditor, prefetch PrefetchSignal) *Service {
	s := &Service{db: db, clock: clk, auditor: auditor, prefetch: prefetch}
	s.list = cache.New("engine_versions", 1, s.load)
	return s
}

// Versions lists the registry, newest first, from memory. The slice is shared.
func (s *Service) Versions(ctx context.Context) ([]Version, error) {
	all, _, err := s.list.Get(ctx, wholeList{})
	return all, err
}

// Version finds one entry, from memory.
func (s *Service) Version(ctx context.Context, version string) (Version, error) {
	all, err := s.Versions(ctx)
	if err != nil {
		return Version{}, err
	}
	i := slices.IndexFunc(all, func(v Version) bool { return v.Version == version })
	if i < 0 {
		return Version{}, ErrNotFound.With("version", version)
	}
	return all[i], nil
}

// DefaultVersion is the version of games that name none.
func (s *Service) DefaultVersion(ctx context.Context) (string, error) {
	all, err := s.Versions(ctx)
	if err != nil {
		return "", err
	}
	i := slices.IndexFunc(all, func(v Version) bool { return v.IsDefault })
	if i < 0 {
		return "", ErrNoDefault
	}
	return all[i].Version, nil
}

// StartableVersion returns nil when a new game may use the version.
func (s *Service) StartableVersion(ctx context.Context, version string) error {
	v, err := s.Version(ctx, version)
	if err == nil && v.Status != Active {
		return ErrInactive.With("version", version).With("status", v.Status)
	}
	return err
}

// RestartableVersion returns nil when a game that has used the version before
// may go on with it: a deprecated version is good enough.
func (s *Service) RestartableVersion(ctx context.Context, version string) error {
	v, err := s.Version(ctx, version)
	if err == nil && v.Status == Blocked {
		return ErrBlocked.With("version", version)
	}
	return err
}
