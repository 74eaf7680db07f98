package registry

import (
	"context"
	"fmt"
	"slices"

	"galaxy/backend/platform/pg"
)

// Versions lists the registry, newest first, from memory. The slice is shared.
func (r *Registry) Versions(ctx context.Context) ([]Version, error) {
	all, _, err := r.table.Get(ctx, wholeKey{})
	return all, err
}

// Version finds one entry, from memory.
func (r *Registry) Version(ctx context.Context, version string) (Version, error) {
	all, err := r.Versions(ctx)
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
func (r *Registry) DefaultVersion(ctx context.Context) (string, error) {
	all, err := r.Versions(ctx)
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
func (r *Registry) StartableVersion(ctx context.Context, version string) error {
	v, err := r.Version(ctx, version)
	if err == nil && v.Status != Active {
		return ErrInactive.With("version", version).With("status", v.Status)
	}
	return err
}

// NotBlocked lets games that exist go on with a deprecated version.
func (r *Registry) NotBlocked(ctx context.Context, version string) error {
	v, err := r.Version(ctx, version)
	if err == nil && v.Status == Blocked {
		return ErrBlocked.With("version", version)
	}
	return err
}

// NewVersion is what registers a version.
type NewVersion struct{ Version, ImageRef, Notes string }

// RegisterVersion adds a version. The same values again return the entry that
// is there and false; other values are ErrExists. The first version
// becomes the default.
func (r *Registry) RegisterVersion(ctx context.Context, tx *pg.Tx, in NewVersion) (Version, bool, error) {
	if err := checkVersion(in.Version); err != nil {
		return Version{}, false, err
	}
	if err := checkImage(in.ImageRef); err != nil {
		return Version{}, false, err
	}
	row, err := r.store.insertVersion(ctx, tx, Version{Version: in.Version, ImageRef: in.ImageRef, Notes: in.Notes}, r.clock.Now())
	if err != nil {
		return Version{}, false, fmt.Errorf("register engine version %s: %w", in.Version, err)
	}
	if !row.Fresh && (row.ImageRef != in.ImageRef || row.Notes != in.Notes) {
		return Version{}, false, ErrExists
	}
	r.changed(tx)
	return row.Version, row.Fresh, nil
}

// Patch is a change of a version; nil leaves a field alone. Revision, when not
// 0, is the revision that the change is meant for.
type Patch struct {
	ImageRef, Notes, Status *string
	Revision                int64
}

// PatchVersion changes an entry. Engines that run keep their image until they
// are started again.
func (r *Registry) PatchVersion(ctx context.Context, tx *pg.Tx, version string, p Patch) (before, after Version, err error) {
	return r.editVersion(ctx, tx, version, func(v *Version) error {
		if p.Revision != 0 && p.Revision != v.Revision {
			return ErrChanged
		}
		if p.Notes != nil {
			v.Notes = *p.Notes
		}
		if p.Status != nil {
			if v.IsDefault && *p.Status != Active {
				return ErrIsDefault
			}
			v.Status = *p.Status
		}
		if p.ImageRef == nil || *p.ImageRef == v.ImageRef {
			return nil
		}
		v.ImageRef, v.Digest, v.Prefetch, v.PrefetchError, v.PrefetchedAt = *p.ImageRef, "", PrefetchNone, "", nil
		return checkImage(v.ImageRef)
	})
}

// PrefetchVersion has the version's image pulled ahead. The registry's entry
// says how far it is.
func (r *Registry) PrefetchVersion(ctx context.Context, tx *pg.Tx, version string) (before, after Version, err error) {
	tx.OnCommit(r.wake)
	return r.editVersion(ctx, tx, version, func(v *Version) error {
		if v.Prefetch != PrefetchRunning {
			v.Prefetch, v.PrefetchError = PrefetchQueued, ""
		}
		return nil
	})
}

// DefaultTo makes an active version the default.
func (r *Registry) DefaultTo(ctx context.Context, tx *pg.Tx, version string) (before, after Version, err error) {
	if err := r.store.lockAll(ctx, tx); err != nil {
		return Version{}, Version{}, err
	}
	v, err := r.store.lockVersion(ctx, tx, version)
	if err != nil {
		return v, v, err
	}
	if v.Status != Active {
		return v, v, ErrInactive.With("version", version).With("status", v.Status)
	}
	r.store.makeDefault(tx, version, r.clock.Now())
	r.changed(tx)
	before, after = v, v
	if !v.IsDefault {
		after.IsDefault, after.Revision = true, v.Revision+1
	}
	return before, after, nil
}

// DeleteVersion forgets a version that no game has ever used.
func (r *Registry) DeleteVersion(ctx context.Context, tx *pg.Tx, version string) (Version, error) {
	v, err := r.store.lockVersion(ctx, tx, version)
	if err != nil {
		return v, err
	}
	if v.IsDefault {
		return v, ErrIsDefault
	}
	r.changed(tx)
	return v, r.store.deleteVersion(ctx, tx, version)
}

func (r *Registry) editVersion(ctx context.Context, tx *pg.Tx, version string, edit func(*Version) error) (before, after Version, err error) {
	before, err = r.store.lockVersion(ctx, tx, version)
	if err != nil {
		return before, before, err
	}
	after = before
	if err := edit(&after); err != nil || after == before {
		return before, after, err
	}
	r.store.updateVersion(tx, after, r.clock.Now())
	after.Revision++
	after.UpdatedAt = r.clock.Now()
	r.changed(tx)
	return before, after, nil
}
