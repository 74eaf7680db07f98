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
	in := notification.Intent{Key: turnKey(c), Recipients: pace.ActiveUsers(members)}
	if len(in.Recipients) == 0 {
		return nil
	}
	in.Payload = notification.GameTurnReady{
		GameRef: g.Ref(), Turn: c.Turn, NextTurnAt: c.NextTurnAt, Eliminated: eliminatedRaces(res.Events),
	}
	if err := r.notifier.Submit(ctx, tx, in); err != nil || !res.Status.Finished {
		return err
	}
	over := notification.GameFinished{GameRef: g.Ref(), Turn: c.Turn, NextTurnAt: c.NextTurnAt}
	if res.Status.Result != nil {
		over.Winners = res.Status.Result.Winners
	}
	in.Payload = over
	return r.notifier.Submit(ctx, tx, in)
}

// eliminatedRaces are those that the turn put out of play, however.
func eliminatedRaces(events []enginev1.Event) []string {
	var out []string
	for _, e := range events {
		switch e.Type {
		case enginev1.EventRaceEliminated, enginev1.EventRaceQuit, enginev1.EventRaceIdleRemoved:
			out = append(out, e.Race)
		}
	}
	return out
}
