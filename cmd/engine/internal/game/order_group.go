package game

import (
	"galaxy/backend/cmd/engine/internal/rules"
	enginev1 "galaxy/backend/proto/engine/v1"
)

func (d *desk) split(o enginev1.Order) outcome {
	g, out := d.docked(o)
	if g == nil {
		return out
	}
	return out.about(d.part(g, o))
}

func (d *desk) merge() outcome {
	d.state.merge(d.race)
	first := d.state.firstGroup(d.race)
	d.index(first, d.state.firstGroup(d.race+1))
	return ok()
}

func (d *desk) load(o enginev1.Order) outcome {
	g, out := d.docked(o)
	if g == nil {
		return out
	}
	p, out := d.planet(g.At)
	if p == nil {
		return out
	}
	ship, kind := d.state.ship(g), o.Cargo.Kind
	ships := float64(or(o.Ships, g.Ships))
	room := (ship.Capacity() - ship.Load) * ships
	switch {
	case ship.Cargo == 0:
		return refused(enginev1.OrderNoCargoBay, "group %d has no cargo bay", g.Number)
	case !kind.Load():
		return refused(enginev1.OrderWrongCargo, "%s cannot be loaded", kind)
	case g.Load > 0 && g.Cargo != kind:
		return refused(enginev1.OrderWrongCargo, "group %d carries %s", g.Number, g.Cargo)
	case rules.State(room) <= 0:
		return refused(enginev1.OrderNotEnoughCargo, "group %d is full", g.Number)
	}
	stock := p.stock(kind)
	amount := rules.State(min(or(o.Amount, room), room, *stock))
	if amount <= 0 {
		return refused(enginev1.OrderNotEnoughCargo, "planet %d has no %s", g.At, kind)
	}
	g = d.part(g, o)
	*stock = max(0, rules.State(*stock-amount))
	g.Cargo, g.Load = kind, rules.State(g.Load+amount)
	out = ok().about(g)
	if wanted := or(o.Amount, amount); rules.State(wanted) > amount {
		return out.warned(enginev1.OrderNotEnoughCargo, "only %.2f of %.2f could be loaded", amount, wanted)
	}
	return out
}

func (d *desk) unload(o enginev1.Order) outcome {
	g, out := d.docked(o)
	if g == nil {
		return out
	}
	if g.Load == 0 {
		return refused(enginev1.OrderNotEnoughCargo, "group %d is empty", g.Number)
	}
	if !d.mayLand(g) {
		return refused(enginev1.OrderColonistsNotAllowed, "colonists cannot land on planet %d", g.At)
	}
	g = d.part(g, o)
	amount := rules.State(min(or(o.Amount, g.Load), g.Load))
	d.putAshore(g, amount)
	out = ok().about(g)
	if wanted := or(o.Amount, amount); rules.State(wanted) > amount {
		return out.warned(enginev1.OrderNotEnoughCargo, "only %.2f of %.2f were aboard", amount, wanted)
	}
	return out
}

// mayLand states whether the group's cargo can be unloaded where it is:
// colonists only on own planets and on free ones that have room for anybody.
func (d *desk) mayLand(g *Group) bool {
	p := d.state.planet(g.At)
	return g.Cargo != enginev1.Colonists || p.Owner == d.race || p.Owner == nobody && p.Size > 0
}

// putAshore lands an amount of the group's cargo; colonists claim a free planet.
func (d *desk) putAshore(g *Group, amount float64) {
	p := d.state.planet(g.At)
	*p.stock(g.Cargo) += amount
	colonists := g.Cargo == enginev1.Colonists
	if g.Load = rules.State(g.Load - amount); g.Load <= 0 {
		g.empty()
	}
	if colonists && p.Owner == nobody {
		d.claim(g.At)
	}
	if p.Owner != nobody {
		p.Settle()
	}
}

func (d *desk) send(o enginev1.Order) outcome {
	g, out := d.docked(o)
	if g == nil {
		return out
	}
	to := *o.Planet
	ship := d.state.ship(g)
	switch {
	case !d.state.isPlanet(to):
		return refused(enginev1.OrderUnknownPlanet, "no planet %d", to)
	case to == g.At:
		g = d.part(g, o)
		g.To, g.Left = 0, 0
		return out.about(g)
	case ship.Drive == 0:
		return refused(enginev1.OrderNoDrive, "group %d has no drive", g.Number)
	case !d.state.reaches(d.config, d.race, d.land, to):
		return refused(enginev1.OrderOutOfReach, "planet %d is out of reach", to)
	}
	g = d.part(g, o)
	d.state.launch(d.config, g, to)
	out = ok().about(g)
	out.Distance, out.Speed = rules.Shown(g.Left), rules.Shown(ship.Speed())
	out.Turns = rules.FlightTurns(g.Left, ship.Speed())
	return out
}

func (d *desk) scrap(o enginev1.Order) outcome {
	g, out := d.docked(o)
	if g == nil {
		return out
	}
	if g.Load > 0 && !d.mayLand(g) {
		return refused(enginev1.OrderColonistsNotAllowed, "group %d carries colonists that cannot land here", g.Number)
	}
	g = d.part(g, o)
	mass := d.state.ship(g).Mass() * float64(g.Ships)
	if g.Load > 0 {
		d.putAshore(g, g.Load)
	}
	d.state.planet(g.At).Materials += mass
	g.Ships = 0
	delete(d.groups, g.Number)
	return out
}
