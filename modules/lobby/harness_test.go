package lobby

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.uber.org/fx"

	"galaxy/backend/modules/admin"
	"galaxy/backend/modules/lobby/internal/games"
	"galaxy/backend/modules/notification"
	"galaxy/backend/modules/runtime"
	"galaxy/backend/modules/user"
	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/fault"
	"galaxy/backend/platform/httpx"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/schedule"
	"galaxy/backend/platform/testkit"
	enginev1 "galaxy/backend/proto/engine/v1"
)

func TestMain(m *testing.M) { testkit.Main(m) }

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// lounge is the domain on a real database, among stand-ins for its neighbours.
type lounge struct {
	*testing.T
	*Service
	db      *pg.DB
	clock   *clock.Fake
	sweeper *Sweeper
	api     *testkit.API
	people  *people
	log     *log
	draftID uuid.UUID
}

func open(t *testing.T) *lounge {
	t.Helper()
	l := &lounge{T: t, clock: clock.NewFake(noon), people: &people{known: map[uuid.UUID]user.Snapshot{}}, log: &log{}}
	var server *httpx.Server
	testkit.Boot(t, Module, httpx.Module,
		fx.Supply(
			Config{SweeperInterval: 100_000 * time.Hour, PendingRegistrationTTL: 720 * time.Hour, InviteDefaultTTL: 168 * time.Hour, MinTurnInterval: time.Minute, FinishedEngineTTL: 168 * time.Hour},
			CacheConfig{GamesMax: 10_000, RaceNameKeysMax: 10_000},
			httpx.Config{ListenAddr: "127.0.0.1:0", ReadTimeout: time.Minute, WriteTimeout: time.Minute, ShutdownTimeout: time.Minute},
			httpx.GatewayConfig{}, httpx.TLSConfig{},
		),
		testkit.StandIn[clock.Clock](l.clock),
		testkit.StandIn[Users](l.people),
		testkit.StandIn[Notifier](l.log),
		testkit.StandIn[Launcher](l.log),
		testkit.StandIn[EngineVersions](l.log),
		testkit.StandIn[admin.Auditor](l.log),
		testkit.StandIn[httpx.UserGate](l.people),
		testkit.StandIn[httpx.UserSeen](l.people),
		testkit.StandIn[httpx.AdminGate](l.people),
		testkit.StandIn[httpx.Auditor](l.log),
		fx.Provide(fx.Annotate(func() Observer { return l.log }, fx.ResultTags(`group:"lobby.observers"`))),
		fx.Provide(fx.Annotate(func() Expectation { return l.log }, fx.ResultTags(`group:"lobby.expectations"`))),
		fx.Populate(&l.db, &l.Service, &l.sweeper, &server),
	)
	l.api = testkit.Client(t, "http://"+server.Addr().String())
	l.clock.BlockUntil(1) // the first pass of the sweeper is over; it goes on by hand
	return l
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
	mu       sync.Mutex
	intents  []notification.Intent
	starts   []runtime.Spec
	stops    []uuid.UUID
	events   []Event
	blocked  []BlockedRace
	statuses []*enginev1.Status
	audit    []admin.Entry
	expected map[uuid.UUID]Expect
}

func (l *log) keep(tx *pg.Tx, fn func()) {
	tx.OnCommit(func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		fn()
	})
}

func (l *log) Submit(_ context.Context, tx *pg.Tx, in notification.Intent) error {
	l.keep(tx, func() { l.intents = append(l.intents, in) })
	return nil
}

func (l *log) Start(_ context.Context, tx *pg.Tx, spec runtime.Spec, _ runtime.Source) (uuid.UUID, error) {
	l.keep(tx, func() { l.starts = append(l.starts, spec) })
	return uuid.New(), nil
}

func (l *log) Stop(_ context.Context, tx *pg.Tx, game uuid.UUID, _ runtime.Source) (uuid.UUID, error) {
	l.keep(tx, func() { l.stops = append(l.stops, game) })
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

func (l *log) GameChanged(_ context.Context, tx *pg.Tx, g Game, e Event, status *enginev1.Status) error {
	l.keep(tx, func() {
		l.events = append(l.events, e)
		l.statuses = append(l.statuses, status)
		if g.Blocked != nil {
			l.blocked = append(l.blocked, *g.Blocked)
		}
	})
	return nil
}

func (l *log) Expected(context.Context, uuid.UUID, []uuid.UUID) (map[uuid.UUID]Expect, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.expected, nil
}

// told counts the intents of a kind to a user.
func (l *log) told(kind notification.Kind, to uuid.UUID) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for _, in := range l.intents {
		if in.Kind == kind && slices.Contains(in.Recipients, to) {
			n++
		}
	}
	return n
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
	root   = Actor{Operator: "root"}
	hourly = schedule.Settings{Mode: schedule.Interval, Interval: time.Hour}
)

func by(id uuid.UUID) Actor { return Actor{User: id} }

func wish() NewGame {
	return NewGame{Name: "The long war", MinPlayers: 2, MaxPlayers: 4, Turns: hourly}
}

// draft makes a game; change may adapt it before.
func (l *lounge) draft(who Actor, change ...func(*NewGame)) Game {
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

func (l *lounge) opened(who Actor, change ...func(*NewGame)) Game {
	l.Helper()
	return l.step(who, l.draft(who, change...).ID, Open)
}

func (l *lounge) step(who Actor, id uuid.UUID, verbs ...Verb) Game {
	l.Helper()
	var g Game
	for _, v := range verbs {
		var err error
		g, err = l.Move(l.Context(), who, id, v)
		require.NoError(l, err, "%s", v)
	}
	return g
}

// seated enrols users in an open game of any policy; races are Race0, Race1, …
func (l *lounge) seated(g Game, users ...uuid.UUID) []string {
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

func (l *lounge) sit(g Game, u uuid.UUID, race string) string {
	l.Helper()
	ctx := l.Context()
	switch {
	case g.JoinPolicy == PolicyAuto:
		_, _, err := l.Apply(ctx, Application{GameID: g.ID, UserID: u, RaceName: race}, "")
		require.NoError(l, err)
	case g.Owned(u):
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
func (l *lounge) running(who Actor, members ...uuid.UUID) (Game, []string) {
	l.Helper()
	g := l.opened(who, func(n *NewGame) { n.MinPlayers, n.MaxPlayers = 1, max(4, len(members)) })
	races := l.seated(g, members...)
	if who.Operator != "" {
		l.step(who, g.ID, ForceStart)
	} else {
		l.step(who, g.ID, Close, Start)
	}
	l.observe(g.ID, runtime.Running, func(c *runtime.Change) { c.Status = statusOf(0, races...) })
	return l.game(g.ID), races
}

// game is the row as it is; it has to be what the cache says.
func (l *lounge) game(id uuid.UUID) Game {
	l.Helper()
	row, err := l.Store.Game(l.Context(), l.db, id)
	require.NoError(l, err)
	kept, err := l.Game(l.Context(), id)
	require.NoError(l, err)
	require.Equal(l, row, kept, "the cache differs from the row")
	return row
}

// observe plays runtime's part.
func (l *lounge) observe(game uuid.UUID, seen runtime.Observed, change ...func(*runtime.Change)) {
	l.Helper()
	c := runtime.Change{GameID: game, Desired: string(runtime.WantRunning), Observed: string(seen), Generation: 1, Source: runtime.User}
	for _, fn := range change {
		fn(&c)
	}
	require.NoError(l, l.db.InTx(l.Context(), func(ctx context.Context, tx *pg.Tx) error {
		return games.RuntimeObserver{Ledger: l.Ledger}.RuntimeChanged(ctx, tx, c)
	}))
}

func (l *lounge) depart(who uuid.UUID, why user.Reason) {
	l.Helper()
	require.NoError(l, l.db.InTx(l.Context(), func(ctx context.Context, tx *pg.Tx) error {
		if _, err := l.people.Lock(ctx, tx, who); err != nil {
			return err
		}
		return games.UserHooks{Ledger: l.Ledger}.Depart(ctx, tx, who, why)
	}))
}

// record plays turn's part.
func (l *lounge) record(r TurnRecord) error {
	return l.db.InTx(l.Context(), func(ctx context.Context, tx *pg.Tx) error { return l.RecordTurn(ctx, tx, r) })
}

func (l *lounge) sweep() {
	l.Helper()
	_, err := l.sweeper.runOnce(l.Context())
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
func statsFor(planets int, races ...string) []RaceStats {
	var out []RaceStats
	for _, r := range races {
		out = append(out, RaceStats{RaceName: r, State: string(enginev1.RaceActive), Planets: planets, Population: 1000 * float64(planets)})
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
