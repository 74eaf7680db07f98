package game

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/platform/cache"
	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/pg"
)

// Games reads games and their memberships, from memory, and writes what needs no
// other domain to hear of it. It calls no hook: hooks of games may depend on
// it, and not on Service.
type Games struct {
	db          *pg.DB
	clock       clock.Clock
	max         int
	rows        *cache.Table[uuid.UUID, Game]
	memberships *cache.Table[uuid.UUID, []Membership]
	store       store
}

// NewGames makes it with empty caches; Start warms them.
func NewGames(db *pg.DB, clk clock.Clock, size CacheConfig) *Games {
	return &Games{
		db: db, clock: clk, max: size.GamesMax,
		rows: cache.New("games", size.GamesMax, func(ctx context.Context, id uuid.UUID) (Game, bool, error) {
			g, err := store{}.game(ctx, db, id)
			if errors.Is(err, ErrNotFound) {
				return Game{}, false, nil
			}
			return g, err == nil, err
		}),
		memberships: cache.New("memberships", size.GamesMax, func(ctx context.Context, game uuid.UUID) ([]Membership, bool, error) {
			members, err := store{}.memberships(ctx, db, game)
			return members, err == nil && len(members) > 0, err // ids that do not exist take no room
		}),
	}
}

// warmPage is for how many games one statement of the warm-up reads memberships.
const warmPage = 5000

// Start warms the caches with the live games and their members, as many as fit.
func (g *Games) Start(ctx context.Context) error {
	live, err := g.store.liveGames(ctx, g.db, g.max)
	if err != nil {
		return fmt.Errorf("warm games: %w", err)
	}
	ids := make([]uuid.UUID, len(live))
	byGame := make(map[uuid.UUID][]Membership, len(live))
	for i, row := range live {
		g.rows.Warm(row.ID, row)
		ids[i], byGame[row.ID] = row.ID, []Membership{}
	}
	for page := range slices.Chunk(ids, warmPage) {
		members, err := g.store.membershipsOfGames(ctx, g.db, page)
		if err != nil {
			return fmt.Errorf("warm memberships: %w", err)
		}
		for _, m := range members {
			byGame[m.GameID] = append(byGame[m.GameID], m)
		}
	}
	for id, members := range byGame {
		g.memberships.Warm(id, members)
	}
	return nil
}

// Game is a game, from memory. ErrNotFound when there is none.
func (g *Games) Game(ctx context.Context, id uuid.UUID) (Game, error) {
	row, ok, err := g.rows.Get(ctx, id)
	if err == nil && !ok {
		err = ErrNotFound
	}
	return row, err
}

// Memberships are all memberships that a game ever had, from memory, first come
// first. The slice is shared: do not change it.
func (g *Games) Memberships(ctx context.Context, game uuid.UUID) ([]Membership, error) {
	members, _, err := g.memberships.Get(ctx, game)
	return members, err
}

// Membership is a user's membership, from memory, also one that has ended.
// Whoever never was a member gets ErrNotMember.
func (g *Games) Membership(ctx context.Context, game, user uuid.UUID) (Membership, error) {
	members, err := g.Memberships(ctx, game)
	if err != nil {
		return Membership{}, err
	}
	i := slices.IndexFunc(members, func(m Membership) bool { return m.UserID == user })
	if i < 0 {
		return Membership{}, ErrNotMember
	}
	return members[i], nil
}

// MembershipsIn is Memberships as the transaction sees them: what is decided
// under the lock of the game must not be decided by what the cache is about to
// be told.
func (g *Games) MembershipsIn(ctx context.Context, tx *pg.Tx, game uuid.UUID) ([]Membership, error) {
	return g.store.memberships(ctx, tx, game)
}

// MembershipIn is Membership as the transaction or the database sees it;
// ErrNotFound when there is none.
func (g *Games) MembershipIn(ctx context.Context, q pg.Querier, game, user uuid.UUID) (Membership, error) {
	return g.store.membership(ctx, q, game, user)
}

// LockGame reads a game and holds its row until the transaction ends: the first
// lock of every transaction about its turns.
func (g *Games) LockGame(ctx context.Context, tx *pg.Tx, id uuid.UUID) (Game, error) {
	return g.store.lockGame(ctx, tx, id)
}

// Stats are the races as they stood at the end of a turn, by name.
func (g *Games) Stats(ctx context.Context, q pg.Querier, game uuid.UUID, turn int) ([]RaceStats, error) {
	return g.store.stats(ctx, q, game, turn)
}

// SetNextTurn stores when the next turn is due; nil: no deadline. The caller
// holds the lock of the game.
func (g *Games) SetNextTurn(tx *pg.Tx, game uuid.UUID, at *time.Time) {
	g.store.updateNextTurn(tx, game, at)
	g.rows.Drop(tx, game)
}

// SetVacant marks the seat of a member who stayed away as free, or takes the
// mark back. The caller holds the lock of the game.
func (g *Games) SetVacant(tx *pg.Tx, game uuid.UUID, race string, vacant bool) {
	g.store.markVacant(tx, game, race, vacant)
	g.memberships.Drop(tx, game)
}

// SetOffered marks the seat of a membership as offered to others. The caller holds
// the lock of the game.
func (g *Games) SetOffered(tx *pg.Tx, m Membership, at time.Time) {
	g.store.markOffered(tx, m, at)
	g.memberships.Drop(tx, m.GameID)
}

// save writes a game whose lock the transaction holds.
func (g *Games) save(tx *pg.Tx, row *Game) {
	row.Version++
	row.UpdatedAt = g.clock.Now()
	g.store.updateGame(tx, *row)
	g.rows.Put(tx, row.ID, *row)
}
