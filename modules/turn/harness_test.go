package turn

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"galaxy/backend/modules/admin"
	"galaxy/backend/modules/engine"
	"galaxy/backend/modules/game"
	"galaxy/backend/modules/notification"
	"galaxy/backend/modules/runtime"
	"galaxy/backend/modules/turn/pace"
	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/schedule"
	"galaxy/backend/platform/testkit"
	"galaxy/backend/platform/worker"
	enginev1 "galaxy/backend/proto/engine/v1"
)

func TestMain(m *testing.M) { testkit.Main(m) }

var noon = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

// table is the domain on a real database, with stand-ins for its neighbours.
type table struct {
	testing.TB
	db       *pg.DB
	clock    *clock.Fake
	lobby    *desk
	engine   *fakeEngine
	gate     *gate
	mail     *letters
	audit    *auditBook
	observer *Observer
	runner   *Runner
	service  *Service
}

func newTable(t testing.TB) *table {
	t.Helper()
	return newTableOn(t, testkit.DB(t))
}

func newTableOn(t testing.TB, db *pg.DB) *table {
	t.Helper()
	w := &table{TB: t, db: db, clock: clock.NewFake(noon), engine: &fakeEngine{games: map[uuid.UUID]*fakeGame{}},
		gate: &gate{held: map[uuid.UUID]uuid.UUID{}}, mail: &letters{}, audit: &auditBook{}}
	w.lobby = &desk{db: db, members: map[uuid.UUID][]game.Membership{}, games: map[uuid.UUID]game.Game{}}
	w.observer = NewObserver(w.clock, w.lobby, w.mail, worker.NewSignal())
	w.lobby.observer, w.lobby.engine = w.observer, w.engine
	w.runner, w.service = w.runners()
	return w
}

func config() Config {
	return Config{SweepInterval: time.Minute, MaxAttempts: 3, RetryBase: time.Second, PoolSize: 4, CallTimeout: time.Minute}
}

// runners makes another runner and service, as a process of its own would.
func (w *table) runners() (*Runner, *Service) {
	w.Helper()
	signal := worker.NewSignal()
	r, err := NewRunner(w.db, w.clock, zap.NewNop(), config(), w.lobby, w.lobby, w.lobby, w.gate, w.engine, w.mail, signal)
	require.NoError(w, err)
	return r, NewService(w.db, w.clock, w.lobby, w.lobby, w.engine, w.audit, signal)
}

// settle runs passes until nothing is left to do now.
func (w *table) settle() { w.Helper(); w.settleWith(w.runner) }

func (w *table) settleWith(r *Runner) {
	w.Helper()
	require.NoError(w, r.pool.Start(w.Context()))
	for range 20 {
		again, err := r.runOnce(w.Context())
		require.NoError(w, err)
		require.NoError(w, r.pool.Stop(w.Context())) // waits for the runs
		require.NoError(w, r.pool.Start(w.Context()))
		if !again && w.pending() == 0 {
			break
		}
	}
	require.NoError(w, r.pool.Stop(w.Context()))
}

func (w *table) pending() int64 {
	w.Helper()
	return w.number(`SELECT count(*) FROM turn_runs WHERE status = 'queued' AND next_attempt_at <= $1`, w.clock.Now()) +
		w.number(`SELECT count(*) FROM turn_clocks c WHERE status = 'running' AND next_turn_at <= $1
AND NOT EXISTS (SELECT 1 FROM turn_runs r WHERE r.game_id = c.game_id AND r.status IN ('queued', 'running'))`, w.clock.Now())
}

func (w *table) number(sql string, args ...any) int64 {
	w.Helper()
	n, err := pg.Get[int64](w.Context(), w.db, sql, args...)
	require.NoError(w, err)
	return n
}

func (w *table) in(fn func(ctx context.Context, tx *pg.Tx) error) {
	w.Helper()
	require.NoError(w, w.db.InTx(w.Context(), fn))
}

func (w *table) exec(sql string, args ...any) {
	w.Helper()
	w.in(func(ctx context.Context, tx *pg.Tx) error {
		_, err := tx.Exec(ctx, sql, args...)
		return err
	})
}

func hourly() schedule.Settings {
	return schedule.Settings{Mode: schedule.Interval, Interval: time.Hour}
}

// game starts a game with so many players.
func (w *table) game(turns schedule.Settings, players int) game.Game {
	w.Helper()
	id := uuid.Must(uuid.NewV7())
	now := w.clock.Now()
	g := game.Game{ID: id, Name: "Andromeda", State: game.Running, Turns: turns, StartedAt: &now}
	w.exec(`INSERT INTO games (game_id, created_by, visibility, name, description, state, min_players, max_players, join_policy,
    start_when_full, engine_version, turns, map, created_at, updated_at)
VALUES ($1, 'root', 'public', $2, '', 'running', 1, 100, 'auto', false, '0.1.0', '{}', '{}', $3, $3)`, id, g.Name, now)
	fake := &fakeGame{id: id}
	members := []game.Membership{}
	for i := range players {
		race := fmt.Sprintf("Race%d", i)
		members = append(members, game.Membership{GameID: id, UserID: uuid.Must(uuid.NewV7()), RaceName: race, Status: game.Active, JoinedAt: now})
		fake.races = append(fake.races, enginev1.RaceStatus{RaceName: race, State: enginev1.RaceActive, Planets: 3})
	}
	w.lobby.put(g, members)
	w.engine.put(fake)
	w.tell(g, game.EventStarted)
	return g
}

// tell has lobby report a change.
func (w *table) tell(g game.Game, e game.Event, more ...func(*game.Change)) {
	w.Helper()
	w.in(func(ctx context.Context, tx *pg.Tx) error {
		if _, err := w.lobby.LockGame(ctx, tx, g.ID); err != nil {
			return err
		}
		status := w.engine.get(g.ID).status()
		c := game.Change{Game: w.lobby.peek(g.ID), Event: e, Status: &status}
		for _, fn := range more {
			fn(&c)
		}
		return w.observer.GameChanged(ctx, tx, c)
	})
}

// move puts the game into a state, as a transition of lobby's does.
func (w *table) move(g game.Game, s game.State, e game.Event) {
	w.Helper()
	w.in(func(ctx context.Context, tx *pg.Tx) error {
		if _, err := w.lobby.LockGame(ctx, tx, g.ID); err != nil {
			return err
		}
		return w.lobby.move(ctx, tx, g.ID, s, "user", e)
	})
}

func (w *table) clockOf(g game.Game) pace.Clock {
	w.Helper()
	c, err := store{}.clock(w.Context(), w.db, g.ID)
	require.NoError(w, err)
	return c
}

func (w *table) runsOf(g game.Game) []Run {
	w.Helper()
	runs, err := store{}.runs(w.Context(), w.db, g.ID, uuid.Nil, 100)
	require.NoError(w, err)
	return runs
}

func (w *table) user(g game.Game, i int) uuid.UUID { return w.lobby.seatsOf(g.ID)[i].UserID }

// moves has every player send orders for the turn the game is at.
func (w *table) moves(g game.Game) {
	w.Helper()
	for _, seat := range w.lobby.seatsOf(g.ID) {
		if seat.Status == game.Active {
			_, err := w.service.PutOrders(w.Context(), g.ID, seat.UserID, enginev1.OrderRequest{Turn: w.clockOf(g).Turn})
			require.NoError(w, err)
		}
	}
}

// desk is lobby: real rows to lock, everything else in memory.
type desk struct {
	db       *pg.DB
	observer *Observer
	engine   *fakeEngine

	mu       sync.Mutex
	games    map[uuid.UUID]game.Game
	members  map[uuid.UUID][]game.Membership
	recorded []game.TurnRecord
	fail     error // of the next RecordTurn
}

func (d *desk) put(g game.Game, members []game.Membership) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.games[g.ID], d.members[g.ID] = g, members
}

func (d *desk) peek(gameID uuid.UUID) game.Game {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.games[gameID]
}

func (d *desk) seatsOf(gameID uuid.UUID) []game.Membership {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.members[gameID])
}

func (d *desk) reseat(gameID uuid.UUID, i int, change func(*game.Membership)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	change(&d.members[gameID][i])
}

func (d *desk) update(gameID uuid.UUID, change func(*game.Game)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	g := d.games[gameID]
	change(&g)
	d.games[gameID] = g
}

func (d *desk) Game(_ context.Context, id uuid.UUID) (game.Game, error) {
	g := d.peek(id)
	if g.ID == uuid.Nil {
		return g, game.ErrNotFound
	}
	return g, nil
}

func (d *desk) Memberships(_ context.Context, gameID uuid.UUID) ([]game.Membership, error) {
	return d.seatsOf(gameID), nil
}

func (d *desk) MembershipsIn(ctx context.Context, _ *pg.Tx, gameID uuid.UUID) ([]game.Membership, error) {
	return d.Memberships(ctx, gameID)
}

func (d *desk) Stats(_ context.Context, _ pg.Querier, gameID uuid.UUID, _ int) ([]game.RaceStats, error) {
	return raceStats(d.engine.get(gameID).status().Races), nil
}

func (d *desk) Membership(_ context.Context, gameID, user uuid.UUID) (game.Membership, error) {
	for _, s := range d.seatsOf(gameID) {
		if s.UserID == user {
			return s, nil
		}
	}
	return game.Membership{}, game.ErrNotMember
}

func (d *desk) LockGame(ctx context.Context, tx *pg.Tx, id uuid.UUID) (game.Game, error) {
	state, err := pg.Get[string](ctx, tx, `SELECT state FROM games WHERE game_id = $1 FOR UPDATE`, id)
	if err != nil {
		return game.Game{}, game.ErrNotFound.Because(err)
	}
	g := d.peek(id)
	g.State = game.State(state)
	return g, nil
}

func (d *desk) RecordTurn(ctx context.Context, tx *pg.Tx, r game.TurnRecord) error {
	d.mu.Lock()
	err := d.fail
	d.fail = nil
	d.mu.Unlock()
	if err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `UPDATE games SET current_turn = $2 WHERE game_id = $1 AND current_turn = $2 - 1`, r.GameID, r.Turn); err != nil {
		return err
	}
	tx.OnCommit(func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.recorded = append(d.recorded, r)
	})
	if r.Finished {
		return d.move(ctx, tx, r.GameID, game.Finished, "", game.EventFinished)
	}
	return nil
}

func (d *desk) Pause(ctx context.Context, tx *pg.Tx, gameID uuid.UUID, reason string) error {
	return d.move(ctx, tx, gameID, game.Paused, reason, game.EventPaused)
}

func (d *desk) move(ctx context.Context, tx *pg.Tx, gameID uuid.UUID, s game.State, reason string, e game.Event) error {
	if s != game.Paused {
		reason = ""
	}
	if _, err := tx.Exec(ctx, `UPDATE games SET state = $2, pause_reason = NULLIF($3, '') WHERE game_id = $1`, gameID, string(s), reason); err != nil {
		return err
	}
	g := d.peek(gameID)
	g.State, g.PauseReason = s, reason
	tx.OnCommit(func() { d.update(gameID, func(g *game.Game) { g.State, g.PauseReason = s, reason }) })
	return d.observer.GameChanged(ctx, tx, game.Change{Game: g, Event: e})
}

func (d *desk) SetNextTurn(tx *pg.Tx, gameID uuid.UUID, at *time.Time) {
	tx.Queue(`UPDATE games SET next_turn_at = $2 WHERE game_id = $1`, gameID, at)
}

func (d *desk) SetVacant(tx *pg.Tx, gameID uuid.UUID, race string, vacant bool) {
	tx.OnCommit(func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		for i := range d.members[gameID] {
			if d.members[gameID][i].RaceName == race {
				d.members[gameID][i].Vacant = vacant
			}
		}
	})
}

// gate is runtime's lease.
type gate struct {
	mu    sync.Mutex
	held  map[uuid.UUID]uuid.UUID
	down  bool
	asked int
}

func (g *gate) Lease(_ context.Context, gameID uuid.UUID, _ time.Duration) (runtime.Lease, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.asked++
	if g.down {
		return runtime.Lease{}, runtime.ErrNotRunning
	}
	if _, taken := g.held[gameID]; taken {
		return runtime.Lease{}, runtime.ErrBusy
	}
	l := runtime.Lease{GameID: gameID, Token: uuid.Must(uuid.NewV7())}
	g.held[gameID] = l.Token
	return l, nil
}

func (g *gate) Release(_ context.Context, l runtime.Lease) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.held[l.GameID] == l.Token {
		delete(g.held, l.GameID)
	}
	return nil
}

// letters is notification: idempotent by kind and key, and only what commits.
type letters struct {
	mu   sync.Mutex
	sent []notification.Intent
}

func (l *letters) Submit(_ context.Context, tx *pg.Tx, in notification.Intent) error {
	if _, err := json.Marshal(in.Payload); err != nil {
		return err
	}
	tx.OnCommit(func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.sent = append(l.sent, in)
	})
	return nil
}

func (l *letters) of(kind notification.Kind) []notification.Intent {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []notification.Intent
	for _, in := range l.sent {
		if in.Kind == kind {
			out = append(out, in)
		}
	}
	return out
}

type auditBook struct {
	mu      sync.Mutex
	entries []admin.Entry
}

func (a *auditBook) Record(_ context.Context, tx *pg.Tx, e admin.Entry) error {
	tx.OnCommit(func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.entries = append(a.entries, e)
	})
	return nil
}

// fakeEngine is the contract of docs/engine.md, in memory.
type fakeEngine struct {
	mu    sync.Mutex
	games map[uuid.UUID]*fakeGame
}

type fakeGame struct {
	mu       sync.Mutex
	id       uuid.UUID
	turn     int
	races    []enginev1.RaceStatus
	ends     int // finished with this turn; 0: never
	puts     map[int]int
	made     map[int]int
	banished []string
	events   []enginev1.Event
	// the next call of turn fails before or after it has generated
	before, after error
	during        func() // runs while a turn is generated
	orders        enginev1.OrderRequest
	report        *engine.ReportQuery
}

func (e *fakeEngine) put(g *fakeGame) {
	e.mu.Lock()
	defer e.mu.Unlock()
	g.puts, g.made = map[int]int{}, map[int]int{}
	e.games[g.id] = g
}

func (e *fakeEngine) get(id uuid.UUID) *fakeGame {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.games[id]
}

func (g *fakeGame) status() enginev1.Status {
	id, turn := g.id.String(), g.turn
	s := enginev1.Status{ContractVersion: 1, GameID: &id, State: enginev1.StateRunning, Turn: &turn, StateHash: fmt.Sprintf("hash-%d", turn), Races: slices.Clone(g.races)}
	if g.ends > 0 && turn >= g.ends {
		s.State, s.Finished, s.Result = enginev1.StateFinished, true, &enginev1.Result{Reason: enginev1.ResultTurnLimit, Winners: []string{"Race0"}}
	}
	return s
}

func (e *fakeEngine) Status(_ context.Context, gameID uuid.UUID) (enginev1.Status, error) {
	g := e.get(gameID)
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.status(), nil
}

func (e *fakeEngine) Turn(_ context.Context, gameID uuid.UUID, turn int) (enginev1.TurnResponse, error) {
	g := e.get(gameID)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.puts[turn]++
	if err := g.before; err != nil {
		g.before = nil
		return enginev1.TurnResponse{}, err
	}
	replayed := turn == g.turn
	if !replayed {
		if turn != g.turn+1 {
			return enginev1.TurnResponse{}, engine.ErrTurnMismatch.With("current_turn", g.turn)
		}
		g.generate(turn)
	}
	if g.during != nil {
		during := g.during
		g.during = nil
		during()
	}
	if err := g.after; err != nil {
		g.after = nil
		return enginev1.TurnResponse{}, err
	}
	return enginev1.TurnResponse{Turn: turn, Replayed: replayed, Status: g.status(), Events: g.events}, nil
}

func (g *fakeGame) generate(turn int) {
	g.turn = turn
	g.made[turn]++
	for i := range g.races {
		r := &g.races[i]
		if r.IdleTurns++; r.HasOrders {
			r.IdleTurns = 0
		}
		r.HasOrders = false
	}
}

func (e *fakeEngine) Banish(_ context.Context, gameID uuid.UUID, race, _ string) (enginev1.BanishResponse, error) {
	g := e.get(gameID)
	g.mu.Lock()
	defer g.mu.Unlock()
	if err := g.before; err != nil {
		g.before = nil
		return enginev1.BanishResponse{}, err
	}
	i := slices.IndexFunc(g.races, func(r enginev1.RaceStatus) bool { return r.RaceName == race })
	if i < 0 {
		return enginev1.BanishResponse{}, engine.ErrRaceNotFound
	}
	g.races[i].State = enginev1.RaceBanished
	g.banished = append(g.banished, race)
	return enginev1.BanishResponse{RaceName: race, State: enginev1.RaceBanished, Turn: g.turn}, nil
}

func (e *fakeEngine) Order(_ context.Context, gameID uuid.UUID, req enginev1.OrderRequest) (enginev1.OrderResponse, error) {
	g := e.get(gameID)
	g.mu.Lock()
	defer g.mu.Unlock()
	if req.Turn != g.turn {
		return enginev1.OrderResponse{}, engine.ErrTurnMismatch.With("current_turn", g.turn)
	}
	g.orders = req
	i := slices.IndexFunc(g.races, func(r enginev1.RaceStatus) bool { return r.RaceName == req.RaceName })
	g.races[i].HasOrders = true
	return enginev1.OrderResponse{RaceName: req.RaceName, Turn: req.Turn, Stored: true, OrderHash: fmt.Sprintf("%016x", len(req.Orders)),
		Accepted: len(req.Orders), Results: []enginev1.OrderResult{}}, nil
}

func (e *fakeEngine) Command(_ context.Context, gameID uuid.UUID, req enginev1.CommandRequest) (enginev1.CommandResponse, error) {
	g := e.get(gameID)
	g.mu.Lock()
	defer g.mu.Unlock()
	if req.Turn != g.turn {
		return enginev1.CommandResponse{}, engine.ErrTurnMismatch.With("current_turn", g.turn)
	}
	return enginev1.CommandResponse{RaceName: req.RaceName, Turn: req.Turn, CommandID: req.CommandID, Status: enginev1.CommandApplied}, nil
}

func (e *fakeEngine) Report(_ context.Context, gameID uuid.UUID, q engine.ReportQuery) (engine.Report, error) {
	g := e.get(gameID)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.report = &q
	if q.IfNoneMatch == `"same"` {
		return engine.Report{Status: 304, ETag: `"same"`, CacheControl: "private, no-cache"}, nil
	}
	if q.Turn != nil && *q.Turn > g.turn {
		return engine.Report{}, engine.ErrTurnNotFound
	}
	if q.Accept == engine.TextReport {
		return engine.Report{Status: 200, ContentType: "text/plain; charset=utf-8", ETag: `"text"`, CacheControl: "private, no-cache", Body: []byte("Report for " + q.Race)}, nil
	}
	report := enginev1.Report{GameID: gameID.String(), Turn: g.turn, Race: q.Race}
	if g.orders.RaceName == q.Race && g.orders.Turn == g.turn {
		report.Pending = &enginev1.Pending{Turn: g.turn, Orders: g.orders.Orders, Results: []enginev1.OrderResult{}}
	}
	body, err := json.Marshal(report)
	return engine.Report{Status: 200, ContentType: "application/json; charset=utf-8", ETag: `"same"`, CacheControl: "private, no-cache", Body: body}, err
}
