package runtime

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/engine"
	"galaxy/backend/modules/engineversion"
	"galaxy/backend/platform/httpx"
	"galaxy/backend/platform/pg"
	enginev1 "galaxy/backend/proto/engine/v1"
)

// tryStart requests a start that may be refused.
func (f *fixture) tryStart(spec Spec) error {
	_, err := f.inTx(func(ctx context.Context, tx *pg.Tx) (uuid.UUID, error) { return f.s.Start(ctx, tx, spec, User) })
	return err
}

// initRequest is what the engine of a game will be initialized with.
func (f *fixture) initRequest(game uuid.UUID) (req enginev1.InitRequest) {
	f.Helper()
	require.NoError(f, json.Unmarshal(f.record(game).Init, &req))
	return req
}

func TestALaterRequestSupersedesTheOneUnderWay(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	spec := f.spec()
	start := f.startSpec(spec)
	stop := f.request(f.s.Stop, spec.GameID)
	f.converge()
	require.Equal(t, OpSuperseded, f.operation(start).Status)
	require.Equal(t, OpSucceeded, f.operation(stop).Status)
	require.Zero(t, f.driver.Calls("ensure"))
	require.Equal(t, []string{"stopped stop"}, f.observer.told())
}

func TestARepeatedRequestIsTheSameOperation(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	spec := f.spec()
	require.Equal(t, f.startSpec(spec), f.startSpec(spec))
	for _, request := range []requestFunc{f.s.Stop, f.s.Restart, f.s.Remove} {
		require.Equal(t, f.request(request, spec.GameID), f.request(request, spec.GameID))
	}
	require.Equal(t, 2, f.record(spec.GameID).Generation, "one restart")
}

func TestARequestIsTwoRoundTrips(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	require.NoError(t, f.versions.Warm(t.Context()))
	trips := func(do func()) int64 {
		before := f.db.Traffic()
		do()
		return f.db.Traffic().RoundTrips - before.RoundTrips
	}
	var game uuid.UUID
	require.EqualValues(t, 2, trips(func() { game = f.start() }), "lock; write and commit")
	require.EqualValues(t, 2, trips(func() { f.request(f.s.Stop, game) }))
	f.converge()
	game = f.startRunning()
	var err error
	require.EqualValues(t, 2, trips(func() { _, err = f.s.Lease(t.Context(), game, time.Minute) }), "take; commit")
	require.NoError(t, err)
}

func TestARequestAboutAnEngineThatIsNotThereIsRefused(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for name, request := range map[string]requestFunc{"stop": f.s.Stop, "restart": f.s.Restart, "remove": f.s.Remove} {
		_, err := f.inTx(func(ctx context.Context, tx *pg.Tx) (uuid.UUID, error) {
			return request(ctx, tx, uuid.New(), User)
		})
		require.ErrorIs(t, err, ErrNotFound, name)
		require.ErrorContains(t, err, name+" the engine of game")
	}
	require.ErrorIs(t, f.tryStart(Spec{GameID: uuid.New()}), ErrNeverStarted)
	require.False(t, f.signalled())
}

func TestWhatIsRolledBackWakesNobody(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	spec := f.spec()
	_, err := f.inTx(func(ctx context.Context, tx *pg.Tx) (uuid.UUID, error) {
		if _, err := f.s.Start(ctx, tx, spec, User); err != nil {
			return uuid.Nil, err
		}
		return uuid.Nil, errBroken
	})
	require.ErrorIs(t, err, errBroken)
	require.False(t, f.signalled())
	_, err = f.s.Record(t.Context(), spec.GameID)
	require.ErrorIs(t, err, ErrNotFound)
	f.startSpec(spec)
	require.True(t, f.signalled())
}

func TestAnOperationSaysWhoAskedForIt(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	user := uuid.New()
	operator := httpx.Principal{Username: "root", Role: httpx.Operator}
	for _, row := range []struct {
		ctx   context.Context
		by    Source
		actor string
	}{
		{t.Context(), System, ""},
		{httpx.WithCall(t.Context(), "req-1", user, httpx.Principal{}), User, user.String()},
		{httpx.WithCall(t.Context(), "req-1", uuid.Nil, operator), Operator, "root"},
	} {
		var id uuid.UUID
		require.NoError(t, f.db.InTx(row.ctx, func(ctx context.Context, tx *pg.Tx) (err error) {
			id, err = f.s.Start(ctx, tx, f.spec(), row.by)
			return err
		}))
		o := f.operation(id)
		require.Equal(t, row.by, o.Source)
		require.Equal(t, row.actor, o.Actor)
		require.Equal(t, httpx.RequestID(row.ctx), o.RequestID)
		require.Equal(t, noon, o.CreatedAt.UTC())
		require.Equal(t, row.by, f.record(o.GameID).Source)
	}
}

func TestADeprecatedVersionStartsNoNewGame(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	old := f.startRunning()
	f.request(f.s.Stop, old)
	f.converge()
	f.setStatus("1.2.3", engineversion.Deprecated)
	require.ErrorIs(t, f.tryStart(f.spec()), engineversion.ErrInactive)
	f.startSpec(Spec{GameID: old})
	f.converge()
	require.Equal(t, Running, f.record(old).Observed, "a game that exists goes on")
	f.request(f.s.Restart, old)
	f.converge()
	require.Equal(t, Running, f.record(old).Observed)
}

func TestABlockedVersionIsRefusedToGamesThatExist(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	game := f.startRunning()
	f.setStatus("1.2.3", engineversion.Blocked)
	_, err := f.inTx(func(ctx context.Context, tx *pg.Tx) (uuid.UUID, error) {
		return f.s.Restart(ctx, tx, game, Operator)
	})
	require.ErrorIs(t, err, engineversion.ErrBlocked)
	require.ErrorIs(t, f.tryStart(Spec{GameID: game}), engineversion.ErrBlocked)
	require.Equal(t, 1, f.record(game).Generation)
	f.request(f.s.Stop, game)
	f.converge()
	require.Equal(t, Stopped, f.record(game).Observed, "what runs may be stopped")
}

func TestAVersionThatIsNotRegisteredIsRefused(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	spec := f.spec()
	spec.Version = "7.7.7"
	require.ErrorIs(t, f.tryStart(spec), engineversion.ErrNotFound)
	_, err := f.s.Record(t.Context(), spec.GameID)
	require.ErrorIs(t, err, ErrNotFound)
}

func TestAStoppedEngineIsStartedInTheGivenVersion(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.register("1.3.0")
	game := f.startRunning()
	f.startSpec(Spec{GameID: game, Version: "1.3.0"})
	require.Equal(t, "1.2.3", f.record(game).Version, "an engine that runs keeps its version")
	f.request(f.s.Stop, game)
	f.converge()
	f.startSpec(Spec{GameID: game, Version: "1.3.0"})
	f.converge()
	r := f.record(game)
	require.Equal(t, "1.3.0", r.Version)
	require.Equal(t, "galaxy/engine:1.3.0", r.Image)
	require.Equal(t, Running, r.Observed)
	require.Equal(t, 1, f.engines.inits)
}

func TestAStartOfARunningEngineEndsWithItsStatus(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	game := f.startRunning()
	id := f.startSpec(Spec{GameID: game})
	f.converge()
	require.Equal(t, OpSucceeded, f.operation(id).Status)
	require.Equal(t, 1, f.record(game).Generation, "nothing was started")
	require.Equal(t, []string{"running start"}, f.observer.told())
	require.NotNil(t, f.observer.last().Status)
}

func TestTheInitRequestMayChangeUntilItWasUsed(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	spec := f.spec()
	f.engines.fail(engine.ErrUnreachable)
	f.startSpec(spec)
	first := f.initRequest(spec.GameID)
	require.NotEmpty(t, first.Seed)
	f.request(f.s.Stop, spec.GameID)
	f.converge()

	spec.Init.Races = append(spec.Init.Races, enginev1.InitRace{UserID: "u2", RaceName: "Vogons"})
	f.startSpec(spec)
	second := f.initRequest(spec.GameID)
	require.Len(t, second.Races, 2)
	require.Equal(t, first.Seed, second.Seed, "a seed is drawn once")
	f.engines.fail(nil)
	f.converge()
	require.Equal(t, second, f.engines.initialized[spec.GameID])

	f.request(f.s.Stop, spec.GameID)
	f.converge()
	spec.Init.Races = spec.Init.Races[:1]
	f.startSpec(spec)
	require.Equal(t, second, f.initRequest(spec.GameID), "the game has been set up")
}

func TestASeedThatIsGivenIsKept(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	spec := f.spec()
	spec.Init.Seed = "42"
	f.startSpec(spec)
	require.Equal(t, "42", f.initRequest(spec.GameID).Seed)
}

func TestSeedsOfGamesDiffer(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	require.NotEqual(t, f.initRequest(f.start()).Seed, f.initRequest(f.start()).Seed)
}
