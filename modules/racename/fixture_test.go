package racename

import (
	"context"
	"errors"
	"net/netip"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.uber.org/fx"

	"galaxy/backend/modules/admin"
	"galaxy/backend/modules/admin/admintest"
	"galaxy/backend/modules/notification/notificationtest"
	"galaxy/backend/modules/user"
	"galaxy/backend/modules/user/usertest"
	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/hook"
	"galaxy/backend/platform/httpx"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

const ttl = 30 * 24 * time.Hour

var (
	noon      = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	errBroken = errors.New("broken")
)

// fixture is the directory on a database of its own, among fakes of its
// neighbours.
type fixture struct {
	*testing.T
	s       *Service
	sweeper *Sweeper
	hooks   registeredHooks
	api     *testkit.API
	db      *pg.DB
	clock   *clock.Fake
	users   *usertest.Accounts
	intents *notificationtest.Recorder
}

// registeredHooks is what the domain hangs on user.
type registeredHooks struct {
	fx.In
	Departures []user.Departure `group:"hooks"`
	Exports    []user.Export    `group:"hooks"`
	Usages     []user.Usage     `group:"hooks"`
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{T: t, clock: clock.NewFake(noon), intents: &notificationtest.Recorder{}}
	auditor := &admintest.Auditor{}
	var server *httpx.Server
	testkit.Boot(t, Module, httpx.Module,
		fx.Supply(
			Config{PendingRegistrationTTL: ttl, SweepInterval: 100_000 * time.Hour}, CacheConfig{RaceNameKeysMax: 1000},
			httpx.Config{ListenAddr: "127.0.0.1:0", ShutdownTimeout: time.Minute}, httpx.GatewayConfig{}, httpx.TLSConfig{},
		),
		fx.Provide(
			func(db *pg.DB) *usertest.Accounts {
				f.users = usertest.New(t, db, f.clock)
				return f.users
			},
			func(a *usertest.Accounts) Accounts { return a },
			func(a *usertest.Accounts) httpx.UserGate { return a },
			fx.Private,
		),
		testkit.StandIn[clock.Clock](f.clock), testkit.StandIn[Notifier](f.intents),
		testkit.StandIn[httpx.UserSeen](unseen{}), testkit.StandIn[httpx.AdminGate](testkit.OpenGate{}),
		testkit.StandIn[admin.Auditor](auditor), testkit.StandIn[httpx.Auditor](auditor),
		fx.Populate(&f.db, &f.s, &f.sweeper, &f.hooks, &server),
	)
	f.api = testkit.Client(t, "http://"+server.Addr().String())
	f.clock.BlockUntil(1) // the sweeper's first pass is over; further ones are made by hand
	return f
}

// unseen forgets that a user was there.
type unseen struct{}

// Seen implements httpx.UserSeen.
func (unseen) Seen(uuid.UUID, netip.Addr) {}

// addUser makes a user who may register so many names.
func (f *fixture) addUser(limit int) uuid.UUID {
	f.Helper()
	id := f.users.Add().ID
	f.users.SetLimit(id, user.RegisteredRaceNames, limit, nil)
	return id
}

func (f *fixture) addUsers(n int) (ids []uuid.UUID) {
	f.Helper()
	for range n {
		ids = append(ids, f.addUser(2))
	}
	return ids
}

const insertGame = `INSERT INTO games (game_id, created_by, visibility, name, description, state, min_players,
		max_players, join_policy, start_when_full, engine_version, turns, map, created_at, updated_at)
	VALUES ($1, 'root', 'public', '', '', 'running', 1, 9, 'auto', false, '', '{}', '{}', now(), now())`

// addGame makes a row that names can refer to.
func (f *fixture) addGame() uuid.UUID {
	f.Helper()
	id := uuid.Must(uuid.NewV7())
	f.exec(insertGame, id)
	return id
}

func (f *fixture) exec(statement string, args ...any) {
	f.Helper()
	require.NoError(f, f.inTx(func(ctx context.Context, tx *pg.Tx) error {
		_, err := tx.Exec(ctx, statement, args...)
		return err
	}))
}

func (f *fixture) inTx(fn func(ctx context.Context, tx *pg.Tx) error) error {
	return f.db.InTx(context.Background(), fn)
}

// claim reserves a name for a user in a game.
func (f *fixture) claim(user, game uuid.UUID, text string) error {
	name, err := Parse(text)
	if err != nil {
		return err
	}
	return f.inTx(func(ctx context.Context, tx *pg.Tx) error { return f.s.Claim(ctx, tx, name, user, game) })
}

// reserve is a claim that has to succeed, in a game of its own.
func (f *fixture) reserve(user uuid.UUID, text string) (game uuid.UUID) {
	f.Helper()
	game = f.addGame()
	require.NoError(f, f.claim(user, game, text))
	return game
}

// release gives up what a game holds for a user, or for all of its members.
func (f *fixture) release(game uuid.UUID, user *uuid.UUID) {
	f.Helper()
	require.NoError(f, f.inTx(func(ctx context.Context, tx *pg.Tx) error {
		return f.s.ReleaseReserved(ctx, tx, []uuid.UUID{game}, user)
	}))
}

// promote ends a game now.
func (f *fixture) promote(game uuid.UUID, eligible ...uuid.UUID) {
	f.Helper()
	require.NoError(f, f.inTx(func(ctx context.Context, tx *pg.Tx) error {
		return f.s.Promote(ctx, tx, game, eligible, f.clock.Now())
	}))
}

// earn makes a name pending for a user.
func (f *fixture) earn(user uuid.UUID, text string) (game uuid.UUID) {
	f.Helper()
	game = f.reserve(user, text)
	f.promote(game, user)
	return game
}

func (f *fixture) register(user uuid.UUID, text string) Name {
	f.Helper()
	n, err := f.s.Register(f.Context(), user, text)
	require.NoError(f, err)
	return n
}

// depart ends an account, as user does.
func (f *fixture) depart(who uuid.UUID, why user.Reason) {
	f.Helper()
	require.NoError(f, f.inTx(func(ctx context.Context, tx *pg.Tx) error {
		if _, err := f.users.Lock(ctx, tx, who); err != nil {
			return err
		}
		for _, h := range hook.Sorted(f.hooks.Departures) {
			if err := h.Depart(ctx, tx, who, why); err != nil {
				return err
			}
		}
		return nil
	}))
}

func (f *fixture) sweep() {
	f.Helper()
	_, err := f.sweeper.RunOnce(f.Context())
	require.NoError(f, err)
}

// namesOf are a user's entries: state and display form, oldest first.
func (f *fixture) namesOf(user uuid.UUID) []string {
	f.Helper()
	names, err := f.s.Names(f.Context(), user, uuid.Max, 1000)
	require.NoError(f, err)
	out := []string{}
	for i := len(names) - 1; i >= 0; i-- {
		out = append(out, names[i].State+" "+names[i].Display)
	}
	return out
}

func (f *fixture) count(query string) int {
	f.Helper()
	n, err := pg.Get[int](f.Context(), f.db, query)
	require.NoError(f, err)
	return n
}

const (
	countOrphanedKeys = `SELECT count(*) FROM race_name_keys k WHERE NOT EXISTS (
		SELECT FROM race_names n WHERE k.key IN (n.canonical_key, n.second_key))`
	countForeignNames = `SELECT count(*) FROM race_names n JOIN race_name_keys k ON k.key IN (n.canonical_key, n.second_key)
		WHERE k.holder_user_id <> n.user_id`
)

// checkKeys checks what always holds of keys and names.
func (f *fixture) checkKeys() {
	f.Helper()
	require.Zero(f, f.count(countOrphanedKeys), "a key outlived its names")
	require.Zero(f, f.count(countForeignNames), "a name of somebody who does not hold its key")
}
