package turn

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"galaxy/backend/modules/game"
	"galaxy/backend/platform/pg"
)

// Expectations says what games expect of a user. It implements game.Expectation.
type Expectations struct {
	db     *pg.DB
	reader GameReader
	store  store
}

// NewExpectations makes the hook that game asks.
func NewExpectations(db *pg.DB, reader GameReader) *Expectations {
	return &Expectations{db: db, reader: reader}
}

// Name implements game.Expectation.
func (e *Expectations) Name() string { return "turn" }

// Expected implements game.Expectation with one query for all games. A game
// that stands still expects nothing, nor does one that the user does not play.
func (e *Expectations) Expected(ctx context.Context, user uuid.UUID, games []uuid.UUID,
) (map[uuid.UUID]game.Expect, error) {
	played, races, err := e.racesOf(ctx, user, games)
	if err != nil {
		return nil, err
	}
	if len(played) == 0 {
		return map[uuid.UUID]game.Expect{}, nil
	}
	rows, err := e.store.expected(ctx, e.db, played, races)
	if err != nil {
		return nil, fmt.Errorf("what games expect of user %s: %w", user, err)
	}
	out := make(map[uuid.UUID]game.Expect, len(rows))
	for _, r := range rows {
		out[r.GameID] = game.Expect{Submitted: r.Submitted, Ready: r.Ready, Deadline: r.NextTurnAt}
	}
	return out, nil
}

// racesOf returns those of the games that the user plays, each with their race.
func (e *Expectations) racesOf(ctx context.Context, user uuid.UUID, games []uuid.UUID,
) (played []uuid.UUID, races []string, err error) {
	for _, gameID := range games {
		members, err := e.reader.Memberships(ctx, gameID)
		if err != nil {
			return nil, nil, fmt.Errorf("memberships of game %s: %w", gameID, err)
		}
		for _, m := range members {
			if m.UserID == user && m.Status == game.Active {
				played, races = append(played, gameID), append(races, m.RaceName)
			}
		}
	}
	return played, races, nil
}
