package testkit

import (
	"context"
	"testing"

	"go.uber.org/fx"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/httpx"
	"galaxy/backend/platform/lifecycle"
)

// Boot starts an fx application of the given modules and stand-ins on a fresh
// database, and stops it when the test ends. It provides *pg.DB, a logger that
// prints nothing and fails the test at an operator's change that was not
// audited, and the system's clock; a StandIn replaces any of them. fx.Populate
// among the options takes values out.
func Boot(t testing.TB, options ...fx.Option) *fx.App {
	t.Helper()
	app := fx.New(
		fx.NopLogger,
		fx.Supply(DB(t), zap.New(auditCore{t}), lifecycle.Cap(stepTimeout)),
		fx.Supply(fx.Annotate(clock.System{}, fx.As(new(clock.Clock)))),
		lifecycle.Module,
		fx.Module("test", options...),
		fx.StartTimeout(stepTimeout),
		fx.StopTimeout(stepTimeout),
	)
	ctx, cancel := context.WithTimeout(context.Background(), stepTimeout)
	defer cancel()
	if err := app.Start(ctx); err != nil {
		t.Fatalf("testkit: boot: %v", err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), stepTimeout)
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

// auditCore is a log core that fails the test when a change was not audited.
type auditCore struct{ t testing.TB }

func (c auditCore) Enabled(l zapcore.Level) bool      { return l >= zapcore.ErrorLevel }
func (c auditCore) With([]zapcore.Field) zapcore.Core { return c }
func (c auditCore) Sync() error                       { return nil }

func (c auditCore) Check(e zapcore.Entry, to *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if e.Message == httpx.Unaudited {
		return to.AddCore(e, c)
	}
	return to
}

func (c auditCore) Write(e zapcore.Entry, fields []zapcore.Field) error {
	enc := zapcore.NewMapObjectEncoder()
	for _, f := range fields {
		f.AddTo(enc)
	}
	c.t.Errorf("testkit: %s: %v", e.Message, enc.Fields)
	return nil
}
