package game

import (
	"encoding/json"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"

	"galaxy/backend/cmd/engine/internal/rules"
	enginev1 "galaxy/backend/proto/engine/v1"
)

func numbers[T any](list []T, of func(T) int) []int {
	all := []int{}
	for _, v := range list {
		all = append(all, of(v))
	}
	return all
}

func TestPlanetsAreKnownByPresence(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 2, home(0, 0), home(1, 30), home(1, 40), free(50, 100), free(60, 100))
	f.makePeace(0, 1)
	f.state.Planets[3].Capital, f.state.Planets[3].Materials = 3, 4
	for _, planet := range []int{2, 4} {
		f.addGroup(0, planet, 1, "Scout", scout())
	}
	r := f.report(f.nextTurn(), 0)
	require.Equal(t, []int{1}, numbers(r.LocalPlanets, func(p enginev1.LocalPlanet) int { return p.Number }))
	require.Equal(t, []int{2}, numbers(r.OtherPlanets, func(p enginev1.OtherPlanet) int { return p.Number }))
	require.Equal(t, "B", r.OtherPlanets[0].Owner)
	require.InDelta(t, 1000, r.OtherPlanets[0].Population, 1e-9)
	require.Equal(t, []int{4}, numbers(r.UninhabitedPlanets, func(p enginev1.UninhabitedPlanet) int { return p.Number }))
	require.InDelta(t, 4, r.UninhabitedPlanets[0].Materials, 1e-9)
	require.Equal(t, []enginev1.UnidentifiedPlanet{{Number: 3, X: 40}, {Number: 5, X: 60}}, r.UnidentifiedPlanets)
}

func TestForeignGroupsAreSeenFromOrbitAndFromOwnPlanets(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 2, home(0, 0), home(1, 30), free(50, 100))
	f.makePeace(0, 1)
	f.addGroup(1, 1, 3, "Visitor", scout())
	f.addGroup(1, 2, 3, "AtHome", scout())
	f.addGroup(1, 3, 3, "Met", hauler())
	f.addGroup(0, 3, 1, "Scout", scout())
	r := f.report(f.nextTurn(), 0)
	require.Equal(t, []int{1, 3}, numbers(r.OtherGroups, func(g enginev1.OtherGroup) int { return g.Planet }))
	require.Equal(t, []string{"Visitor", "Met"}, []string{r.OtherShipTypes[0].Name, r.OtherShipTypes[1].Name})
	require.Equal(t, enginev1.ShipType{Race: "B", Name: "Met", Drive: 2, Cargo: 1, Mass: 3, Speed: 13.33, Capacity: 1.05}, r.OtherShipTypes[1])
}

func TestGroupsInSpaceAreDetectedByDrive(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 2, home(0, 0), home(1, 40), free(20, 100))
	incoming := f.findGroup(1, f.addGroup(1, 2, 2, "Hauler", hauler()))
	incoming.To, incoming.Left, incoming.Space = 1, 30, true
	passing := f.findGroup(1, f.addGroup(1, 2, 1, "Scout", scout()))
	passing.To, passing.Left, passing.Space = 3, 5, true
	turn := &Turn{State: f.state}
	r := f.report(turn, 0)
	require.Equal(t, []enginev1.IncomingGroup{{Origin: 2, Destination: 1, Distance: 30, Speed: 13.33, Mass: 6}}, r.IncomingGroups)
	require.Equal(t, []enginev1.Position{{X: 25}}, r.UnidentifiedGroups)
	require.Empty(t, r.OtherShipTypes, "a type is not recognised from afar")
	f.findGroup(1, 1).Left = 30.01
	require.Empty(t, f.report(turn, 0).IncomingGroups, "30 light years at drive 1.00")
	f.state.Races[0].Tech.Drive = 1.01
	require.Len(t, f.report(turn, 0).IncomingGroups, 1)
}

func TestBattlesAreSeenByWitnessesOnly(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 4, home(0, 0), home(1, 50), home(2, 100), home(3, 150))
	for a := range 4 {
		for b := range a {
			f.makePeace(a, b)
		}
	}
	f.state.Races[0].setRelation(1, enginev1.War)
	f.addGroup(0, 3, 5, "Fighter", fighter())
	f.addGroup(1, 3, 5, "Fighter", fighter())
	turn := f.nextTurn()
	for race, sees := range []bool{true, true, true, false} {
		r := f.report(turn, race)
		require.Len(t, r.Battles, map[bool]int{true: 1}[sees], race)
		require.Len(t, r.Events, map[bool]int{true: 1}[sees], race)
	}
	require.Len(t, f.report(turn, 2).OtherShipTypes, 2, "the owner of the planet has seen both")
}

func TestOwnGroupsShowLoadAndMassPerShip(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1, home(0, 0), free(30, 100))
	f.state.Races[0].Tech.Drive = 1.42
	f.loadGroup(0, f.addGroup(0, 1, 12, "Hauler", hauler()), enginev1.Colonists, 12*1.05)
	r := f.report(&Turn{State: f.state}, 0)
	require.Equal(t, enginev1.OwnGroup{
		Number: 1, Ships: 12, Type: "Hauler", Drive: 1.42, CargoTech: 1, Cargo: new(enginev1.Colonists), Load: 1.05,
		Planet: 1, Speed: 14.02, Mass: 4.05, State: enginev1.GroupInOrbit,
	}, r.Groups[0])
	g := f.findGroup(0, 1)
	g.To, g.Left, g.Space = 2, 12.345, true
	r = f.report(&Turn{State: f.state}, 0)
	require.Equal(t, enginev1.GroupInSpace, r.Groups[0].State)
	require.Equal(t, new(2), r.Groups[0].Destination)
	require.InDelta(t, 12.35, *r.Groups[0].Distance, 1e-9)
}

// newEventfulFixture has a turn in which no section of the report is empty.
func newEventfulFixture(t *testing.T) (*fixture, *Turn) {
	f := newFixture(t, 3, home(0, 0), home(1, 30), free(20, 500), free(60, 300), home(2, 100), home(0, 10))
	f.state.Planets[5].Name = "Second"
	f.makePeace(0, 2)
	f.state.Planets[0].Routes = [4]int{3, 0, 6, 0}
	f.state.Planets[0].Product = Product{Kind: enginev1.ProduceShip, Type: f.addShipType(0, "Megafreighter", rules.Design{Drive: 80, Armament: 2, Weapons: 2, Shields: 30, Cargo: 100})}
	f.addGroup(0, 3, 2, "Fighter", fighter())
	f.addGroup(1, 3, 3, "Raider", rules.Design{Drive: 5, Armament: 2, Weapons: 5, Shields: 4})
	f.addGroup(0, 2, 1, "Fighter", fighter())
	f.addGroup(0, 4, 1, "Scout", scout())
	f.addGroup(2, 1, 2, "Envoy", scout())
	f.loadGroup(0, f.addGroup(0, 1, 4, "Hauler", hauler()), enginev1.Colonists, 3)
	in := f.findGroup(1, f.addGroup(1, 2, 2, "Raider", rules.Design{Drive: 5, Armament: 2, Weapons: 5, Shields: 4}))
	in.To, in.Left, in.Space = 1, 30, true
	pass := f.findGroup(2, f.addGroup(2, 2, 1, "Envoy", scout()))
	pass.To, pass.Left, pass.Space = 4, 48, true
	Command(f.config, f.state, 1, enginev1.SendMessage("You will regret this.\x1b[2J\nB", "A"))
	turn := f.nextTurn([]enginev1.Order{
		enginev1.Send(enginev1.Group(99), 1), enginev1.Load(enginev1.Group(4), enginev1.Materials),
		enginev1.Send(enginev1.Group(4), 6).OnlyShips(2),
	})
	return f, turn
}

func TestReportsMatchTheContract(t *testing.T) {
	t.Parallel()
	doc, err := openapi3.NewLoader().LoadFromData(enginev1.OpenAPI())
	require.NoError(t, err)
	schema := doc.Components.Schemas["Report"].Value
	f, turn := newEventfulFixture(t)
	for race := range 3 {
		raw, err := json.Marshal(f.report(turn, race))
		require.NoError(t, err)
		var value any
		require.NoError(t, json.Unmarshal(raw, &value))
		require.NoError(t, schema.VisitJSON(value))
	}
}
