package games

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
func (l *Ledger) openEnrollment(_ context.Context, tx *pg.Tx, g *Game) error {
	if g.EnrollmentOver(l.Clock.Now()) {
		return ErrEnrollmentPast
	}
	l.Save(tx, g)
	return nil
}

// closeEnrollment ends the enrolment of a game with enough members.
func (l *Ledger) closeEnrollment(ctx context.Context, tx *pg.Tx, g *Game) error {
	if g.SeatsTaken < g.MinPlayers {
		return ErrTooFewPlayers.With("members", g.SeatsTaken).With("min_players", g.MinPlayers)
	}
	l.Save(tx, g)
	return l.settleRequests(ctx, tx, *g, "enrollment_closed")
}

// settleRequests answers the applications and invites that are still open.
func (l *Ledger) settleRequests(ctx context.Context, tx *pg.Tx, g Game, reason string) error {
	now := l.Clock.Now()
	applications, err := l.Store.rejectAll(ctx, tx, g.ID, reason, now)
	if err != nil {
		return err
	}
	for _, a := range applications {
		payload := map[string]any{"application_id": a.ID.String(), "reason": reason}
		if err := l.Tell(ctx, tx, notification.KindApplicationRejected, a.ID.String(), g, []uuid.UUID{a.UserID}, payload); err != nil {
			return err
		}
	}
	invites, err := l.Store.revokeAll(ctx, tx, g.ID, reason, now)
	if err != nil {
		return err
	}
	for _, i := range invites {
		if err := l.Tell(ctx, tx, notification.KindInviteRevoked, i.ID.String(), g, []uuid.UUID{i.UserID}, map[string]any{"invite_id": i.ID.String()}); err != nil {
			return err
		}
	}
	return nil
}

// launch asks for an engine. The game is in its new state already.
func (l *Ledger) launch(ctx context.Context, tx *pg.Tx, g *Game, least int, by runtime.Source) error {
	if !g.Launched() {
		if g.SeatsTaken < least {
			return ErrTooFewPlayers.With("members", g.SeatsTaken).With("min_players", least)
		}
		if err := l.settleRequests(ctx, tx, *g, "game_started"); err != nil {
			return err
		}
		l.Store.markFounding(tx, g.ID)
		l.seats.Drop(tx, g.ID)
		now := l.Clock.Now()
		g.LaunchedAt = &now
	}
	g.LastError = ""
	l.Save(tx, g)
	doc, err := l.initDocument(ctx, tx, *g)
	if err != nil {
		return err
	}
	if _, err := l.launcher.Start(ctx, tx, runtime.Spec{GameID: g.ID, Version: g.EngineVersion, Init: doc}, by); err != nil {
		return fmt.Errorf("start game %s: %w", g.ID, err)
	}
	return nil
}

// initDocument founds the game: the races of all founding members, also of those
// who left since, because the engine may know them already. A race that was taken
// over is its successor's.
func (l *Ledger) initDocument(ctx context.Context, tx *pg.Tx, g Game) (enginev1.InitRequest, error) {
	seats, err := l.Store.Seats(ctx, tx, g.ID)
	if err != nil {
		return enginev1.InitRequest{}, err
	}
	var ids []uuid.UUID
	for _, s := range seats {
		ids = append(ids, s.UserID)
	}
	people, err := l.Users.Snapshots(ctx, ids)
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
	for _, s := range seats {
		if s.Founding && s.Reason != ReasonReplaced {
			doc.Races = append(doc.Races, enginev1.InitRace{UserID: s.UserID.String(), UserName: people[s.UserID].UserName, RaceName: s.RaceName})
		}
	}
	return doc, nil
}

// started is the engine's first sign of life, or a later one after a failed
// start.
func (l *Ledger) started(ctx context.Context, tx *pg.Tx, g *Game, status *enginev1.Status) error {
	now := l.Clock.Now()
	first := g.StartedAt == nil
	if first {
		g.StartedAt = &now
		g.LastTurnAt = &now
		if status != nil {
			l.snapshot(tx, g, statsOf(*status), status.StateHash)
		}
	}
	l.Save(tx, g)
	if !first {
		return nil
	}
	return l.Announce(ctx, tx, *g, EventStarted, status)
}

// snapshot takes the state of the races over; turn 0 is the baseline that
// promotion compares with.
func (l *Ledger) snapshot(tx *pg.Tx, g *Game, races []RaceStats, hash string) {
	g.StateHash = hash
	g.ActiveRaces = 0
	for _, r := range races {
		if enginev1.RaceState(r.State).InPlay() {
			g.ActiveRaces++
		}
	}
	l.Store.upsertStats(tx, g.ID, g.CurrentTurn, races)
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

// pause holds the game; the clock stands still until it is resumed.
func (l *Ledger) pause(ctx context.Context, tx *pg.Tx, g *Game, reason string) error {
	var err error
	if g.State, err = next(g.State, Pause, system); err != nil {
		return err
	}
	g.PauseReason = reason
	l.Save(tx, g)
	if err := l.Announce(ctx, tx, *g, EventPaused, nil); err != nil {
		return err
	}
	return l.tellMembers(ctx, tx, notification.KindGamePaused, *g, map[string]any{"reason": reason, "turn": g.CurrentTurn})
}

// cancel ends the game without a result. The state has been moved already.
func (l *Ledger) cancel(ctx context.Context, tx *pg.Tx, g *Game, reason string, by runtime.Source) error {
	now := l.Clock.Now()
	g.FinishedAt, g.PauseReason, g.NextTurnAt = &now, "", nil
	l.Save(tx, g)
	if err := l.settleRequests(ctx, tx, *g, "game_cancelled"); err != nil {
		return err
	}
	if g.Launched() {
		if _, err := l.launcher.Stop(ctx, tx, g.ID, by); err != nil {
			return fmt.Errorf("stop the engine of game %s: %w", g.ID, err)
		}
		if err := l.Announce(ctx, tx, *g, EventCancelled, nil); err != nil {
			return err
		}
	}
	if err := l.tellMembers(ctx, tx, notification.KindGameCancelled, *g, map[string]any{"reason": reason}); err != nil {
		return err
	}
	return l.Names.ReleaseReserved(ctx, tx, []uuid.UUID{g.ID}, nil) // keys come last in the lock order
}
