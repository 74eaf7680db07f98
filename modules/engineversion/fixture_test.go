package engineversion

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/admin/admintest"
	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

var errBroken = errors.New("the audit log is broken")

// fixture is the service on a fresh database.
type fixture struct {
	testing.TB
	db      *pg.DB
	clock   *clock.Fake
	auditor *admintest.Auditor
	signal  PrefetchSignal
	s       *Service
}

// newFixture is an empty registry.
func newFixture(t testing.TB) *fixture {
	t.Helper()
	f := &fixture{TB: t, db: testkit.DB(t), clock: clock.NewFake(noon), auditor: &admintest.Auditor{},
		signal: NewPrefetchSignal()}
	f.s = NewService(f.db, f.clock, f.auditor, f.signal)
	return f
}

// register adds versions under images of their names, the first as the default.
func (f *fixture) register(versions ...string) {
	f.Helper()
	for _, v := range versions {
		_, created, err := f.s.Register(f.Context(), NewVersion{Version: v, ImageRef: "galaxy/engine:" + v})
		require.NoError(f, err)
		require.True(f, created)
	}
}

// version reads an entry past the cache.
func (f *fixture) version(name string) Version {
	f.Helper()
	v, err := pg.Get[Version](f.Context(), f.db, selectVersions+` WHERE version = $1`, name)
	require.NoError(f, err)
	return v
}

func (f *fixture) setStatus(version string, status Status) {
	f.Helper()
	_, err := f.s.Patch(f.Context(), version, Patch{Status: &status})
	require.NoError(f, err)
}

func (f *fixture) defaultVersion() string {
	f.Helper()
	name, err := f.s.DefaultVersion(f.Context())
	require.NoError(f, err)
	return name
}

// exec stands for what other domains and crashed processes write.
func (f *fixture) exec(statement string, args ...any) {
	f.Helper()
	require.NoError(f, f.db.InTx(f.Context(), func(ctx context.Context, tx *pg.Tx) error {
		_, err := tx.Exec(ctx, statement, args...)
		return err
	}))
}

// signalled reports whether the signal was sent since the last call.
func (f *fixture) signalled() bool {
	select {
	case <-f.signal.C():
		return true
	default:
		return false
	}
}

// cancelled is the context of somebody who no longer waits.
func cancelled(t testing.TB) context.Context {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}
