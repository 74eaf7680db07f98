package runtime

import (
	"context"
	"fmt"
	"slices"

	"galaxy/backend/platform/pg"
)

// registryKey is the one key of the registry's cache: it is small, and every
// question is about all of it.
type registryKey struct{}

func (s *Service) loadRegistry(ctx context.Context, _ registryKey) ([]Version, bool, error) {
	all, err := s.store.versions(ctx, s.db)
	slices.SortFunc(all, newer)
	return all, err == nil, err
}

// Versions lists the registry, newest first, from memory. The slice is shared.
func (s *Service) Versions(ctx context.Context) ([]Version, error) {
	all, _, err := s.registry.Get(ctx, registryKey{})
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
		return Version{}, ErrVersionNotFound.With("version", version)
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
	if err == nil && v.Status != VersionActive {
		return ErrVersionInactive.With("version", version).With("status", v.Status)
	}
	return err
}

// notBlocked lets games that exist go on with a deprecated version.
func (s *Service) notBlocked(ctx context.Context, version string) error {
	v, err := s.Version(ctx, version)
	if err == nil && v.Status == VersionBlocked {
		return ErrVersionBlocked.With("version", version)
	}
	return err
}

// NewVersion is what registers a version.
type NewVersion struct{ Version, ImageRef, Notes string }

// RegisterVersion adds a version. The same values again return the entry that
// is there and false; other values are ErrVersionExists. The first version
// becomes the default.
func (s *Service) RegisterVersion(ctx context.Context, tx *pg.Tx, in NewVersion) (Version, bool, error) {
	if err := checkVersion(in.Version); err != nil {
		return Version{}, false, err
	}
	if err := checkImage(in.ImageRef); err != nil {
		return Version{}, false, err
	}
	row, err := s.store.insertVersion(ctx, tx, Version{Version: in.Version, ImageRef: in.ImageRef, Notes: in.Notes}, s.clock.Now())
	if err != nil {
		return Version{}, false, fmt.Errorf("register engine version %s: %w", in.Version, err)
	}
	if !row.Fresh && (row.ImageRef != in.ImageRef || row.Notes != in.Notes) {
		return Version{}, false, ErrVersionExists
	}
	s.registry.Drop(tx, registryKey{})
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
func (s *Service) PatchVersion(ctx context.Context, tx *pg.Tx, version string, p Patch) (before, after Version, err error) {
	return s.editVersion(ctx, tx, version, func(v *Version) error {
		if p.Revision != 0 && p.Revision != v.Revision {
			return ErrVersionChanged
		}
		if p.Notes != nil {
			v.Notes = *p.Notes
		}
		if p.Status != nil {
			if v.IsDefault && *p.Status != VersionActive {
				return ErrVersionIsDefault
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
func (s *Service) PrefetchVersion(ctx context.Context, tx *pg.Tx, version string) (before, after Version, err error) {
	tx.OnCommit(s.Wake)
	return s.editVersion(ctx, tx, version, func(v *Version) error {
		if v.Prefetch != PrefetchRunning {
			v.Prefetch, v.PrefetchError = PrefetchQueued, ""
		}
		return nil
	})
}

// DefaultTo makes an active version the default.
func (s *Service) DefaultTo(ctx context.Context, tx *pg.Tx, version string) (before, after Version, err error) {
	v, err := s.store.lockVersion(ctx, tx, version)
	if err != nil {
		return v, v, err
	}
	if v.Status != VersionActive {
		return v, v, ErrVersionInactive.With("version", version).With("status", v.Status)
	}
	s.store.makeDefault(tx, version, s.clock.Now())
	s.registry.Drop(tx, registryKey{})
	before, after = v, v
	if !v.IsDefault {
		after.IsDefault, after.Revision = true, v.Revision+1
	}
	return before, after, nil
}

// DeleteVersion forgets a version that no game has ever used.
func (s *Service) DeleteVersion(ctx context.Context, tx *pg.Tx, version string) (Version, error) {
	v, err := s.store.lockVersion(ctx, tx, version)
	if err != nil {
		return v, err
	}
	if v.IsDefault {
		return v, ErrVersionIsDefault
	}
	s.registry.Drop(tx, registryKey{})
	return v, s.store.deleteVersion(ctx, tx, version)
}

func (s *Service) editVersion(ctx context.Context, tx *pg.Tx, version string, edit func(*Version) error) (before, after Version, err error) {
	before, err = s.store.lockVersion(ctx, tx, version)
	if err != nil {
		return before, before, err
	}
	after = before
	if err := edit(&after); err != nil || after == before {
		return before, after, err
	}
	s.store.updateVersion(tx, after, s.clock.Now())
	after.Revision++
	after.UpdatedAt = s.clock.Now()
	s.registry.Drop(tx, registryKey{})
	return before, after, nil
}
