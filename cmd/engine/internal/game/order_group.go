package game

import (
	"galaxy/backend/cmd/engine/internal/rules"
	enginev1 "galaxy/backend/proto/engine/v1"
)

func (e *orderExecutor) split(o enginev1.Order) outcome {
	g, out := e.groupForOrder(o)
	if g == nil {
		return out
	}
	return out.withGroup(e.splitOff(g, o))
}

func (e *orderExecutor) merge() outcome {
	e.state.mergeGroups(e.race)
	first := e.state.firstGroup(e.race)
	e.indexGroups(first, e.state.firstGroup(e.race+1))
	return ok()
}

func (e *orderExecutor) load(o enginev1.Order) outcome {
	g, out := e.groupForOrder(o)
	if g == nil {
		return out
	}
	p, out := e.planet(g.At)
	if p == nil {
		return out
	}
	ship, kind := e.state.ship(g), o.Cargo.Kind
	ships := float64(valueOr(o.Ships, g.Ships))
	room := (ship.Capacity() - ship.Load) * ships
	switch {
	case ship.Cargo == 0:
		return orderError(enginev1.OrderNoCargoBay, "group %d has no cargo bay", g.Number)
	case !kind.Load():
		return orderError(enginev1.OrderWrongCargo, "%s cannot be loaded", kind)
	case g.Load > 0 && g.Cargo != kind:
		return orderError(enginev1.OrderWrongCargo, "group %d carries %s", g.Number, g.Cargo)
	case rules.RoundState(room) <= 0:
		return orderError(enginev1.OrderNotEnoughCargo, "group %d is full", g.Number)
	}
	stock := p.stock(kind)
	amount := rules.RoundState(min(valueOr(o.Amount, room), room, *stock))
	if amount <= 0 {
		return orderError(enginev1.OrderNotEnoughCargo, "planet %d has no %s", g.At, kind)
	}
	g = e.splitOff(g, o)
	*stock = max(0, rules.RoundState(*stock-amount))
	g.Cargo, g.Load = kind, rules.RoundState(g.Load+amount)
	out = ok().withGroup(g)
	if wanted := valueOr(o.Amount, amount); rules.RoundState(wanted) > amount {
		return out.withWarning(enginev1.OrderNotEnoughCargo, "only %.2f of %.2f could be loaded", amount, wanted)
	}
	return out
}

func (e *orderExecutor) unload(o enginev1.Order) outcome {
	g, out := e.groupForOrder(o)
	if g == nil {
		return out
	}
	if g.Load == 0 {
		return orderError(enginev1.OrderNotEnoughCargo, "group %d is empty", g.Number)
	}
	if !e.mayUnload(g) {
		return orderError(enginev1.OrderColonistsNotAllowed, "colonists cannot land on planet %d", g.At)
	}
	g = e.splitOff(g, o)
	amount := rules.RoundState(min(valueOr(o.Amount, g.Load), g.Load))
	e.unloadCargo(g, amount)
	out = ok().withGroup(g)
	if wanted := valueOr(o.Amount, amount); rules.RoundState(wanted) > amount {
		return out.withWarning(enginev1.OrderNotEnoughCargo, "only %.2f of %.2f were aboard", amount, wanted)
	}
	return out
}

// mayUnload reports whether the group's cargo can be unloaded where it is:
// colonists only on own planets and on free ones of a size above 0.
func (e *orderExecutor) mayUnload(g *Group) bool {
	p := e.state.planet(g.At)
	return g.Cargo != enginev1.Colonists || p.Owner == e.race || p.Owner == nobody && p.Size > 0
}

// unloadCargo unloads an amount of the group's cargo; colonists claim a free planet.
func (e *orderExecutor) unloadCargo(g *Group, amount float64) {
	p := e.state.planet(g.At)
	*p.stock(g.Cargo) += amount
	colonists := g.Cargo == enginev1.Colonists
	if g.Load = rules.RoundState(g.Load - amount); g.Load <= 0 {
		g.clearCargo()
	}
	if colonists && p.Owner == nobody {
		e.claimPlanet(g.At)
	}
	if p.Owner != nobody {
		p.Settle()
	}
}

func (e *orderExecutor) send(o enginev1.Order) outcome {
	g, out := e.groupForOrder(o)
	if g == nil {
		return out
	}
	to := *o.Planet
	ship := e.state.ship(g)
	switch {
	case !e.state.isPlanet(to):
		return orderError(enginev1.OrderUnknownPlanet, "no planet %d", to)
	case to == g.At:
		g = e.splitOff(g, o)
		g.To, g.Left = 0, 0
		return out.withGroup(g)
	case ship.Drive == 0:
		return orderError(enginev1.OrderNoDrive, "group %d has no drive", g.Number)
	case !e.state.reaches(e.config, e.race, e.ownPlanets, to):
		return orderError(enginev1.OrderOutOfReach, "planet %d is out of reach", to)
	}
	g = e.splitOff(g, o)
	e.state.launch(e.config, g, to)
	out = ok().withGroup(g)
	out.Distance, out.Speed = rules.RoundDisplay(g.Left), rules.RoundDisplay(ship.Speed())
	out.Turns = rules.FlightTurns(g.Left, ship.Speed())
	return out
}

func (e *orderExecutor) scrap(o enginev1.Order) outcome {
	g, out := e.groupForOrder(o)
	if g == nil {
		return out
	}
	if g.Load > 0 && !e.mayUnload(g) {
		return orderError(enginev1.OrderColonistsNotAllowed, "group %d carries colonists that cannot land here", g.Number)
	}
	g = e.splitOff(g, o)
	mass := e.state.ship(g).Mass() * float64(g.Ships)
	if g.Load > 0 {
		e.unloadCargo(g, g.Load)
	}
	e.state.planet(g.At).Materials += mass
	g.Ships = 0
	delete(e.groups, g.Number)
	return out
}
