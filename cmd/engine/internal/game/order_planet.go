package game

import (
	"slices"
	"strings"
	"unicode"

	"galaxy/backend/cmd/engine/internal/form"
	"galaxy/backend/cmd/engine/internal/rules"
	enginev1 "galaxy/backend/proto/engine/v1"
)

// validName is the rule for planets and ship types: 1..20 letters, digits and
// a few signs; "#" is kept for planets that have no name yet.
func validName(name string) bool {
	return form.Between(name, 1, enginev1.MaxName) && !strings.ContainsFunc(name, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("_-'.+*/!", r)
	})
}

func badName(name string) outcome {
	return refused(enginev1.OrderInvalidName, "%q: a name has 1..%d letters, digits or signs, no spaces", name,
		enginev1.MaxName)
}

func (d *desk) createType(o enginev1.Order) outcome {
	r := d.own()
	design := rules.Design{
		Drive: *o.Drive, Armament: *o.Armament, Weapons: *o.Weapons, Shields: *o.Shields, Cargo: o.Cargo.Mass,
	}
	taken := func(t ShipType) bool { return strings.EqualFold(t.Name, *o.Name) }
	if !validName(*o.Name) {
		return badName(*o.Name)
	}
	if slices.ContainsFunc(r.Types, taken) {
		return refused(enginev1.OrderNameTaken, "there is a ship type %q already", *o.Name)
	}
	if err := design.Validate(); err != nil {
		return refused(enginev1.OrderInvalidDesign, "%v", err)
	}
	r.LastType++
	r.Types = append(r.Types, ShipType{ID: r.LastType, Name: *o.Name, Design: design})
	return ok()
}

func (d *desk) removeType(o enginev1.Order) outcome {
	r := d.own()
	t := r.typeNamed(*o.Name)
	if t == nil {
		return refused(enginev1.OrderUnknownShipType, "no ship type %q", *o.Name)
	}
	if slices.ContainsFunc(d.state.Groups, func(g Group) bool {
		return g.Race == d.race && g.Type == t.ID && g.Ships > 0
	}) {
		return refused(enginev1.OrderTypeInUse, "ships of type %q fly", *o.Name)
	}
	for _, number := range d.land {
		if product := d.state.planet(number).Product; product.Kind == enginev1.ProduceShip && product.Type == t.ID {
			return refused(enginev1.OrderTypeInUse, "planet %d builds %q", number, *o.Name)
		}
	}
	id := t.ID
	r.Types = slices.DeleteFunc(r.Types, func(t ShipType) bool { return t.ID == id })
	return ok()
}

func (d *desk) production(o enginev1.Order) outcome {
	p, out := d.planet(*o.Planet)
	if p == nil {
		return out
	}
	product := Product{Kind: o.Product.Kind}
	switch {
	case product.Kind == enginev1.ProduceScience:
		return refused(enginev1.OrderNotSupported, "sciences are not supported by this engine")
	case product.Kind != enginev1.ProduceShip && o.Product.Name != nil:
		return refused(enginev1.OrderInvalidProduct, "%s has no name", product.Kind)
	case product.Kind == enginev1.ProduceShip && o.Product.Name == nil:
		return refused(enginev1.OrderInvalidProduct, "a ship needs the name of its type")
	case product.Kind == enginev1.ProduceShip:
		t := d.own().typeNamed(*o.Product.Name)
		if t == nil {
			return refused(enginev1.OrderUnknownShipType, "no ship type %q", *o.Product.Name)
		}
		product.Type = t.ID
	}
	if product != p.Product {
		p.Salvage(p.Progress)
		p.Progress, p.Product = 0, product
	}
	return ok()
}

func (d *desk) rename(o enginev1.Order) outcome {
	p, out := d.planet(*o.Planet)
	if p == nil {
		return out
	}
	if !validName(*o.Name) {
		return badName(*o.Name)
	}
	for _, number := range d.land {
		other := d.state.planet(number)
		if other != p && strings.EqualFold(other.Name, *o.Name) {
			return refused(enginev1.OrderNameTaken, "planet %d is called %q already", number, *o.Name)
		}
	}
	p.Name = *o.Name
	return ok()
}

func (d *desk) route(o enginev1.Order) outcome {
	p, out := d.planet(*o.Planet)
	if p == nil {
		return out
	}
	slot := slices.Index(routeCargos[:], o.Cargo.Kind)
	to := o.Destination.Planet
	switch {
	case to == 0:
	case !d.state.isPlanet(to) || to == *o.Planet:
		return refused(enginev1.OrderUnknownPlanet, "planet %d is no destination", to)
	case !d.state.reaches(d.config, d.race, d.land, to):
		return refused(enginev1.OrderOutOfReach, "planet %d is out of reach", to)
	}
	p.Routes[slot] = to
	return out
}
