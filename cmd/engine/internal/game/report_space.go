package game

import (
	"slices"

	"galaxy/backend/cmd/engine/internal/rules"
	enginev1 "galaxy/backend/proto/engine/v1"
)

// addPlanets adds every planet to the section of what the race knows of it:
// everything of its own and of those it has ships at, else the position only (GP).
func (v *raceView) addPlanets(r *enginev1.Report) {
	for i := range v.state.Planets {
		p, number := &v.state.Planets[i], i+1
		switch {
		case p.Owner == v.race:
			r.LocalPlanets = append(r.LocalPlanets, v.localPlanet(number, p))
			if p.Product.Kind == enginev1.ProduceShip {
				r.ShipsInProduction = append(r.ShipsInProduction, v.shipInProduction(number, p))
			}
		case !v.observed[number]:
			r.UnidentifiedPlanets = append(r.UnidentifiedPlanets, enginev1.UnidentifiedPlanet{Number: number, X: p.X, Y: p.Y})
		case p.Owner == nobody:
			r.UninhabitedPlanets = append(r.UninhabitedPlanets, enginev1.UninhabitedPlanet{
				PlanetFacts: facts(number, p), Capital: rules.RoundDisplay(p.Capital), Materials: rules.RoundDisplay(p.Materials),
			})
		default:
			r.OtherPlanets = append(r.OtherPlanets, enginev1.OtherPlanet{
				PlanetFacts: facts(number, p), Economy: v.economy(p), Owner: v.config.RaceName(p.Owner),
			})
		}
	}
}

func facts(number int, p *Planet) enginev1.PlanetFacts {
	return enginev1.PlanetFacts{
		Number: number, Name: p.Name, X: p.X, Y: p.Y, Size: rules.RoundDisplay(p.Size), Resources: rules.RoundDisplay(p.Resources),
	}
}

func (v *raceView) economy(p *Planet) enginev1.Economy {
	product := enginev1.Product{Kind: p.Product.Kind}
	if p.Product.Kind == enginev1.ProduceShip {
		product.Name = new(v.state.Races[p.Owner].shipType(p.Product.Type).Name)
	}
	return enginev1.Economy{
		Population: rules.RoundDisplay(p.Population), Industry: rules.RoundDisplay(p.Industry), Capital: rules.RoundDisplay(p.Capital),
		Materials: rules.RoundDisplay(p.Materials), Colonists: rules.RoundDisplay(p.Colonists),
		Production: product, FreeProduction: rules.RoundDisplay(p.Production()),
	}
}

func (v *raceView) localPlanet(number int, p *Planet) enginev1.LocalPlanet {
	local := enginev1.LocalPlanet{
		PlanetFacts: facts(number, p), Economy: v.economy(p), Progress: rules.RoundDisplay(p.Progress),
		Routes: make(map[enginev1.Cargo]*int, len(routeCargos)),
	}
	for route, cargo := range routeCargos {
		local.Routes[cargo] = nil
		if to := p.Routes[route]; to != 0 {
			local.Routes[cargo] = &to
		}
	}
	return local
}

func (v *raceView) shipInProduction(number int, p *Planet) enginev1.ShipInProduction {
	t := v.ownRace().shipType(p.Product.Type)
	return enginev1.ShipInProduction{
		Planet: number, Type: t.Name, Cost: rules.RoundDisplay(10 * t.Mass()),
		Progress: rules.RoundDisplay(p.Progress), FreeProduction: rules.RoundDisplay(p.Production()),
	}
}

// addGroups adds every group to the section of what the race knows of it.
func (v *raceView) addGroups(r *enginev1.Report) {
	for i := range v.state.Groups {
		switch g := &v.state.Groups[i]; {
		case g.Race == v.race:
			r.Groups = append(r.Groups, v.ownGroup(g))
		case g.Space:
			v.addGroupInSpace(r, g)
		case g.inOrbit() && (v.observed[g.At] || v.state.planet(g.At).Owner == v.race):
			r.OtherGroups = append(r.OtherGroups, v.otherGroup(g))
			v.noteType(g.Race, v.state.Races[g.Race].shipType(g.Type).Name)
		}
	}
}

// addGroupInSpace adds a foreign group within detection range: its flight when it
// is bound for an own planet, else its position only (GP).
func (v *raceView) addGroupInSpace(r *enginev1.Report, g *Group) {
	torus := v.config.torus()
	at := torus.Before(v.state.planet(g.At).point(), v.state.planet(g.To).point(), g.Left)
	detection := rules.Detection(v.ownRace().Tech.Drive)
	seen := slices.ContainsFunc(v.ownPlanets, func(number int) bool {
		return torus.Distance(v.state.planet(number).point(), at) <= detection
	})
	switch {
	case !seen:
	case v.state.planet(g.To).Owner == v.race:
		ship := v.state.ship(g)
		r.IncomingGroups = append(r.IncomingGroups, enginev1.IncomingGroup{
			Origin: g.At, Destination: g.To, Distance: rules.RoundDisplay(g.Left), Speed: rules.RoundDisplay(ship.Speed()),
			Mass: rules.RoundDisplay(ship.FullMass() * float64(g.Ships)),
		})
	default:
		r.UnidentifiedGroups = append(r.UnidentifiedGroups, enginev1.Position{X: rules.RoundDisplay(at.X), Y: rules.RoundDisplay(at.Y)})
	}
}

func cargoOf(g *Group) *enginev1.Cargo {
	if g.Cargo == "" {
		return nil
	}
	return new(g.Cargo)
}

func (v *raceView) ownGroup(g *Group) enginev1.OwnGroup {
	ship := v.state.ship(g)
	own := enginev1.OwnGroup{
		Number: g.Number, Ships: g.Ships, Type: v.ownRace().shipType(g.Type).Name,
		Drive: g.Tech.Drive, Weapons: g.Tech.Weapons, Shields: g.Tech.Shields, CargoTech: g.Tech.Cargo,
		Cargo: cargoOf(g), Load: rules.RoundDisplay(ship.Load), Planet: g.At,
		Speed: rules.RoundDisplay(ship.Speed()), Mass: rules.RoundDisplay(ship.FullMass()), State: enginev1.GroupInOrbit,
	}
	if !g.inOrbit() {
		own.Destination, own.Distance = new(g.To), new(rules.RoundDisplay(g.Left))
		own.State = enginev1.GroupLaunched
	}
	if g.Space {
		own.State = enginev1.GroupInSpace
	}
	return own
}

func (v *raceView) otherGroup(g *Group) enginev1.OtherGroup {
	ship := v.state.ship(g)
	return enginev1.OtherGroup{
		Race: v.config.RaceName(g.Race), Ships: g.Ships, Type: v.state.Races[g.Race].shipType(g.Type).Name,
		Drive: g.Tech.Drive, Weapons: g.Tech.Weapons, Shields: g.Tech.Shields, CargoTech: g.Tech.Cargo,
		Cargo: cargoOf(g), Load: rules.RoundDisplay(ship.Load), Planet: g.At,
		Mass: rules.RoundDisplay(ship.FullMass()), Speed: rules.RoundDisplay(ship.Speed()),
	}
}
