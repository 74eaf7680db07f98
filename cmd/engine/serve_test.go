package main

import (
	"context"
	"net"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"galaxy/backend/cmd/engine/conformance"
	"galaxy/backend/cmd/engine/internal/api"
	"galaxy/backend/cmd/engine/internal/game"
	"galaxy/backend/cmd/engine/internal/store"
	enginev1 "galaxy/backend/proto/engine/v1"
)

// fixture is an engine in this process whose turns take until release is closed.
type fixture struct {
	*conformance.Client
	store          *store.Store
	begun, release chan struct{}
	stop           context.CancelFunc
	ended          chan error
}

func newFixture(t *testing.T, shutdown time.Duration) *fixture {
	t.Helper()
	directory, err := store.Open(conformance.StateDir(t), nil)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, directory.Close()) })
	f := &fixture{store: directory, begun: make(chan struct{}), release: make(chan struct{}), ended: make(chan error, 1)}
	engine := api.New(directory, api.Options{Version: version, Advance: func(c *game.Config, s *game.State, l game.Lists) *game.Turn {
		close(f.begun)
		<-f.release
		return game.Advance(c, s, l)
	}})
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	f.stop = stop
	f.Client = conformance.NewClient(t, "http://"+listener.Addr().String())
	go func() { f.ended <- serveOn(ctx, listener, engine, shutdown, zap.NewNop()) }()
	conformance.Into[enginev1.Status](f.Post(enginev1.PathInit, initBody), 201)
	return f
}

func TestARunningTurnIsFinishedAtShutdown(t *testing.T) {
	t.Parallel()
	f := newFixture(t, time.Minute)
	var call sync.WaitGroup
	var answer enginev1.TurnResponse
	call.Go(func() {
		answer = conformance.Into[enginev1.TurnResponse](f.Put(enginev1.PathTurn, enginev1.TurnRequest{Turn: 1}), 200)
	})
	<-f.begun
	f.stop()
	close(f.release)
	call.Wait()
	require.Equal(t, 1, answer.Turn)
	require.NoError(t, <-f.ended)
	loaded, err := f.store.Load()
	require.NoError(t, err)
	require.Equal(t, answer.Status.StateHash, loaded.Snapshot.Hash[:16])
}

func TestATurnThatOutlastsTheShutdownIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	f := newFixture(t, time.Millisecond)
	var call sync.WaitGroup
	call.Go(func() { f.Put(enginev1.PathTurn, enginev1.TurnRequest{Turn: 1}) })
	<-f.begun
	f.stop()
	require.ErrorIs(t, <-f.ended, context.DeadlineExceeded)
	loaded, err := f.store.Load()
	require.NoError(t, err)
	require.Equal(t, 0, loaded.Snapshot.Turn.State.Turn)
	close(f.release)
	call.Wait()
}

func TestAnUnusableDirectoryIsReportedByHealthz(t *testing.T) {
	t.Parallel()
	c := startEngine(t, filepath.Join(t.TempDir(), "missing"))
	health := conformance.Into[enginev1.Health](conformance.NewClient(t, c.base).Get(enginev1.PathHealthz), 503)
	require.Equal(t, enginev1.HealthFailed, health.Status)
	require.Equal(t, enginev1.CodeStorageUnavailable, health.Reason)
	require.Equal(t, 0, c.stop(t, syscall.SIGTERM))
}
