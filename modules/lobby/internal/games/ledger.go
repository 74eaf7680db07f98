package games

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/modules/lobby/directory"
	"galaxy/backend/modules/notification"
	"galaxy/backend/platform/cache"
	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/pg"
	enginev1 "galaxy/backend/proto/engine/v1"
)

// Ledger is what the service and lobby's hooks on lower domains share: the rows
// of games, their caches and the steps that move a game on. The hooks hang on
// it, because the service needs the domains that call them.
//
// The neighbours reach it late, from NewService; until then no hook is called,
// since whatever calls one starts after all constructors have run.
type Ledger struct {
	DB     *pg.DB
	Clock  clock.Clock
	Config Config
	Store  Store
	Names  *directory.Directory
	games  *cache.Table[uuid.UUID, Game]
	seats  *cache.Table[uuid.UUID, []Seat]
	max    CacheConfig

	Users     Users
	Notifier  Notifier
	launcher  Launcher
	observers []Observer
	wake      func() // the sweeper
}

// NewLedger makes it; Start warms its caches.
func NewLedger(db *pg.DB, clk clock.Clock, cfg Config, size CacheConfig) *Ledger {
	l := &Ledger{DB: db, Clock: clk, Config: cfg, max: size, wake: func() {}}
	l.Names = directory.New(db, clk, cfg.PendingRegistrationTTL, size.RaceNameKeysMax)
	l.games = cache.New("games", size.GamesMax, func(ctx context.Context, id uuid.UUID) (Game, bool, error) {
		g, err := l.Store.Game(ctx, db, id)
		return g, err == nil, absent(err)
	})
	l.seats = cache.New("memberships", size.GamesMax, func(ctx context.Context, game uuid.UUID) ([]Seat, bool, error) {
		seats, err := l.Store.Seats(ctx, db, game)
		return seats, err == nil && len(seats) > 0, err // what is asked for ids that do not exist crowds nothing out
	})
	return l
}

// absent makes no error of a row that is not there: a cache says so by itself.
func absent(err error) error {
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}

// Start warms the caches with the live games, their members and the keys of
// the Race Name Directory, as many as fit.
func (l *Ledger) Start(ctx context.Context) error {
	games, err := l.Store.liveGames(ctx, l.DB, l.max.GamesMax)
	if err != nil {
		return fmt.Errorf("warm games: %w", err)
	}
	byGame := make(map[uuid.UUID][]Seat, len(games))
	for _, g := range games {
		l.games.Warm(g.ID, g)
		byGame[g.ID] = []Seat{}
	}
	const batch = 5000
	for ids := range chunks(games, batch) {
		seats, err := l.Store.seatsOf(ctx, l.DB, ids)
		if err != nil {
			return fmt.Errorf("warm memberships: %w", err)
		}
		for _, s := range seats {
			byGame[s.GameID] = append(byGame[s.GameID], s)
		}
	}
	for id, seats := range byGame {
		l.seats.Warm(id, seats)
	}
	return l.Names.Start(ctx)
}

// chunks yields the ids of games, so many at a time.
func chunks(games []Game, size int) func(yield func([]uuid.UUID) bool) {
	return func(yield func([]uuid.UUID) bool) {
		for len(games) > 0 {
			n := min(size, len(games))
			ids := make([]uuid.UUID, n)
			for i, g := range games[:n] {
				ids[i] = g.ID
			}
			games = games[n:]
			if !yield(ids) {
				return
			}
		}
	}
}

// RaceNames is the Race Name Directory.
func (l *Ledger) RaceNames() *directory.Directory { return l.Names }

// OnFull is called after a commit that leaves something to the sweeper.
func (l *Ledger) OnFull(wake func()) { l.wake = wake }

// Wake wakes the sweeper.
func (l *Ledger) Wake() { l.wake() }

// DropSeats makes the next reader of a game's members ask the database.
func (l *Ledger) DropSeats(tx *pg.Tx, game uuid.UUID) { l.seats.Drop(tx, game) }

// Game is a game, from memory. ErrNotFound when there is none.
func (l *Ledger) Game(ctx context.Context, id uuid.UUID) (Game, error) {
	g, ok, err := l.games.Get(ctx, id)
	if err == nil && !ok {
		err = ErrNotFound
	}
	return g, err
}

// Seats are all memberships a game ever had, from memory, first come first. The
// slice is shared: do not change it.
func (l *Ledger) Seats(ctx context.Context, game uuid.UUID) ([]Seat, error) {
	seats, _, err := l.seats.Get(ctx, game)
	return seats, err
}

// SeatsIn is Seats as the transaction sees them: what is decided under the lock
// of the game must not be decided by what the cache is about to be told.
func (l *Ledger) SeatsIn(ctx context.Context, tx *pg.Tx, game uuid.UUID) ([]Seat, error) {
	return l.Store.Seats(ctx, tx, game)
}

// Stats are the races as they stood at the end of a turn, by name.
func (l *Ledger) Stats(ctx context.Context, q pg.Querier, game uuid.UUID, turn int) ([]RaceStats, error) {
	return l.Store.stats(ctx, q, game, turn)
}

// SetNextTurn stores when the next turn is due; nil: no deadline. The caller
// holds the lock of the game. Turn's hooks use it, who cannot have the service.
func (l *Ledger) SetNextTurn(tx *pg.Tx, game uuid.UUID, at *time.Time) {
	l.Store.updateNextTurn(tx, game, at)
	l.games.Drop(tx, game)
}

// Save writes a game whose lock the transaction holds.
func (l *Ledger) Save(tx *pg.Tx, g *Game) {
	g.Version++
	g.UpdatedAt = l.Clock.Now()
	l.Store.updateGame(tx, *g)
	l.games.Put(tx, g.ID, *g)
}

// Announce tells the observers.
func (l *Ledger) Announce(ctx context.Context, tx *pg.Tx, g Game, e Event, status *enginev1.Status) error {
	for _, o := range l.observers {
		if err := o.GameChanged(ctx, tx, g, e, status); err != nil {
			return fmt.Errorf("tell %s that game %s is %s: %w", o.Name(), g.ID, e, err)
		}
	}
	return nil
}

// Tell submits an intent about a game to users. Key makes it idempotent.
func (l *Ledger) Tell(ctx context.Context, tx *pg.Tx, kind notification.Kind, key string, g Game, to []uuid.UUID, payload map[string]any) error {
	if len(to) == 0 {
		return nil
	}
	full := map[string]any{"game_id": g.ID.String(), "game_name": g.Name}
	for k, v := range payload {
		full[k] = v
	}
	return l.Notifier.Submit(ctx, tx, notification.Intent{Kind: kind, Key: key, Recipients: to, Payload: full})
}

// tellMembers submits an intent to the active members, once per version of the
// game.
func (l *Ledger) tellMembers(ctx context.Context, tx *pg.Tx, kind notification.Kind, g Game, payload map[string]any) error {
	seats, err := l.Store.Seats(ctx, tx, g.ID)
	if err != nil {
		return err
	}
	var to []uuid.UUID
	for _, s := range seats {
		if s.Status == Active {
			to = append(to, s.UserID)
		}
	}
	return l.Tell(ctx, tx, kind, fmt.Sprintf("game:%s:version:%d", g.ID, g.Version), g, to, payload)
}
