package racename

import (
	"context"
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/modules/racename/spelling"
	"galaxy/backend/platform/pg"
)

// store is the SQL of the domain.
type store struct{}

// Waits for a transaction that is claiming or releasing one of the keys.
const insertKeys = `INSERT INTO race_name_keys (key, holder_user_id) SELECT k, $2 FROM unnest($1::text[]) WITH ORDINALITY AS u(k, n) ORDER BY n
	ON CONFLICT (key) DO NOTHING`

// In order of key: claiming, releasing and promoting all lock keys in this order.
const lockKeys = `SELECT key, holder_user_id FROM race_name_keys WHERE key = ANY($1) ORDER BY key FOR UPDATE`

type keyRow struct {
	Key    string    `db:"key"`
	Holder uuid.UUID `db:"holder_user_id"`
}

func (store) insertKeys(tx *pg.Tx, keys []string, holder uuid.UUID) {
	tx.Queue(insertKeys, keys, holder)
}

func (store) lockKeys(ctx context.Context, tx *pg.Tx, keys []string) ([]keyRow, error) {
	return pg.All[keyRow](ctx, tx, lockKeys, keys)
}

const insertReserved = `INSERT INTO race_names (race_name_id, canonical_key, second_key, display, user_id, state, game_id, created_at)
	VALUES ($1, $2, $3, $4, $5, 'reserved', $6, $7)`

func (store) insertReserved(tx *pg.Tx, id uuid.UUID, n spelling.Name, user, game uuid.UUID, at time.Time) {
	tx.Queue(insertReserved, id, n.Canonical, n.Second, n.Display, user, game, at)
}

// row is an entry with its keys.
type row struct {
	Name
	Canonical string `db:"canonical_key"`
	Second    string `db:"second_key"`
}

const nameColumns = ` n.race_name_id, n.canonical_key, n.second_key, n.display, n.user_id, n.state, n.game_id, n.source_game_id, n.expires_at, n.registered_at, n.created_at `

const selectReservedOf = `SELECT` + nameColumns + `FROM race_names n WHERE n.game_id = ANY($1) AND n.state = 'reserved' AND ($2::uuid IS NULL OR n.user_id = $2)`

// reserved are the names that games hold for a user, or for all members when user
// is nil.
func (store) reserved(ctx context.Context, q pg.Querier, games []uuid.UUID, user *uuid.UUID) ([]row, error) {
	return pg.All[row](ctx, q, selectReservedOf, games, user)
}

const selectNamesOf = `SELECT` + nameColumns + `FROM race_names n WHERE n.user_id = $1 AND n.race_name_id < $2 ORDER BY n.race_name_id DESC LIMIT $3`

func (store) namesOf(ctx context.Context, q pg.Querier, user, before uuid.UUID, n int) ([]row, error) {
	return pg.All[row](ctx, q, selectNamesOf, user, before, n)
}

const deleteNames = `DELETE FROM race_names WHERE race_name_id = ANY($1)`

// Each statement sees what the one before did, so a key goes with its last name.
// The keys are locked: nobody can be about to use one.
const deleteFreeKeys = `DELETE FROM race_name_keys k WHERE k.key = ANY($1)
	AND NOT EXISTS (SELECT FROM race_names n WHERE n.canonical_key = k.key)
	AND NOT EXISTS (SELECT FROM race_names n WHERE n.second_key = k.key)`

func (store) deleteNames(tx *pg.Tx, ids []uuid.UUID, keys []string) {
	tx.Queue(deleteNames, ids)
	tx.Queue(deleteFreeKeys, keys)
}

// The row lock decides between registering and expiry.
const lockRegistrable = `SELECT` + nameColumns + `FROM race_names n WHERE n.user_id = $1 AND n.canonical_key = $2 AND n.second_key = $3
	AND n.state IN ('pending_registration', 'registered') ORDER BY n.state DESC FOR UPDATE`

func (store) lockRegistrable(ctx context.Context, tx *pg.Tx, user uuid.UUID, n spelling.Name) ([]row, error) {
	return pg.All[row](ctx, tx, lockRegistrable, user, n.Canonical, n.Second)
}

const countRegistered = `SELECT count(*) FROM race_names WHERE user_id = $1 AND state = 'registered'`

func (store) countRegistered(ctx context.Context, q pg.Querier, user uuid.UUID) (int, error) {
	return pg.Get[int](ctx, q, countRegistered, user)
}

const registerName = `UPDATE race_names SET state = 'registered', expires_at = NULL, registered_at = $2 WHERE race_name_id = $1`

func (store) registerName(tx *pg.Tx, id uuid.UUID, at time.Time) { tx.Queue(registerName, id, at) }

// The keys are locked, so no pending or registered row can appear.
const promoteNames = `UPDATE race_names r SET state = 'pending_registration', expires_at = $3, source_game_id = r.game_id, game_id = NULL
	WHERE r.game_id = $1 AND r.state = 'reserved' AND r.user_id = ANY($2) AND NOT EXISTS (
		SELECT FROM race_names o WHERE o.canonical_key = r.canonical_key AND o.state <> 'reserved')
	RETURNING r.race_name_id, r.display, r.user_id, r.state, r.expires_at, r.created_at`

func (store) promoteNames(
	ctx context.Context, tx *pg.Tx, game uuid.UUID, users []uuid.UUID, expires time.Time,
) ([]Name, error) {
	return pg.All[Name](ctx, tx, promoteNames, game, users, expires)
}

// Runs after the promotion, to which it makes no difference.
const extendPending = `UPDATE race_names p SET expires_at = greatest(p.expires_at, $3) WHERE p.state = 'pending_registration' AND EXISTS (
	SELECT FROM race_names r WHERE r.game_id = $1 AND r.state = 'reserved' AND r.user_id = ANY($2) AND r.canonical_key = p.canonical_key)`

func (store) extendPending(tx *pg.Tx, game uuid.UUID, users []uuid.UUID, expires time.Time) {
	tx.Queue(extendPending, game, users, expires)
}

const selectExpiredNames = `SELECT n.race_name_id FROM race_names n WHERE n.state = 'pending_registration' AND n.expires_at <= $1 ORDER BY n.expires_at LIMIT $2`

func (store) expiredNames(ctx context.Context, q pg.Querier, now time.Time, n int) ([]uuid.UUID, error) {
	return pg.All[uuid.UUID](ctx, q, selectExpiredNames, now, n)
}

const selectPending = `SELECT` + nameColumns + `FROM race_names n WHERE n.race_name_id = $1 AND n.state = 'pending_registration'`

func (store) pending(ctx context.Context, q pg.Querier, id uuid.UUID) ([]row, error) {
	return pg.All[row](ctx, q, selectPending, id)
}

const lockExpiredName = `SELECT race_name_id FROM race_names WHERE race_name_id = $1 AND state = 'pending_registration' AND expires_at <= $2 FOR UPDATE`

// lockExpired locks a pending name that nobody registered or extended.
func (store) lockExpired(ctx context.Context, tx *pg.Tx, id uuid.UUID, now time.Time) (bool, error) {
	ids, err := pg.All[uuid.UUID](ctx, tx, lockExpiredName, id, now)
	return len(ids) > 0, err
}

const selectHolder = `SELECT holder_user_id FROM race_name_keys WHERE key = $1`

func (store) holder(ctx context.Context, q pg.Querier, key string) (uuid.UUID, error) {
	id, err := pg.Get[uuid.UUID](ctx, q, selectHolder, key)
	return id, err
}

const selectKeysToWarm = `SELECT key, holder_user_id FROM race_name_keys LIMIT $1`

func (store) keysToWarm(ctx context.Context, q pg.Querier, n int) ([]keyRow, error) {
	return pg.All[keyRow](ctx, q, selectKeysToWarm, n)
}

const selectExport = `SELECT coalesce(jsonb_agg(jsonb_build_object('race_name', display, 'state', state, 'game_id', game_id,
	'expires_at', expires_at, 'registered_at', registered_at) ORDER BY race_name_id), '[]') FROM race_names WHERE user_id = $1`

func (store) export(ctx context.Context, q pg.Querier, user uuid.UUID) (json.RawMessage, error) {
	return pg.Get[json.RawMessage](ctx, q, selectExport, user)
}
