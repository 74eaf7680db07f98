package admin

import (
	"context"
	"errors"

	"galaxy/backend/platform/cache"
)

// newAccountCache holds every account by user name, so that Basic authentication
// needs no query. There are few accounts, so it is unbounded.
func newAccountCache(s *Service) *cache.Table[string, accountRow] {
	return cache.New("admin_accounts", 0, func(ctx context.Context, username string) (accountRow, bool, error) {
		row, err := s.store.account(ctx, s.db, username)
		if errors.Is(err, ErrNotFound) {
			return accountRow{}, false, nil
		}
		return row, err == nil, err
	})
}
