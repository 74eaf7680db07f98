package game

import (
	"context"

	"github.com/google/uuid"

	"galaxy/backend/platform/pg"
	enginev1 "galaxy/backend/proto/engine/v1"
)

// A game that was shorter, or had fewer founders, promotes no names: otherwise
// users could earn them in games played for nothing else.
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

// eligible are the members in good standing: their planets and population grew,
// and their race is in play or was eliminated in it.
func (s *Service) eligible(ctx context.Context, tx *pg.Tx, game uuid.UUID, races []RaceStats) ([]uuid.UUID, error) {
	eligibleState := map[string]bool{}
	for _, r := range races {
		eligibleState[r.RaceName] = r.State == string(enginev1.RaceActive) || r.State == string(enginev1.RaceEliminated)
	}
	members, err := s.store.inGoodStanding(ctx, tx, game)
	users := make([]uuid.UUID, 0, len(members))
	for _, m := range members {
		if eligibleState[m.RaceName] {
			users = append(users, m.UserID)
		}
	}
	return users, err
}
