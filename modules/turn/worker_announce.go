package turn

import (
	"context"
	"fmt"

	"galaxy/backend/modules/game"
	"galaxy/backend/modules/notification"
	"galaxy/backend/modules/turn/pace"
	"galaxy/backend/platform/pg"
	enginev1 "galaxy/backend/proto/engine/v1"
)

// turnKey identifies a turn among all that are announced. The epoch tells turns
// apart that have the same number.
func turnKey(c pace.Clock) string {
	return fmt.Sprintf("game:%s:epoch:%d:turn:%d", c.GameID, c.Epoch, c.Turn)
}

// announce tells the members of a new turn, and of the end of the game if it
// was the last one.
func (r *Runner) announce(ctx context.Context, tx *pg.Tx, g game.Game, c pace.Clock, members []game.Membership,
	res enginev1.TurnResponse,
) error {
	users := pace.ActiveUsers(members)
	if len(users) == 0 {
		return nil
	}
	err := r.notifier.Submit(ctx, tx, notification.Intent{
		Key: turnKey(c), Recipients: users,
		Payload: notification.GameTurnReady{
			GameRef: g.Ref(), Turn: c.Turn, NextTurnAt: c.NextTurnAt, Eliminated: eliminatedRaces(res.Events),
		},
	})
	if err != nil || !res.Status.Finished {
		return err
	}
	return r.notifier.Submit(ctx, tx, notification.Intent{
		Key: turnKey(c), Recipients: users,
		Payload: notification.GameFinished{
			GameRef: g.Ref(), Turn: c.Turn, NextTurnAt: c.NextTurnAt, Winners: winners(res.Status.Result),
		},
	})
}

// winners is never nil: the payload has a list.
func winners(result *enginev1.Result) []string {
	if result == nil || result.Winners == nil {
		return []string{}
	}
	return result.Winners
}

// eliminatedRaces are those that the turn put out of play, however.
func eliminatedRaces(events []enginev1.Event) []string {
	out := []string{}
	for _, e := range events {
		switch e.Type {
		case enginev1.EventRaceEliminated, enginev1.EventRaceQuit, enginev1.EventRaceIdleRemoved:
			out = append(out, e.Race)
		}
	}
	return out
}
