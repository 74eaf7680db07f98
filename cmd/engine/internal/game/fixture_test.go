package game

import (
	"testing"

	"github.com/stretchr/testify/require"

	"galaxy/backend/cmd/engine/internal/rules"
	"galaxy/backend/cmd/engine/internal/validation"
	enginev1 "galaxy/backend/proto/engine/v1"
)

// fixture is a small galaxy with given planets: a side of 200, races "A", "B",
// "C", all at war.
type fixture struct {
	t      *testing.T
	config *Config
	state  *State
}

func newFixture(t *testing.T, races int, planets ...Planet) *fixture {
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
	return &fixture{t: t, config: &c, state: s}
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

// addShipType gives a race a ship type.
func (f *fixture) addShipType(race int, name string, d rules.Design) int {
	r := &f.state.Races[race]
	if t := r.typeNamed(name); t != nil {
		return t.ID
	}
	r.LastType++
	r.Types = append(r.Types, ShipType{ID: r.LastType, Name: name, Design: d})
	return r.LastType
}

// addGroup puts a group into orbit and returns its number.
func (f *fixture) addGroup(race, planet, ships int, name string, d rules.Design) int {
	r := &f.state.Races[race]
	r.LastGroup++
	f.state.Groups = append(f.state.Groups, Group{
		Race: race, Number: r.LastGroup, Ships: ships, Type: f.addShipType(race, name, d), Tech: r.Tech.Fitted(d), At: planet,
	})
	f.state.mergeGroups(len(f.state.Races)) // of no race: it only sorts
	return r.LastGroup
}

func (f *fixture) findGroup(race, number int) *Group {
	f.t.Helper()
	for i := range f.state.Groups {
		if g := &f.state.Groups[i]; g.Race == race && g.Number == number {
			return g
		}
	}
	require.Failf(f.t, "group is gone", "group %d of race %d", number, race)
	return nil
}

func (f *fixture) hasGroup(race, number int) bool {
	for _, g := range f.state.Groups {
		if g.Race == race && g.Number == number {
			return true
		}
	}
	return false
}

// loadGroup sets a group's cargo.
func (f *fixture) loadGroup(race, number int, cargo enginev1.Cargo, total float64) {
	f.t.Helper()
	g := f.findGroup(race, number)
	g.Cargo, g.Load = cargo, total
}

// makePeace puts two races at peace with each other.
func (f *fixture) makePeace(a, b int) {
	f.state.Races[a].setRelation(b, enginev1.Peace)
	f.state.Races[b].setRelation(a, enginev1.Peace)
}

// runOrders executes orders at once.
func (f *fixture) runOrders(race int, orders ...enginev1.Order) []enginev1.OrderResult {
	f.t.Helper()
	require.Empty(f.t, validation.Orders(orders))
	results := newOrderExecutor(f.config, f.state, race, func(enginev1.Event, []int) {}).run(orders)
	f.state.dropEmptyGroups()
	f.state.mergeGroups(len(f.state.Races))
	require.NoError(f.t, f.state.Check())
	return results
}

// nextTurn generates the next turn with the lists of races 0, 1, ….
func (f *fixture) nextTurn(lists ...[]enginev1.Order) *Turn {
	f.t.Helper()
	require.NoError(f.t, f.state.Check())
	before := f.state.Clone()
	turn := Advance(f.config, f.state, lists)
	require.Equal(f.t, before, f.state, "the old turn is not changed")
	f.state = turn.State
	return turn
}

// report is what a race sees of the turn.
func (f *fixture) report(turn *Turn, race int) *enginev1.Report {
	return Report(ReportSource{Config: f.config, Turn: turn, Live: f.state}, race)
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
