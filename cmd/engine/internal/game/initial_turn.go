package game

import (
	"strconv"

	"galaxy/backend/cmd/engine/internal/rules"
	enginev1 "galaxy/backend/proto/engine/v1"
)

// InitialTurn generates turn 0: the galaxy with every race on its start planets.
func InitialTurn(c *Config) *Turn {
	plan := rules.Plan{
		Side: c.torus(), Races: len(c.Request.Races),
		PlanetsPerRace: *c.Request.Map.PlanetsPerRace, Homes: c.options().HomeWorlds,
	}
	state := &State{Groups: []Group{}, Messages: []Message{}, News: []Event{}}
	for i, site := range rules.Generate(plan, rules.Stream(c.Seed, 0, rules.PhaseGenerator, 0)) {
		planet := Planet{
			Name: defaultName(i + 1), X: site.X, Y: site.Y, Owner: site.Owner,
			Colony:  rules.Colony{Size: site.Size, Resources: site.Resources},
			Product: Product{Kind: enginev1.ProduceCapital},
		}
		if site.Owner != nobody {
			planet.Population, planet.Industry = site.Size, site.Size
		}
		state.Planets = append(state.Planets, planet)
	}
	for range c.Request.Races {
		state.Races = append(state.Races, Race{
			State: enginev1.RaceActive, Tech: rules.FirstTech(),
			Types: []ShipType{}, Peace: []int{}, Results: []enginev1.OrderResult{},
		})
	}
	return &Turn{State: state, Events: []Event{}, Battles: []Battle{}, Bombings: []Bombing{}}
}

func defaultName(planet int) string { return "#" + strconv.Itoa(planet) }
