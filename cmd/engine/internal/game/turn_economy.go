package game

import (
	"galaxy/backend/cmd/engine/internal/rules"
	enginev1 "galaxy/backend/proto/engine/v1"
)

// buildShips builds on the planets that work on ships (10). New ships have the
// technology of the turn that ends (GP).
func (g *generation) buildShips() {
	for i := range g.state.Planets {
		p := &g.state.Planets[i]
		if p.Owner == nobody || p.Product.Kind != enginev1.ProduceShip {
			continue
		}
		r := &g.state.Races[p.Owner]
		design := r.shipType(p.Product.Type).Design
		ships, left := p.Build(p.Production()+p.Progress, design.Mass())
		p.Progress = left
		if ships > 0 {
			g.state.Groups = append(g.state.Groups, Group{
				Race: p.Owner, Number: g.nextGroup(p.Owner), Ships: ships,
				Type: p.Product.Type, Tech: r.Tech.Fitted(design), At: i + 1,
			})
		}
	}
}

// produce produces everything else: capital, materials, research (12).
func (g *generation) produce() {
	for i := range g.state.Planets {
		p := &g.state.Planets[i]
		if p.Owner == nobody {
			continue
		}
		tech := &g.state.Races[p.Owner].Tech
		switch points := p.Production(); p.Product.Kind {
		case enginev1.ProduceCapital:
			p.Invest(points)
		case enginev1.ProduceMaterials:
			p.Mine(points)
		case enginev1.ProduceDrive:
			tech.Drive += rules.Research(points)
		case enginev1.ProduceWeapons:
			tech.Weapons += rules.Research(points)
		case enginev1.ProduceShields:
			tech.Shields += rules.Research(points)
		case enginev1.ProduceCargo:
			tech.Cargo += rules.Research(points)
		}
	}
}

// growPopulations grows populations, before cargo is unloaded (13; RPT).
func (g *generation) growPopulations() {
	for i := range g.state.Planets {
		if p := &g.state.Planets[i]; p.Owner != nobody {
			p.Grow()
		}
	}
}

// settleColonists moves colonists and capital to work (15).
func (g *generation) settleColonists() {
	for i := range g.state.Planets {
		if p := &g.state.Planets[i]; p.Owner != nobody {
			p.Settle()
		}
	}
}
