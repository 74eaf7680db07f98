package game

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"galaxy/backend/cmd/engine/internal/rules"
	"galaxy/backend/cmd/engine/internal/validation"
	enginev1 "galaxy/backend/proto/engine/v1"
)

// drawOrder generates any order, mostly about objects that exist.
func drawOrder(t *rapid.T) enginev1.Order {
	number := rapid.IntRange(1, 12)
	group := func() enginev1.GroupRef {
		if rapid.IntRange(0, 4).Draw(t, "by alias") == 0 {
			return enginev1.Alias(rapid.SampledFrom([]string{"$a", "$b"}).Draw(t, "alias"))
		}
		return enginev1.Group(number.Draw(t, "group"))
	}
	name := func() string {
		return rapid.SampledFrom([]string{"Hauler", "Fighter", "New", "Other", "x y", ""}).Draw(t, "name")
	}
	cargo := rapid.SampledFrom(enginev1.Cargos())
	block := rapid.SampledFrom([]float64{0, 0.5, 1, 2.25, 10, 10000})
	planet := func() int { return number.Draw(t, "planet") }
	var o enginev1.Order
	switch rapid.IntRange(0, 10).Draw(t, "type") {
	case 0:
		o = enginev1.CreateType(name(), block.Draw(t, "d"), rapid.IntRange(0, 3).Draw(t, "a"), block.Draw(t, "w"), block.Draw(t, "s"), block.Draw(t, "c"))
	case 1:
		o = enginev1.RemoveType(name())
	case 2:
		kind := rapid.SampledFrom([]string{"capital", "materials", "drive", "weapons", "shields", "cargo", "ship", "ship", "science"}).Draw(t, "kind")
		o = enginev1.Produce(planet(), kind, name())
	case 3:
		o = enginev1.Rename(planet(), name())
	case 4:
		o = enginev1.Route(planet(), cargo.Draw(t, "cargo"), rapid.IntRange(0, 12).Draw(t, "to"))
	case 5:
		o = enginev1.Split(group(), number.Draw(t, "ships"))
	case 6:
		o = enginev1.Merge()
	case 7:
		o = enginev1.Load(group(), cargo.Draw(t, "cargo"))
	case 8:
		o = enginev1.Unload(group())
	case 9:
		o = enginev1.Send(group(), planet())
	default:
		o = enginev1.Scrap(group())
	}
	return drawOptions(t, o)
}

func drawOptions(t *rapid.T, o enginev1.Order) enginev1.Order {
	cargo := o.Type == enginev1.OrderLoad || o.Type == enginev1.OrderUnload
	if (cargo || o.Type == enginev1.OrderSend || o.Type == enginev1.OrderScrap) && rapid.Bool().Draw(t, "some ships") {
		o = o.OnlyShips(rapid.IntRange(1, 20).Draw(t, "ships"))
	}
	if cargo && rapid.Bool().Draw(t, "some cargo") {
		o = o.OnlyAmount(rapid.Float64Range(0.01, 40).Draw(t, "amount"))
	}
	if (cargo || o.Type == enginev1.OrderSend || o.Type == enginev1.OrderSplit) && rapid.Bool().Draw(t, "named") {
		o = o.Named(rapid.SampledFrom([]string{"$a", "$b"}).Draw(t, "alias"))
	}
	return o
}

// newCrowdedFixture is a small galaxy of three races with ships at every planet.
func newCrowdedFixture(t *testing.T) *fixture {
	f := newFixture(t, 3,
		home(0, 0), home(0, 8), home(1, 16), home(1, 24), home(2, 32), free(12, 500), free(20, 1500), free(28, 0), free(36, 90), home(2, 40))
	for race, planets := range [][]int{{1, 2, 6}, {3, 4, 7}, {5, 10, 9}} {
		for _, planet := range planets {
			f.addGroup(race, planet, 12, "Hauler", hauler())
			f.addGroup(race, planet, 5, "Fighter", fighter())
			f.loadGroup(race, f.addGroup(race, planet, 9, "Hauler", hauler()), enginev1.Colonists, 7.77)
		}
	}
	for i := range f.state.Planets {
		p := &f.state.Planets[i]
		p.Capital, p.Materials = 40, 400
		if p.Owner != nobody {
			p.Colonists = 30
		}
	}
	return f
}

// people counts everybody, at 8 to a unit of colonists.
func people(s *State) float64 {
	sum := 0.0
	for _, p := range s.Planets {
		sum += p.Population + 8*p.Colonists
	}
	for _, g := range s.Groups {
		if g.Cargo == enginev1.Colonists {
			sum += 8 * g.Load
		}
	}
	return sum
}

// capital counts industry too, into which capital turns.
func capital(s *State) float64 {
	sum := 0.0
	for _, p := range s.Planets {
		sum += p.Capital + p.Industry
	}
	for _, g := range s.Groups {
		if g.Cargo == enginev1.Capital {
			sum += g.Load
		}
	}
	return sum
}

func ships(s *State) (n int) {
	for _, g := range s.Groups {
		n += g.Ships
	}
	return n
}

func TestNoOrderListCreatesOrLosesAnything(t *testing.T) {
	t.Parallel()
	base := newCrowdedFixture(t)
	rapid.Check(t, func(r *rapid.T) {
		state := base.state.Clone()
		orders := rapid.SliceOfN(rapid.Custom(drawOrder), 0, 30).Draw(r, "orders")
		require.Empty(r, validation.Orders(orders))
		results := newOrderExecutor(base.config, state, 0, func(enginev1.Event, []int) {}).run(orders)
		scrapped := slices.ContainsFunc(orders, func(o enginev1.Order) bool { return o.Type == enginev1.OrderScrap })
		state.dropEmptyGroups()
		state.mergeGroups(nobody)
		require.NoError(r, state.Check())
		require.Len(r, results, len(orders))
		require.InDelta(r, people(base.state), people(state), 1e-3)
		require.InDelta(r, capital(base.state), capital(state), 1e-3)
		if !scrapped {
			require.Equal(r, ships(base.state), ships(state))
		}
		for i := range state.Groups {
			if g := &state.Groups[i]; g.Race != 0 {
				require.Contains(r, base.state.Groups, *g, "others' ships are not touched")
			}
		}
	})
}

// materials counts stocks and cargo.
func materials(s *State) float64 {
	sum := 0.0
	for _, p := range s.Planets {
		sum += p.Materials
	}
	for _, g := range s.Groups {
		if g.Cargo == enginev1.Materials {
			sum += g.Load
		}
	}
	return sum
}

// Routes, flights, merging, unloading and settling conserve people, capital and
// materials.
func TestTransportCreatesAndLosesNothing(t *testing.T) {
	t.Parallel()
	base := newCrowdedFixture(t)
	for a := range base.state.Races {
		for b := range a {
			base.makePeace(a, b)
		}
	}
	rapid.Check(t, func(r *rapid.T) {
		g := newGeneration(base.config, base.state, nil)
		g.config.Seed = rapid.Uint64().Draw(r, "seed")
		route := rapid.IntRange(0, len(g.state.Planets))
		for i := range g.state.Planets {
			if p := &g.state.Planets[i]; p.Owner != nobody {
				for slot := range p.Routes {
					if p.Routes[slot] = route.Draw(r, "route"); p.Routes[slot] == i+1 {
						p.Routes[slot] = 0
					}
				}
			}
		}
		people, capital, materials, fleet := people(g.state), capital(g.state), materials(g.state), ships(g.state)
		for range 3 {
			for _, phase := range []func(){g.mergeGroups, g.serveRoutes, g.moveGroups, g.mergeGroups, g.unloadArrivals, g.settleColonists} {
				phase()
				g.state.round()
				conserved(r, g.state, people, capital, materials)
				require.Equal(r, fleet, ships(g.state))
			}
		}
		require.NoError(r, g.state.Check())
	})
}

func conserved(r *rapid.T, s *State, wantPeople, wantCapital, wantMaterials float64) {
	require.InDelta(r, wantPeople, people(s), 1e-3)
	require.InDelta(r, wantCapital, capital(s), 1e-3)
	require.InDelta(r, wantMaterials, materials(s), 1e-3)
}

func TestAnyListsGiveAValidAndRepeatableTurn(t *testing.T) {
	t.Parallel()
	base := newCrowdedFixture(t)
	rapid.Check(t, func(r *rapid.T) {
		lists := Lists{}
		for range base.state.Races {
			lists = append(lists, rapid.SliceOfN(rapid.Custom(drawOrder), 0, 12).Draw(r, "orders"))
		}
		base.config.Seed = rapid.Uint64().Draw(r, "seed")
		turn := Advance(base.config, base.state, lists) // panics when an invariant breaks
		again := Advance(base.config, base.state, lists)
		require.Equal(r, turn, again)
		for race := range base.state.Races {
			raw, err := json.Marshal(Report(ReportSource{Config: base.config, Turn: turn, Live: turn.State}, race))
			require.NoError(r, err)
			require.NotContains(r, string(raw), "null,\"races\"")
		}
	})
}

// Orders that do not touch the same thing may come in any order.
func TestIndependentOrdersCommute(t *testing.T) {
	t.Parallel()
	base := newCrowdedFixture(t)
	orders := []enginev1.Order{
		enginev1.Produce(1, enginev1.ProduceDrive, ""), enginev1.Rename(2, "Second"), enginev1.Route(1, enginev1.Capital, 6),
		enginev1.Send(enginev1.Group(1), 6), enginev1.Send(enginev1.Group(4), 7), enginev1.Unload(enginev1.Group(3)),
		enginev1.Scrap(enginev1.Group(5)), enginev1.RemoveType("Nothing"),
	}
	want := Advance(base.config, base.state, Lists{orders}).State
	rapid.Check(t, func(r *rapid.T) {
		shuffled := rapid.Permutation(orders).Draw(r, "orders")
		got := Advance(base.config, base.state, Lists{shuffled}).State
		got.Races[0].Results = want.Races[0].Results // in the order of the list
		require.Equal(r, want, got)
	})
}

func TestColoniesKeepTheirInvariants(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		amount := func(name string, most float64) float64 { return rapid.Float64Range(0, most).Draw(r, name) }
		c := rules.Colony{Size: amount("size", 2500), Resources: amount("resources", 25)}
		c.Population = amount("population", 1) * c.Size
		c.Industry = amount("industry", 1) * c.Population
		c.Capital, c.Materials, c.Colonists = amount("capital", 5000), amount("materials", 5000), amount("colonists", 500)
		for range 5 {
			switch rapid.IntRange(0, 4).Draw(r, "step") {
			case 0:
				c.Bomb(amount("power", 3000))
			case 1:
				c.Grow()
			case 2:
				c.Invest(c.Production())
			case 3:
				_, left := c.Build(c.Production(), 1+amount("mass", 500))
				require.GreaterOrEqual(r, left, 0.0)
			default:
				c.Settle()
			}
			s := State{Planets: []Planet{{Owner: 0, Colony: c, Product: Product{Kind: "capital"}}}, Races: []Race{{State: enginev1.RaceActive}}}
			require.NoError(r, s.Check(), "%+v", c)
		}
	})
}
