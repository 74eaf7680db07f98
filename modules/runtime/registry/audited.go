package registry

import (
	"context"

	"galaxy/backend/modules/admin"
	"galaxy/backend/platform/pg"
)

// versionFacts is what an audit row shows of a version.
func versionFacts(v Version) any {
	return map[string]any{"image_ref": v.ImageRef, "status": v.Status, "is_default": v.IsDefault, "notes": v.Notes, "prefetch": v.Prefetch}
}

// Register is RegisterVersion with its audit row.
func (r *Registry) Register(ctx context.Context, in NewVersion) (v Version, created bool, err error) {
	err = r.db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) (err error) {
		if v, created, err = r.RegisterVersion(ctx, tx, in); err != nil {
			return err
		}
		return r.auditor.Record(ctx, tx, admin.Entry{
			Action: "engine_version.create", Target: "engine_version:" + in.Version, After: versionFacts(v),
		})
	})
	return v, created, err
}

// ChangeVersion is PatchVersion with its audit row under the action's name.
func (r *Registry) ChangeVersion(ctx context.Context, version, action string, p Patch) (Version, error) {
	return r.audited(ctx, version, action, func(ctx context.Context, tx *pg.Tx) (before, after Version, err error) {
		return r.PatchVersion(ctx, tx, version, p)
	})
}

// ChooseVersion is DefaultTo with its audit row.
func (r *Registry) ChooseVersion(ctx context.Context, version string) (Version, error) {
	return r.audited(ctx, version, "default", func(ctx context.Context, tx *pg.Tx) (before, after Version, err error) {
		return r.DefaultTo(ctx, tx, version)
	})
}

// FetchVersion is PrefetchVersion with its audit row.
func (r *Registry) FetchVersion(ctx context.Context, version string) (Version, error) {
	return r.audited(ctx, version, "prefetch", func(ctx context.Context, tx *pg.Tx) (before, after Version, err error) {
		return r.PrefetchVersion(ctx, tx, version)
	})
}

type edit func(ctx context.Context, tx *pg.Tx) (before, after Version, err error)

func (r *Registry) audited(ctx context.Context, version, action string, change edit) (after Version, err error) {
	err = r.db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error {
		before, changed, err := change(ctx, tx)
		if err != nil {
			return err
		}
		after = changed
		return r.auditor.Record(ctx, tx, admin.Entry{
			Action: "engine_version." + action, Target: "engine_version:" + version,
			Before: versionFacts(before), After: versionFacts(changed),
		})
	})
	return after, err
}

// ForgetVersion is DeleteVersion with its audit row.
func (r *Registry) ForgetVersion(ctx context.Context, version string) error {
	return r.db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error {
		v, err := r.DeleteVersion(ctx, tx, version)
		if err != nil {
			return err
		}
		return r.auditor.Record(ctx, tx, admin.Entry{
			Action: "engine_version.delete", Target: "engine_version:" + version, Before: versionFacts(v),
		})
	})
}
