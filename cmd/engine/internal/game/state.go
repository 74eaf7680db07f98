package game

import (
	"slices"

	"galaxy/backend/cmd/engine/internal/rules"
	enginev1 "galaxy/backend/proto/engine/v1"
)

// State is a game at one turn, with the commands executed since.
type State struct {
	Turn     int       `json:"turn"`
	Races    []Race    `json:"races"`
	Planets  []Planet  `json:"planets"` // planet n is at index n-1
	Groups   []Group   `json:"groups"`  // by race and number
	Messages []Message `json:"messages"`
	// News are events of commands, which the next turn reports.
	News   []Event          `json:"news"`
	Result *enginev1.Result `json:"result"`
}

// nobody is the owner of a free planet.
const nobody = -1

// Race is a player's side.
type Race struct {
	State     enginev1.RaceState `json:"state"`
	Tech      rules.Tech         `json:"tech"`
	Types     []ShipType         `json:"types"` // by ID
	LastType  int                `json:"last_type"`
	LastGroup int                `json:"last_group"`
	Peace     []int              `json:"peace"` // races it is not at war with, ascending
	Idle      int                `json:"idle"`
	Present   bool               `json:"present"` // an order list or command came this turn
	Countdown int                `json:"countdown"`
	OutTurn   int                `json:"left"` // turn in which it went out of play
	// Released and Removed are the numbers of planets and ships lost by a banishment.
	Released int                    `json:"released"`
	Removed  int                    `json:"removed"`
	Results  []enginev1.OrderResult `json:"results"` // of the last turn's orders
}

// ShipType is a design under a name. Its ID is never used again.
type ShipType struct {
	ID   int    `json:"id"`
	Name string `json:"name"`
	rules.Design
}

// Planet is a planet, its owner and its economy. The zero product is capital.
type Planet struct {
	Name  string  `json:"name"`
	X     float64 `json:"x"`
	Y     float64 `json:"y"`
	Owner int     `json:"owner"` // index of the race, or -1
	rules.Colony
	Product  Product               `json:"product"`
	Progress float64               `json:"progress"` // points towards the next ship
	Routes   [len(routeCargos)]int `json:"routes"`   // planet numbers, 0 for none
}

// routeCargos are the cargos of Planet.Routes, in the order they are served.
var routeCargos = [...]enginev1.Cargo{enginev1.Colonists, enginev1.Capital, enginev1.Materials, enginev1.Empty}

// Product is what a planet works on; Type is a ship type's ID for ships.
type Product struct {
	Kind string `json:"kind"`
	Type int    `json:"type,omitempty"`
}

// Group is a number of equal ships. Load is their cargo in total. A group
// without destination is in orbit of At; with one it left At and has been
// launched, or is in space with Left light years to go.
type Group struct {
	Race   int            `json:"race"`
	Number int            `json:"number"`
	Ships  int            `json:"ships"`
	Type   int            `json:"type"`
	Tech   rules.Tech     `json:"tech"`
	Cargo  enginev1.Cargo `json:"cargo,omitempty"`
	Load   float64        `json:"load,omitempty"`
	At     int            `json:"at"`
	To     int            `json:"to,omitempty"`
	Left   float64        `json:"left,omitempty"`
	Space  bool           `json:"space,omitempty"`

	arrived bool // in this turn
}

// Message is mail from a race. To are races; an anonymous one hides From.
type Message struct {
	From      int    `json:"from"`
	To        []int  `json:"to"`
	Turn      int    `json:"turn"`
	Text      string `json:"text"`
	Anonymous bool   `json:"anonymous,omitempty"`
}

// Event is an event and the races that it is reported to; Seen nil means all.
type Event struct {
	enginev1.Event
	Seen []int `json:"seen"`
}

// Clone is a deep copy, but for values that are never changed in place
// (messages' receivers, events, order results, the game's result).
func (s *State) Clone() *State {
	c := *s
	c.Races = slices.Clone(s.Races)
	for i := range c.Races {
		c.Races[i].Types = slices.Clone(c.Races[i].Types)
		c.Races[i].Peace = slices.Clone(c.Races[i].Peace)
	}
	c.Planets = slices.Clone(s.Planets)
	c.Groups = slices.Clone(s.Groups)
	c.Messages = slices.Clone(s.Messages)
	c.News = slices.Clone(s.News)
	return &c
}

func (s *State) planet(number int) *Planet { return &s.Planets[number-1] }

func (s *State) isPlanet(number int) bool { return number >= 1 && number <= len(s.Planets) }

func (p *Planet) point() rules.Point { return rules.Point{X: p.X, Y: p.Y} }

// AtWar reports whether race a is at war with race b.
func (s *State) AtWar(a, b int) bool {
	if a == b {
		return false
	}
	_, peace := slices.BinarySearch(s.Races[a].Peace, b)
	return !peace
}

func (r *Race) shipType(id int) *ShipType {
	i, _ := slices.BinarySearchFunc(r.Types, id, func(t ShipType, id int) int { return t.ID - id })
	return &r.Types[i]
}

func (r *Race) typeNamed(name string) *ShipType {
	i := slices.IndexFunc(r.Types, func(t ShipType) bool { return t.Name == name })
	if i < 0 {
		return nil
	}
	return &r.Types[i]
}

// ship is one ship of the group with its share of the load.
func (s *State) ship(g *Group) rules.Ship {
	ship := rules.Ship{Design: s.Races[g.Race].shipType(g.Type).Design, Tech: g.Tech}
	if g.Load > 0 {
		ship.Load = g.Load / float64(g.Ships)
	}
	return ship
}

func (g *Group) inOrbit() bool { return g.To == 0 }

// split moves ships with their share of the load to a new group.
func (g *Group) split(ships, number int) Group {
	split := *g
	split.Number, split.Ships = number, ships
	split.Load = rules.RoundState(g.Load * float64(ships) / float64(g.Ships))
	g.Ships -= ships
	g.Load = rules.RoundState(g.Load - split.Load)
	return split
}

func (g *Group) clearCargo() {
	g.Load, g.Cargo = 0, ""
}

// dropEmptyGroups removes groups without ships.
func (s *State) dropEmptyGroups() {
	s.Groups = slices.DeleteFunc(s.Groups, func(g Group) bool { return g.Ships == 0 })
}

// round rounds the whole state to six decimals; it runs after every phase.
func (s *State) round() {
	for i := range s.Planets {
		p := &s.Planets[i]
		for _, v := range []*float64{&p.Population, &p.Industry, &p.Capital, &p.Materials, &p.Colonists, &p.Progress} {
			*v = rules.RoundState(*v)
		}
	}
	for i := range s.Groups {
		g := &s.Groups[i]
		g.Load, g.Left = rules.RoundState(g.Load), rules.RoundState(g.Left)
		if g.Load == 0 {
			g.Cargo = ""
		}
	}
	for i := range s.Races {
		t := &s.Races[i].Tech
		t.Drive, t.Weapons = rules.RoundState(t.Drive), rules.RoundState(t.Weapons)
		t.Shields, t.Cargo = rules.RoundState(t.Shields), rules.RoundState(t.Cargo)
	}
}

// release makes a planet free and resets its production and routes.
func (p *Planet) release() {
	p.Owner = nobody
	p.Product = Product{Kind: enginev1.ProduceCapital}
	p.Progress = 0
	p.Routes = [len(routeCargos)]int{}
}

// remove takes a race out of play: its ships are removed, its planets become free (GP).
func (s *State) remove(race int, as enginev1.RaceState, turn int) (planets, ships int) {
	for i := range s.Planets {
		if p := &s.Planets[i]; p.Owner == race {
			p.release()
			p.Desert()
			planets++
		}
	}
	for i := range s.Groups {
		if g := &s.Groups[i]; g.Race == race {
			ships += g.Ships
			g.Ships = 0
		}
	}
	s.dropEmptyGroups()
	r := &s.Races[race]
	r.State, r.OutTurn, r.Countdown = as, turn, 0
	return planets, ships
}
