package conformance_test

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"galaxy/backend/cmd/engine/conformance"
	enginev1 "galaxy/backend/proto/engine/v1"
)

func scout() enginev1.Order  { return enginev1.CreateType("Scout", 1, 0, 0, 0, 0) }
func hauler() enginev1.Order { return enginev1.CreateType("Hauler", 2, 0, 0, 0, 1) }
func fort() enginev1.Order   { return enginev1.CreateType("Fort", 0, 1, 1, 1, 0) }

// starts are the race's start planets, the home world first.
func starts(r enginev1.Report) (home, yard, forge int) {
	planets := slices.Clone(r.LocalPlanets)
	slices.SortStableFunc(planets, func(a, b enginev1.LocalPlanet) int { return int(b.Size - a.Size) })
	return planets[0].Number, planets[1].Number, planets[2].Number
}

// distance on the torus.
func distance(side, x1, y1, x2, y2 float64) float64 {
	around := func(d float64) float64 { return min(math.Abs(d), side-math.Abs(d)) }
	return math.Hypot(around(x1-x2), around(y1-y2))
}

// abroad are the planets of others and of nobody, with their distance to the
// nearest own one.
func abroad(r enginev1.Report) map[int]float64 {
	all := map[int]float64{}
	for _, p := range r.UnidentifiedPlanets {
		all[p.Number] = math.Inf(1)
		for _, own := range r.LocalPlanets {
			all[p.Number] = min(all[p.Number], distance(r.Galaxy.Size, p.X, p.Y, own.X, own.Y))
		}
	}
	return all
}

// orderCodes provokes what can be refused before there are ships.
func (g *match) orderCodes(t *testing.T) {
	r := g.report(t, ant)
	home, _, _ := starts(r)
	g.refuses(t, ant, enginev1.OrderUnknownGroup, enginev1.Send(enginev1.Group(999), home))
	g.refuses(t, ant, enginev1.OrderUnknownAlias, enginev1.Unload(enginev1.Alias("$x")))
	g.refuses(t, ant, enginev1.OrderUnknownPlanet, enginev1.Rename(9999, "X"))
	g.refuses(t, ant, enginev1.OrderUnknownPlanet, enginev1.Route(home, enginev1.Colonists, 9999))
	g.refuses(t, ant, enginev1.OrderUnknownShipType, enginev1.Produce(home, enginev1.ProduceShip, "Nothing"))
	g.refuses(t, ant, enginev1.OrderUnknownShipType, enginev1.RemoveType("Nothing"))
	g.refuses(t, ant, enginev1.OrderInvalidDesign, enginev1.CreateType("X", 0.5, 0, 0, 0, 0))
	g.refuses(t, ant, enginev1.OrderInvalidDesign, enginev1.CreateType("X", 1, 1, 0, 0, 0))
	g.refuses(t, ant, enginev1.OrderInvalidDesign, enginev1.CreateType("X", 1, 0, 1, 0, 0))
	g.refuses(t, ant, enginev1.OrderInvalidDesign, enginev1.CreateType("X", 0, 0, 0, 0, 0))
	g.refuses(t, ant, enginev1.OrderInvalidName, enginev1.CreateType("two words", 1, 0, 0, 0, 0))
	g.refuses(t, ant, enginev1.OrderInvalidName, enginev1.Rename(home, ""))
	g.refuses(t, ant, enginev1.OrderInvalidProduct, enginev1.Produce(home, enginev1.ProduceShip, ""))
	g.refuses(t, ant, enginev1.OrderInvalidProduct, enginev1.Produce(home, enginev1.ProduceCapital, "Scout"))
	twice := g.hand(t, ant, scout(), scout(), enginev1.Produce(home, enginev1.ProduceShip, "Scout"), enginev1.RemoveType("Scout"))
	require.Equal(t, enginev1.OrderNameTaken, twice.Results[1].Code)
	require.Equal(t, enginev1.OrderTypeInUse, twice.Results[3].Code)
	g.refuses(t, ant, enginev1.OrderNotYourPlanet, enginev1.Rename(r.UnidentifiedPlanets[0].Number, "Mine"))
	for number, far := range abroad(r) {
		if far > 40.01 {
			g.refuses(t, ant, enginev1.OrderOutOfReach, enginev1.Route(home, enginev1.Empty, number))
			break
		}
	}
	// A later stage may know these; an engine of the first refuses each by itself.
	for _, order := range []enginev1.Order{
		{Type: enginev1.OrderUpgrade, Group: enginev1.Group(1)}, {Type: enginev1.OrderTransfer, Group: enginev1.Group(1), Race: new("Eel")},
		{Type: enginev1.OrderSendFleet, Fleet: new("F"), Planet: new(1)}, {Type: enginev1.OrderRemoveSci, Name: new("S")},
	} {
		require.Equal(t, 1, g.hand(t, ant, order).Rejected, "%+v", order)
	}
}

func (g *match) orders(t *testing.T) {
	c := g.For(t)
	home, yard, forge := starts(g.report(t, ant))
	bad := enginev1.Send(enginev1.Group(999), home)
	g.hand(t, ant)
	strict := g.list(ant, scout(), bad)
	strict.Mode = enginev1.ModeStrict
	refused := c.Put(enginev1.PathOrder, strict).Refused(422, enginev1.CodeOrdersRejected)
	require.Len(t, refused.Details[enginev1.DetailResults], 2)
	require.Empty(t, g.report(t, ant).Pending.Orders, "the old list is kept")

	first := g.hand(t, ant, scout(), bad)
	require.Equal(t, 1, first.Rejected)
	require.Equal(t, first.OrderHash, g.hand(t, ant, scout(), bad).OrderHash)
	final := g.hand(t, ant, scout(), hauler(), fort(), enginev1.Produce(home, enginev1.ProduceShip, "Scout"),
		enginev1.Produce(yard, enginev1.ProduceShip, "Hauler"), enginev1.Produce(forge, enginev1.ProduceShip, "Fort"),
		enginev1.Rename(home, "Hill"))
	require.NotEqual(t, first.OrderHash, final.OrderHash)
	require.Equal(t, 7, final.Accepted)
	require.True(t, g.race(t, ant).HasOrders)
	require.Len(t, g.report(t, ant).Pending.Orders, 7, "the list replaces the earlier one")
	require.Nil(t, g.report(t, bee).Pending, "nobody sees another's list")
	require.Equal(t, enginev1.ProduceCapital, g.report(t, ant).LocalPlanets[0].Production.Kind, "nothing is executed yet")

	for _, turn := range []int{1, 2, 1 << 30} {
		late := g.list(ant, scout())
		late.Turn = turn
		refused := c.Put(enginev1.PathOrder, late).Refused(409, enginev1.CodeTurnMismatch)
		require.EqualValues(t, 0, refused.Details[enginev1.DetailCurrentTurn])
	}
	require.Len(t, g.report(t, ant).Pending.Orders, 7, "the stored list has not changed")
}

func (g *match) commands(t *testing.T) {
	c := g.For(t)
	request := g.command(ant, enginev1.SetRelation(bee, enginev1.Peace))
	first := conformance.Into[enginev1.CommandResponse](c.Put(enginev1.PathCommand, request), 200)
	require.Equal(t, enginev1.CommandApplied, first.Status)
	require.False(t, first.Replayed)
	again := conformance.Into[enginev1.CommandResponse](c.Put(enginev1.PathCommand, request), 200)
	require.True(t, again.Replayed)
	require.Equal(t, enginev1.CommandApplied, again.Status)
	conflict := request
	conflict.Command = enginev1.SetRelation(bee, enginev1.War).Raw()
	c.Put(enginev1.PathCommand, conflict).Refused(409, enginev1.CodeCommandConflict)
	require.Equal(t, enginev1.CommandUnchanged, g.do(t, ant, enginev1.SetRelation(bee, enginev1.Peace)).Status)
	require.Equal(t, enginev1.Peace, relation(g.report(t, ant), bee))
	require.Equal(t, enginev1.War, relation(g.report(t, bee), ant), "peace is one-sided, and not told")
	late := g.command(ant, enginev1.QuitGame(ant))
	late.Turn = 1
	c.Put(enginev1.PathCommand, late).Refused(409, enginev1.CodeTurnMismatch)

	g.do(t, bee, enginev1.SendMessage("Ждём мира", ant))
	secret := enginev1.SendMessage("I know you", "*")
	secret.Anonymous = true
	g.do(t, cat, secret)
	mail := g.report(t, ant).Messages
	require.Len(t, mail, 2, "readable at once")
	require.Equal(t, enginev1.Message{From: new(bee), To: []string{ant}, Turn: 0, Text: "Ждём мира"}, mail[0])
	require.Nil(t, mail[1].From)
	require.Len(t, g.report(t, dog).Messages, 1)

	g.do(t, cat, enginev1.QuitGame(cat))
	require.Equal(t, enginev1.RaceQuitting, g.race(t, cat).State)
	g.hand(t, cat)
	require.Equal(t, enginev1.RaceActive, g.race(t, cat).State, "any order takes a quit back")
}

func relation(r enginev1.Report, race string) enginev1.Relation {
	for _, other := range r.Races {
		if other.Race == race {
			return other.Relation
		}
	}
	return ""
}

func (g *match) firstTurn(t *testing.T) {
	c := g.For(t)
	before := g.status(t).StateHash
	request := g.command(ant, enginev1.SendMessage("Good luck", "*"))
	conformance.Into[enginev1.CommandResponse](c.Put(enginev1.PathCommand, request), 200)
	refused := c.Put(enginev1.PathTurn, enginev1.TurnRequest{Turn: 2}).Refused(409, enginev1.CodeTurnMismatch)
	require.EqualValues(t, 0, refused.Details[enginev1.DetailCurrentTurn])
	first := g.next(t)
	require.NotEqual(t, before, first.Status.StateHash)
	g.do(t, dog, enginev1.SetRelation(cat, enginev1.Peace))
	again := conformance.Into[enginev1.TurnResponse](c.Put(enginev1.PathTurn, enginev1.TurnRequest{Turn: 1}), 200)
	require.True(t, again.Replayed)
	require.Equal(t, first.Events, again.Events)
	require.Equal(t, first.Status, again.Status)
	repeated := conformance.Into[enginev1.CommandResponse](c.Put(enginev1.PathCommand, request), 200)
	require.True(t, repeated.Replayed, "also when the turn has ended meanwhile")
	late := g.list(ant)
	late.Turn = 0
	refused = c.Put(enginev1.PathOrder, late).Refused(409, enginev1.CodeTurnMismatch)
	require.EqualValues(t, 1, refused.Details[enginev1.DetailCurrentTurn])
	require.Zero(t, g.race(t, ant).IdleTurns, "a list is activity")
	require.Zero(t, g.race(t, bee).IdleTurns, "a command is, too")
	require.Equal(t, 0, g.race(t, cat).IdleTurns)
	require.Equal(t, 1, g.race(t, dog).IdleTurns)
	require.False(t, g.race(t, ant).HasOrders)
}
