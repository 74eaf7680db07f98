package game

import (
	"fmt"
	"slices"

	enginev1 "galaxy/backend/proto/engine/v1"
)

// orderExecutor executes one race's order list on a state.
type orderExecutor struct {
	config     *Config
	state      *State
	race       int
	groups     map[int]int // number to index in state.Groups; looked up only
	aliases    map[string]int
	ownPlanets []int // own planets
	emit       func(enginev1.Event, []int)
}

// outcome is the result of one order; it is an error when its code is set and it
// is not a warning.
type outcome struct {
	enginev1.OrderResult
}

func ok() outcome { return outcome{enginev1.OrderResult{Status: enginev1.ResultOK}} }

func orderError(code enginev1.OrderCode, format string, args ...any) outcome {
	return outcome{enginev1.OrderResult{Status: enginev1.ResultError, Code: code, Message: fmt.Sprintf(format, args...)}}
}

// withWarning marks an order that was executed in part.
func (o outcome) withWarning(code enginev1.OrderCode, format string, args ...any) outcome {
	o.Status, o.Code, o.Message = enginev1.ResultWarning, code, fmt.Sprintf(format, args...)
	return o
}

// withGroup adds the number of the group that the order applied to.
func (o outcome) withGroup(g *Group) outcome {
	o.Group = g.Number
	return o
}

func newOrderExecutor(c *Config, s *State, race int, emit func(enginev1.Event, []int)) *orderExecutor {
	e := &orderExecutor{config: c, state: s, race: race, aliases: map[string]int{}, emit: emit}
	for i := range s.Planets {
		if s.Planets[i].Owner == race {
			e.ownPlanets = append(e.ownPlanets, i+1)
		}
	}
	e.indexGroups(0, len(s.Groups))
	return e
}

// indexGroups must be called whenever the state's groups have been reordered; the
// race's groups are among those with an index of at least first and below last.
func (e *orderExecutor) indexGroups(first, last int) {
	e.groups = make(map[int]int, len(e.groups))
	for i := first; i < last; i++ {
		if g := &e.state.Groups[i]; g.Race == e.race && g.Ships > 0 {
			e.groups[g.Number] = i
		}
	}
}

// run executes the list; an order that cannot be executed is skipped.
func (e *orderExecutor) run(orders []enginev1.Order) []enginev1.OrderResult {
	results := make([]enginev1.OrderResult, len(orders))
	for i, o := range orders {
		results[i] = e.execute(o).OrderResult
		results[i].Index = i
	}
	return results
}

// execute expects an order that validation.Orders accepts.
func (e *orderExecutor) execute(o enginev1.Order) outcome {
	switch o.Type {
	case enginev1.OrderCreateType:
		return e.createType(o)
	case enginev1.OrderRemoveType:
		return e.removeType(o)
	case enginev1.OrderProduction:
		return e.production(o)
	case enginev1.OrderRename:
		return e.rename(o)
	case enginev1.OrderRoute:
		return e.route(o)
	case enginev1.OrderSplit:
		return e.split(o)
	case enginev1.OrderMerge:
		return e.merge()
	case enginev1.OrderLoad:
		return e.load(o)
	case enginev1.OrderUnload:
		return e.unload(o)
	case enginev1.OrderSend:
		return e.send(o)
	case enginev1.OrderScrap:
		return e.scrap(o)
	default:
		return e.unsupported(o)
	}
}

// Preview runs a list on a private copy of the state.
func Preview(c *Config, s *State, race int, orders []enginev1.Order) []enginev1.OrderResult {
	return newOrderExecutor(c, s.Clone(), race, func(enginev1.Event, []int) {}).run(orders)
}

// unsupported refuses reserved order types. An unknown race is reported first, as
// an engine that supports them would.
func (e *orderExecutor) unsupported(o enginev1.Order) outcome {
	if o.Race != nil && e.config.Race(*o.Race) < 0 {
		return orderError(enginev1.OrderUnknownRace, "no race %q", *o.Race)
	}
	return orderError(enginev1.OrderNotSupported, "%s is not supported by this engine", o.Type)
}

func (e *orderExecutor) ownRace() *Race { return &e.state.Races[e.race] }

// group finds the group that an order refers to.
func (e *orderExecutor) group(ref enginev1.GroupRef) (*Group, outcome) {
	number := ref.Number
	if ref.Alias != "" {
		known := false
		if number, known = e.aliases[ref.Alias]; !known {
			return nil, orderError(enginev1.OrderUnknownAlias, "no group is called %s", ref.Alias)
		}
	}
	i, known := e.groups[number]
	if !known || e.state.Groups[i].Ships == 0 {
		return nil, orderError(enginev1.OrderUnknownGroup, "no group %d", number)
	}
	return &e.state.Groups[i], ok()
}

// groupForOrder finds a group that is in orbit and has enough ships for the order.
func (e *orderExecutor) groupForOrder(o enginev1.Order) (*Group, outcome) {
	g, out := e.group(o.Group)
	if g == nil {
		return nil, out
	}
	if g.Space {
		return nil, orderError(enginev1.OrderGroupInSpace, "group %d is in space", g.Number)
	}
	if ships := valueOr(o.Ships, 1); ships > g.Ships {
		return nil, orderError(enginev1.OrderNotEnoughShips, "group %d has only %d ships", g.Number, g.Ships)
	}
	if o.Type != enginev1.OrderSend && !g.inOrbit() {
		return nil, orderError(enginev1.OrderGroupInSpace, "group %d has been launched", g.Number)
	}
	return g, out
}

// splitOff splits off the ships that an order is limited to, and names the group
// that the order applies to by its alias.
func (e *orderExecutor) splitOff(g *Group, o enginev1.Order) *Group {
	if ships := valueOr(o.Ships, g.Ships); ships < g.Ships {
		e.ownRace().LastGroup++
		e.state.Groups = append(e.state.Groups, g.split(ships, e.ownRace().LastGroup))
		at := len(e.state.Groups) - 1
		g = &e.state.Groups[at]
		e.groups[g.Number] = at
	}
	if o.As != nil {
		e.aliases[*o.As] = g.Number
	}
	return g
}

// planet finds an own planet by its number.
func (e *orderExecutor) planet(number int) (*Planet, outcome) {
	if !e.state.isPlanet(number) {
		return nil, orderError(enginev1.OrderUnknownPlanet, "no planet %d", number)
	}
	if p := e.state.planet(number); p.Owner == e.race {
		return p, ok()
	}
	return nil, orderError(enginev1.OrderNotYourPlanet, "planet %d is not yours", number)
}

// claimPlanet makes the race the owner of a free planet.
func (e *orderExecutor) claimPlanet(number int) {
	e.state.planet(number).Owner = e.race
	e.ownPlanets = append(e.ownPlanets, number)
	seen := e.state.owners(e.state.orbits()[number])
	e.emit(enginev1.Event{
		Type: enginev1.EventPlanetColonised, Planet: number, Race: e.config.RaceName(e.race),
	}, insert(slices.Clone(seen), e.race))
}
