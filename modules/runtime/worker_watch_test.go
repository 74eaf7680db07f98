package runtime

import (
	"context"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"galaxy/backend/modules/runtime/driver"
)

func (f *fixture) newWatcher(reconcile func()) (*watcher, *observer.ObservedLogs) {
	core, logs := observer.New(zap.WarnLevel)
	return newWatcher(f.db, f.clock, zap.New(core), f.driver, f.signal, reconcile), logs
}

func TestAHintDoesNotCutABackoffShort(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	game := f.startRunning()
	f.kill(game, 1)
	require.Equal(t, Starting, f.record(game).Observed)
	w, _ := f.newWatcher(func() {})
	require.NoError(t, w.record(t.Context(), map[uuid.UUID]bool{game: true}))
	require.Zero(t, f.converge())
}

func TestAHintOfAnUnknownGameIsIgnored(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	w, _ := f.newWatcher(func() {})
	require.NoError(t, w.record(t.Context(), map[uuid.UUID]bool{uuid.New(): true}))
	require.Zero(t, f.converge())
}

func TestAHintOfAnythingWritesNothing(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	asked := 0
	w, _ := f.newWatcher(func() { asked++ })
	before := f.db.Traffic()
	require.NoError(t, w.record(t.Context(), map[uuid.UUID]bool{uuid.Nil: true}))
	require.Equal(t, 1, asked)
	require.Equal(t, before, f.db.Traffic())
	require.False(t, f.signalled())
}

func TestAHintThatCannotBeRecordedIsLoggedAndTheWatchGoesOn(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	game := f.startRunning()
	f.signalled()
	w, logs := f.newWatcher(func() {})
	require.NoError(t, w.Start(t.Context()))
	t.Cleanup(func() { require.NoError(t, w.Stop(context.Background())) })
	f.db.Fence(func() error { return errBroken })
	for _, hint := range []driver.Hint{{GameID: game}, {}, {}} { // the third is taken after the first was dealt with
		f.driver.Hint(hint)
	}
	f.db.Fence(func() error { return nil })
	f.driver.Hint(driver.Hint{GameID: game})
	select {
	case <-f.signal.C():
	case <-t.Context().Done():
		t.Fatal("the watch has ended")
	}
	require.Equal(t, 1, logs.FilterMessage("hints were not recorded").Len())
	require.Equal(t, 1, f.converge())
}
