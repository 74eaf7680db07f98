package engineversion

import (
	"context"
	"errors"
	"time"

	"galaxy/backend/platform/pg"
)

type store struct{}

const selectVersions = `
SELECT version, image_ref, digest, status, is_default, notes, prefetch, prefetch_error, prefetched_at, revision, created_at, updated_at
FROM engine_versions`

func (store) versions(ctx context.Context, q pg.Querier) ([]Version, error) {
	return pg.All[Version](ctx, q, selectVersions)
}

// lock makes changes of one version follow each other.
func (store) lock(ctx context.Context, tx *pg.Tx, version string) (Version, error) {
	v, err := pg.Get[Version](ctx, tx, selectVersions+` WHERE version = $1 FOR UPDATE`, version)
	if errors.Is(err, pg.ErrNoRows) {
		return Version{}, ErrNotFound
	}
	return v, err
}

// lockAll makes choices of the default follow each other: which row is the
// default now is only certain once nobody else is choosing.
func (store) lockAll(ctx context.Context, tx *pg.Tx) error {
	_, err := pg.All[string](ctx, tx, `SELECT version FROM engine_versions ORDER BY version FOR UPDATE`)
	return err
}

// The first version becomes the default. The conflict clause changes nothing:
// it makes RETURNING answer with the row that is there.
const insertVersion = `
INSERT INTO engine_versions (version, image_ref, status, is_default, notes, created_at, updated_at)
VALUES ($1, $2, 'active', NOT EXISTS (SELECT FROM engine_versions), $3, $4, $4)
ON CONFLICT (version) DO UPDATE SET version = EXCLUDED.version
RETURNING version, image_ref, digest, status, is_default, notes, prefetch, prefetch_error, prefetched_at, revision, created_at, updated_at,
          xmax = 0 AS fresh`

type insertedVersion struct {
	Version
	Fresh bool `db:"fresh"`
}

func (store) insert(ctx context.Context, tx *pg.Tx, v NewVersion, now time.Time) (insertedVersion, error) {
	return pg.Get[insertedVersion](ctx, tx, insertVersion, v.Version, v.ImageRef, v.Notes, now)
}

const updateVersion = `
UPDATE engine_versions SET image_ref = $2, digest = $3, status = $4, notes = $5, prefetch = $6, prefetch_error = $7, prefetched_at = $8,
       revision = revision + 1, updated_at = $9
WHERE version = $1`

func (store) update(tx *pg.Tx, v Version, now time.Time) {
	tx.Queue(updateVersion, v.Version, v.ImageRef, v.Digest, v.Status, v.Notes, v.Prefetch, v.PrefetchError,
		v.PrefetchedAt, now)
}

// Two statements, because the unique index on the default is judged row by row.
func (store) setDefault(tx *pg.Tx, version string, now time.Time) {
	const clear = `
UPDATE engine_versions SET is_default = false, revision = revision + 1, updated_at = $2 WHERE is_default AND version <> $1`
	const set = `
UPDATE engine_versions SET is_default = true, revision = revision + 1, updated_at = $2 WHERE version = $1 AND NOT is_default`
	tx.Queue(clear, version, now)
	tx.Queue(set, version, now)
}

const deleteVersion = `DELETE FROM engine_versions WHERE version = $1`

func (store) delete(ctx context.Context, tx *pg.Tx, version string) error {
	_, err := tx.Exec(ctx, deleteVersion, version)
	if pg.Constraint(err) != "" { // a record or a game refers to it
		return ErrInUse.Because(err)
	}
	return err
}

const updateDigest = `
UPDATE engine_versions SET digest = $2 WHERE version = $1 AND digest <> $2`

// setDigest keeps what the image resolved to. It is not a change that an
// operator made, so the revision stays.
func (store) setDigest(tx *pg.Tx, version, digest string) { tx.Queue(updateDigest, version, digest) }

// There is one worker, which takes one at a time: what is running already was
// left behind, by a process that stopped or a record that could not be written.
const claimPrefetch = `
UPDATE engine_versions SET prefetch = 'running' WHERE version =
    (SELECT version FROM engine_versions WHERE prefetch IN ('queued', 'running') ORDER BY updated_at LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING version`

// claimPrefetch takes one image that is to be pulled ahead.
func (store) claimPrefetch(ctx context.Context, tx *pg.Tx) (version string, ok bool, err error) {
	version, err = pg.Get[string](ctx, tx, claimPrefetch)
	if errors.Is(err, pg.ErrNoRows) {
		return "", false, nil
	}
	return version, err == nil, err
}
