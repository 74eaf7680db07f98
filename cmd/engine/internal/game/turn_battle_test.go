package game

import (
	"testing"

	"github.com/stretchr/testify/require"

	"galaxy/backend/cmd/engine/internal/rules"
	enginev1 "galaxy/backend/proto/engine/v1"
)

// GP, question 8: unarmed A at war with B, armed B at peace with A: no battle.
func TestOnlyArmedEnemiesStartABattle(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 2, home(0, 0), home(1, 100), free(50, 10))
	f.addGroup(0, 3, 5, "Scout", scout())
	f.addGroup(1, 3, 5, "Fighter", fighter())
	f.state.Races[1].setRelation(0, enginev1.Peace)
	require.Empty(t, f.nextTurn().Battles)
	f.state.Races[1].setRelation(0, enginev1.War)
	turn := f.nextTurn()
	require.Len(t, turn.Battles, 1)
	require.False(t, f.hasGroup(0, 1))
	require.Equal(t, 5, turn.Battles[0].Groups[1].Kills)
}

func TestOneSideAtWarIsEnoughForBothToShoot(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 2, home(0, 0), home(1, 100), free(50, 10))
	f.addGroup(0, 3, 50, "Fighter", fighter())
	f.addGroup(1, 3, 50, "Fighter", fighter())
	f.state.Races[1].setRelation(0, enginev1.Peace)
	battle := f.nextTurn().Battles[0]
	require.Positive(t, battle.Groups[0].Shots)
	require.Positive(t, battle.Groups[1].Shots)
	require.Equal(t, 1, battle.Phase)
	require.Equal(t, "2-1-3", battle.ID)
}

func TestUninvolvedGroupsAreListedButDoNotFight(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 3, home(0, 0), home(1, 100), free(50, 10), home(2, 120))
	f.makePeace(2, 0)
	f.makePeace(2, 1)
	f.addGroup(0, 3, 20, "Fighter", fighter())
	f.addGroup(1, 3, 20, "Fighter", fighter())
	f.addGroup(2, 3, 20, "Fighter", fighter())
	battle := f.nextTurn().Battles[0]
	require.False(t, battle.Groups[2].InBattle)
	require.Equal(t, 20, battle.Groups[2].Survivors)
	require.Zero(t, battle.Groups[2].Shots)
	require.Equal(t, []int{0, 1, 2}, battle.Seen)
	require.Equal(t, 20, f.findGroup(2, 1).Ships)
}

func TestLostShipsTakeTheirCargoWithThem(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 2, home(0, 0), home(1, 100), free(50, 10))
	f.loadGroup(0, f.addGroup(0, 3, 100, "Hauler", hauler()), enginev1.Materials, 100)
	f.addGroup(1, 3, 1, "Gun", rules.Design{Armament: 30, Weapons: 10, Shields: 1})
	f.config.Request.Options.BattleShotLimit = new(40)
	f.nextTurn()
	left := f.findGroup(0, 1)
	require.Equal(t, 100-40-40, left.Ships, "two battles of 40 shots")
	require.InDelta(t, float64(left.Ships), left.Load, 1e-3)
}

func TestOrderedShipsHaveLeftBeforeBattleRoutedOnesHaveNot(t *testing.T) {
	t.Parallel()
	for _, ordered := range []bool{true, false} {
		f := newFixture(t, 2, home(0, 0), free(5, 10), home(1, 100))
		f.addGroup(0, 1, 5, "Hauler", hauler())
		f.addGroup(1, 1, 5, "Fighter", fighter())
		var orders []enginev1.Order
		if ordered {
			orders = append(orders, enginev1.Send(enginev1.Group(1), 2))
		} else {
			orders = append(orders, enginev1.Route(1, enginev1.Empty, 2))
		}
		f.nextTurn(orders)
		require.Equal(t, ordered, f.hasGroup(0, 1))
	}
}

func TestFleetsThatMeetAfterTheFlightFightThen(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 2, home(0, 0), free(5, 10), home(1, 10))
	f.addGroup(0, 1, 5, "Fighter", fighter())
	f.addGroup(1, 3, 5, "Fighter", fighter())
	turn := f.nextTurn([]enginev1.Order{enginev1.Send(enginev1.Group(1), 2)}, []enginev1.Order{enginev1.Send(enginev1.Group(1), 2)})
	require.Len(t, turn.Battles, 1)
	require.Equal(t, 2, turn.Battles[0].Phase)
	require.Equal(t, []string{"A", "B"}, turn.Events[0].By)
}

func TestShotsAreLoggedOnRequest(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{enginev1.BattleLogSummary, enginev1.BattleLogShots} {
		f := newFixture(t, 2, home(0, 0), home(1, 100), free(50, 10))
		f.config.Request.Options.BattleLog = mode
		f.addGroup(0, 3, 20, "Fighter", fighter())
		f.addGroup(1, 3, 20, "Fighter", fighter())
		battle := f.nextTurn().Battles[0]
		require.Equal(t, mode == enginev1.BattleLogSummary, battle.LogTruncated)
		if mode == enginev1.BattleLogShots {
			require.Len(t, battle.Log, battle.Shots)
		} else {
			require.Empty(t, battle.Log)
		}
	}
}

// The published example: two battle stations over 500 people.
func TestBombingFollowsThePublishedExample(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 2, home(0, 0), home(1, 50))
	p := &f.state.Planets[1]
	p.Size, p.Population, p.Industry, p.Colonists, p.Capital = 500, 500, 400, 20, 50
	f.addGroup(0, 2, 2, "Battle_Station", rules.Design{Drive: 60, Armament: 3, Weapons: 30, Shields: 100})
	g := newGeneration(f.config, f.state, nil)
	g.bombPlanets()
	p = &g.state.Planets[1]
	require.InDelta(t, 221.41, p.Population, 0.005)
	require.InDelta(t, 171.41, p.Industry, 0.005)
	require.InDelta(t, 278.59, p.Materials, 0.005)
	require.Equal(t, enginev1.Bombing{
		Planet: 2, PlanetName: "#2", Owner: "B", Attackers: []string{"A"}, Power: 278.59,
		Population: 500, Industry: 400, Capital: 50, Colonists: 20, Result: enginev1.BombingDamaged,
	}, g.Bombings[0].Bombing)
}

func TestOnlyEnemiesOfTheOwnerBomb(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 2, home(0, 0), home(1, 50))
	f.addGroup(0, 2, 9, "Fighter", fighter())
	f.state.Races[0].setRelation(1, enginev1.Peace)
	require.Empty(t, f.nextTurn().Bombings, "the owner's own war does not make guests bomb")
	require.True(t, f.hasGroup(0, 1))
}

func TestWipedPlanetKeepsItsStocksAndForgetsItsOrders(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 2, home(0, 0), home(1, 50), home(1, 60))
	p := &f.state.Planets[1]
	p.Population, p.Industry, p.Capital, p.Materials, p.Progress = 10, 10, 7, 5, 9
	p.Routes = [4]int{3, 0, 0, 0}
	p.Product = Product{Kind: enginev1.ProduceShip, Type: f.addShipType(1, "Scout", scout())}
	f.addGroup(0, 2, 50, "Fighter", fighter())
	turn := f.nextTurn()
	p = &f.state.Planets[1]
	require.Equal(t, nobody, p.Owner)
	require.InDelta(t, 7, p.Capital, 1e-6)
	require.InDelta(t, 15, p.Materials, 1e-6)
	require.Zero(t, p.Population+p.Industry+p.Progress)
	require.Equal(t, [4]int{}, p.Routes)
	require.Equal(t, enginev1.BombingWiped, turn.Bombings[0].Result)
	require.Equal(t, []enginev1.EventType{enginev1.EventPlanetWiped}, types(turn))
}

func TestRaceWithoutPlanetsAndShipsIsEliminated(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 3, home(0, 0), home(1, 50), home(2, 100))
	f.state.Planets[1].Population, f.state.Planets[1].Industry = 10, 10
	f.addGroup(1, 2, 1, "Scout", scout())
	f.addGroup(0, 2, 50, "Fighter", fighter())
	turn := f.nextTurn()
	last := turn.Events[len(turn.Events)-1]
	require.Equal(t, enginev1.Event{Type: enginev1.EventRaceEliminated, Turn: 2, Race: "B", By: []string{"A"}}, last.Event)
	require.Equal(t, enginev1.RaceEliminated, f.state.Races[1].State)
	status := RaceStatuses(f.config, f.state, func(int) bool { return false })
	require.Equal(t, new(2), status[1].EliminatedTurn)
	require.Nil(t, status[0].EliminatedTurn)
}

func TestRaceWithShipsLivesOn(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 2, home(0, 0), free(50, 100))
	f.addGroup(1, 2, 1, "Scout", scout())
	f.nextTurn()
	require.Equal(t, enginev1.RaceActive, f.state.Races[1].State)
}
