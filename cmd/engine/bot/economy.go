package bot

import (
	"cmp"
	"slices"

	enginev1 "galaxy/backend/proto/engine/v1"
)

// setProduction chooses the product of every planet, the strongest first.
func (pl *planner) setProduction() {
	planets := slices.Clone(pl.report.LocalPlanets)
	slices.SortFunc(planets, func(a, b enginev1.LocalPlanet) int {
		return cmp.Or(-cmp.Compare(a.FreeProduction, b.FreeProduction), cmp.Compare(a.Number, b.Number))
	})
	needs := shipsNeeded{drones: pl.dronesWanted() - pl.shipCounts[drone], arks: pl.arksWanted() - pl.shipCounts[ark]}
	for rank, p := range planets {
		kind, name := pl.chooseProduct(rank, p, &needs)
		if p.Production.Kind != kind || name != "" && (p.Production.Name == nil || *p.Production.Name != name) {
			pl.addOrder(enginev1.Produce(p.Number, kind, name))
		}
	}
}

// shipsNeeded are ships still to be built.
type shipsNeeded struct{ drones, arks int }

// chooseProduct chooses a product: first the ships that are needed, then industry
// where population is unused, then research on every third planet, and warships.
func (pl *planner) chooseProduct(rank int, p enginev1.LocalPlanet, n *shipsNeeded) (kind, name string) {
	switch strong := p.FreeProduction >= 200; {
	case strong && rank > 0 && n.drones > 0:
		n.drones = 0
		return enginev1.ProduceShip, drone
	case strong && n.arks > 0 && rank%2 == 0:
		n.arks -= int(p.FreeProduction / 250)
		return enginev1.ProduceShip, ark
	case !strong || p.Industry < 0.6*p.Population:
		return enginev1.ProduceCapital, ""
	case rank%3 == 1:
		return pl.chooseResearch(), ""
	default:
		return enginev1.ProduceShip, lancer
	}
}

// dronesWanted is the number of foreign and free planets in reach, up to maxDrones.
func (pl *planner) dronesWanted() int {
	n := 0
	for i := range pl.planets {
		if p := &pl.planets[i]; !p.own && p.inReach {
			n++
		}
	}
	return min(n, maxDrones)
}

// arksWanted is the number of arks that could be used at once.
func (pl *planner) arksWanted() int {
	n := 0
	for i := range pl.planets {
		p := &pl.planets[i]
		if !p.own && !p.hostile && p.population == 0 && p.inReach && (!p.observed || p.size >= 50) {
			n++
		}
	}
	return min(n, 2*len(pl.report.LocalPlanets))
}

// chooseResearch keeps weapons and shields level, and drive slightly ahead of them.
func (pl *planner) chooseResearch() string {
	switch {
	case pl.own.Drive <= min(pl.own.Weapons, pl.own.Shields)+0.2:
		return enginev1.ProduceDrive
	case pl.own.Weapons <= pl.own.Shields:
		return enginev1.ProduceWeapons
	default:
		return enginev1.ProduceShields
	}
}
