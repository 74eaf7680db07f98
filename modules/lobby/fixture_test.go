package lobby

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
	"galaxy/backend/modules/game"
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
	root   = game.Actor{Operator: "root"}
	hourly = schedule.Settings{Mode: schedule.Interval, Interval: time.Hour}
)

const (
	inviteTTL  = 168 * time.Hour
	pendingTTL = 720 * time.Hour
)

func by(id uuid.UUID) game.Actor { return game.Actor{User: id} }

// fixture is the domain with games and the directory of race names on a database
// of their own, among fakes of their neighbours.
type fixture struct {
	*testing.T
	s        *Service
	games    *game.Service
	cache    *game.Games
	names    *racename.Service
	sweepers sweepers
	hooks    registeredHooks
	api      *testkit.API
	db       *pg.DB
	clock    *clock.Fake

	users       *usertest.Accounts
	intents     *notificationtest.Recorder
	auditor     *admintest.Auditor
	observer    *recordingObserver
	expectation *fakeExpectation
}

// sweepers are the workers of the three domains.
type sweepers struct {
	fx.In
	Game     *game.Sweeper
	RaceName *racename.Sweeper
	Lobby    *Sweeper
}

// runOnce is one pass of each.
func (s sweepers) runOnce(ctx context.Context) error {
	var failed error
	for _, pass := range []func(context.Context) (bool, error){s.Game.RunOnce, s.RaceName.RunOnce, s.Lobby.RunOnce} {
		_, err := pass(ctx)
		failed = errors.Join(failed, err)
	}
	return failed
}

// registeredHooks is what the three domains hang on those below.
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
		observer: &recordingObserver{}, expectation: &fakeExpectation{},
	}
	const never = 100_000 * time.Hour
	var server *httpx.Server
	testkit.Boot(t, racename.Module, game.Module, Module, httpx.Module, f.fakes(),
		fx.Supply(
			game.Config{SweeperInterval: never, MinTurnInterval: time.Minute, FinishedEngineTTL: 168 * time.Hour},
			racename.Config{PendingRegistrationTTL: pendingTTL, SweepInterval: never},
			Config{InviteDefaultTTL: inviteTTL, SweepInterval: never},
			game.CacheConfig{GamesMax: 10_000}, racename.CacheConfig{RaceNameKeysMax: 10_000},
			httpx.Config{ListenAddr: "127.0.0.1:0", ReadTimeout: time.Minute, WriteTimeout: time.Minute,
				ShutdownTimeout: time.Minute},
			httpx.GatewayConfig{}, httpx.TLSConfig{},
		),
		fx.Populate(&f.db, &f.s, &f.games, &f.cache, &f.names, &f.sweepers, &f.hooks, &server),
	)
	f.api = testkit.Client(t, "http://"+server.Addr().String())
	f.clock.BlockUntil(3) // the first passes of the sweepers are over; further ones are made by hand
	return f
}

// fakes are the neighbours of the three domains.
func (f *fixture) fakes() fx.Option {
	return fx.Options(
		fx.Provide(
			func(db *pg.DB) *usertest.Accounts {
				f.users = usertest.New(f.T, db, f.clock)
				return f.users
			},
			func(a *usertest.Accounts) Accounts { return a },
			func(a *usertest.Accounts) game.Accounts { return a },
			func(a *usertest.Accounts) racename.Accounts { return a },
			func(a *usertest.Accounts) httpx.UserGate { return a },
			fx.Private,
		),
		testkit.StandIn[clock.Clock](f.clock),
		testkit.StandIn[Notifier](f.intents), testkit.StandIn[game.Notifier](f.intents),
		testkit.StandIn[racename.Notifier](f.intents),
		testkit.StandIn[game.Launcher](&runtimetest.Launcher{}),
		testkit.StandIn[game.EngineVersions](engineversiontest.New("0.1.0")),
		testkit.StandIn[admin.Auditor](f.auditor),
		testkit.StandIn[httpx.Auditor](f.auditor),
		testkit.StandIn[httpx.UserSeen](unseen{}),
		testkit.StandIn[httpx.AdminGate](testkit.OpenGate{}),
		game.ProvideObserver(func() game.Observer { return f.observer }),
		game.ProvideExpectation(func() game.Expectation { return f.expectation }),
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

// userName is the name that others invite a user by.
func (f *fixture) userName(id uuid.UUID) string {
	f.Helper()
	u, err := f.users.Snapshot(f.Context(), id)
	require.NoError(f, err)
	return u.UserName
}

// userRoutes are those of the domain.
func (f *fixture) userRoutes() []httpx.Route {
	var out []httpx.Route
	for _, t := range f.hooks.Tables {
		if t.Surface == httpx.SurfaceUser && t.Module == "lobby" {
			out = append(out, t.Routes...)
		}
	}
	return out
}

// game is a row, which has to be what the cache says.
func (f *fixture) game(id uuid.UUID) (g game.Game) {
	f.Helper()
	f.inTx(func(ctx context.Context, tx *pg.Tx) (err error) {
		g, err = f.cache.LockGame(ctx, tx, id)
		return err
	})
	cached, err := f.cache.Game(f.Context(), id)
	require.NoError(f, err)
	require.Equal(f, g, cached, "the cache differs from the row")
	return g
}

// membership is a row, which has to be what the cache says.
func (f *fixture) membership(g game.Game, who uuid.UUID) game.Membership {
	f.Helper()
	row, err := f.cache.MembershipIn(f.Context(), f.db, g.ID, who)
	require.NoError(f, err)
	cached, err := f.cache.Membership(f.Context(), g.ID, who)
	require.NoError(f, err)
	require.Equal(f, row, cached, "the cache differs from the row")
	return row
}

// inTx runs fn in a transaction that has to be committed.
func (f *fixture) inTx(fn func(ctx context.Context, tx *pg.Tx) error) {
	f.Helper()
	require.NoError(f, f.db.InTx(f.Context(), fn))
}

func (f *fixture) exec(statement string, args ...any) {
	f.Helper()
	f.inTx(func(ctx context.Context, tx *pg.Tx) error {
		_, err := tx.Exec(ctx, statement, args...)
		return err
	})
}

func (f *fixture) count(query string, args ...any) int {
	f.Helper()
	n, err := pg.Get[int](f.Context(), f.db, query, args...)
	require.NoError(f, err)
	return n
}

const selectFingerprint = `SELECT md5(concat_ws('|',
	(SELECT string_agg(g::text, ';' ORDER BY game_id) FROM games g),
	(SELECT string_agg(m::text, ';' ORDER BY game_id, user_id) FROM memberships m),
	(SELECT string_agg(a::text, ';' ORDER BY application_id) FROM applications a),
	(SELECT string_agg(i::text, ';' ORDER BY invite_id) FROM invites i),
	(SELECT string_agg(n::text, ';' ORDER BY race_name_id) FROM race_names n),
	(SELECT string_agg(k::text, ';' ORDER BY key) FROM race_name_keys k)))`

// fingerprint changes with every row of the three domains.
func (f *fixture) fingerprint() string {
	f.Helper()
	sum, err := pg.Get[string](f.Context(), f.db, selectFingerprint)
	require.NoError(f, err)
	return sum
}
