package conformance_test

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"galaxy/backend/cmd/engine/conformance"
	enginev1 "galaxy/backend/proto/engine/v1"
)

// groupInOrbit finds the race's group of a type in orbit.
func groupInOrbit(t *testing.T, r enginev1.Report, kind string) enginev1.OwnGroup {
	t.Helper()
	for _, group := range r.Groups {
		if group.Type == kind && group.State == enginev1.GroupInOrbit {
			return group
		}
	}
	require.Failf(t, "no such group", "%s", kind)
	return enginev1.OwnGroup{}
}

// firstShips checks the first turn against the formulas of the ruleset.
func (f *fixture) firstShips(t *testing.T) {
	r := f.report(t, ant)
	require.Len(t, r.OrderResults, 7)
	require.Nil(t, r.Pending)
	for _, want := range []struct {
		kind            string
		ships           int
		planet, left    float64
		speed, capacity float64
	}{{"Scout", 99, 1000, 0.10, 20, 0}, {"Hauler", 16, 500, 15.20, 13.33, 1.05}, {"Fort", 24, 500, 15.20, 0, 0}} {
		group := groupInOrbit(t, r, want.kind)
		require.Equal(t, want.ships, group.Ships, want.kind)
		require.InDelta(t, want.speed, group.Speed, 1e-9, want.kind)
		at := slices.IndexFunc(r.LocalPlanets, func(p enginev1.LocalPlanet) bool { return p.Number == group.Planet })
		require.InDelta(t, want.planet, r.LocalPlanets[at].Size, 1e-9)
		require.InDelta(t, want.left, r.LocalPlanets[at].Progress, 1e-9, "carried points")
		require.InDelta(t, want.planet/100, r.LocalPlanets[at].Colonists, 1e-9, "8 % of people, eight to a unit")
		known := slices.IndexFunc(r.ShipTypes, func(s enginev1.ShipType) bool { return s.Name == want.kind })
		require.InDelta(t, want.capacity, r.ShipTypes[known].Capacity, 1e-9)
	}
	require.Len(t, r.ShipsInProduction, 3)
	for _, p := range f.report(t, bee).LocalPlanets {
		require.InDelta(t, p.Size/5.1, p.Capital, 0.01, "capital at R 10: 5.1 points a unit")
	}
	require.Empty(t, f.report(t, bee).OtherGroups, "nobody sees ships that are elsewhere")
}

func (f *fixture) reports(t *testing.T) {
	c := f.For(t)
	answer := c.Get(conformance.ReportPath(ant))
	tag := answer.Header.Get("ETag")
	require.Regexp(t, `^"[^"]+"$`, tag, "a strong tag")
	require.Equal(t, 304, c.With("If-None-Match", tag).Get(conformance.ReportPath(ant)).Status)
	require.Equal(t, 200, c.With("If-None-Match", `"other"`).Get(conformance.ReportPath(ant)).Status)
	text := c.With("Accept", "text/plain").Get(conformance.ReportPath(ant))
	require.Equal(t, 200, text.Status)
	require.Contains(t, text.Header.Get("Content-Type"), "text/plain")
	require.Contains(t, string(text.Body), "Hill")
	require.NotEqual(t, tag, text.Header.Get("ETag"))
	past := conformance.Into[enginev1.Report](c.Get(conformance.ReportPath(ant)+"&turn=0"), 200)
	require.Equal(t, 0, past.Turn)
	require.Nil(t, past.Pending)
	require.Empty(t, past.Groups)
	require.Contains(t, c.Get(conformance.ReportPath(ant)+"&turn=0").Header.Get("Cache-Control"), "max-age=86400")
	c.Get(conformance.ReportPath(ant)+"&turn=2").Refused(404, enginev1.CodeTurnNotFound)
	f.execute(t, bee, enginev1.SendMessage("hello", ant))
	require.NotEqual(t, tag, c.Get(conformance.ReportPath(ant)).Header.Get("ETag"), "mail changes the report")
}

// shipCodes provokes the order codes that need ships.
func (f *fixture) shipCodes(t *testing.T) {
	r := f.report(t, ant)
	scouts, haulers, forts := groupInOrbit(t, r, "Scout"), groupInOrbit(t, r, "Hauler"), groupInOrbit(t, r, "Fort")
	f.requireRefused(t, ant, enginev1.OrderNotEnoughShips, enginev1.Split(enginev1.Group(scouts.Number), 1000))
	f.requireRefused(t, ant, enginev1.OrderNoDrive, enginev1.Send(enginev1.Group(forts.Number), haulers.Planet))
	f.requireRefused(t, ant, enginev1.OrderNoCargoBay, enginev1.Load(enginev1.Group(scouts.Number), enginev1.Colonists))
	f.requireRefused(t, ant, enginev1.OrderNotEnoughCargo, enginev1.Load(enginev1.Group(haulers.Number), enginev1.Materials))
	f.requireRefused(t, ant, enginev1.OrderNotEnoughCargo, enginev1.Unload(enginev1.Group(haulers.Number)))
	f.requireRefused(t, ant, enginev1.OrderTypeInUse, enginev1.RemoveType("Scout"))
	f.requireRefused(t, bee, enginev1.OrderUnknownGroup, enginev1.Split(enginev1.Group(scouts.Number), 1))
	for number, far := range foreignPlanets(r) {
		if far > 40.01 {
			f.requireRefused(t, ant, enginev1.OrderOutOfReach, enginev1.Send(enginev1.Group(scouts.Number), number))
			break
		}
	}
	group := enginev1.Group(haulers.Number)
	results := f.submit(t, ant,
		enginev1.Load(group, enginev1.Colonists).OnlyShips(2).OnlyAmount(1).Named("$a"), enginev1.Load(enginev1.Alias("$a"), enginev1.Capital),
		enginev1.Load(group, enginev1.Colonists).OnlyAmount(1000), enginev1.Unload(enginev1.Alias("$a")), enginev1.Merge(),
		enginev1.Send(enginev1.Group(scouts.Number), haulers.Planet), enginev1.Split(enginev1.Group(scouts.Number), 1),
		enginev1.Send(enginev1.Group(scouts.Number), scouts.Planet), enginev1.Split(enginev1.Group(scouts.Number), 1),
	).Results
	require.Positive(t, results[0].Group)
	require.NotEqual(t, haulers.Number, results[0].Group, "two ships are split off")
	require.Equal(t, enginev1.OrderWrongCargo, results[1].Code)
	require.Equal(t, enginev1.ResultWarning, results[2].Status, "in part is a warning")
	require.Equal(t, enginev1.OrderNotEnoughCargo, results[2].Code)
	require.Equal(t, enginev1.OrderGroupInSpace, results[6].Code, "a launched group cannot be split")
	require.Equal(t, enginev1.ResultOK, results[8].Status, "the own orbit takes a launch back")
}

// launchedShip is a ship with colonists in flight.
type launchedShip struct{ group, planet, turns int }

// flight sends single ships with colonists to the nearest planets and checks
// every turn of their flights.
func (f *fixture) flight(t *testing.T) {
	r := f.report(t, ant)
	haulers := groupInOrbit(t, r, "Hauler")
	targets := foreignPlanets(r)
	maps.DeleteFunc(targets, func(_ int, far float64) bool { return far > 39.9 })
	near := slices.SortedFunc(maps.Keys(targets), func(a, b int) int { return cmp.Compare(targets[a], targets[b]) })
	near = near[:min(len(near), 10)]
	var orders []enginev1.Order
	for i, planet := range near {
		alias := fmt.Sprint("$h", i)
		orders = append(orders, enginev1.Load(enginev1.Group(haulers.Number), enginev1.Colonists).OnlyShips(1).OnlyAmount(0.5).Named(alias),
			enginev1.Send(enginev1.Alias(alias), planet))
	}
	answer := f.submit(t, ant, orders...)
	require.Zero(t, answer.Rejected)
	var flights []launchedShip
	longest := 0
	for i, planet := range near {
		result := answer.Results[2*i+1]
		want := planetDistance(r, haulers.Planet, planet)
		require.InDelta(t, want, result.Distance, 0.011)
		require.InDelta(t, 40/3.5, result.Speed, 0.01, "20 · 2 / (3 + 0.5)")
		require.Equal(t, int(math.Floor((want-0.01)/(40/3.5)))+1, result.Turns)
		flights = append(flights, launchedShip{result.Group, planet, result.Turns})
		longest = max(longest, result.Turns)
	}
	for turn := 1; turn <= longest; turn++ {
		f.nextTurn(t)
		r := f.report(t, ant)
		for _, ship := range flights {
			f.checkFlight(t, r, ship, turn)
		}
	}
}

// planetDistance is the distance between two planets.
func planetDistance(r enginev1.Report, from, to int) float64 {
	at := slices.IndexFunc(r.LocalPlanets, func(p enginev1.LocalPlanet) bool { return p.Number == from })
	there := slices.IndexFunc(r.UnidentifiedPlanets, func(p enginev1.UnidentifiedPlanet) bool { return p.Number == to })
	return distance(r.Galaxy.Size, r.LocalPlanets[at].X, r.LocalPlanets[at].Y, r.UnidentifiedPlanets[there].X, r.UnidentifiedPlanets[there].Y)
}

// checkFlight checks where a ship is the given number of turns after its launch:
// in space, or at its destination, which it has claimed where that is allowed.
func (f *fixture) checkFlight(t *testing.T, r enginev1.Report, ship launchedShip, turn int) {
	t.Helper()
	isPlanet := func(p enginev1.LocalPlanet) bool { return p.Number == ship.planet }
	at := slices.IndexFunc(r.Groups, func(group enginev1.OwnGroup) bool { return group.Number == ship.group })
	if turn < ship.turns {
		require.Equal(t, enginev1.GroupInSpace, r.Groups[at].State)
		require.Equal(t, ship.planet, *r.Groups[at].Destination)
		if turn == 1 {
			f.requireRefused(t, ant, enginev1.OrderGroupInSpace, enginev1.Send(enginev1.Group(ship.group), r.Groups[at].Planet))
		}
		return
	}
	if turn > ship.turns {
		return
	}
	if slices.ContainsFunc(r.LocalPlanets, isPlanet) {
		colony := r.LocalPlanets[slices.IndexFunc(r.LocalPlanets, isPlanet)]
		require.InDelta(t, min(4, colony.Size), colony.Population, 0.01, "eight people to a unit of colonists")
		require.Contains(t, r.Events, enginev1.Event{Type: enginev1.EventPlanetColonised, Turn: r.Turn, Planet: ship.planet, Race: ant})
		return
	}
	require.Equal(t, enginev1.GroupInOrbit, r.Groups[at].State)
	require.InDelta(t, 0.5, r.Groups[at].Load, 1e-9, "where nobody may land, colonists stay aboard")
	f.requireRefused(t, ant, enginev1.OrderColonistsNotAllowed, enginev1.Unload(enginev1.Group(ship.group)))
	f.requireRefused(t, ant, enginev1.OrderColonistsNotAllowed, enginev1.Scrap(enginev1.Group(ship.group)))
}
