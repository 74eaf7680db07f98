package store

import (
	"galaxy/backend/cmd/engine/internal/game"
)

// CurrentState applies to a turn's state what was stored since: the commands of
// the log, and the submissions of order lists in between.
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

// OrderLists are the lists that the next turn is generated from.
func OrderLists(c *game.Config, lists map[int]OrderList) game.Lists {
	all := make(game.Lists, len(c.Request.Races))
	for race := range all {
		if list, found := lists[race]; found {
			all[race] = list.Orders
		}
	}
	return all
}
