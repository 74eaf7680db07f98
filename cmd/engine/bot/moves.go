package bot

import (
	"cmp"
	"math"
	"slices"

	enginev1 "galaxy/backend/proto/engine/v1"
)

// maxDrones is how many planets a race watches at once.
const maxDrones = 40

// scout sends drones to planets in reach that nobody looks at.
func (m *mind) scout() {
	spare := m.spareDrones()
	for i := range m.places {
		if m.afield >= maxDrones {
			return
		}
		p := &m.places[i]
		if p.seen || !p.reach || m.bound[p.number][drone] > 0 {
			continue
		}
		spare = slices.DeleteFunc(spare, func(s *spareSquad) bool { return s.ships == 0 })
		if len(spare) == 0 {
			return
		}
		nearest := slices.MinFunc(spare, func(a, b *spareSquad) int {
			return cmp.Compare(m.distance(m.place(a.Planet), p), m.distance(m.place(b.Planet), p))
		})
		nearest.ships--
		m.afield++
		m.send(nearest.squad, 1, p.number)
	}
}

// spareSquad is a squad of which some ships may leave.
type spareSquad struct {
	*squad
	ships int
}

// spareDrones are the drones that may leave: a foreign or free planet keeps its
// last one.
func (m *mind) spareDrones() []*spareSquad {
	kept := map[int]bool{}
	var spare []*spareSquad
	for _, s := range m.of(drone) {
		ships := s.Ships
		if !m.place(s.Planet).own {
			m.afield += ships
		}
		if !m.place(s.Planet).own && !kept[s.Planet] {
			kept[s.Planet] = true
			ships--
		}
		if ships > 0 {
			spare = append(spare, &spareSquad{s, ships})
		}
	}
	return spare
}

// berths is how many arks a free planet is worth.
func berths(p *place) int { return int(math.Ceil(p.size / 400)) }

// free is the free planet that pays best for an ark at from, or nil.
func (m *mind) free(from *place) *place {
	var best *place
	score := func(p *place) float64 { return min(p.size, 1500) / (10 + m.distance(from, p)) }
	for i := range m.places {
		p := &m.places[i]
		if !p.seen || p.own || p.size < 50 || p.people > 0 || m.bound[p.number][ark] >= berths(p) || !p.reach {
			continue
		}
		if best == nil || score(p) > score(best) {
			best = p
		}
	}
	return best
}

// settle sends arks with colonists to free planets, and brings empty ones back.
func (m *mind) settle() {
	crowd := map[int]float64{}
	for _, p := range m.report.LocalPlanets {
		crowd[p.Number] = p.Colonists
	}
	for _, s := range m.of(ark) {
		at := m.place(s.Planet)
		if s.Cargo != nil {
			if to := m.free(at); to != nil && to.number != s.Planet {
				m.send(s, s.Ships, to.number)
			}
			continue
		}
		for s.Ships > 0 && at.own && crowd[s.Planet] >= 4 {
			to := m.free(at)
			if to == nil {
				break
			}
			crowd[s.Planet] -= 11.2
			m.order(enginev1.Send(m.load(s, enginev1.Colonists), to.number))
			m.expect(to.number, ark, 1)
		}
		if home := m.crowded(at, crowd); s.Ships > 0 && crowd[s.Planet] < 4 && home != nil {
			m.send(s, s.Ships, home.number)
		}
	}
}

// crowded is the nearest own planet where colonists wait for a ship.
func (m *mind) crowded(from *place, crowd map[int]float64) *place {
	var best *place
	for i := range m.places {
		p := &m.places[i]
		if p.number == from.number || crowd[p.number] < 8 || m.bound[p.number][ark] > 1 {
			continue
		}
		if best == nil || m.distance(from, p) < m.distance(from, best) {
			best = p
		}
	}
	return best
}

// bombing is what a lancer does to a planet, roughly.
func (m *mind) bombing() float64 { return 35 * m.own.Weapons }

// target is the enemy planet nearest to from that is not yet taken care of.
func (m *mind) target(from *place, assigned map[int]int) *place {
	var best *place
	for i := range m.places {
		p := &m.places[i]
		enough := int(p.people/m.bombing())/2 + 3
		if !p.foe || assigned[p.number] > 2*enough || !p.reach {
			continue
		}
		if best == nil || m.distance(from, p) < m.distance(from, best) {
			best = p
		}
	}
	return best
}

// attack sends warships in strength, and keeps them where there is work.
func (m *mind) attack() {
	assigned := map[int]int{}
	for planet, ships := range m.bound {
		assigned[planet] = ships[lancer]
	}
	waiting := map[int]int{}
	for _, s := range m.of(lancer) {
		if m.place(s.Planet).foe {
			assigned[s.Planet] += s.Ships
		} else {
			waiting[s.Planet] += s.Ships
		}
	}
	for _, s := range m.of(lancer) {
		at := m.place(s.Planet)
		if at.foe {
			continue
		}
		to := m.target(at, assigned)
		if to == nil {
			m.rally(s)
			continue
		}
		if waiting[s.Planet]+assigned[to.number] < 4 && at.own {
			continue
		}
		assigned[to.number] += s.Ships
		m.send(s, s.Ships, to.number)
	}
}

// rally looks for an enemy behind the last planet that was seen.
func (m *mind) rally(s *squad) {
	at := m.place(s.Planet)
	if at.own && s.Ships < 8 {
		return
	}
	var best *place
	for i := range m.places {
		p := &m.places[i]
		if p.seen || m.bound[p.number][lancer] > 0 || !p.reach {
			continue
		}
		if best == nil || m.distance(at, p) < m.distance(at, best) {
			best = p
		}
	}
	if best != nil {
		m.send(s, s.Ships, best.number)
	}
}
