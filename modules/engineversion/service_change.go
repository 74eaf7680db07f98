package engineversion

import (
	"context"
	"fmt"

	"galaxy/backend/modules/admin"
	"galaxy/backend/platform/pg"
)

// Register adds a version. The same values again return the entry that is there
// and false; other values are ErrExists. The first version becomes the default.
func (s *Service) Register(ctx context.Context, in NewVersion) (v Version, created bool, err error) {
	if err := checkVersion(in.Version); err != nil {
		return Version{}, false, err
	}
	if err := checkImage(in.ImageRef); err != nil {
		return Version{}, false, err
	}
	err = s.db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error {
		row, err := s.store.insert(ctx, tx, in, s.clock.Now())
		if err != nil {
			return fmt.Errorf("register engine version %s: %w", in.Version, err)
		}
		if !row.Fresh && (row.ImageRef != in.ImageRef || row.Notes != in.Notes) {
			return ErrExists
		}
		v, created = row.Version, row.Fresh
		s.invalidate(tx)
		return s.auditor.Record(ctx, tx, entry("create", in.Version, nil, auditFacts(v)))
	})
	return v, created, err
}

// Patch changes an entry. Engines that run keep their image until they are
// started again.
func (s *Service) Patch(ctx context.Context, version string, p Patch) (Version, error) {
	return s.change(ctx, version, "patch", p.apply)
}

// Deprecate has a version start no new games.
func (s *Service) Deprecate(ctx context.Context, version string) (Version, error) {
	deprecated := Deprecated
	return s.change(ctx, version, "deprecate", Patch{Status: &deprecated}.apply)
}

// QueuePrefetch has the version's image pulled ahead. The registry's entry says
// how far it is.
func (s *Service) QueuePrefetch(ctx context.Context, version string) (Version, error) {
	return s.changeTx(ctx, version, "prefetch", func(ctx context.Context, tx *pg.Tx) (before, after Version, err error) {
		tx.OnCommit(s.prefetch.Send)
		return s.update(ctx, tx, version, func(v *Version) error {
			if v.Prefetch != PrefetchRunning {
				v.Prefetch, v.PrefetchError = PrefetchQueued, ""
			}
			return nil
		})
	})
}

// SetDefault makes an active version the default.
func (s *Service) SetDefault(ctx context.Context, version string) (Version, error) {
	return s.changeTx(ctx, version, "default", func(ctx context.Context, tx *pg.Tx) (before, after Version, err error) {
		if err := s.store.lockAll(ctx, tx); err != nil {
			return Version{}, Version{}, err
		}
		v, err := s.store.lock(ctx, tx, version)
		if err != nil {
			return v, v, err
		}
		if v.Status != Active {
			return v, v, ErrInactive.With("version", version).With("status", v.Status)
		}
		s.store.setDefault(tx, version, s.clock.Now())
		s.invalidate(tx)
		before, after = v, v
		if !v.IsDefault {
			after.IsDefault, after.Revision = true, v.Revision+1
		}
		return before, after, nil
	})
}

// Delete forgets a version that no game has ever used.
func (s *Service) Delete(ctx context.Context, version string) error {
	return s.db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error {
		v, err := s.store.lock(ctx, tx, version)
		if err != nil {
			return err
		}
		if v.IsDefault {
			return ErrIsDefault
		}
		if err := s.store.delete(ctx, tx, version); err != nil {
			return err
		}
		s.invalidate(tx)
		return s.auditor.Record(ctx, tx, entry("delete", version, auditFacts(v), nil))
	})
}

// change edits one entry, with an audit row under the action's name.
func (s *Service) change(ctx context.Context, version, action string, edit func(*Version) error) (Version, error) {
	return s.changeTx(ctx, version, action, func(ctx context.Context, tx *pg.Tx) (before, after Version, err error) {
		return s.update(ctx, tx, version, edit)
	})
}

type changeFunc func(ctx context.Context, tx *pg.Tx) (before, after Version, err error)

func (s *Service) changeTx(ctx context.Context, version, action string, change changeFunc) (after Version, err error) {
	err = s.db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error {
		before, changed, err := change(ctx, tx)
		if err != nil {
			return err
		}
		after = changed
		return s.auditor.Record(ctx, tx, entry(action, version, auditFacts(before), auditFacts(changed)))
	})
	return after, err
}

// update writes what edit makes of the entry, if that is a change.
func (s *Service) update(
	ctx context.Context, tx *pg.Tx, version string, edit func(*Version) error,
) (before, after Version, err error) {
	before, err = s.store.lock(ctx, tx, version)
	if err != nil {
		return before, before, err
	}
	after = before
	if err := edit(&after); err != nil || after == before {
		return before, after, err
	}
	now := s.clock.Now()
	s.store.update(tx, after, now)
	after.Revision++
	after.UpdatedAt = now
	s.invalidate(tx)
	return before, after, nil
}

func entry(action, version string, before, after any) admin.Entry {
	return admin.Entry{Action: "engine_version." + action, Target: "engine_version:" + version, Before: before,
		After: after}
}

// auditFacts is what an audit row shows of a version.
func auditFacts(v Version) any {
	return map[string]any{
		"image_ref": v.ImageRef, "status": v.Status, "is_default": v.IsDefault, "notes": v.Notes, "prefetch": v.Prefetch,
	}
}
