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

// startPlanets are the race's start planets, the home world first.
func startPlanets(r enginev1.Report) (home, yard, forge int) {
	planets := slices.Clone(r.LocalPlanets)
	slices.SortStableFunc(planets, func(a, b enginev1.LocalPlanet) int { return int(b.Size - a.Size) })
	return planets[0].Number, planets[1].Number, planets[2].Number
}

// distance on the torus.
func distance(side, x1, y1, x2, y2 float64) float64 {
	around := func(d float64) float64 { return min(math.Abs(d), side-math.Abs(d)) }
	return math.Hypot(around(x1-x2), around(y1-y2))
}

// foreignPlanets are all planets that are not the race's own, with their distance
// to the nearest own one.
func foreignPlanets(r enginev1.Report) map[int]float64 {
	all := map[int]float64{}
	for _, p := range r.UnidentifiedPlanets {
		all[p.Number] = math.Inf(1)
		for _, own := range r.LocalPlanets {
			all[p.Number] = min(all[p.Number], distance(r.Galaxy.Size, p.X, p.Y, own.X, own.Y))
		}
	}
	return all
}

// orderCodes provokes the order codes that need no ships.
func (f *fixture) orderCodes(t *testing.T) {
	r := f.report(t, ant)
	home, _, _ := startPlanets(r)
	f.requireRefused(t, ant, enginev1.OrderUnknownGroup, enginev1.Send(enginev1.Group(999), home))
	f.requireRefused(t, ant, enginev1.OrderUnknownAlias, enginev1.Unload(enginev1.Alias("$x")))
	f.requireRefused(t, ant, enginev1.OrderUnknownPlanet, enginev1.Rename(9999, "X"))
	f.requireRefused(t, ant, enginev1.OrderUnknownPlanet, enginev1.Route(home, enginev1.Colonists, 9999))
	f.requireRefused(t, ant, enginev1.OrderUnknownShipType, enginev1.Produce(home, enginev1.ProduceShip, "Nothing"))
	f.requireRefused(t, ant, enginev1.OrderUnknownShipType, enginev1.RemoveType("Nothing"))
	f.requireRefused(t, ant, enginev1.OrderInvalidDesign, enginev1.CreateType("X", 0.5, 0, 0, 0, 0))
	f.requireRefused(t, ant, enginev1.OrderInvalidDesign, enginev1.CreateType("X", 1, 1, 0, 0, 0))
	f.requireRefused(t, ant, enginev1.OrderInvalidDesign, enginev1.CreateType("X", 1, 0, 1, 0, 0))
	f.requireRefused(t, ant, enginev1.OrderInvalidDesign, enginev1.CreateType("X", 0, 0, 0, 0, 0))
	f.requireRefused(t, ant, enginev1.OrderInvalidName, enginev1.CreateType("two words", 1, 0, 0, 0, 0))
	f.requireRefused(t, ant, enginev1.OrderInvalidName, enginev1.Rename(home, ""))
	f.requireRefused(t, ant, enginev1.OrderInvalidProduct, enginev1.Produce(home, enginev1.ProduceShip, ""))
	f.requireRefused(t, ant, enginev1.OrderInvalidProduct, enginev1.Produce(home, enginev1.ProduceCapital, "Scout"))
	twice := f.submit(t, ant, scout(), scout(), enginev1.Produce(home, enginev1.ProduceShip, "Scout"), enginev1.RemoveType("Scout"))
	require.Equal(t, enginev1.OrderNameTaken, twice.Results[1].Code)
	require.Equal(t, enginev1.OrderTypeInUse, twice.Results[3].Code)
	f.requireRefused(t, ant, enginev1.OrderNotYourPlanet, enginev1.Rename(r.UnidentifiedPlanets[0].Number, "Mine"))
	for number, far := range foreignPlanets(r) {
		if far > 40.01 {
			f.requireRefused(t, ant, enginev1.OrderOutOfReach, enginev1.Route(home, enginev1.Empty, number))
			break
		}
	}
	// These are reserved; an engine of contract version 1 refuses each by itself.
	for _, order := range []enginev1.Order{
		{Type: enginev1.OrderUpgrade, Group: enginev1.Group(1)}, {Type: enginev1.OrderTransfer, Group: enginev1.Group(1), Race: new("Eel")},
		{Type: enginev1.OrderSendFleet, Fleet: new("F"), Planet: new(1)}, {Type: enginev1.OrderRemoveSci, Name: new("S")},
	} {
		require.Equal(t, 1, f.submit(t, ant, order).Rejected, "%+v", order)
	}
}

func (f *fixture) orders(t *testing.T) {
	c := f.For(t)
	home, yard, forge := startPlanets(f.report(t, ant))
	bad := enginev1.Send(enginev1.Group(999), home)
	f.submit(t, ant)
	strict := f.list(ant, scout(), bad)
	strict.Mode = enginev1.ModeStrict
	refused := c.Put(enginev1.PathOrder, strict).Refused(422, enginev1.CodeOrdersRejected)
	require.Len(t, refused.Details[enginev1.DetailResults], 2)
	require.Empty(t, f.report(t, ant).Pending.Orders, "the old list is kept")

	first := f.submit(t, ant, scout(), bad)
	require.Equal(t, 1, first.Rejected)
	require.Equal(t, first.OrderHash, f.submit(t, ant, scout(), bad).OrderHash)
	final := f.submit(t, ant, scout(), hauler(), fort(), enginev1.Produce(home, enginev1.ProduceShip, "Scout"),
		enginev1.Produce(yard, enginev1.ProduceShip, "Hauler"), enginev1.Produce(forge, enginev1.ProduceShip, "Fort"),
		enginev1.Rename(home, "Hill"))
	require.NotEqual(t, first.OrderHash, final.OrderHash)
	require.Equal(t, 7, final.Accepted)
	require.True(t, f.race(t, ant).HasOrders)
	require.Len(t, f.report(t, ant).Pending.Orders, 7, "the list replaces the earlier one")
	require.Nil(t, f.report(t, bee).Pending, "nobody sees another's list")
	require.Equal(t, enginev1.ProduceCapital, f.report(t, ant).LocalPlanets[0].Production.Kind, "nothing is executed yet")

	for _, turn := range []int{1, 2, 1 << 30} {
		late := f.list(ant, scout())
		late.Turn = turn
		refused := c.Put(enginev1.PathOrder, late).Refused(409, enginev1.CodeTurnMismatch)
		require.EqualValues(t, 0, refused.Details[enginev1.DetailCurrentTurn])
	}
	require.Len(t, f.report(t, ant).Pending.Orders, 7, "the stored list has not changed")
}

func (f *fixture) commands(t *testing.T) {
	c := f.For(t)
	request := f.command(ant, enginev1.SetRelation(bee, enginev1.Peace))
	first := conformance.Into[enginev1.CommandResponse](c.Put(enginev1.PathCommand, request), 200)
	require.Equal(t, enginev1.CommandApplied, first.Status)
	require.False(t, first.Replayed)
	again := conformance.Into[enginev1.CommandResponse](c.Put(enginev1.PathCommand, request), 200)
	require.True(t, again.Replayed)
	require.Equal(t, enginev1.CommandApplied, again.Status)
	conflict := request
	conflict.Command = enginev1.SetRelation(bee, enginev1.War).Raw()
	c.Put(enginev1.PathCommand, conflict).Refused(409, enginev1.CodeCommandConflict)
	require.Equal(t, enginev1.CommandUnchanged, f.execute(t, ant, enginev1.SetRelation(bee, enginev1.Peace)).Status)
	require.Equal(t, enginev1.Peace, relation(f.report(t, ant), bee))
	require.Equal(t, enginev1.War, relation(f.report(t, bee), ant), "peace is one-sided, and not told")
	late := f.command(ant, enginev1.QuitGame(ant))
	late.Turn = 1
	c.Put(enginev1.PathCommand, late).Refused(409, enginev1.CodeTurnMismatch)

	f.execute(t, bee, enginev1.SendMessage("Ждём мира", ant))
	secret := enginev1.SendMessage("I know you", "*")
	secret.Anonymous = true
	f.execute(t, cat, secret)
	mail := f.report(t, ant).Messages
	require.Len(t, mail, 2, "readable at once")
	require.Equal(t, enginev1.Message{From: new(bee), To: []string{ant}, Turn: 0, Text: "Ждём мира"}, mail[0])
	require.Nil(t, mail[1].From)
	require.Len(t, f.report(t, dog).Messages, 1)

	f.execute(t, cat, enginev1.QuitGame(cat))
	require.Equal(t, enginev1.RaceQuitting, f.race(t, cat).State)
	f.submit(t, cat)
	require.Equal(t, enginev1.RaceActive, f.race(t, cat).State, "any order takes a quit back")
}

func relation(r enginev1.Report, race string) enginev1.Relation {
	for _, other := range r.Races {
		if other.Race == race {
			return other.Relation
		}
	}
	return ""
}

func (f *fixture) firstTurn(t *testing.T) {
	c := f.For(t)
	before := f.status(t).StateHash
	request := f.command(ant, enginev1.SendMessage("Good luck", "*"))
	conformance.Into[enginev1.CommandResponse](c.Put(enginev1.PathCommand, request), 200)
	refused := c.Put(enginev1.PathTurn, enginev1.TurnRequest{Turn: 2}).Refused(409, enginev1.CodeTurnMismatch)
	require.EqualValues(t, 0, refused.Details[enginev1.DetailCurrentTurn])
	first := f.nextTurn(t)
	require.NotEqual(t, before, first.Status.StateHash)
	f.execute(t, dog, enginev1.SetRelation(cat, enginev1.Peace))
	again := conformance.Into[enginev1.TurnResponse](c.Put(enginev1.PathTurn, enginev1.TurnRequest{Turn: 1}), 200)
	require.True(t, again.Replayed)
	require.Equal(t, first.Events, again.Events)
	require.Equal(t, first.Status, again.Status)
	repeated := conformance.Into[enginev1.CommandResponse](c.Put(enginev1.PathCommand, request), 200)
	require.True(t, repeated.Replayed, "also when the turn has ended meanwhile")
	late := f.list(ant)
	late.Turn = 0
	refused = c.Put(enginev1.PathOrder, late).Refused(409, enginev1.CodeTurnMismatch)
	require.EqualValues(t, 1, refused.Details[enginev1.DetailCurrentTurn])
	require.Zero(t, f.race(t, ant).IdleTurns, "a list is activity")
	require.Zero(t, f.race(t, bee).IdleTurns, "a command is, too")
	require.Equal(t, 0, f.race(t, cat).IdleTurns)
	require.Equal(t, 1, f.race(t, dog).IdleTurns)
	require.False(t, f.race(t, ant).HasOrders)
}
