package game

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"galaxy/backend/modules/notification"
	"galaxy/backend/modules/runtime"
	"galaxy/backend/platform/pg"
	enginev1 "galaxy/backend/proto/engine/v1"
)

// openEnrollment checks what the move to enrollment_open needs.
func (s *Service) openEnrollment(_ context.Context, tx *pg.Tx, g *Game) error {
	if g.EnrollmentOver(s.clock.Now()) {
		return ErrEnrollmentPast
	}
	s.games.save(tx, g)
	return nil
}

// closeEnrollment ends the enrollment of a game with enough members.
func (s *Service) closeEnrollment(ctx context.Context, tx *pg.Tx, g *Game) error {
	if g.SeatsTaken < g.MinPlayers {
		return ErrTooFewPlayers.With("members", g.SeatsTaken).With("min_players", g.MinPlayers)
	}
	s.games.save(tx, g)
	return s.endEnrollment(ctx, tx, *g, EnrollmentClosed)
}

// endEnrollment tells those who hold requests to join that the game takes nobody
// any more.
func (s *Service) endEnrollment(ctx context.Context, tx *pg.Tx, g Game, reason string) error {
	return s.announce(ctx, tx, Change{Game: g, Event: EventEnrollmentEnded, Reason: reason})
}

// launch asks for an engine. The game is in its new state already.
func (s *Service) launch(ctx context.Context, tx *pg.Tx, g *Game, minPlayers int, by runtime.Source) error {
	if !g.Launched() {
		if g.SeatsTaken < minPlayers {
			return ErrTooFewPlayers.With("members", g.SeatsTaken).With("min_players", minPlayers)
		}
		if err := s.endEnrollment(ctx, tx, *g, EnrollmentStarted); err != nil {
			return err
		}
		s.store.markFounding(tx, g.ID)
		s.games.memberships.Drop(tx, g.ID)
		now := s.clock.Now()
		g.LaunchedAt = &now
	}
	g.LastError = ""
	s.games.save(tx, g)
	doc, err := s.initDocument(ctx, tx, *g)
	if err != nil {
		return err
	}
	if _, err := s.launcher.Start(ctx, tx, runtime.Spec{GameID: g.ID, Version: g.EngineVersion, Init: doc}, by); err != nil {
		return fmt.Errorf("start game %s: %w", g.ID, err)
	}
	return nil
}

// initDocument is what the engine makes the game from: the races of all founding
// members, also of those who left since, because the engine may know them already.
// A race that was taken over is its successor's.
func (s *Service) initDocument(ctx context.Context, tx *pg.Tx, g Game) (enginev1.InitRequest, error) {
	members, err := s.store.memberships(ctx, tx, g.ID)
	if err != nil {
		return enginev1.InitRequest{}, err
	}
	var ids []uuid.UUID
	for _, m := range members {
		ids = append(ids, m.UserID)
	}
	users, err := s.accounts.Snapshots(ctx, ids)
	if err != nil {
		return enginev1.InitRequest{}, fmt.Errorf("name the members of game %s: %w", g.ID, err)
	}
	never := 0
	doc := enginev1.InitRequest{
		ContractVersion: enginev1.ContractVersion, GameID: g.ID.String(),
		Map: &enginev1.MapRequest{Topology: "torus", Size: g.Map.Size, PlanetsPerRace: g.Map.PlanetsPerRace},
		Options: &enginev1.InitOptions{
			Ruleset: enginev1.Ruleset, HomeWorlds: g.Map.HomeWorlds, MaxTurns: g.Map.MaxTurns, IdleTurnLimit: &never,
			VoteShare: g.Map.VoteShare, LastRaceWins: g.Map.LastRaceWins, BattleLog: g.Map.BattleLog,
		},
	}
	for _, m := range members {
		if m.Founding && m.Reason != ReasonReplaced {
			doc.Races = append(doc.Races, enginev1.InitRace{UserID: m.UserID.String(), UserName: users[m.UserID].UserName, RaceName: m.RaceName})
		}
	}
	return doc, nil
}

// started records that the engine runs. It does so for the first time, or again
// after a failed start.
func (s *Service) started(ctx context.Context, tx *pg.Tx, g *Game, status *enginev1.Status) error {
	now := s.clock.Now()
	first := g.StartedAt == nil
	if first {
		g.StartedAt = &now
		g.LastTurnAt = &now
		if status != nil {
			s.snapshot(tx, g, statsOf(*status), status.StateHash)
		}
	}
	s.games.save(tx, g)
	if !first {
		return nil
	}
	return s.announce(ctx, tx, Change{Game: *g, Event: EventStarted, Status: status})
}

// snapshot copies the state of the races into the game; turn 0 is the baseline that
// promotion compares with.
func (s *Service) snapshot(tx *pg.Tx, g *Game, races []RaceStats, hash string) {
	g.StateHash = hash
	g.ActiveRaces = 0
	for _, r := range races {
		if enginev1.RaceState(r.State).InPlay() {
			g.ActiveRaces++
		}
	}
	s.store.upsertStats(tx, g.ID, g.CurrentTurn, races)
}

func statsOf(status enginev1.Status) []RaceStats {
	out := make([]RaceStats, 0, len(status.Races))
	for _, r := range status.Races {
		out = append(out, RaceStats{
			RaceName: r.RaceName, State: string(r.State), Planets: r.Planets, Ships: r.Ships,
			Population: r.Population, Industry: r.Industry, Votes: r.Votes, IdleTurns: r.IdleTurns,
		})
	}
	return out
}

// pause keeps turns from being generated until the game is resumed.
func (s *Service) pause(ctx context.Context, tx *pg.Tx, g *Game, reason string) error {
	var err error
	if g.State, err = next(g.State, Pause, system); err != nil {
		return err
	}
	g.PauseReason = reason
	s.games.save(tx, g)
	if err := s.announce(ctx, tx, Change{Game: *g, Event: EventPaused}); err != nil {
		return err
	}
	return s.notifyMembers(ctx, tx, *g, notification.GamePaused{GameRef: g.Ref(), Reason: reason, Turn: g.CurrentTurn})
}

// cancel ends the game without a result. The state has been moved already.
func (s *Service) cancel(ctx context.Context, tx *pg.Tx, g *Game, reason string, by runtime.Source) error {
	now := s.clock.Now()
	g.FinishedAt, g.PauseReason, g.NextTurnAt = &now, "", nil
	s.games.save(tx, g)
	if err := s.endEnrollment(ctx, tx, *g, EnrollmentCancelled); err != nil {
		return err
	}
	if g.Launched() {
		if _, err := s.launcher.Stop(ctx, tx, g.ID, by); err != nil {
			return fmt.Errorf("stop the engine of game %s: %w", g.ID, err)
		}
		if err := s.announce(ctx, tx, Change{Game: *g, Event: EventCancelled}); err != nil {
			return err
		}
	}
	if err := s.notifyMembers(ctx, tx, *g, notification.GameCancelled{GameRef: g.Ref(), Reason: reason}); err != nil {
		return err
	}
	return s.names.ReleaseReserved(ctx, tx, []uuid.UUID{g.ID}, nil) // keys come last in the lock order
}
