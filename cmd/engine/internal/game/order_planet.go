package game

import (
	"slices"
	"strings"
	"unicode"

	"galaxy/backend/cmd/engine/internal/rules"
	"galaxy/backend/cmd/engine/internal/validation"
	enginev1 "galaxy/backend/proto/engine/v1"
)

// validName is the rule for planets and ship types: 1..20 letters, digits and
// a few signs; "#" is reserved for planets without a name.
func validName(name string) bool {
	return validation.LengthBetween(name, 1, enginev1.MaxName) && !strings.ContainsFunc(name, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("_-'.+*/!", r)
	})
}

func invalidName(name string) outcome {
	return orderError(enginev1.OrderInvalidName, "%q: a name has 1..%d letters, digits or signs, no spaces", name,
		enginev1.MaxName)
}

func (e *orderExecutor) createType(o enginev1.Order) outcome {
	r := e.ownRace()
	design := rules.Design{
		Drive: *o.Drive, Armament: *o.Armament, Weapons: *o.Weapons, Shields: *o.Shields, Cargo: o.Cargo.Mass,
	}
	taken := func(t ShipType) bool { return strings.EqualFold(t.Name, *o.Name) }
	if !validName(*o.Name) {
		return invalidName(*o.Name)
	}
	if slices.ContainsFunc(r.Types, taken) {
		return orderError(enginev1.OrderNameTaken, "there is a ship type %q already", *o.Name)
	}
	if err := design.Validate(); err != nil {
		return orderError(enginev1.OrderInvalidDesign, "%v", err)
	}
	r.LastType++
	r.Types = append(r.Types, ShipType{ID: r.LastType, Name: *o.Name, Design: design})
	return ok()
}

func (e *orderExecutor) removeType(o enginev1.Order) outcome {
	r := e.ownRace()
	t := r.typeNamed(*o.Name)
	if t == nil {
		return orderError(enginev1.OrderUnknownShipType, "no ship type %q", *o.Name)
	}
	if slices.ContainsFunc(e.state.Groups, func(g Group) bool {
		return g.Race == e.race && g.Type == t.ID && g.Ships > 0
	}) {
		return orderError(enginev1.OrderTypeInUse, "ships of type %q fly", *o.Name)
	}
	for _, number := range e.ownPlanets {
		if product := e.state.planet(number).Product; product.Kind == enginev1.ProduceShip && product.Type == t.ID {
			return orderError(enginev1.OrderTypeInUse, "planet %d builds %q", number, *o.Name)
		}
	}
	id := t.ID
	r.Types = slices.DeleteFunc(r.Types, func(t ShipType) bool { return t.ID == id })
	return ok()
}

func (e *orderExecutor) production(o enginev1.Order) outcome {
	p, out := e.planet(*o.Planet)
	if p == nil {
		return out
	}
	product := Product{Kind: o.Product.Kind}
	switch {
	case product.Kind == enginev1.ProduceScience:
		return orderError(enginev1.OrderNotSupported, "sciences are not supported by this engine")
	case product.Kind != enginev1.ProduceShip && o.Product.Name != nil:
		return orderError(enginev1.OrderInvalidProduct, "%s has no name", product.Kind)
	case product.Kind == enginev1.ProduceShip && o.Product.Name == nil:
		return orderError(enginev1.OrderInvalidProduct, "a ship needs the name of its type")
	case product.Kind == enginev1.ProduceShip:
		t := e.ownRace().typeNamed(*o.Product.Name)
		if t == nil {
			return orderError(enginev1.OrderUnknownShipType, "no ship type %q", *o.Product.Name)
		}
		product.Type = t.ID
	}
	if product != p.Product {
		p.Salvage(p.Progress)
		p.Progress, p.Product = 0, product
	}
	return ok()
}

func (e *orderExecutor) rename(o enginev1.Order) outcome {
	p, out := e.planet(*o.Planet)
	if p == nil {
		return out
	}
	if !validName(*o.Name) {
		return invalidName(*o.Name)
	}
	for _, number := range e.ownPlanets {
		other := e.state.planet(number)
		if other != p && strings.EqualFold(other.Name, *o.Name) {
			return orderError(enginev1.OrderNameTaken, "planet %d is called %q already", number, *o.Name)
		}
	}
	p.Name = *o.Name
	return ok()
}

func (e *orderExecutor) route(o enginev1.Order) outcome {
	p, out := e.planet(*o.Planet)
	if p == nil {
		return out
	}
	slot := slices.Index(routeCargos[:], o.Cargo.Kind)
	to := o.Destination.Planet
	switch {
	case to == 0:
	case !e.state.isPlanet(to) || to == *o.Planet:
		return orderError(enginev1.OrderUnknownPlanet, "planet %d is no destination", to)
	case !e.state.reaches(e.config, e.race, e.ownPlanets, to):
		return orderError(enginev1.OrderOutOfReach, "planet %d is out of reach", to)
	}
	p.Routes[slot] = to
	return out
}
