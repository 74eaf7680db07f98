package lobby

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.uber.org/fx"

	"galaxy/backend/modules/admin"
	"galaxy/backend/modules/game"
	"galaxy/backend/modules/notification/notificationtest"
	"galaxy/backend/modules/racename"
	"galaxy/backend/modules/runtime"
	"galaxy/backend/modules/user"
	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/fault"
	"galaxy/backend/platform/hook"
	"galaxy/backend/platform/httpx"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/schedule"
	"galaxy/backend/platform/testkit"
	enginev1 "galaxy/backend/proto/engine/v1"
)

func TestMain(m *testing.M) { testkit.Main(m) }

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// gameService is embedded beside the domain's own service.
type gameService = game.Service

// lounge is games, their names and the ways into them on a real database, among
// stand-ins for their neighbours.
type lounge struct {
	*testing.T
	*Service
	*gameService
	rows     *game.Games
	names    *racename.Service
	db       *pg.DB
	clock    *clock.Fake
	sweepers sweepers
	hooks    hooksIn
	api      *testkit.API
	people   *people
	log      *log
}

type sweepers struct {
	fx.In
	Game  *game.Sweeper
	Name  *racename.Sweeper
	Lobby *Sweeper
}

// runOnce is one pass of each.
func (s sweepers) runOnce(ctx context.Context) (again bool, err error) {
	for _, pass := range []func(context.Context) (bool, error){s.Game.RunOnce, s.Name.RunOnce, s.Lobby.RunOnce} {
		more, failed := pass(ctx)
		again, err = again || more, errors.Join(err, failed)
	}
	return again, err
}

// hooksIn is what the domains hang on those below.
type hooksIn struct {
	fx.In
	Departures []user.Departure   `group:"hooks"`
	Exports    []user.Export      `group:"hooks"`
	Usages     []user.Usage       `group:"hooks"`
	Observers  []runtime.Observer `group:"hooks"`
	Tables     []httpx.Table      `group:"routes"`
}

// userRoutes are those of the domain.
func (l *lounge) userRoutes() []httpx.Route {
	var out []httpx.Route
	for _, t := range l.hooks.Tables {
		if t.Surface == httpx.SurfaceUser && t.Module == "lobby" {
			out = append(out, t.Routes...)
		}
	}
	return out
}

func open(t *testing.T) *lounge {
	t.Helper()
	l := &lounge{T: t, clock: clock.NewFake(noon), people: &people{known: map[uuid.UUID]user.Snapshot{}}, log: &log{}}
	var server *httpx.Server
	const never = 100_000 * time.Hour
	testkit.Boot(t, racename.Module, game.Module, Module, httpx.Module,
		fx.Supply(
			game.Config{SweeperInterval: never, MinTurnInterval: time.Minute, FinishedEngineTTL: 168 * time.Hour},
			racename.Config{PendingRegistrationTTL: 720 * time.Hour, SweepInterval: never},
			Config{InviteDefaultTTL: 168 * time.Hour, SweepInterval: never},
			game.CacheConfig{GamesMax: 10_000}, racename.CacheConfig{RaceNameKeysMax: 10_000},
			httpx.Config{ListenAddr: "127.0.0.1:0", ReadTimeout: time.Minute, WriteTimeout: time.Minute, ShutdownTimeout: time.Minute},
			httpx.GatewayConfig{}, httpx.TLSConfig{},
		),
		testkit.StandIn[clock.Clock](l.clock),
		testkit.StandIn[Accounts](l.people), testkit.StandIn[game.Accounts](l.people), testkit.StandIn[racename.Accounts](l.people),
		testkit.StandIn[Notifier](l.log), testkit.StandIn[game.Notifier](l.log), testkit.StandIn[racename.Notifier](l.log),
		testkit.StandIn[game.Launcher](l.log),
		testkit.StandIn[game.EngineVersions](l.log),
		testkit.StandIn[admin.Auditor](l.log),
		testkit.StandIn[httpx.UserGate](l.people),
		testkit.StandIn[httpx.UserSeen](l.people),
		testkit.StandIn[httpx.AdminGate](l.people),
		testkit.StandIn[httpx.Auditor](l.log),
		game.ProvideObserver(func() game.Observer { return l.log }),
		game.ProvideExpectation(func() game.Expectation { return l.log }),
		fx.Populate(&l.db, &l.Service, &l.gameService, &l.rows, &l.names, &l.sweepers, &l.hooks, &server),
	)
	l.api = testkit.Client(t, "http://"+server.Addr().String())
	l.clock.BlockUntil(3) // the first passes of the sweepers are over; they go on by hand
	return l
}

// Seat is a user's membership, from memory.
func (l *lounge) Seat(ctx context.Context, g, u uuid.UUID) (game.Membership, error) {
	return l.rows.Membership(ctx, g, u)
}

// Seats are the memberships of a game, from memory.
func (l *lounge) Seats(ctx context.Context, g uuid.UUID) ([]game.Membership, error) {
	return l.rows.Memberships(ctx, g)
}

// people stands in for user, and for the gates of the edge.
type people struct {
	mu     sync.Mutex
	known  map[uuid.UUID]user.Snapshot
	barred map[uuid.UUID]error // whom the edge lets in no more
}

func (p *people) Lock(ctx context.Context, tx *pg.Tx, id uuid.UUID) (user.Snapshot, error) {
	if _, err := pg.Get[uuid.UUID](ctx, tx, `SELECT user_id FROM accounts WHERE user_id = $1 FOR UPDATE`, id); err != nil {
		return user.Snapshot{}, user.ErrUserUnknown
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.known[id], nil
}

func (p *people) Snapshots(_ context.Context, ids []uuid.UUID) (map[uuid.UUID]user.Snapshot, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := map[uuid.UUID]user.Snapshot{}
	for _, id := range ids {
		if s, ok := p.known[id]; ok {
			out[id] = s
		}
	}
	return out, nil
}

func (p *people) FindByUserName(_ context.Context, _ pg.Querier, name string) (user.Account, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for id, s := range p.known {
		if s.UserName == name {
			return user.Account{ID: id, UserName: name}, nil
		}
	}
	return user.Account{}, user.ErrUserUnknown
}

func (p *people) Seen(uuid.UUID, netip.Addr) {}
func (p *people) Admit(_ context.Context, id uuid.UUID) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.barred[id]
}

func (p *people) Authenticate(_ context.Context, name, _ string, _ netip.Addr) (httpx.Principal, error) {
	role, err := httpx.ParseRole(name)
	return httpx.Principal{Username: name, Role: role}, err
}

// set changes what may be known of a user.
func (p *people) set(id uuid.UUID, change func(*user.Snapshot)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.known[id]
	change(&s)
	p.known[id] = s
}

// log stands in for everybody who is told something. It keeps what was committed.
type log struct {
	notificationtest.Recorder
	mu       sync.Mutex
	starts   []runtime.Spec
	stops    []uuid.UUID
	events   []game.Event
	blocked  []game.BlockedRace
	statuses []*enginev1.Status
	audit    []admin.Entry
	expected map[uuid.UUID]game.Expect
}

func (l *log) keep(tx *pg.Tx, fn func()) {
	tx.OnCommit(func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		fn()
	})
}

func (l *log) Start(_ context.Context, tx *pg.Tx, spec runtime.Spec, _ runtime.Source) (uuid.UUID, error) {
	l.keep(tx, func() { l.starts = append(l.starts, spec) })
	return uuid.New(), nil
}

func (l *log) Stop(_ context.Context, tx *pg.Tx, gameID uuid.UUID, _ runtime.Source) (uuid.UUID, error) {
	l.keep(tx, func() { l.stops = append(l.stops, gameID) })
	return uuid.New(), nil
}

func (l *log) DefaultVersion(context.Context) (string, error) { return "0.1.0", nil }

func (l *log) StartableVersion(_ context.Context, v string) error {
	if v != "0.1.0" {
		return fault.New(fault.NotFound, "engine_version_not_found", "there is no such engine version")
	}
	return nil
}

func (l *log) Record(_ context.Context, tx *pg.Tx, e admin.Entry) error {
	l.keep(tx, func() { l.audit = append(l.audit, e) })
	return nil
}

func (l *log) Refused(context.Context, httpx.AuditEntry) {}

func (l *log) Name() string { return "log" }

func (l *log) GameChanged(_ context.Context, tx *pg.Tx, c game.Change) error {
	if c.Event == game.EventEnrollmentEnded {
		return nil
	}
	l.keep(tx, func() {
		l.events = append(l.events, c.Event)
		l.statuses = append(l.statuses, c.Status)
		if c.Blocked != nil {
			l.blocked = append(l.blocked, *c.Blocked)
		}
	})
	return nil
}

func (l *log) Expected(context.Context, uuid.UUID, []uuid.UUID) (map[uuid.UUID]game.Expect, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.expected, nil
}

const insertAccount = `INSERT INTO accounts (user_id, email, email_canonical, user_name, display_name, preferred_language, time_zone, declared_country, created_at, updated_at)
	VALUES ($1, $2, $2, $3, $3, 'en', 'UTC', '', $4, $4)`

// person makes a user with plenty of everything.
func (l *lounge) person() uuid.UUID {
	l.Helper()
	id := uuid.Must(uuid.NewV7())
	name := "player-" + strings.ReplaceAll(id.String(), "-", "")[24:]
	require.NoError(l, l.db.InTx(l.Context(), func(_ context.Context, tx *pg.Tx) error {
		tx.Queue(insertAccount, id, name+"@example.com", name, noon)
		return nil
	}))
	l.people.mu.Lock()
	defer l.people.mu.Unlock()
	l.people.known[id] = user.Snapshot{UserID: id, UserName: name, DisplayName: name,
		Limits: user.Limits{OwnedPrivateGames: 20, ActiveMemberships: 50, PendingApplications: 50, RegisteredRaceNames: 2}}
	return id
}

func (l *lounge) persons(n int) []uuid.UUID {
	out := make([]uuid.UUID, n)
	for i := range out {
		out[i] = l.person()
	}
	return out
}

var (
	root   = game.Actor{Operator: "root"}
	hourly = schedule.Settings{Mode: schedule.Interval, Interval: time.Hour}
)

func by(id uuid.UUID) game.Actor { return game.Actor{User: id} }

func wish() game.NewGame {
	return game.NewGame{Name: "The long war", MinPlayers: 2, MaxPlayers: 4, Turns: hourly}
}

// draft makes a game; change may adapt it before.
func (l *lounge) draft(who game.Actor, change ...func(*game.NewGame)) game.Game {
	l.Helper()
	in := wish()
	for _, fn := range change {
		fn(&in)
	}
	g, made, err := l.Create(l.Context(), who, in, "")
	require.NoError(l, err)
	require.True(l, made)
	return g
}

func (l *lounge) opened(who game.Actor, change ...func(*game.NewGame)) game.Game {
	l.Helper()
	return l.step(who, l.draft(who, change...).ID, game.Open)
}

func (l *lounge) step(who game.Actor, id uuid.UUID, verbs ...game.Verb) game.Game {
	l.Helper()
	var g game.Game
	for _, v := range verbs {
		var err error
		g, err = l.Move(l.Context(), who, id, v)
		require.NoError(l, err, "%s", v)
	}
	return g
}

// seated enrols users in an open game of any policy; races are Race0, Race1, …
func (l *lounge) seated(g game.Game, users ...uuid.UUID) []string {
	l.Helper()
	var races []string
	for _, u := range users {
		races = append(races, l.sit(g, u, raceOf(u)))
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

func (l *lounge) sit(g game.Game, u uuid.UUID, race string) string {
	l.Helper()
	ctx := l.Context()
	switch {
	case g.JoinPolicy == game.PolicyAuto:
		_, _, err := l.Apply(ctx, Application{GameID: g.ID, UserID: u, RaceName: race}, "")
		require.NoError(l, err)
	case g.OwnedBy(u):
		_, _, err := l.Join(ctx, u, g.ID, race)
		require.NoError(l, err)
	default:
		i, _, err := l.Invite(ctx, *g.OwnerID, Invitation{Game: g.ID, UserID: u}, "")
		require.NoError(l, err)
		_, _, err = l.Redeem(ctx, u, i.ID, race)
		require.NoError(l, err)
	}
	return race
}

// running is a game in play with these members.
func (l *lounge) running(who game.Actor, members ...uuid.UUID) (game.Game, []string) {
	l.Helper()
	g := l.opened(who, func(n *game.NewGame) { n.MinPlayers, n.MaxPlayers = 1, max(4, len(members)) })
	races := l.seated(g, members...)
	if who.Operator != "" {
		l.step(who, g.ID, game.ForceStart)
	} else {
		l.step(who, g.ID, game.Close, game.Start)
	}
	l.observe(g.ID, runtime.Running, func(c *runtime.Change) { c.Status = statusOf(0, races...) })
	return l.game(g.ID), races
}

// game is the row as it is; it has to be what the cache says.
func (l *lounge) game(id uuid.UUID) game.Game {
	l.Helper()
	row, err := l.row(l.Context(), id)
	require.NoError(l, err)
	kept, err := l.rows.Game(l.Context(), id)
	require.NoError(l, err)
	require.Equal(l, row, kept, "the cache differs from the row")
	return row
}

// row is the row of a game.
func (l *lounge) row(ctx context.Context, id uuid.UUID) (g game.Game, err error) {
	err = l.db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error {
		g, err = l.rows.LockGame(ctx, tx, id)
		return err
	})
	return g, err
}

// observe plays runtime's part.
func (l *lounge) observe(gameID uuid.UUID, seen runtime.Observed, change ...func(*runtime.Change)) {
	l.Helper()
	c := runtime.Change{GameID: gameID, Desired: string(runtime.WantRunning), Observed: string(seen), Generation: 1, Source: runtime.User}
	for _, fn := range change {
		fn(&c)
	}
	require.NoError(l, l.db.InTx(l.Context(), func(ctx context.Context, tx *pg.Tx) error {
		return l.hooks.Observers[0].RuntimeChanged(ctx, tx, c)
	}))
}

func (l *lounge) depart(who uuid.UUID, why user.Reason) {
	l.Helper()
	require.NoError(l, l.db.InTx(l.Context(), func(ctx context.Context, tx *pg.Tx) error {
		if _, err := l.people.Lock(ctx, tx, who); err != nil {
			return err
		}
		return l.departIn(ctx, tx, who, why)
	}))
}

// departIn calls the hooks in their order.
func (l *lounge) departIn(ctx context.Context, tx *pg.Tx, who uuid.UUID, why user.Reason) error {
	for _, h := range hook.Sorted(l.hooks.Departures) {
		if err := h.Depart(ctx, tx, who, why); err != nil {
			return err
		}
	}
	return nil
}

// record plays turn's part.
func (l *lounge) record(r game.TurnRecord) error {
	return l.db.InTx(l.Context(), func(ctx context.Context, tx *pg.Tx) error { return l.RecordTurn(ctx, tx, r) })
}

func (l *lounge) sweep() {
	l.Helper()
	_, err := l.sweepers.runOnce(l.Context())
	require.NoError(l, err)
}

func statusOf(turn int, races ...string) *enginev1.Status {
	s := &enginev1.Status{State: enginev1.StateRunning, Turn: &turn, StateHash: fmt.Sprintf("hash-%d", turn)}
	for _, r := range races {
		s.Races = append(s.Races, enginev1.RaceStatus{RaceName: r, State: enginev1.RaceActive, Planets: 1, Population: 1000})
	}
	return s
}

// statsFor makes every race active with so many planets.
func statsFor(planets int, races ...string) []game.RaceStats {
	var out []game.RaceStats
	for _, r := range races {
		out = append(out, game.RaceStats{RaceName: r, State: string(enginev1.RaceActive), Planets: planets, Population: 1000 * float64(planets)})
	}
	return out
}

// refused requires a fault of this one's code and reason.
func refused(t testing.TB, err error, want *fault.Error) {
	t.Helper()
	require.ErrorIs(t, err, want)
}

func (l *lounge) one(query string, args ...any) int {
	l.Helper()
	n, err := pg.Get[int](l.Context(), l.db, query, args...)
	require.NoError(l, err)
	return n
}

func startsWith(races []string) func(*runtime.Change) {
	return func(c *runtime.Change) { c.Status = statusOf(0, races...) }
}

// everything is a fingerprint of all rows of a game.
const everything = `SELECT md5(concat_ws('|',
	(SELECT string_agg(g::text, ';' ORDER BY game_id) FROM games g), (SELECT string_agg(m::text, ';' ORDER BY game_id, user_id) FROM memberships m),
	(SELECT string_agg(a::text, ';' ORDER BY application_id) FROM applications a), (SELECT string_agg(i::text, ';' ORDER BY invite_id) FROM invites i),
	(SELECT string_agg(n::text, ';' ORDER BY race_name_id) FROM race_names n), (SELECT string_agg(k::text, ';' ORDER BY key) FROM race_name_keys k)))`

func (l *lounge) fingerprint() string {
	l.Helper()
	sum, err := pg.Get[string](l.Context(), l.db, everything)
	require.NoError(l, err)
	return sum
}

func (l *lounge) exec(statement string, args ...any) {
	l.Helper()
	require.NoError(l, l.db.InTx(l.Context(), func(ctx context.Context, tx *pg.Tx) error {
		_, err := tx.Exec(ctx, statement, args...)
		return err
	}))
}
