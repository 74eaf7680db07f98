package engineversion

import (
	"context"
	"fmt"
	"slices"

	"galaxy/backend/platform/pg"
)

// wholeList is the one key of the cache: the list is small, and every question
// is about all of it.
type wholeList struct{}

// Warm reads the registry before anybody asks.
func (s *Service) Warm(ctx context.Context) error {
	if _, err := s.Versions(ctx); err != nil {
		return fmt.Errorf("warm the engine versions: %w", err)
	}
	return nil
}

func (s *Service) load(ctx context.Context, _ wholeList) ([]Version, bool, error) {
	all, err := s.store.versions(ctx, s.db)
	slices.SortFunc(all, newestFirst)
	return all, err == nil, err
}

// invalidate has the list read again after the commit.
func (s *Service) invalidate(tx *pg.Tx) { s.list.Drop(tx, wholeList{}) }
