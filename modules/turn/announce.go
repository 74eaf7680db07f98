package turn

import (
	"context"
	"errors"
	"fmt"

	"galaxy/backend/modules/lobby"
	"galaxy/backend/modules/notification"
	"galaxy/backend/modules/turn/pace"
	"galaxy/backend/platform/pg"
	enginev1 "galaxy/backend/proto/engine/v1"
)

// turnKey identifies a turn among all that are announced. The epoch makes a turn
// that is generated again after a restore a new one.
func turnKey(c Clock) string {
	return fmt.Sprintf("game:%s:epoch:%d:turn:%d", c.GameID, c.Epoch, c.Turn)
}

// announcement is what every kind about a turn tells.
func announcement(g lobby.Game, c Clock) map[string]any {
	payload := map[string]any{"game_id": g.ID.String(), "game_name": g.Name, "turn": c.Turn}
	if c.NextTurnAt != nil {
		payload["next_turn_at"] = *c.NextTurnAt
	}
	return payload
}

// announce tells the members of a new turn, and of the end of the game if it
// was the last one.
func announce(ctx context.Context, tx *pg.Tx, n Notifier, g lobby.Game, c Clock, res enginev1.TurnResponse, seats []lobby.Seat) error {
	to := pace.Members(seats)
	if len(to) == 0 {
		return nil
	}
	payload := announcement(g, c)
	payload["eliminated"] = eliminated(res.Events)
	err := n.Submit(ctx, tx, notification.Intent{Kind: notification.KindGameTurnReady, Key: turnKey(c), Recipients: to, Payload: payload})
	if err != nil || !res.Status.Finished {
		return err
	}
	payload = announcement(g, c)
	payload["winners"] = []string{}
	if res.Status.Result != nil && res.Status.Result.Winners != nil {
		payload["winners"] = res.Status.Result.Winners
	}
	return n.Submit(ctx, tx, notification.Intent{Kind: notification.KindGameFinished, Key: turnKey(c), Recipients: to, Payload: payload})
}

func ignoreMissing(err error) error {
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}

// stats is the engine's account in lobby's words.
func stats(races []enginev1.RaceStatus) []lobby.RaceStats {
	out := make([]lobby.RaceStats, len(races))
	for i, r := range races {
		out[i] = lobby.RaceStats{
			RaceName: r.RaceName, State: string(r.State), Planets: r.Planets, Ships: r.Ships,
			Population: r.Population, Industry: r.Industry, Votes: r.Votes, IdleTurns: r.IdleTurns,
		}
	}
	return out
}

// eliminated names the races that the turn put out of play, however.
func eliminated(events []enginev1.Event) []string {
	out := []string{}
	for _, e := range events {
		switch e.Type {
		case enginev1.EventRaceEliminated, enginev1.EventRaceQuit, enginev1.EventRaceIdleRemoved:
			out = append(out, e.Race)
		}
	}
	return out
}
