package testkit

import (
	"context"
	"testing"

	"go.uber.org/fx"
	"go.uber.org/zap"

	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/lifecycle"
)

// Boot starts an fx application of the given modules and stand-ins on a fresh
// database, and stops it when the test ends. It provides *pg.DB, a logger that
// says nothing and the system's clock; a StandIn replaces any of them. Values
// come out through fx.Populate among the options.
func Boot(t testing.TB, options ...fx.Option) *fx.App {
	t.Helper()
	app := fx.New(
		fx.NopLogger,
		fx.Supply(DB(t), zap.NewNop(), lifecycle.Cap(patience)),
		fx.Supply(fx.Annotate(clock.System{}, fx.As(new(clock.Clock)))),
		lifecycle.Module,
		fx.Module("test", options...),
		fx.StartTimeout(patience),
		fx.StopTimeout(patience),
	)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := app.Start(ctx); err != nil {
		t.Fatalf("testkit: boot: %v", err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := app.Stop(ctx); err != nil {
			t.Errorf("testkit: stop: %v", err)
		}
	})
	return app
}

// StandIn puts v where the modules of Boot ask for a T, whether or not one of
// them provides it: it is private to the scope that Boot puts around them, and
// the nearest scope wins. T must be named when it is an interface:
// testkit.StandIn[lobby.Launcher](fake).
func StandIn[T any](v T) fx.Option {
	return fx.Provide(func() T { return v }, fx.Private)
}
