package turn

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"galaxy/backend/modules/lobby"
	"galaxy/backend/platform/pg"
)

// Expectations says what games expect of a user. It implements
// lobby.Expectation, and needs no Service for the reason that the Observer needs
// none.
type Expectations struct {
	db    *pg.DB
	games HookGames
	store store
}

// NewExpectations makes the hook that lobby asks.
func NewExpectations(db *pg.DB, games HookGames) *Expectations {
	return &Expectations{db: db, games: games}
}

// Name implements lobby.Expectation.
func (e *Expectations) Name() string { return "turn" }

// Expected implements lobby.Expectation with one query for all games. A game
// that stands still expects nothing, nor does one that the user does not play.
func (e *Expectations) Expected(ctx context.Context, user uuid.UUID, games []uuid.UUID,
) (map[uuid.UUID]lobby.Expect, error) {
	played, races, err := e.racesOf(ctx, user, games)
	if err != nil {
		return nil, err
	}
	if len(played) == 0 {
		return map[uuid.UUID]lobby.Expect{}, nil
	}
	rows, err := e.store.expected(ctx, e.db, played, races)
	if err != nil {
		return nil, fmt.Errorf("what games expect of user %s: %w", user, err)
	}
	out := make(map[uuid.UUID]lobby.Expect, len(rows))
	for _, r := range rows {
		out[r.GameID] = lobby.Expect{Submitted: r.Submitted, Ready: r.Ready, Deadline: r.NextTurnAt}
	}
	return out, nil
}

// racesOf returns those of the games that the user plays, each with their race.
func (e *Expectations) racesOf(ctx context.Context, user uuid.UUID, games []uuid.UUID,
) (played []uuid.UUID, races []string, err error) {
	for _, game := range games {
		seats, err := e.games.Seats(ctx, game)
		if err != nil {
			return nil, nil, fmt.Errorf("seats of game %s: %w", game, err)
		}
		for _, seat := range seats {
			if seat.UserID == user && seat.Status == lobby.Active {
				played, races = append(played, game), append(races, seat.RaceName)
			}
		}
	}
	return played, races, nil
}
