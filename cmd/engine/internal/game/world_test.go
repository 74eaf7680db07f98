package game

import (
	"testing"

	"github.com/stretchr/testify/require"

	"galaxy/backend/cmd/engine/internal/form"
	"galaxy/backend/cmd/engine/internal/rules"
	enginev1 "galaxy/backend/proto/engine/v1"
)

// world is a small galaxy made by hand: a side of 200, races "A", "B", "C",
// all at war.
type world struct {
	t *testing.T
	c *Config
	s *State
}

func newWorld(t *testing.T, races int, planets ...Planet) *world {
	t.Helper()
	r := enginev1.InitRequest{
		ContractVersion: 1, GameID: "0197a3c2-5f0e-7c3a-9f51-0d6a1e2b3c4d", Seed: "1",
		Map: &enginev1.MapRequest{Size: 200}, Options: &enginev1.InitOptions{IdleTurnLimit: new(0), VoteShare: new(1.0)},
	}
	s := &State{Turn: 1, Groups: []Group{}, Messages: []Message{}, News: []Event{}, Planets: planets}
	for i := range races {
		r.Races = append(r.Races, enginev1.InitRace{UserID: "u", RaceName: string(rune('A' + i))})
		s.Races = append(s.Races, Race{
			State: enginev1.RaceActive, Tech: rules.FirstTech(), Types: []ShipType{}, Peace: []int{}, Results: []enginev1.OrderResult{},
		})
	}
	c := NewConfig(r, nil)
	for i := range s.Planets {
		p := &s.Planets[i]
		if p.Name == "" {
			p.Name = defaultName(i + 1)
		}
		if p.Product.Kind == "" {
			p.Product.Kind = enginev1.ProduceCapital
		}
	}
	return &world{t: t, c: &c, s: s}
}

// home is an inhabited planet on the line y=0.
func home(owner int, x float64) Planet {
	return Planet{X: x, Owner: owner, Colony: rules.Colony{Size: 1000, Resources: 10, Population: 1000, Industry: 1000}}
}

// free is a planet that nobody owns.
func free(x, size float64) Planet {
	return Planet{X: x, Owner: nobody, Colony: rules.Colony{Size: size, Resources: 5}}
}

func hauler() rules.Design  { return rules.Design{Drive: 2, Cargo: 1} }
func fighter() rules.Design { return rules.Design{Drive: 10, Armament: 1, Weapons: 10, Shields: 10} }
func scout() rules.Design   { return rules.Design{Drive: 1} }
func fort() rules.Design    { return rules.Design{Armament: 3, Weapons: 30, Shields: 100} }

// design gives a race a ship type.
func (w *world) design(race int, name string, d rules.Design) int {
	r := &w.s.Races[race]
	if t := r.typeNamed(name); t != nil {
		return t.ID
	}
	r.LastType++
	r.Types = append(r.Types, ShipType{ID: r.LastType, Name: name, Design: d})
	return r.LastType
}

// group puts ships into orbit and returns their number.
func (w *world) group(race, planet, ships int, name string, d rules.Design) int {
	r := &w.s.Races[race]
	r.LastGroup++
	w.s.Groups = append(w.s.Groups, Group{
		Race: race, Number: r.LastGroup, Ships: ships, Type: w.design(race, name, d), Tech: r.Tech.Fitted(d), At: planet,
	})
	w.s.merge(len(w.s.Races)) // of no race: it only sorts
	return r.LastGroup
}

func (w *world) find(race, number int) *Group {
	w.t.Helper()
	for i := range w.s.Groups {
		if g := &w.s.Groups[i]; g.Race == race && g.Number == number {
			return g
		}
	}
	require.Failf(w.t, "group is gone", "group %d of race %d", number, race)
	return nil
}

func (w *world) has(race, number int) bool {
	for _, g := range w.s.Groups {
		if g.Race == race && g.Number == number {
			return true
		}
	}
	return false
}

// load puts cargo aboard from nowhere.
func (w *world) load(race, number int, cargo enginev1.Cargo, total float64) {
	w.t.Helper()
	g := w.find(race, number)
	g.Cargo, g.Load = cargo, total
}

// peace makes two races friends.
func (w *world) peace(a, b int) {
	w.s.Races[a].relate(b, enginev1.Peace)
	w.s.Races[b].relate(a, enginev1.Peace)
}

// run carries orders out at once.
func (w *world) run(race int, orders ...enginev1.Order) []enginev1.OrderResult {
	w.t.Helper()
	require.Empty(w.t, form.Orders(orders))
	results := newDesk(w.c, w.s, race, func(enginev1.Event, []int) {}).run(orders)
	w.s.dropEmptyGroups()
	w.s.merge(len(w.s.Races))
	require.NoError(w.t, w.s.Check())
	return results
}

// turn makes the next turn with the lists of races 0, 1, ….
func (w *world) turn(lists ...[]enginev1.Order) *Turn {
	w.t.Helper()
	require.NoError(w.t, w.s.Check())
	before := w.s.Clone()
	turn := Advance(w.c, w.s, lists)
	require.Equal(w.t, before, w.s, "the old turn is left alone")
	w.s = turn.State
	return turn
}

// report is what a race sees of the turn.
func (w *world) report(turn *Turn, race int) *enginev1.Report {
	return Report(Subject{Config: w.c, Turn: turn, Live: w.s}, race)
}

func codes(results []enginev1.OrderResult) []enginev1.OrderCode {
	var all []enginev1.OrderCode
	for _, r := range results {
		all = append(all, r.Code)
	}
	return all
}

func types(turn *Turn) []enginev1.EventType {
	var all []enginev1.EventType
	for _, e := range turn.Events {
		all = append(all, e.Type)
	}
	return all
}
