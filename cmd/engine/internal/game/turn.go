package game

import (
	"cmp"
	"slices"

	"galaxy/backend/cmd/engine/internal/rules"
	enginev1 "galaxy/backend/proto/engine/v1"
)

// Turn is a state with the events, battles and bombings that led to it; a snapshot
// contains one.
type Turn struct {
	State    *State    `json:"state"`
	Events   []Event   `json:"events"`
	Battles  []Battle  `json:"battles"`
	Bombings []Bombing `json:"bombings"`
}

// Battle is an account and the races that have seen it.
type Battle struct {
	enginev1.Battle
	Seen []int `json:"seen"`
}

// Bombing is an account and the races that have seen it.
type Bombing struct {
	enginev1.Bombing
	Seen []int `json:"seen"`
}

// Lists are the order lists of all races by race index; nil for none.
type Lists [][]enginev1.Order

// Advance generates the next turn and does not change the given state. It panics
// when the result breaks an invariant, which would be a bug of the rules.
func Advance(c *Config, state *State, lists Lists) *Turn {
	g := newGeneration(c, state, lists)
	for _, phase := range []func(){
		g.countIdleTurns,
		g.runOrders,
		g.mergeGroups,
		func() { g.fightBattles(1, rules.PhaseBattle1) },
		g.serveRoutes,
		g.moveGroups,
		g.mergeGroups,
		func() { g.fightBattles(2, rules.PhaseBattle2) },
		g.bombPlanets,
		g.buildShips,
		g.mergeGroups,
		g.produce,
		g.growPopulations,
		g.unloadArrivals,
		g.settleColonists,
		g.dropRoutes,
		g.checkVictory,
	} {
		phase()
		g.state.round()
	}
	if err := g.state.Check(); err != nil {
		panic(err)
	}
	return &g.Turn
}

// generation is a turn that is being generated.
type generation struct {
	Turn
	config *Config
	state  *State // the same as Turn.State
	lists  Lists
	// killers are, by race, the races that destroyed its ships or wiped its planets.
	killers [][]int
}

func newGeneration(c *Config, before *State, lists Lists) *generation {
	state := before.Clone()
	state.Turn++
	g := &generation{
		Turn:   Turn{State: state, Events: state.News, Battles: []Battle{}, Bombings: []Bombing{}},
		config: c, state: state, lists: lists, killers: make([][]int, len(state.Races)),
	}
	state.News = []Event{}
	// Messages are also in the report after the one they were first shown in.
	state.Messages = slices.DeleteFunc(state.Messages, func(m Message) bool { return m.Turn < state.Turn-1 })
	return g
}

func (g *generation) emit(e enginev1.Event, seen []int) {
	e.Turn = g.state.Turn
	g.Events = append(g.Events, Event{Event: e, Seen: seen})
}

// orderList is the race's order list, or nil.
func (g *generation) orderList(race int) []enginev1.Order {
	if race < len(g.lists) {
		return g.lists[race]
	}
	return nil
}

// countIdleTurns counts missed turns and quits (1; GP).
func (g *generation) countIdleTurns() {
	limit := *g.config.options().IdleTurnLimit
	for race := range g.state.Races {
		r := &g.state.Races[race]
		present := r.Present || g.orderList(race) != nil
		r.Present = false
		if !r.State.InPlay() {
			continue
		}
		if present {
			r.Idle = 0
		} else {
			r.Idle++
		}
		name := g.config.RaceName(race)
		switch {
		case r.State == enginev1.RaceQuitting && r.Countdown <= 1:
			g.state.remove(race, enginev1.RaceQuit, g.state.Turn)
			g.emit(enginev1.Event{Type: enginev1.EventRaceQuit, Race: name}, nil)
		case r.State == enginev1.RaceQuitting:
			r.Countdown--
		}
		if limit > 0 && r.State.InPlay() {
			g.checkIdle(race, name, limit)
		}
	}
}

// Turns before removal at which a race, and then everybody, is warned (GP).
const (
	ownIdleWarning    = 5
	publicIdleWarning = 3
)

func (g *generation) checkIdle(race int, name string, limit int) {
	r := &g.state.Races[race]
	warning := enginev1.Event{Type: enginev1.EventRaceIdleWarning, Race: name}
	switch left := limit - r.Idle; {
	case r.Idle == 0:
	case left <= 0:
		g.state.remove(race, enginev1.RaceIdleRemoved, g.state.Turn)
		g.emit(enginev1.Event{Type: enginev1.EventRaceIdleRemoved, Race: name}, nil)
	case left == ownIdleWarning:
		warning.Reason = "5 turns left"
		g.emit(warning, []int{race})
	case left == publicIdleWarning:
		warning.Reason = "3 turns left"
		g.emit(warning, nil)
	}
}

// runOrders executes every race's list, one race after the other in random order (2).
func (g *generation) runOrders() {
	random := rules.Stream(g.config.Seed, uint32(g.state.Turn), rules.PhaseRaceOrder, 0)
	for _, race := range random.Perm(len(g.state.Races)) {
		r := &g.state.Races[race]
		r.Results = []enginev1.OrderResult{}
		if list := g.orderList(race); list != nil && r.State.InPlay() {
			r.Results = newOrderExecutor(g.config, g.state, race, g.emit).run(list)
		}
	}
	g.state.dropEmptyGroups()
}

// mergeGroups merges equal groups; the lowest number remains (3, 7, 11; NG).
func (g *generation) mergeGroups() { g.state.mergeGroups(nobody) }

// mergeGroups merges equal groups of one race, or of all races for nobody.
func (s *State) mergeGroups(only int) {
	s.sortGroups()
	groups := s.Groups
	if only != nobody {
		groups = groups[s.firstGroup(only):s.firstGroup(only+1)]
	}
	seen := make(map[mergeKey]int, len(groups)) // looked up only
	merged := false
	for i := range groups {
		group := &groups[i]
		if group.Ships == 0 {
			merged = true // it has no ships left
			continue
		}
		key := group.mergeKey()
		first, found := seen[key]
		if !found {
			seen[key] = i
			continue
		}
		groups[first].Ships += group.Ships
		groups[first].Load = rules.RoundState(groups[first].Load + group.Load)
		group.Ships, merged = 0, true
	}
	if merged {
		s.dropEmptyGroups()
	}
}

// firstGroup is the index of a race's first group among the sorted ones.
func (s *State) firstGroup(race int) int {
	at, _ := slices.BinarySearchFunc(s.Groups, race, func(g Group, race int) int { return cmp.Or(g.Race-race, 1) })
	return at
}

// sortGroups moves new groups, which are at the end, to their positions.
func (s *State) sortGroups() {
	order := func(a, b Group) int {
		return cmp.Or(cmp.Compare(a.Race, b.Race), cmp.Compare(a.Number, b.Number))
	}
	sorted := 1
	for sorted < len(s.Groups) && order(s.Groups[sorted-1], s.Groups[sorted]) <= 0 {
		sorted++
	}
	if sorted >= len(s.Groups) {
		return
	}
	tail := slices.Clone(s.Groups[sorted:])
	slices.SortFunc(tail, order)
	// From the back, so that nothing is overwritten before it has moved.
	old, fresh := sorted-1, len(tail)-1
	for at := len(s.Groups) - 1; fresh >= 0; at-- {
		if old >= 0 && order(s.Groups[old], tail[fresh]) > 0 {
			s.Groups[at] = s.Groups[old]
			old--
		} else {
			s.Groups[at] = tail[fresh]
			fresh--
		}
	}
}

// mergeKey is what two groups must have in common to be merged: everything but
// number and size.
type mergeKey struct {
	race, kind, at, to int
	tech               rules.Tech
	cargo              int
	load, left         float64 // load per ship
	space, arrived     bool
}

func (g *Group) mergeKey() mergeKey {
	key := mergeKey{
		race: g.Race, kind: g.Type, at: g.At, to: g.To, tech: g.Tech, left: g.Left, space: g.Space,
	}
	if g.Load > 0 {
		key.arrived = g.arrived // arrived cargo is still to be unloaded
		key.cargo = 1 + slices.Index(routeCargos[:], g.Cargo)
		key.load = rules.RoundState(g.Load / float64(g.Ships))
	}
	return key
}
