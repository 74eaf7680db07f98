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
	w := newWorld(t, 1, home(0, 0), free(40, 100))
	w.s.Turn = 15
	w.s.Races[0].Tech.Drive = 0.9
	w.s.Races[0].Tech.Drive = 1
	w.group(0, 1, 1, "Courier", rules.Design{Drive: 9, Cargo: 1}) // 20·9/10 = 18
	turn := w.turn([]enginev1.Order{enginev1.Send(enginev1.Group(1), 2)})
	require.Equal(t, 3, turn.State.Races[0].Results[0].Turns)
	require.InDelta(t, 22, w.find(0, 1).Left, 1e-6)
	w.turn([]enginev1.Order{enginev1.Send(enginev1.Group(1), 1)})
	require.Equal(t, enginev1.OrderGroupInSpace, w.s.Races[0].Results[0].Code, "no turning back")
	w.turn()
	require.Equal(t, 18, w.s.Turn)
	require.True(t, w.find(0, 1).inOrbit())
	require.Equal(t, 2, w.find(0, 1).At)
}

// NG's example: 40 ships of capacity 2; 10 COL, 31 CAP and the rest empty.
func TestRoutesTakeOnlyAsManyShipsAsNeeded(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, home(0, 0), free(20, 500), free(21, 500), free(22, 500))
	p := &w.s.Planets[0]
	p.Colonists, p.Capital = 10, 31
	w.s.Races[0].Tech.Cargo = 1 / 1.05 * 2 // capacity 2 for a bay of 1
	bay := rules.Design{Drive: 1, Cargo: 1}
	w.group(0, 1, 40, "Bay", bay)
	w.find(0, 1).Tech.Cargo = 2 / 1.05
	g := newGeneration(w.c, w.s, nil)
	g.state.Planets[0].Routes = [4]int{2, 3, 0, 4}
	g.serveRoutes()
	g.merge()
	var got []Group
	for _, group := range g.state.Groups {
		got = append(got, Group{
			Number: group.Number, Ships: group.Ships, Cargo: group.Cargo, Load: rules.State(group.Load), To: group.To,
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

func TestRoutesLeaveLoadedAndUnfitShipsAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2, home(0, 0), free(20, 500))
	w.s.Planets[0].Routes = [4]int{0, 0, 0, 2}
	w.load(0, w.group(0, 1, 1, "Hauler", hauler()), enginev1.Capital, 1)
	w.group(0, 1, 1, "Scout", scout())
	w.group(0, 1, 1, "Fort", rules.Design{Shields: 2, Cargo: 3})
	w.peace(0, 1)
	w.group(1, 1, 1, "Guest", hauler())
	w.turn()
	for _, g := range w.s.Groups {
		require.True(t, g.inOrbit())
	}
}

func TestRoutesTakeGroupsByTheirNumber(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, home(0, 0), free(20, 500))
	w.s.Planets[0].Materials = 4.2
	for range 3 {
		w.group(0, 1, 2, "Hauler", hauler()) // capacity 2.1
	}
	g := newGeneration(w.c, w.s, nil)
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

func TestArrivingShipsJoinTheirLikeAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, home(0, 0), free(10, 100))
	w.group(0, 2, 3, "Scout", scout())
	w.group(0, 1, 2, "Scout", scout())
	w.turn([]enginev1.Order{enginev1.Send(enginev1.Group(2), 2)})
	require.Equal(t, 5, w.find(0, 1).Ships)
	require.Len(t, w.s.Groups, 1)
}

func TestWhatArrivedIsUnloadedThoughItsLikeWaitsLoaded(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, home(0, 0), home(0, 10))
	for _, planet := range []int{1, 2} {
		w.load(0, w.group(0, planet, 2, "Hauler", hauler()), enginev1.Materials, 2)
	}
	w.turn([]enginev1.Order{enginev1.Send(enginev1.Group(1), 2)})
	require.Zero(t, w.find(0, 1).Load)
	require.InDelta(t, 2, w.find(0, 2).Load, 1e-9, "who has been there keeps its cargo")
	require.InDelta(t, 2, w.s.Planets[1].Materials, 1e-9)
}

func TestRoutesOutOfReachAreDropped(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, home(0, 0), free(70, 500), home(0, 50))
	w.s.Planets[0].Routes = [4]int{2, 0, 0, 0}
	w.turn()
	require.Equal(t, 2, w.s.Planets[0].Routes[0])
	w.s.Planets[2].release()
	w.s.Planets[2].Deserted()
	w.turn()
	require.Zero(t, w.s.Planets[0].Routes[0])
}

func TestArrivingCargoIsUnloadedAtOwnPlanets(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2, home(0, 0), home(0, 5), home(1, 6))
	w.peace(0, 1)
	for _, cargo := range []enginev1.Cargo{enginev1.Colonists, enginev1.Capital, enginev1.Materials} {
		w.load(0, w.group(0, 1, 2, "Hauler", hauler()), cargo, 2)
	}
	abroad := w.group(0, 1, 3, "Hauler", hauler())
	w.load(0, abroad, enginev1.Capital, 2)
	w.s.Planets[1].Product.Kind = enginev1.ProduceWeapons
	w.turn([]enginev1.Order{
		enginev1.Send(enginev1.Group(1), 2), enginev1.Send(enginev1.Group(2), 2),
		enginev1.Send(enginev1.Group(3), 2), enginev1.Send(enginev1.Group(abroad), 3),
	})
	require.InDelta(t, 12, w.s.Planets[1].Colonists, 1e-6) // 10 have grown
	require.InDelta(t, 2, w.s.Planets[1].Capital, 1e-6)
	require.InDelta(t, 2, w.s.Planets[1].Materials, 1e-6)
	require.InDelta(t, 2, w.find(0, abroad).Load, 1e-6, "not abroad")
}

func TestMostColonistsWinAPlanet(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2, home(0, 0), free(5, 500), home(1, 10))
	w.load(0, w.group(0, 1, 5, "Hauler", hauler()), enginev1.Colonists, 4)
	w.load(1, w.group(1, 3, 5, "Hauler", hauler()), enginev1.Colonists, 5)
	turn := w.turn([]enginev1.Order{enginev1.Send(enginev1.Group(1), 2)}, []enginev1.Order{enginev1.Send(enginev1.Group(1), 2)})
	require.Equal(t, 1, w.s.Planets[1].Owner)
	require.InDelta(t, 40, w.s.Planets[1].Population, 1e-6)
	require.InDelta(t, 4, w.find(0, 1).Load, 1e-6, "who loses stays loaded")
	require.Equal(t, []enginev1.EventType{enginev1.EventPlanetColonised}, types(turn))
	require.Equal(t, "B", turn.Events[0].Race)
}

func TestTiedColonistsAreDrawnFairly(t *testing.T) {
	t.Parallel()
	wins := [2]int{}
	for seed := range uint64(200) {
		w := newWorld(t, 2, home(0, 0), free(5, 500), home(1, 10))
		w.c.Seed = seed
		for race, planet := range []int{1, 3} {
			w.load(race, w.group(race, planet, 5, "Hauler", hauler()), enginev1.Colonists, 4)
		}
		w.turn([]enginev1.Order{enginev1.Send(enginev1.Group(1), 2)}, []enginev1.Order{enginev1.Send(enginev1.Group(1), 2)})
		wins[w.s.Planets[1].Owner]++
	}
	require.Greater(t, wins[0], 60)
	require.Greater(t, wins[1], 60)
}

func TestAnEarlierOrderMayTakeThePlanet(t *testing.T) {
	t.Parallel()
	outcomes := map[int]bool{}
	for seed := range uint64(20) {
		w := newWorld(t, 2, home(0, 0), free(5, 500), home(1, 10))
		w.c.Seed = seed
		w.peace(0, 1)
		for race := range 2 {
			w.load(race, w.group(race, 2, 5, "Hauler", hauler()), enginev1.Colonists, 4)
		}
		turn := w.turn([]enginev1.Order{enginev1.Unload(enginev1.Group(1))}, []enginev1.Order{enginev1.Unload(enginev1.Group(1))})
		winner := w.s.Planets[1].Owner
		outcomes[winner] = true
		require.Empty(t, w.s.Races[winner].Results[0].Code)
		require.Equal(t, enginev1.OrderColonistsNotAllowed, w.s.Races[1-winner].Results[0].Code)
		require.Equal(t, []enginev1.EventType{enginev1.EventPlanetColonised}, types(turn))
	}
	require.Len(t, outcomes, 2, "the order of the races is drawn")
}

// RPT: growth comes before unloading, settling after it.
func TestGrowthComesBeforeUnloading(t *testing.T) {
	t.Parallel()
	young := free(5, 1000)
	young.Owner, young.Population = 0, 17.60
	w := newWorld(t, 1, home(0, 0), young)
	w.load(0, w.group(0, 1, 16, "Hauler", hauler()), enginev1.Colonists, 16)
	w.turn([]enginev1.Order{enginev1.Send(enginev1.Group(1), 2)})
	require.InDelta(t, 147.008, w.s.Planets[1].Population, 1e-6)
}

func TestNewShipsAppearAfterTheBattles(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2, home(0, 0), home(1, 100))
	w.design(0, "Scout", scout())
	w.s.Planets[0].Product = Product{Kind: enginev1.ProduceShip, Type: 1}
	w.s.Planets[1].Product = Product{Kind: enginev1.ProduceDrive}
	turn := w.turn()
	require.Empty(t, turn.Battles)
	require.Equal(t, 99, w.find(0, 1).Ships)
	require.InDelta(t, 0.1, w.s.Planets[0].Progress, 1e-6)
	require.InDelta(t, 1.2, w.s.Races[1].Tech.Drive, 1e-6)
	w.turn()
	require.Equal(t, 99+99, w.find(0, 1).Ships, "built ships join their like")
	require.Len(t, w.s.Groups, 1)
}

func TestEveryProductIsMade(t *testing.T) {
	t.Parallel()
	for kind, want := range map[string]rules.Tech{
		enginev1.ProduceDrive: {Drive: 1.2, Weapons: 1, Shields: 1, Cargo: 1}, enginev1.ProduceWeapons: {Drive: 1, Weapons: 1.2, Shields: 1, Cargo: 1},
		enginev1.ProduceShields: {Drive: 1, Weapons: 1, Shields: 1.2, Cargo: 1}, enginev1.ProduceCargo: {Drive: 1, Weapons: 1, Shields: 1, Cargo: 1.2},
		enginev1.ProduceCapital: rules.FirstTech(), enginev1.ProduceMaterials: rules.FirstTech(),
	} {
		w := newWorld(t, 1, home(0, 0))
		w.turn([]enginev1.Order{enginev1.Produce(1, kind, "")})
		require.Equal(t, want, w.s.Races[0].Tech, kind)
		require.InDelta(t, map[string]float64{enginev1.ProduceCapital: 1000 / 5.1}[kind], w.s.Planets[0].Capital, 1e-6, kind)
		require.InDelta(t, map[string]float64{enginev1.ProduceMaterials: 10_000}[kind], w.s.Planets[0].Materials, 1e-6, kind)
		w.turn()
		require.Equal(t, kind, w.s.Planets[0].Product.Kind, "unchanged until it is ordered otherwise")
	}
}

func TestShipsKeepTheTechnologyOfTheirTurn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, home(0, 0), home(0, 5))
	w.design(0, "Scout", scout())
	w.s.Planets[0].Product = Product{Kind: enginev1.ProduceShip, Type: 1}
	w.s.Planets[1].Product = Product{Kind: enginev1.ProduceDrive}
	w.turn()
	require.InDelta(t, 1, w.find(0, 1).Tech.Drive, 1e-9)
	w.turn()
	require.InDelta(t, 1.2, w.find(0, 2).Tech.Drive, 1e-9)
}
