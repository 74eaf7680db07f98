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
	w := newWorld(t, 2, home(0, 0), home(1, 30), home(1, 40), free(50, 100), free(60, 100))
	w.peace(0, 1)
	w.s.Planets[3].Capital, w.s.Planets[3].Materials = 3, 4
	for _, planet := range []int{2, 4} {
		w.group(0, planet, 1, "Scout", scout())
	}
	r := w.report(w.turn(), 0)
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
	w := newWorld(t, 2, home(0, 0), home(1, 30), free(50, 100))
	w.peace(0, 1)
	w.group(1, 1, 3, "Visitor", scout())
	w.group(1, 2, 3, "AtHome", scout())
	w.group(1, 3, 3, "Met", hauler())
	w.group(0, 3, 1, "Scout", scout())
	r := w.report(w.turn(), 0)
	require.Equal(t, []int{1, 3}, numbers(r.OtherGroups, func(g enginev1.OtherGroup) int { return g.Planet }))
	require.Equal(t, []string{"Visitor", "Met"}, []string{r.OtherShipTypes[0].Name, r.OtherShipTypes[1].Name})
	require.Equal(t, enginev1.ShipType{Race: "B", Name: "Met", Drive: 2, Cargo: 1, Mass: 3, Speed: 13.33, Capacity: 1.05}, r.OtherShipTypes[1])
}

func TestGroupsInSpaceAreDetectedByDrive(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2, home(0, 0), home(1, 40), free(20, 100))
	incoming := w.find(1, w.group(1, 2, 2, "Hauler", hauler()))
	incoming.To, incoming.Left, incoming.Space = 1, 30, true
	passing := w.find(1, w.group(1, 2, 1, "Scout", scout()))
	passing.To, passing.Left, passing.Space = 3, 5, true
	turn := &Turn{State: w.s}
	r := w.report(turn, 0)
	require.Equal(t, []enginev1.IncomingGroup{{Origin: 2, Destination: 1, Distance: 30, Speed: 13.33, Mass: 6}}, r.IncomingGroups)
	require.Equal(t, []enginev1.Position{{X: 25}}, r.UnidentifiedGroups)
	require.Empty(t, r.OtherShipTypes, "a type is not recognised from afar")
	w.find(1, 1).Left = 30.01
	require.Empty(t, w.report(turn, 0).IncomingGroups, "30 light years at drive 1.00")
	w.s.Races[0].Tech.Drive = 1.01
	require.Len(t, w.report(turn, 0).IncomingGroups, 1)
}

func TestBattlesAreSeenByWitnessesOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 4, home(0, 0), home(1, 50), home(2, 100), home(3, 150))
	for a := range 4 {
		for b := range a {
			w.peace(a, b)
		}
	}
	w.s.Races[0].relate(1, enginev1.War)
	w.group(0, 3, 5, "Fighter", fighter())
	w.group(1, 3, 5, "Fighter", fighter())
	turn := w.turn()
	for race, sees := range []bool{true, true, true, false} {
		r := w.report(turn, race)
		require.Len(t, r.Battles, map[bool]int{true: 1}[sees], race)
		require.Len(t, r.Events, map[bool]int{true: 1}[sees], race)
	}
	require.Len(t, w.report(turn, 2).OtherShipTypes, 2, "the owner of the planet has seen both")
}

func TestOwnGroupsShowLoadAndMassPerShip(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, home(0, 0), free(30, 100))
	w.s.Races[0].Tech.Drive = 1.42
	w.load(0, w.group(0, 1, 12, "Hauler", hauler()), enginev1.Colonists, 12*1.05)
	r := w.report(&Turn{State: w.s}, 0)
	require.Equal(t, enginev1.OwnGroup{
		Number: 1, Ships: 12, Type: "Hauler", Drive: 1.42, CargoTech: 1, Cargo: new(enginev1.Colonists), Load: 1.05,
		Planet: 1, Speed: 14.02, Mass: 4.05, State: enginev1.GroupInOrbit,
	}, r.Groups[0])
	g := w.find(0, 1)
	g.To, g.Left, g.Space = 2, 12.345, true
	r = w.report(&Turn{State: w.s}, 0)
	require.Equal(t, enginev1.GroupInSpace, r.Groups[0].State)
	require.Equal(t, new(2), r.Groups[0].Destination)
	require.InDelta(t, 12.35, *r.Groups[0].Distance, 1e-9)
}

// eventful is a world in which every section of a report has something to say.
func eventful(t *testing.T) (*world, *Turn) {
	w := newWorld(t, 3, home(0, 0), home(1, 30), free(20, 500), free(60, 300), home(2, 100), home(0, 10))
	w.s.Planets[5].Name = "Second"
	w.peace(0, 2)
	w.s.Planets[0].Routes = [4]int{3, 0, 6, 0}
	w.s.Planets[0].Product = Product{Kind: enginev1.ProduceShip, Type: w.design(0, "Megafreighter", rules.Design{Drive: 80, Armament: 2, Weapons: 2, Shields: 30, Cargo: 100})}
	w.group(0, 3, 2, "Fighter", fighter())
	w.group(1, 3, 3, "Raider", rules.Design{Drive: 5, Armament: 2, Weapons: 5, Shields: 4})
	w.group(0, 2, 1, "Fighter", fighter())
	w.group(0, 4, 1, "Scout", scout())
	w.group(2, 1, 2, "Envoy", scout())
	w.load(0, w.group(0, 1, 4, "Hauler", hauler()), enginev1.Colonists, 3)
	in := w.find(1, w.group(1, 2, 2, "Raider", rules.Design{Drive: 5, Armament: 2, Weapons: 5, Shields: 4}))
	in.To, in.Left, in.Space = 1, 30, true
	pass := w.find(2, w.group(2, 2, 1, "Envoy", scout()))
	pass.To, pass.Left, pass.Space = 4, 48, true
	Command(w.c, w.s, 1, enginev1.SendMessage("You will regret this.\x1b[2J\nB", "A"))
	turn := w.turn([]enginev1.Order{
		enginev1.Send(enginev1.Group(99), 1), enginev1.Load(enginev1.Group(4), enginev1.Materials),
		enginev1.Send(enginev1.Group(4), 6).OnlyShips(2),
	})
	return w, turn
}

func TestReportsMatchTheContract(t *testing.T) {
	t.Parallel()
	doc, err := openapi3.NewLoader().LoadFromData(enginev1.OpenAPI())
	require.NoError(t, err)
	schema := doc.Components.Schemas["Report"].Value
	w, turn := eventful(t)
	for race := range 3 {
		raw, err := json.Marshal(w.report(turn, race))
		require.NoError(t, err)
		var value any
		require.NoError(t, json.Unmarshal(raw, &value))
		require.NoError(t, schema.VisitJSON(value))
	}
}
