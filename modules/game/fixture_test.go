package game

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.uber.org/fx"

	"galaxy/backend/modules/admin"
	"galaxy/backend/modules/admin/admintest"
	"galaxy/backend/modules/engineversion/engineversiontest"
	"galaxy/backend/modules/notification/notificationtest"
	"galaxy/backend/modules/racename"
	"galaxy/backend/modules/runtime"
	"galaxy/backend/modules/runtime/runtimetest"
	"galaxy/backend/modules/user"
	"galaxy/backend/modules/user/usertest"
	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/httpx"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/schedule"
	"galaxy/backend/platform/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

var (
	noon   = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	root   = Actor{Operator: "root"}
	hourly = schedule.Settings{Mode: schedule.Interval, Interval: time.Hour}

	errBroken   = errors.New("broken")
	unknownGame = uuid.MustParse("00000000-0000-7000-8000-000000000001")
)

const (
	engineTTL  = 168 * time.Hour
	pendingTTL = 720 * time.Hour
)

func by(id uuid.UUID) Actor { return Actor{User: id} }

// fixture is the domain and the directory of race names on a database of their
// own, among fakes of their neighbours.
type fixture struct {
	*testing.T
	s       *Service
	games   *Games
	sweeper *Sweeper
	names   *racename.Service
	hooks   registeredHooks
	api     *testkit.API
	db      *pg.DB
	clock   *clock.Fake

	users       *usertest.Accounts
	intents     *notificationtest.Recorder
	auditor     *admintest.Auditor
	launcher    *runtimetest.Launcher
	versions    *engineversiontest.Versions
	observer    *recordingObserver
	expectation *fakeExpectation
	access      *fakeAccess
}

// registeredHooks is what the two domains hang on those below.
type registeredHooks struct {
	fx.In
	Departures []user.Departure   `group:"hooks"`
	Exports    []user.Export      `group:"hooks"`
	Usages     []user.Usage       `group:"hooks"`
	Engines    []runtime.Observer `group:"hooks"`
	Tables     []httpx.Table      `group:"routes"`
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{
		T: t, clock: clock.NewFake(noon), intents: &notificationtest.Recorder{}, auditor: &admintest.Auditor{},
		launcher: &runtimetest.Launcher{}, versions: engineversiontest.New("0.1.0", "0.2.0"),
		observer: &recordingObserver{}, expectation: &fakeExpectation{}, access: &fakeAccess{},
	}
	const never = 100_000 * time.Hour
	var server *httpx.Server
	testkit.Boot(t, racename.Module, Module, httpx.Module, f.fakes(),
		fx.Supply(
			Config{SweeperInterval: never, MinTurnInterval: time.Minute, FinishedEngineTTL: engineTTL},
			CacheConfig{GamesMax: 10_000},
			racename.Config{PendingRegistrationTTL: pendingTTL, SweepInterval: never},
			racename.CacheConfig{RaceNameKeysMax: 10_000},
			httpx.Config{ListenAddr: "127.0.0.1:0", ShutdownTimeout: time.Minute},
			httpx.GatewayConfig{}, httpx.TLSConfig{},
		),
		fx.Populate(&f.db, &f.s, &f.games, &f.sweeper, &f.names, &f.hooks, &server),
	)
	f.api = testkit.Client(t, "http://"+server.Addr().String())
	f.clock.BlockUntil(2) // the first passes of both sweepers are over; further ones are made by hand
	return f
}

// fakes are the neighbours of both domains.
func (f *fixture) fakes() fx.Option {
	return fx.Options(
		fx.Provide(
			func(db *pg.DB) *usertest.Accounts {
				f.users = usertest.New(f.T, db, f.clock)
				return f.users
			},
			func(a *usertest.Accounts) Accounts { return a },
			func(a *usertest.Accounts) racename.Accounts { return a },
			func(a *usertest.Accounts) httpx.UserGate { return a },
			fx.Private,
		),
		testkit.StandIn[clock.Clock](f.clock),
		testkit.StandIn[Notifier](f.intents), testkit.StandIn[racename.Notifier](f.intents),
		testkit.StandIn[Launcher](f.launcher),
		testkit.StandIn[EngineVersions](f.versions),
		testkit.StandIn[admin.Auditor](f.auditor),
		testkit.StandIn[httpx.Auditor](f.auditor),
		testkit.StandIn[httpx.UserSeen](unseen{}),
		testkit.StandIn[httpx.AdminGate](testkit.OpenGate{}),
		ProvideObserver(func() Observer { return f.observer }),
		ProvideExpectation(func() Expectation { return f.expectation }),
		ProvideAccess(func() Access { return f.access }),
	)
}

// addUser makes a user on the largest plan.
func (f *fixture) addUser() uuid.UUID {
	f.Helper()
	return f.addUsers(1)[0]
}

func (f *fixture) addUsers(n int) []uuid.UUID {
	f.Helper()
	ids := f.users.AddMany(n)
	for _, id := range ids {
		f.users.SetPlan(id, user.Permanent, nil)
	}
	return ids
}

func newGame(change ...func(*NewGame)) NewGame {
	in := NewGame{Name: "The long war", MinPlayers: 2, MaxPlayers: 4, Turns: hourly}
	for _, fn := range change {
		fn(&in)
	}
	return in
}

// draft makes a game, of a user or of an operator.
func (f *fixture) draft(who Actor, change ...func(*NewGame)) Game {
	f.Helper()
	g, made, err := f.s.Create(f.Context(), who, newGame(change...), "")
	require.NoError(f, err)
	require.True(f, made)
	return g
}

// opened makes a game that takes members.
func (f *fixture) opened(who Actor, change ...func(*NewGame)) Game {
	f.Helper()
	return f.move(who, f.draft(who, change...).ID, Open)
}

func (f *fixture) move(who Actor, id uuid.UUID, verbs ...Verb) (g Game) {
	f.Helper()
	for _, v := range verbs {
		var err error
		g, err = f.s.Move(f.Context(), who, id, v)
		require.NoError(f, err, v)
	}
	return g
}

// enroll seats a user, as the domain above does.
func (f *fixture) enroll(g Game, who uuid.UUID, race string) (m Membership) {
	f.Helper()
	name, err := racename.Parse(race)
	require.NoError(f, err)
	f.inTx(func(ctx context.Context, tx *pg.Tx) error {
		if _, err := f.users.Lock(ctx, tx, who); err != nil {
			return err
		}
		g, err := f.games.LockGame(ctx, tx, g.ID)
		if err != nil {
			return err
		}
		m, err = f.s.Enroll(ctx, tx, &g, who, name)
		return err
	})
	return m
}

// enrollAll seats users under race names of their own, a second apart, so that
// their order is known.
func (f *fixture) enrollAll(g Game, users ...uuid.UUID) (races []string) {
	f.Helper()
	for _, u := range users {
		races = append(races, f.enroll(g, u, raceOf(u)).RaceName)
		f.clock.Advance(time.Second)
	}
	return races
}

// raceOf is a race name of a user's own that looks like no other one.
func raceOf(u uuid.UUID) string {
	const letters = "abcdefghjkpqrstu"
	name := []byte("Z")
	for _, b := range u[8:14] {
		name = append(name, letters[b>>4], letters[b&15])
	}
	return string(name)
}

// game is a row, which has to be what the cache says.
func (f *fixture) game(id uuid.UUID) Game {
	f.Helper()
	row, err := store{}.game(f.Context(), f.db, id)
	require.NoError(f, err)
	cached, err := f.games.Game(f.Context(), id)
	require.NoError(f, err)
	require.Equal(f, row, cached, "the cache differs from the row")
	return row
}

// membership is a row, which has to be what the cache says.
func (f *fixture) membership(g Game, who uuid.UUID) Membership {
	f.Helper()
	row, err := f.games.MembershipIn(f.Context(), f.db, g.ID, who)
	require.NoError(f, err)
	cached, err := f.games.Membership(f.Context(), g.ID, who)
	require.NoError(f, err)
	require.Equal(f, row, cached, "the cache differs from the row")
	return row
}

// inTx runs fn in a transaction that has to be committed.
func (f *fixture) inTx(fn func(ctx context.Context, tx *pg.Tx) error) {
	f.Helper()
	require.NoError(f, f.db.InTx(f.Context(), fn))
}
