package bot

import (
	"cmp"
	"slices"

	enginev1 "galaxy/backend/proto/engine/v1"
)

// produce gives every planet its work, the strongest first.
func (m *mind) produce() {
	planets := slices.Clone(m.report.LocalPlanets)
	slices.SortFunc(planets, func(a, b enginev1.LocalPlanet) int {
		return cmp.Or(-cmp.Compare(a.FreeProduction, b.FreeProduction), cmp.Compare(a.Number, b.Number))
	})
	needs := needs{drones: m.blind() - m.total[drone], arks: m.vacancies() - m.total[ark]}
	for rank, p := range planets {
		kind, name := m.work(rank, p, &needs)
		if p.Production.Kind != kind || name != "" && (p.Production.Name == nil || *p.Production.Name != name) {
			m.order(enginev1.Produce(p.Number, kind, name))
		}
	}
}

// needs are ships still to be built.
type needs struct{ drones, arks int }

// work chooses a product: first ships that are wanted, then industry where
// hands are idle, then research on every third planet, and warships.
func (m *mind) work(rank int, p enginev1.LocalPlanet, n *needs) (kind, name string) {
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
		return m.research(), ""
	default:
		return enginev1.ProduceShip, lancer
	}
}

// blind is how many planets in reach nobody looks at and no drone flies to.
func (m *mind) blind() int {
	n := 0
	for i := range m.places {
		if p := &m.places[i]; !p.own && p.reach {
			n++
		}
	}
	return min(n, maxDrones)
}

// vacancies is how many arks could be used at once.
func (m *mind) vacancies() int {
	n := 0
	for i := range m.places {
		p := &m.places[i]
		if !p.own && !p.foe && p.people == 0 && p.reach && (!p.seen || p.size >= 50) {
			n++
		}
	}
	return min(n, 2*len(m.report.LocalPlanets))
}

// research keeps the technologies that win in step, drive a little ahead.
func (m *mind) research() string {
	switch {
	case m.own.Drive <= min(m.own.Weapons, m.own.Shields)+0.2:
		return enginev1.ProduceDrive
	case m.own.Weapons <= m.own.Shields:
		return enginev1.ProduceWeapons
	default:
		return enginev1.ProduceShields
	}
}
