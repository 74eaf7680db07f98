package game

import (
	"galaxy/backend/cmd/engine/internal/rules"
	enginev1 "galaxy/backend/proto/engine/v1"
)

// MapInfo describes the galaxy of a game.
func MapInfo(c *Config, s *State) enginev1.MapInfo {
	return enginev1.MapInfo{
		Topology: c.Request.Map.Topology, Size: c.Request.Map.Size, Planets: len(s.Planets), Races: len(s.Races),
	}
}

// RaceStatuses is what the host may know of the races. hasOrders reports which
// of them have submitted a list for the turn.
func RaceStatuses(c *Config, s *State, hasOrders func(race int) bool) []enginev1.RaceStatus {
	standings := s.standings()
	all := make([]enginev1.RaceStatus, len(s.Races))
	for race := range s.Races {
		r, has := &s.Races[race], standings[race]
		all[race] = enginev1.RaceStatus{
			RaceName: c.RaceName(race), UserID: c.Request.Races[race].UserID, State: r.State,
			Planets: has.planets, Population: rules.RoundDisplay(has.population), Industry: rules.RoundDisplay(has.industry),
			Ships: has.ships, ShipMass: rules.RoundDisplay(has.mass), Votes: rules.RoundDisplay(has.votes),
			IdleTurns: r.Idle, HasOrders: hasOrders(race),
			Tech: enginev1.Tech(shownTech(r.Tech)),
		}
		if r.State == enginev1.RaceEliminated {
			all[race].EliminatedTurn = new(r.OutTurn)
		}
	}
	return all
}

func shownTech(t rules.Tech) rules.Tech {
	return rules.Tech{
		Drive: rules.RoundDisplay(t.Drive), Weapons: rules.RoundDisplay(t.Weapons),
		Shields: rules.RoundDisplay(t.Shields), Cargo: rules.RoundDisplay(t.Cargo),
	}
}

// PublicEvents are all events of a turn, for the host.
func PublicEvents(events []Event) []enginev1.Event {
	all := make([]enginev1.Event, len(events))
	for i, e := range events {
		all[i] = e.Event
	}
	return all
}
