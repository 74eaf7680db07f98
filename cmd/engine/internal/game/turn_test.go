package game

import (
	"testing"

	"github.com/stretchr/testify/require"

	"galaxy/backend/cmd/engine/internal/rules"
	enginev1 "galaxy/backend/proto/engine/v1"
)

// GP, question 4: 40 light years at 18 per turn, sent in turn 15, arrive in 18.
func TestFlightArrivesAfterItsTurns(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1, home(0, 0), free(40, 100))
	f.state.Turn = 15
	f.state.Races[0].Tech.Drive = 0.9
	f.state.Races[0].Tech.Drive = 1
	f.addGroup(0, 1, 1, "Courier", rules.Design{Drive: 9, Cargo: 1}) // 20·9/10 = 18
	turn := f.nextTurn([]enginev1.Order{enginev1.Send(enginev1.Group(1), 2)})
	require.Equal(t, 3, turn.State.Races[0].Results[0].Turns)
	require.InDelta(t, 22, f.findGroup(0, 1).Left, 1e-6)
	f.nextTurn([]enginev1.Order{enginev1.Send(enginev1.Group(1), 1)})
	require.Equal(t, enginev1.OrderGroupInSpace, f.state.Races[0].Results[0].Code, "no turning back")
	f.nextTurn()
	require.Equal(t, 18, f.state.Turn)
	require.True(t, f.findGroup(0, 1).inOrbit())
	require.Equal(t, 2, f.findGroup(0, 1).At)
}

// NG's example: 40 ships of capacity 2; 10 COL, 31 CAP and the rest empty.
func TestRoutesTakeOnlyAsManyShipsAsNeeded(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1, home(0, 0), free(20, 500), free(21, 500), free(22, 500))
	p := &f.state.Planets[0]
	p.Colonists, p.Capital = 10, 31
	f.state.Races[0].Tech.Cargo = 1 / 1.05 * 2 // capacity 2 for a bay of 1
	bay := rules.Design{Drive: 1, Cargo: 1}
	f.addGroup(0, 1, 40, "Bay", bay)
	f.findGroup(0, 1).Tech.Cargo = 2 / 1.05
	g := newGeneration(f.config, f.state, nil)
	g.state.Planets[0].Routes = [4]int{2, 3, 0, 4}
	g.serveRoutes()
	g.mergeGroups()
	var got []Group
	for _, group := range g.state.Groups {
		got = append(got, Group{
			Number: group.Number, Ships: group.Ships, Cargo: group.Cargo, Load: rules.RoundState(group.Load), To: group.To,
		})
	}
	require.Equal(t, []Group{
		{Number: 1, Ships: 19, To: 4},
		{Number: 2, Ships: 5, Cargo: enginev1.Colonists, Load: 10, To: 2},
		{Number: 3, Ships: 16, Cargo: enginev1.Capital, Load: 31, To: 3},
	}, got, "what is filled is split off under the next number")
	require.Zero(t, g.state.Planets[0].Colonists)
	require.Zero(t, g.state.Planets[0].Capital)
}

func TestRoutesSkipLoadedAndUnfitShips(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 2, home(0, 0), free(20, 500))
	f.state.Planets[0].Routes = [4]int{0, 0, 0, 2}
	f.loadGroup(0, f.addGroup(0, 1, 1, "Hauler", hauler()), enginev1.Capital, 1)
	f.addGroup(0, 1, 1, "Scout", scout())
	f.addGroup(0, 1, 1, "Fort", rules.Design{Shields: 2, Cargo: 3})
	f.makePeace(0, 1)
	f.addGroup(1, 1, 1, "Guest", hauler())
	f.nextTurn()
	for _, g := range f.state.Groups {
		require.True(t, g.inOrbit())
	}
}

func TestRoutesTakeGroupsByTheirNumber(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1, home(0, 0), free(20, 500))
	f.state.Planets[0].Materials = 4.2
	for range 3 {
		f.addGroup(0, 1, 2, "Hauler", hauler()) // capacity 2.1
	}
	g := newGeneration(f.config, f.state, nil)
	g.state.Planets[0].Routes = [4]int{0, 0, 2, 0}
	g.serveRoutes()
	var launched []int
	for _, group := range g.state.Groups {
		if !group.inOrbit() {
			launched = append(launched, group.Number)
		}
	}
	require.Equal(t, []int{1, 2}, launched)
}

func TestArrivingShipsAreMergedAtOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1, home(0, 0), free(10, 100))
	f.addGroup(0, 2, 3, "Scout", scout())
	f.addGroup(0, 1, 2, "Scout", scout())
	f.nextTurn([]enginev1.Order{enginev1.Send(enginev1.Group(2), 2)})
	require.Equal(t, 5, f.findGroup(0, 1).Ships)
	require.Len(t, f.state.Groups, 1)
}

func TestOnlyArrivedCargoIsUnloaded(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1, home(0, 0), home(0, 10))
	for _, planet := range []int{1, 2} {
		f.loadGroup(0, f.addGroup(0, planet, 2, "Hauler", hauler()), enginev1.Materials, 2)
	}
	f.nextTurn([]enginev1.Order{enginev1.Send(enginev1.Group(1), 2)})
	require.Zero(t, f.findGroup(0, 1).Load)
	require.InDelta(t, 2, f.findGroup(0, 2).Load, 1e-9, "groups that did not arrive now keep their cargo")
	require.InDelta(t, 2, f.state.Planets[1].Materials, 1e-9)
}

func TestRoutesOutOfReachAreDropped(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1, home(0, 0), free(70, 500), home(0, 50))
	f.state.Planets[0].Routes = [4]int{2, 0, 0, 0}
	f.nextTurn()
	require.Equal(t, 2, f.state.Planets[0].Routes[0])
	f.state.Planets[2].release()
	f.state.Planets[2].Desert()
	f.nextTurn()
	require.Zero(t, f.state.Planets[0].Routes[0])
}

func TestArrivingCargoIsUnloadedAtOwnPlanets(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 2, home(0, 0), home(0, 5), home(1, 6))
	f.makePeace(0, 1)
	for _, cargo := range []enginev1.Cargo{enginev1.Colonists, enginev1.Capital, enginev1.Materials} {
		f.loadGroup(0, f.addGroup(0, 1, 2, "Hauler", hauler()), cargo, 2)
	}
	abroad := f.addGroup(0, 1, 3, "Hauler", hauler())
	f.loadGroup(0, abroad, enginev1.Capital, 2)
	f.state.Planets[1].Product.Kind = enginev1.ProduceWeapons
	f.nextTurn([]enginev1.Order{
		enginev1.Send(enginev1.Group(1), 2), enginev1.Send(enginev1.Group(2), 2),
		enginev1.Send(enginev1.Group(3), 2), enginev1.Send(enginev1.Group(abroad), 3),
	})
	require.InDelta(t, 12, f.state.Planets[1].Colonists, 1e-6) // 10 have grown
	require.InDelta(t, 2, f.state.Planets[1].Capital, 1e-6)
	require.InDelta(t, 2, f.state.Planets[1].Materials, 1e-6)
	require.InDelta(t, 2, f.findGroup(0, abroad).Load, 1e-6, "not abroad")
}

func TestMostColonistsWinAPlanet(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 2, home(0, 0), free(5, 500), home(1, 10))
	f.loadGroup(0, f.addGroup(0, 1, 5, "Hauler", hauler()), enginev1.Colonists, 4)
	f.loadGroup(1, f.addGroup(1, 3, 5, "Hauler", hauler()), enginev1.Colonists, 5)
	turn := f.nextTurn([]enginev1.Order{enginev1.Send(enginev1.Group(1), 2)}, []enginev1.Order{enginev1.Send(enginev1.Group(1), 2)})
	require.Equal(t, 1, f.state.Planets[1].Owner)
	require.InDelta(t, 40, f.state.Planets[1].Population, 1e-6)
	require.InDelta(t, 4, f.findGroup(0, 1).Load, 1e-6, "the others stay loaded")
	require.Equal(t, []enginev1.EventType{enginev1.EventPlanetColonised}, types(turn))
	require.Equal(t, "B", turn.Events[0].Race)
}

func TestTiedColonistsAreDrawnFairly(t *testing.T) {
	t.Parallel()
	wins := [2]int{}
	for seed := range uint64(200) {
		f := newFixture(t, 2, home(0, 0), free(5, 500), home(1, 10))
		f.config.Seed = seed
		for race, planet := range []int{1, 3} {
			f.loadGroup(race, f.addGroup(race, planet, 5, "Hauler", hauler()), enginev1.Colonists, 4)
		}
		f.nextTurn([]enginev1.Order{enginev1.Send(enginev1.Group(1), 2)}, []enginev1.Order{enginev1.Send(enginev1.Group(1), 2)})
		wins[f.state.Planets[1].Owner]++
	}
	require.Greater(t, wins[0], 60)
	require.Greater(t, wins[1], 60)
}

func TestAnEarlierOrderMayTakeThePlanet(t *testing.T) {
	t.Parallel()
	outcomes := map[int]bool{}
	for seed := range uint64(20) {
		f := newFixture(t, 2, home(0, 0), free(5, 500), home(1, 10))
		f.config.Seed = seed
		f.makePeace(0, 1)
		for race := range 2 {
			f.loadGroup(race, f.addGroup(race, 2, 5, "Hauler", hauler()), enginev1.Colonists, 4)
		}
		turn := f.nextTurn([]enginev1.Order{enginev1.Unload(enginev1.Group(1))}, []enginev1.Order{enginev1.Unload(enginev1.Group(1))})
		winner := f.state.Planets[1].Owner
		outcomes[winner] = true
		require.Empty(t, f.state.Races[winner].Results[0].Code)
		require.Equal(t, enginev1.OrderColonistsNotAllowed, f.state.Races[1-winner].Results[0].Code)
		require.Equal(t, []enginev1.EventType{enginev1.EventPlanetColonised}, types(turn))
	}
	require.Len(t, outcomes, 2, "the order of the races is drawn")
}

// RPT: growth comes before unloading, settling after it.
func TestGrowthComesBeforeUnloading(t *testing.T) {
	t.Parallel()
	young := free(5, 1000)
	young.Owner, young.Population = 0, 17.60
	f := newFixture(t, 1, home(0, 0), young)
	f.loadGroup(0, f.addGroup(0, 1, 16, "Hauler", hauler()), enginev1.Colonists, 16)
	f.nextTurn([]enginev1.Order{enginev1.Send(enginev1.Group(1), 2)})
	require.InDelta(t, 147.008, f.state.Planets[1].Population, 1e-6)
}

func TestNewShipsAppearAfterTheBattles(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 2, home(0, 0), home(1, 100))
	f.addShipType(0, "Scout", scout())
	f.state.Planets[0].Product = Product{Kind: enginev1.ProduceShip, Type: 1}
	f.state.Planets[1].Product = Product{Kind: enginev1.ProduceDrive}
	turn := f.nextTurn()
	require.Empty(t, turn.Battles)
	require.Equal(t, 99, f.findGroup(0, 1).Ships)
	require.InDelta(t, 0.1, f.state.Planets[0].Progress, 1e-6)
	require.InDelta(t, 1.2, f.state.Races[1].Tech.Drive, 1e-6)
	f.nextTurn()
	require.Equal(t, 99+99, f.findGroup(0, 1).Ships, "built ships are merged with equal ones")
	require.Len(t, f.state.Groups, 1)
}

func TestEveryProductIsMade(t *testing.T) {
	t.Parallel()
	for kind, want := range map[string]rules.Tech{
		enginev1.ProduceDrive: {Drive: 1.2, Weapons: 1, Shields: 1, Cargo: 1}, enginev1.ProduceWeapons: {Drive: 1, Weapons: 1.2, Shields: 1, Cargo: 1},
		enginev1.ProduceShields: {Drive: 1, Weapons: 1, Shields: 1.2, Cargo: 1}, enginev1.ProduceCargo: {Drive: 1, Weapons: 1, Shields: 1, Cargo: 1.2},
		enginev1.ProduceCapital: rules.FirstTech(), enginev1.ProduceMaterials: rules.FirstTech(),
	} {
		f := newFixture(t, 1, home(0, 0))
		f.nextTurn([]enginev1.Order{enginev1.Produce(1, kind, "")})
		require.Equal(t, want, f.state.Races[0].Tech, kind)
		require.InDelta(t, map[string]float64{enginev1.ProduceCapital: 1000 / 5.1}[kind], f.state.Planets[0].Capital, 1e-6, kind)
		require.InDelta(t, map[string]float64{enginev1.ProduceMaterials: 10_000}[kind], f.state.Planets[0].Materials, 1e-6, kind)
		f.nextTurn()
		require.Equal(t, kind, f.state.Planets[0].Product.Kind, "unchanged until it is ordered otherwise")
	}
}

func TestShipsKeepTheTechnologyOfTheirTurn(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1, home(0, 0), home(0, 5))
	f.addShipType(0, "Scout", scout())
	f.state.Planets[0].Product = Product{Kind: enginev1.ProduceShip, Type: 1}
	f.state.Planets[1].Product = Product{Kind: enginev1.ProduceDrive}
	f.nextTurn()
	require.InDelta(t, 1, f.findGroup(0, 1).Tech.Drive, 1e-9)
	f.nextTurn()
	require.InDelta(t, 1.2, f.findGroup(0, 2).Tech.Drive, 1e-9)
}
