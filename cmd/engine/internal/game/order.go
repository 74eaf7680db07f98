package game

import (
	"fmt"
	"slices"

	enginev1 "galaxy/backend/proto/engine/v1"
)

// desk carries out one race's order list on a state.
type desk struct {
	config  *Config
	state   *State
	race    int
	groups  map[int]int // number to index in state.Groups; looked up only
	aliases map[string]int
	land    []int // own planets
	tell    func(enginev1.Event, []int)
}

// outcome is what became of one order; refused when its code is set and it is
// not a warning.
type outcome struct {
	enginev1.OrderResult
}

func ok() outcome { return outcome{enginev1.OrderResult{Status: enginev1.ResultOK}} }

func refused(code enginev1.OrderCode, format string, args ...any) outcome {
	return outcome{enginev1.OrderResult{Status: enginev1.ResultError, Code: code, Message: fmt.Sprintf(format, args...)}}
}

// warned is an order that was carried out in part.
func (o outcome) warned(code enginev1.OrderCode, format string, args ...any) outcome {
	o.Status, o.Code, o.Message = enginev1.ResultWarning, code, fmt.Sprintf(format, args...)
	return o
}

// about tells which group the order was about in the end.
func (o outcome) about(g *Group) outcome {
	o.Group = g.Number
	return o
}

func newDesk(c *Config, s *State, race int, tell func(enginev1.Event, []int)) *desk {
	d := &desk{config: c, state: s, race: race, aliases: map[string]int{}, tell: tell}
	for i := range s.Planets {
		if s.Planets[i].Owner == race {
			d.land = append(d.land, i+1)
		}
	}
	d.index(0, len(s.Groups))
	return d
}

// index is needed whenever groups have moved in the state; the race's are among
// those from first to before last.
func (d *desk) index(first, last int) {
	d.groups = make(map[int]int, len(d.groups))
	for i := first; i < last; i++ {
		if g := &d.state.Groups[i]; g.Race == d.race && g.Ships > 0 {
			d.groups[g.Number] = i
		}
	}
}

// run carries out the list; an order that cannot be is skipped.
func (d *desk) run(orders []enginev1.Order) []enginev1.OrderResult {
	results := make([]enginev1.OrderResult, len(orders))
	for i, o := range orders {
		results[i] = d.carryOut(o).OrderResult
		results[i].Index = i
	}
	return results
}

// carryOut expects an order that form.Orders lets through.
func (d *desk) carryOut(o enginev1.Order) outcome {
	switch o.Type {
	case enginev1.OrderCreateType:
		return d.createType(o)
	case enginev1.OrderRemoveType:
		return d.removeType(o)
	case enginev1.OrderProduction:
		return d.production(o)
	case enginev1.OrderRename:
		return d.rename(o)
	case enginev1.OrderRoute:
		return d.route(o)
	case enginev1.OrderSplit:
		return d.split(o)
	case enginev1.OrderMerge:
		return d.merge()
	case enginev1.OrderLoad:
		return d.load(o)
	case enginev1.OrderUnload:
		return d.unload(o)
	case enginev1.OrderSend:
		return d.send(o)
	case enginev1.OrderScrap:
		return d.scrap(o)
	default:
		return d.unsupported(o)
	}
}

// Preview runs a list on a private copy of the state.
func Preview(c *Config, s *State, race int, orders []enginev1.Order) []enginev1.OrderResult {
	return newDesk(c, s.Clone(), race, func(enginev1.Event, []int) {}).run(orders)
}

// unsupported refuses the orders of stage 2; a race that does not exist is told
// first, as it would be by an engine that supports them.
func (d *desk) unsupported(o enginev1.Order) outcome {
	if o.Race != nil && d.config.Race(*o.Race) < 0 {
		return refused(enginev1.OrderUnknownRace, "no race %q", *o.Race)
	}
	return refused(enginev1.OrderNotSupported, "%s is not supported by this engine", o.Type)
}

func (d *desk) own() *Race { return &d.state.Races[d.race] }

// group finds the group that an order names.
func (d *desk) group(ref enginev1.GroupRef) (*Group, outcome) {
	number := ref.Number
	if ref.Alias != "" {
		known := false
		if number, known = d.aliases[ref.Alias]; !known {
			return nil, refused(enginev1.OrderUnknownAlias, "no group is called %s", ref.Alias)
		}
	}
	i, known := d.groups[number]
	if !known || d.state.Groups[i].Ships == 0 {
		return nil, refused(enginev1.OrderUnknownGroup, "no group %d", number)
	}
	return &d.state.Groups[i], ok()
}

// docked finds a group that is in orbit and has enough ships for the order.
func (d *desk) docked(o enginev1.Order) (*Group, outcome) {
	g, out := d.group(o.Group)
	if g == nil {
		return nil, out
	}
	if g.Space {
		return nil, refused(enginev1.OrderGroupInSpace, "group %d is in space", g.Number)
	}
	if ships := or(o.Ships, 1); ships > g.Ships {
		return nil, refused(enginev1.OrderNotEnoughShips, "group %d has only %d ships", g.Number, g.Ships)
	}
	if o.Type != enginev1.OrderSend && !g.inOrbit() {
		return nil, refused(enginev1.OrderGroupInSpace, "group %d has been launched", g.Number)
	}
	return g, out
}

// part splits off the ships that an order is limited to, and gives the group
// that the order is about its alias.
func (d *desk) part(g *Group, o enginev1.Order) *Group {
	if ships := or(o.Ships, g.Ships); ships < g.Ships {
		d.own().LastGroup++
		d.state.Groups = append(d.state.Groups, g.part(ships, d.own().LastGroup))
		at := len(d.state.Groups) - 1
		g = &d.state.Groups[at]
		d.groups[g.Number] = at
	}
	if o.As != nil {
		d.aliases[*o.As] = g.Number
	}
	return g
}

// planet finds a planet that the order names and the race owns.
func (d *desk) planet(number int) (*Planet, outcome) {
	if !d.state.isPlanet(number) {
		return nil, refused(enginev1.OrderUnknownPlanet, "no planet %d", number)
	}
	if p := d.state.planet(number); p.Owner == d.race {
		return p, ok()
	}
	return nil, refused(enginev1.OrderNotYourPlanet, "planet %d is not yours", number)
}

// claim makes a free planet the race's.
func (d *desk) claim(number int) {
	d.state.planet(number).Owner = d.race
	d.land = append(d.land, number)
	seen := d.state.owners(d.state.orbits()[number])
	d.tell(enginev1.Event{
		Type: enginev1.EventPlanetColonised, Planet: number, Race: d.config.RaceName(d.race),
	}, insert(slices.Clone(seen), d.race))
}
