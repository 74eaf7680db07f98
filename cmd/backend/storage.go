package main

import (
	"context"
	"time"

	"go.opentelemetry.io/otel"
	"go.uber.org/fx"

	"galaxy/backend/platform/httpx"
	"galaxy/backend/platform/lifecycle"
	"galaxy/backend/platform/pg"
	"galaxy/backend/sql"
)

// lock is the leader lock, which main has acquired before the graph is built.
type lock struct{ *pg.LeaderLock }

// database is the pool's place in the life of the process.
type database struct {
	*pg.DB
	lock lock
}

// storage provides the pool, and brings the schema up to date before anything
// reads it.
var storage = fx.Module("storage",
	fx.Provide(
		pg.New,
		func(db *pg.DB, l lock) *database { return &database{db, l} },
	),
	httpx.ProvideCheck(func(db *database) httpx.Check { return httpx.Check{Name: "postgres", Check: db.Ping} }),
	httpx.ProvideCheck(func(db *database) httpx.Check {
		return httpx.Check{Name: "migrations", Check: func(ctx context.Context) error { return db.migrated(ctx) }}
	}),
	httpx.ProvideCheck(func(db *database) httpx.Check {
		return httpx.Check{Name: "lock", Check: func(context.Context) error { return db.lock.Held() }}
	}),
	lifecycle.Component(lifecycle.Storage, "postgres", 5*time.Second, (*database).start, (*database).stop),
)

func (d *database) start(ctx context.Context) error {
	if err := d.Observe(otel.Meter("galaxy/pg")); err != nil {
		return err
	}
	if err := pg.Migrate(ctx, d.DB, sql.Migrations, sql.Root); err != nil {
		return err
	}
	if err := d.lock.BeginTerm(ctx); err != nil {
		return err
	}
	d.Fence(d.lock.Held)
	return nil
}

func (d *database) migrated(ctx context.Context) error {
	missing, err := pg.Pending(ctx, d.DB, sql.Migrations, sql.Root)
	if err == nil && len(missing) > 0 {
		err = errPending
	}
	return err
}

// stop closes the pool first: the next backend may begin once the lock is free.
func (d *database) stop(ctx context.Context) error {
	err := d.Close(ctx)
	if released := d.lock.Release(ctx); err == nil {
		err = released
	}
	return err
}
