package geo

import (
	"context"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/platform/pg"
)

type store struct{}

// Counter is how often a user was seen in a country.
type Counter struct {
	UserID      uuid.UUID `db:"user_id" json:"-"`
	Country     string    `db:"country" json:"country"`
	Count       int64     `db:"count" json:"count"`
	FirstSeenAt time.Time `db:"first_seen_at" json:"first_seen_at"`
	LastSeenAt  time.Time `db:"last_seen_at" json:"last_seen_at"`
}

// One statement for any number of counters. The caller sorts them, so that two
// processes that flush at once never deadlock.
const upsertCounters = `
INSERT INTO user_country_counters AS c (user_id, country, count, first_seen_at, last_seen_at)
SELECT user_id, country, count, $4, $4 FROM unnest($1::uuid[], $2::text[], $3::bigint[]) AS counted (user_id, country, count)
ON CONFLICT (user_id, country) DO UPDATE SET count = c.count + EXCLUDED.count,
    last_seen_at = greatest(c.last_seen_at, EXCLUDED.last_seen_at)`

// counterColumns is the columns of many counters, in one order.
type counterColumns struct {
	users     []uuid.UUID
	countries []string
	counts    []int64
}

func (store) addCounters(tx *pg.Tx, c counterColumns, now time.Time) {
	tx.Queue(upsertCounters, c.users, c.countries, c.counts, now)
}

const selectCounters = `
SELECT user_id, country, count, first_seen_at, last_seen_at FROM user_country_counters WHERE user_id = $1 ORDER BY count DESC, country`

func (store) counters(ctx context.Context, q pg.Querier, user uuid.UUID) ([]Counter, error) {
	return pg.All[Counter](ctx, q, selectCounters, user)
}

const selectCountries = `SELECT country FROM user_country_counters WHERE user_id = $1 ORDER BY country`

func (store) countries(ctx context.Context, q pg.Querier, user uuid.UUID) ([]string, error) {
	return pg.All[string](ctx, q, selectCountries, user)
}

// deleteCounters forgets where a user was seen.
func (store) deleteCounters(tx *pg.Tx, user uuid.UUID) {
	tx.Queue(`DELETE FROM user_country_counters WHERE user_id = $1`, user)
}

const deleteErased = `
DELETE FROM user_country_counters c
WHERE user_id = ANY($1) AND EXISTS (SELECT FROM accounts a WHERE a.user_id = c.user_id AND a.erased_at IS NOT NULL)`

// deleteErased deletes the counters of those among users who are erased by now.
func (store) deleteErased(tx *pg.Tx, users []uuid.UUID) { tx.Queue(deleteErased, users) }
