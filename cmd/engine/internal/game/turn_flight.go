package game

import (
	"math"
	"slices"

	"galaxy/backend/cmd/engine/internal/rules"
	enginev1 "galaxy/backend/proto/engine/v1"
)

// launch sends a group that is in orbit to another planet, all the way without a
// turn (GP).
func (s *State) launch(c *Config, g *Group, to int) {
	g.To = to
	g.Left = rules.RoundState(c.torus().Distance(s.planet(g.At).point(), s.planet(to).point()))
}

// serveRoutes loads and launches idle ships on the routes of their planet (5; NG).
func (g *generation) serveRoutes() {
	orbits := g.state.orbits()
	for i := range g.state.Planets {
		p := &g.state.Planets[i]
		if p.Owner == nobody || p.Routes == [len(routeCargos)]int{} {
			continue
		}
		for route, cargo := range routeCargos {
			if to := p.Routes[route]; to != 0 {
				g.serveRoute(i+1, orbits[i+1], cargo, to)
			}
		}
	}
}

// serveRoute takes no more ships than the cargo needs, by group number: of the
// last group they are split off, and the rest waits for the next cargo.
func (g *generation) serveRoute(planet int, groups []int, cargo enginev1.Cargo, to int) {
	p := g.state.planet(planet)
	stock := p.stock(cargo)
	for _, i := range groups {
		if stock != nil && *stock <= 0 {
			return
		}
		group := &g.state.Groups[i]
		if group.Race != p.Owner || !group.inOrbit() || group.Load > 0 {
			continue
		}
		ship := g.state.ship(group)
		if ship.Drive == 0 || ship.Cargo == 0 {
			continue
		}
		if stock != nil {
			load := min(*stock, ship.Capacity()*float64(group.Ships))
			if need := int(math.Ceil(load/ship.Capacity() - 1e-9)); need < group.Ships {
				g.state.Groups = append(g.state.Groups, group.split(need, g.nextGroup(group.Race)))
				group = &g.state.Groups[len(g.state.Groups)-1]
			}
			*stock -= load
			group.Cargo, group.Load = cargo, load
		}
		g.state.launch(g.config, group, to)
	}
}

func (g *generation) nextGroup(race int) int {
	g.state.Races[race].LastGroup++
	return g.state.Races[race].LastGroup
}

// stock is the planet's store of a cargo; nil for the route of empty ships.
func (p *Planet) stock(cargo enginev1.Cargo) *float64 {
	switch cargo {
	case enginev1.Colonists:
		return &p.Colonists
	case enginev1.Capital:
		return &p.Capital
	case enginev1.Materials:
		return &p.Materials
	default:
		return nil
	}
}

// moveGroups moves everything that has left (6; GP, with NG's end of a flight).
func (g *generation) moveGroups() {
	for i := range g.state.Groups {
		group := &g.state.Groups[i]
		group.arrived = false
		if group.inOrbit() {
			continue
		}
		group.Space = true
		group.Left = rules.RoundState(group.Left - g.state.ship(group).Speed())
		if rules.Arrived(group.Left) {
			group.At, group.To, group.Left, group.Space = group.To, 0, 0, false
			group.arrived = true
		}
	}
}

// unloadArrivals unloads arrived cargo: colonists first, so that other cargo of the
// same race finds an own planet (14; NG's option, because orders run before the
// flight).
func (g *generation) unloadArrivals() {
	claims := make([][]int, len(g.state.Planets)+1)
	for i := range g.state.Groups {
		group := &g.state.Groups[i]
		if !group.arrived || group.Cargo != enginev1.Colonists {
			continue
		}
		switch p := g.state.planet(group.At); {
		case p.Owner == group.Race:
			p.Colonists += group.Load
			group.clearCargo()
		case p.Owner == nobody && p.Size > 0:
			claims[group.At] = append(claims[group.At], i)
		}
	}
	orbits := g.state.orbits()
	for planet, groups := range claims {
		if len(groups) > 0 {
			g.colonise(planet, groups, orbits[planet])
		}
	}
	for i := range g.state.Groups {
		group := &g.state.Groups[i]
		if group.arrived && group.Load > 0 && group.Cargo != enginev1.Colonists &&
			g.state.planet(group.At).Owner == group.Race {
			*g.state.planet(group.At).stock(group.Cargo) += group.Load
			group.clearCargo()
		}
		group.arrived = false
	}
}

// colonise makes the race with the most arrived colonists the owner of a free
// planet; a tie is decided at random. Other colonists stay aboard (GP).
func (g *generation) colonise(planet int, groups, orbit []int) {
	races := g.state.owners(groups)
	totals := make([]float64, len(races))
	for _, i := range groups {
		totals[slices.Index(races, g.state.Groups[i].Race)] += g.state.Groups[i].Load
	}
	most := slices.Max(totals)
	var best []int
	for i, race := range races {
		if rules.RoundState(totals[i]) == rules.RoundState(most) {
			best = append(best, race)
		}
	}
	winner := best[0]
	if len(best) > 1 {
		winner = best[rules.Stream(g.config.Seed, uint32(g.state.Turn), rules.PhaseColonising,
			uint32(planet)).IntN(len(best))]
	}
	for _, i := range groups {
		if group := &g.state.Groups[i]; group.Race == winner {
			g.state.planet(planet).Colonists += group.Load
			group.clearCargo()
		}
	}
	g.state.planet(planet).Owner = winner
	g.emit(enginev1.Event{
		Type: enginev1.EventPlanetColonised, Planet: planet, Race: g.config.RaceName(winner),
	}, g.state.owners(orbit))
}

// dropRoutes clears routes that lead out of reach (16; GP).
func (g *generation) dropRoutes() {
	lands := g.state.planetsByRace()
	for i := range g.state.Planets {
		p := &g.state.Planets[i]
		for route, to := range p.Routes {
			if to != 0 && !g.state.reaches(g.config, p.Owner, lands[p.Owner], to) {
				p.Routes[route] = 0
			}
		}
	}
}

// planetsByRace lists every race's planets.
func (s *State) planetsByRace() [][]int {
	lands := make([][]int, len(s.Races))
	for i := range s.Planets {
		if owner := s.Planets[i].Owner; owner != nobody {
			lands[owner] = append(lands[owner], i+1)
		}
	}
	return lands
}

// reaches reports whether a planet is within reach of one of a race's planets.
func (s *State) reaches(c *Config, race int, land []int, to int) bool {
	reach := rules.Reach(s.Races[race].Tech.Drive)
	return slices.ContainsFunc(land, func(from int) bool {
		return c.torus().Distance(s.planet(from).point(), s.planet(to).point()) <= reach+1e-9
	})
}
