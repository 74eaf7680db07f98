package game

import (
	"context"

	"github.com/google/uuid"

	"galaxy/backend/platform/pg"
	enginev1 "galaxy/backend/proto/engine/v1"
)

// minTurns and minUsers are what keeps names from being farmed in games that
// were none.
const (
	minTurns = 10
	minUsers = 2
)

// promote settles the reserved names of a game that the engine has finished.
func (s *Service) promote(ctx context.Context, tx *pg.Tx, g Game, races []RaceStats, founders int) error {
	eligible := []uuid.UUID{}
	if g.CurrentTurn >= minTurns && founders >= minUsers {
		var err error
		if eligible, err = s.eligible(ctx, tx, g.ID, races); err != nil {
			return err
		}
	}
	return s.names.Promote(ctx, tx, g.ID, eligible, *g.FinishedAt)
}

// eligible are the members in good standing: capable, and their race still in
// play or beaten in it.
func (s *Service) eligible(ctx context.Context, tx *pg.Tx, game uuid.UUID, races []RaceStats) ([]uuid.UUID, error) {
	fair := map[string]bool{}
	for _, r := range races {
		fair[r.RaceName] = r.State == string(enginev1.RaceActive) || r.State == string(enginev1.RaceEliminated)
	}
	members, err := s.store.inGoodStanding(ctx, tx, game)
	users := make([]uuid.UUID, 0, len(members))
	for _, m := range members {
		if fair[m.RaceName] {
			users = append(users, m.UserID)
		}
	}
	return users, err
}
