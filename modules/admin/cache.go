package admin

import (
	"context"
	"errors"

	"galaxy/backend/platform/cache"
)

// newAccountCache holds every operator by user name, so that Basic
// authentication needs no query. Operators are few: there is no ceiling.
func newAccountCache(s *Service) *cache.Table[string, accountRow] {
	return cache.New("admin_accounts", 0, func(ctx context.Context, username string) (accountRow, bool, error) {
		row, err := s.store.account(ctx, s.db, username)
		if errors.Is(err, ErrNotFound) {
			return accountRow{}, false, nil
		}
		return row, err == nil, err
	})
}
