package registry

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"galaxy/backend/modules/admin"
	"galaxy/backend/modules/runtime/driver"
	"galaxy/backend/platform/cache"
	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/sanitize"
)

// Registry is the list of engine versions.
type Registry struct {
	db      *pg.DB
	clock   clock.Clock
	auditor admin.Auditor
	store   store
	table   *cache.Table[wholeKey, []Version]
	wake    func()
}

// wholeKey is the one key of the cache: the list is small, and every question is
// about all of it.
type wholeKey struct{}

// New makes a registry. wake is called when there is an image to pull ahead.
func New(db *pg.DB, clk clock.Clock, auditor admin.Auditor, wake func()) *Registry {
	r := &Registry{db: db, clock: clk, auditor: auditor, wake: wake}
	r.table = cache.New("engine_versions", 1, r.load)
	return r
}

func (r *Registry) load(ctx context.Context, _ wholeKey) ([]Version, bool, error) {
	all, err := r.store.versions(ctx, r.db)
	slices.SortFunc(all, newer)
	return all, err == nil, err
}

func (r *Registry) changed(tx *pg.Tx) { r.table.Drop(tx, wholeKey{}) }

// Pulled keeps what the version's image resolved to.
func (r *Registry) Pulled(ctx context.Context, v Version, digest string) error {
	if digest == "" || digest == v.Digest {
		return nil
	}
	err := r.db.InTx(ctx, func(_ context.Context, tx *pg.Tx) error {
		r.store.pulled(tx, v.Version, digest)
		r.changed(tx)
		return nil
	})
	if err != nil {
		return fmt.Errorf("keep the digest of engine version %s: %w", v.Version, err)
	}
	return nil
}

// PullNext has one image pulled that an operator wants ahead. It reports false
// when there is none, and when trying again at once is useless.
func (r *Registry) PullNext(ctx context.Context, pull func(ctx context.Context, v Version) error) (again bool, err error) {
	var name string
	err = r.db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) (err error) {
		name, again, err = r.store.nextPrefetch(ctx, tx)
		if again {
			r.changed(tx)
		}
		return err
	})
	if err != nil || !again {
		return false, err
	}
	v, err := r.Version(ctx, name)
	if err != nil {
		return false, err
	}
	failed := pull(ctx, v)
	ctx = context.WithoutCancel(ctx)
	return failed == nil, r.db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error {
		_, _, err := r.editVersion(ctx, tx, name, func(v *Version) error {
			r.prefetched(v, failed)
			return nil
		})
		if errors.Is(err, ErrNotFound) { // deleted meanwhile
			return nil
		}
		return err
	})
}

func (r *Registry) prefetched(v *Version, failed error) {
	now := r.clock.Now()
	switch {
	case failed == nil:
		v.Prefetch, v.PrefetchError, v.PrefetchedAt = PrefetchDone, "", &now
	case errors.Is(failed, driver.ErrUnavailable), errors.Is(failed, context.Canceled):
		v.Prefetch = PrefetchQueued // the next pass tries again
	default:
		v.Prefetch, v.PrefetchError = PrefetchFailed, sanitize.Line(failed.Error())
	}
}
