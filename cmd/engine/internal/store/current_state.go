package store

import (
	"galaxy/backend/cmd/engine/internal/game"
)

// CurrentState is a turn's state with what came since: the commands of the log, and
// between them, where they came, the order lists that were handed in.
func CurrentState(c *game.Config, base *game.State, entries []Entry, lists map[int]OrderList) *game.State {
	state := base.Clone()
	for i := range len(entries) + 1 {
		for race := range state.Races {
			if list, found := lists[race]; found && list.After == i {
				game.CancelQuit(state, race)
			}
		}
		if i < len(entries) {
			entries[i].apply(c, state)
		}
	}
	return state
}

func (e *Entry) apply(c *game.Config, s *game.State) {
	switch {
	case e.Kind == KindBanish:
		game.Banish(c, s, e.Race)
	case e.Command != nil:
		game.Command(c, s, e.Race, *e.Command)
	}
}

// OrderLists is what a turn is made from.
func OrderLists(c *game.Config, lists map[int]OrderList) game.Lists {
	all := make(game.Lists, len(c.Request.Races))
	for race := range all {
		if list, found := lists[race]; found {
			all[race] = list.Orders
		}
	}
	return all
}
