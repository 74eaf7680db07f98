package bot

import (
	"cmp"
	"math"
	"slices"

	enginev1 "galaxy/backend/proto/engine/v1"
)

// maxDrones is the largest number of planets observed at once.
const maxDrones = 40

// sendDrones sends drones to planets in reach that are not observed.
func (pl *planner) sendDrones() {
	spare := pl.spareDrones()
	for i := range pl.planets {
		if pl.dronesAway >= maxDrones {
			return
		}
		p := &pl.planets[i]
		if p.observed || !p.inReach || pl.enRoute[p.number][drone] > 0 {
			continue
		}
		spare = slices.DeleteFunc(spare, func(s *spareGroup) bool { return s.ships == 0 })
		if len(spare) == 0 {
			return
		}
		nearest := slices.MinFunc(spare, func(a, b *spareGroup) int {
			return cmp.Compare(pl.distance(pl.planet(a.Planet), p), pl.distance(pl.planet(b.Planet), p))
		})
		nearest.ships--
		pl.dronesAway++
		pl.sendShips(nearest.availableGroup, 1, p.number)
	}
}

// spareGroup is a group of which some ships may leave.
type spareGroup struct {
	*availableGroup
	ships int
}

// spareDrones are the drones that may leave: a foreign or free planet keeps its
// last one.
func (pl *planner) spareDrones() []*spareGroup {
	kept := map[int]bool{}
	var spare []*spareGroup
	for _, s := range pl.groupsOf(drone) {
		ships := s.Ships
		if !pl.planet(s.Planet).own {
			pl.dronesAway += ships
		}
		if !pl.planet(s.Planet).own && !kept[s.Planet] {
			kept[s.Planet] = true
			ships--
		}
		if ships > 0 {
			spare = append(spare, &spareGroup{s, ships})
		}
	}
	return spare
}

// arksFor is the number of arks to send to a free planet.
func arksFor(p *planet) int { return int(math.Ceil(p.size / 400)) }

// bestFreePlanet is the free planet that pays best for an ark at from, or nil.
func (pl *planner) bestFreePlanet(from *planet) *planet {
	var best *planet
	score := func(p *planet) float64 { return min(p.size, 1500) / (10 + pl.distance(from, p)) }
	for i := range pl.planets {
		p := &pl.planets[i]
		if !p.observed || p.own || p.size < 50 || p.population > 0 || pl.enRoute[p.number][ark] >= arksFor(p) || !p.inReach {
			continue
		}
		if best == nil || score(p) > score(best) {
			best = p
		}
	}
	return best
}

// sendColonists sends arks with colonists to free planets, and brings empty ones back.
func (pl *planner) sendColonists() {
	colonists := map[int]float64{}
	for _, p := range pl.report.LocalPlanets {
		colonists[p.Number] = p.Colonists
	}
	for _, s := range pl.groupsOf(ark) {
		at := pl.planet(s.Planet)
		if s.Cargo != nil {
			if to := pl.bestFreePlanet(at); to != nil && to.number != s.Planet {
				pl.sendShips(s, s.Ships, to.number)
			}
			continue
		}
		for s.Ships > 0 && at.own && colonists[s.Planet] >= 4 {
			to := pl.bestFreePlanet(at)
			if to == nil {
				break
			}
			colonists[s.Planet] -= 11.2
			pl.addOrder(enginev1.Send(pl.loadShip(s, enginev1.Colonists), to.number))
			pl.addEnRoute(to.number, ark, 1)
		}
		if home := pl.nearestWithColonists(at, colonists); s.Ships > 0 && colonists[s.Planet] < 4 && home != nil {
			pl.sendShips(s, s.Ships, home.number)
		}
	}
}

// nearestWithColonists is the nearest own planet with enough colonists for a ship.
func (pl *planner) nearestWithColonists(from *planet, colonists map[int]float64) *planet {
	var best *planet
	for i := range pl.planets {
		p := &pl.planets[i]
		if p.number == from.number || colonists[p.number] < 8 || pl.enRoute[p.number][ark] > 1 {
			continue
		}
		if best == nil || pl.distance(from, p) < pl.distance(from, best) {
			best = p
		}
	}
	return best
}

// bombingPower is roughly the population that one lancer destroys per turn.
func (pl *planner) bombingPower() float64 { return 35 * pl.own.Weapons }

// nearestTarget is the enemy planet nearest to from that needs more warships.
func (pl *planner) nearestTarget(from *planet, assigned map[int]int) *planet {
	var best *planet
	for i := range pl.planets {
		p := &pl.planets[i]
		enough := int(p.population/pl.bombingPower())/2 + 3
		if !p.hostile || assigned[p.number] > 2*enough || !p.inReach {
			continue
		}
		if best == nil || pl.distance(from, p) < pl.distance(from, best) {
			best = p
		}
	}
	return best
}

// sendWarships sends warships in groups to enemy planets, and leaves them there
// while the planet is hostile.
func (pl *planner) sendWarships() {
	assigned := map[int]int{}
	for planet, ships := range pl.enRoute {
		assigned[planet] = ships[lancer]
	}
	waiting := map[int]int{}
	for _, s := range pl.groupsOf(lancer) {
		if pl.planet(s.Planet).hostile {
			assigned[s.Planet] += s.Ships
		} else {
			waiting[s.Planet] += s.Ships
		}
	}
	for _, s := range pl.groupsOf(lancer) {
		at := pl.planet(s.Planet)
		if at.hostile {
			continue
		}
		to := pl.nearestTarget(at, assigned)
		if to == nil {
			pl.seekEnemies(s)
			continue
		}
		if waiting[s.Planet]+assigned[to.number] < 4 && at.own {
			continue
		}
		assigned[to.number] += s.Ships
		pl.sendShips(s, s.Ships, to.number)
	}
}

// seekEnemies sends warships to the nearest planet that is not observed.
func (pl *planner) seekEnemies(s *availableGroup) {
	at := pl.planet(s.Planet)
	if at.own && s.Ships < 8 {
		return
	}
	var best *planet
	for i := range pl.planets {
		p := &pl.planets[i]
		if p.observed || pl.enRoute[p.number][lancer] > 0 || !p.inReach {
			continue
		}
		if best == nil || pl.distance(at, p) < pl.distance(at, best) {
			best = p
		}
	}
	if best != nil {
		pl.sendShips(s, s.Ships, best.number)
	}
}
