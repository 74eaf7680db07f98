package rules_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"galaxy/backend/cmd/engine/internal/rules"
)

// requireNear compares to half a unit of the last printed decimal.
func requireNear(t *testing.T, want, got float64, decimals int, about string) {
	t.Helper()
	require.InDelta(t, want, got, 0.5000001*math.Pow10(-decimals), about)
}

func TestDistanceGoesTheShortWayAround(t *testing.T) {
	t.Parallel()
	a, b := rules.Point{X: 10, Y: 10}, rules.Point{X: 190, Y: 195}
	require.InDelta(t, 25, rules.Torus(200).Distance(a, b), 1e-12)
	require.InDelta(t, 258.12, rules.Torus(2000).Distance(a, b), 0.005) // as on a flat map
	require.InDelta(t, 25, rules.Torus(200).Distance(b, a), 1e-12)
}

func TestDefaultSide(t *testing.T) {
	t.Parallel()
	for races, side := range map[int]rules.Torus{1: 100, 2: 100, 4: 100, 10: 159, 50: 354} {
		require.Equal(t, side, rules.DefaultTorus(races), races)
	}
}

func TestBeforeLiesOnTheShortestWay(t *testing.T) {
	t.Parallel()
	torus := rules.Torus(200)
	a, b := rules.Point{X: 10, Y: 10}, rules.Point{X: 190, Y: 195}
	for _, left := range []float64{0, 5, 12.5, 25} {
		at := torus.Before(a, b, left)
		require.InDelta(t, left, torus.Distance(at, b), 1e-9)
		require.InDelta(t, 25-left, torus.Distance(a, at), 1e-9)
	}
	require.Equal(t, a, torus.Before(a, a, 0))
}

func TestRoundDisplayRoundsHalfAwayFromZero(t *testing.T) {
	t.Parallel()
	for v, want := range map[float64]float64{0.125: 0.13, -0.125: -0.13, 4.571428: 4.57, 2.675000001: 2.68, -0.001: 0} {
		require.Equal(t, want, rules.RoundDisplay(v)) //nolint:testifylint // exact on purpose
	}
	require.False(t, math.Signbit(rules.RoundDisplay(-0.001)))
	require.InDelta(t, 0.123457, rules.RoundState(0.1234565001), 1e-12)
}

func TestProductionPoints(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ population, industry, points float64 }{
		{500, 500, 500}, {500, 250, 312.5}, {500, 0, 125}, {1000, 500, 625},
	} {
		colony := rules.Colony{Population: c.population, Industry: c.industry}
		require.InDelta(t, c.points, colony.Production(), 1e-12)
	}
}

func TestMaterialsAreMinedByResources(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ resources, gain float64 }{{5, 500}, {0.1, 10}, {0, 0}} {
		colony := rules.Colony{Resources: c.resources}
		colony.Mine(100)
		require.InDelta(t, c.gain, colony.Materials, 1e-12)
	}
}

func TestCapitalCostsPointsAndMaterials(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ points, materials, resources, capital, left float64 }{
		{1000, 200, 10, 200, 0},
		{1000, 0, 10, 196.08, 0},
		{1000, 0, 0.1, 66.67, 0},
		{1000, 500, 10, 200, 300},
		{1000, 50, 0, 50, 0},
		{250, 0, 10, 49.02, 0}, // RPT
		{350, 0, 10, 68.63, 0}, // RPT
	} {
		colony := rules.Colony{Materials: c.materials, Resources: c.resources}
		colony.Invest(c.points)
		requireNear(t, c.capital, colony.Capital, 2, "capital")
		requireNear(t, c.left, colony.Materials, 2, "materials")
	}
}

func TestPopulationGrowsAndOverflowsIntoColonists(t *testing.T) {
	t.Parallel()
	colony := rules.Colony{Size: 500, Population: 480}
	colony.Grow()
	requireNear(t, 500, colony.Population, 2, "population")
	requireNear(t, 2.30, colony.Colonists, 2, "colonists")
	home := rules.Colony{Size: 1000, Population: 1000}
	home.Grow()
	requireNear(t, 10, home.Colonists, 2, "a full home world")
}

func TestSettlingFillsRoomAndHands(t *testing.T) {
	t.Parallel()
	colony := rules.Colony{Size: 500, Population: 200, Industry: 200, Capital: 100} // NG
	colony.Grow()
	colony.Settle()
	requireNear(t, 216, colony.Population, 2, "population")
	requireNear(t, 216, colony.Industry, 2, "industry")
	requireNear(t, 84, colony.Capital, 2, "capital")

	landed := rules.Colony{Size: 1000, Population: 17.60} // RPT, with 16 colonists aboard
	landed.Grow()
	landed.Colonists += 16
	landed.Settle()
	requireNear(t, 147.01, landed.Population, 2, "population")
	requireNear(t, 0, landed.Colonists, 2, "colonists")

	full := rules.Colony{Size: 10, Population: 6, Colonists: 1}
	full.Settle()
	requireNear(t, 10, full.Population, 2, "population")
	requireNear(t, 0.5, full.Colonists, 2, "colonists")
}

func TestResearchCostsTheSameForAllTechnologies(t *testing.T) {
	t.Parallel()
	require.InDelta(t, 0.10, rules.Research(500), 1e-12)
	require.InDelta(t, 1, rules.Research(5000), 1e-12)
}

func TestBuildingShips(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		points, materials, resources, mass float64
		ships                              int
		left, leftMaterials                float64
	}{
		{1000, 0, 10, 1, 99, 0.10, 0},
		{1000, 0, 0.1, 1, 50, 0, 0},
		{1000, 0, 10, 90, 1, 91, 0},
		{1000, 200, 10, 90, 1, 100, 110},
		{750, 0, 10, 49.5, 1, 250.05, 0},
		{750 + 250.05, 0, 10, 49.5, 2, 0.15, 0},
		{1000, 90, 0.1, 1, 95, 0, 0},    // 90 from the stock, 5 mined for 50 points
		{1000, 50, 10, 1, 99, 5.1, 0},   // 990 points, and 4.90 for 49 mined
		{1000, 95, 10, 30, 3, 100, 5},   // the stock is enough
		{1000, 60, 0.01, 30, 2, 400, 0}, // the stock is more than could be mined
		{1000, 90, 0, 90, 1, 100, 0},
		{1000, 89, 0, 90, 0, 1000, 89},
		{1000, 0, 0, 1, 0, 1000, 0},
	} {
		colony := rules.Colony{Materials: c.materials, Resources: c.resources}
		ships, left := colony.Build(c.points, c.mass)
		require.Equal(t, c.ships, ships, "%+v", c)
		requireNear(t, c.left, left, 2, "points")
		requireNear(t, c.leftMaterials, colony.Materials, 2, "materials")
	}
	// GP: a home world builds 99.0099 units of mass per turn.
	require.InDelta(t, 99.0099, 1000/(10+1.0/10), 0.0001)
}

func TestUnfinishedShipsBecomeMaterials(t *testing.T) {
	t.Parallel()
	colony := rules.Colony{Resources: 10}
	colony.Salvage(202) // 2/9 of a ship of mass 90 (GP)
	requireNear(t, 20, colony.Materials, 2, "materials")
	barren := rules.Colony{}
	barren.Salvage(202)
	require.Zero(t, barren.Materials)
	// RPT: what a change of production on a planet without stock gives.
	rpt := rules.Colony{Resources: 10}
	rpt.Salvage(2.5)
	requireNear(t, 0.25, rpt.Materials, 2, "materials")
}

func TestBombingTakesPeopleAndTurnsIndustryIntoMaterials(t *testing.T) {
	t.Parallel()
	station := rules.Ship{Design: rules.Design{Drive: 60, Armament: 3, Weapons: 30, Shields: 100}, Tech: rules.FirstTech()}
	requireNear(t, 139.30, station.Bombing(), 2, "one station")
	requireNear(t, 278.59, 2*station.Bombing(), 2, "two stations")
	colony := rules.Colony{Size: 500, Population: 500, Industry: 400, Colonists: 20, Capital: 50}
	require.True(t, colony.Bomb(2*station.Bombing()))
	requireNear(t, 221.41, colony.Population, 2, "population")
	requireNear(t, 171.41, colony.Industry, 2, "industry")
	requireNear(t, 278.59, colony.Materials, 2, "materials")
	require.Zero(t, colony.Capital)
	require.Zero(t, colony.Colonists)
}

func TestColonistsCanRepopulateABombedPlanet(t *testing.T) {
	t.Parallel()
	colony := rules.Colony{Size: 500, Population: 50, Industry: 50, Colonists: 100}
	require.True(t, colony.Bomb(60))
	requireNear(t, 320, colony.Population, 2, "population")
	wiped := rules.Colony{Size: 500, Population: 50, Industry: 50, Colonists: 10, Capital: 3, Materials: 4}
	require.False(t, wiped.Bomb(60))
	requireNear(t, 3, wiped.Capital, 2, "capital stays")
	requireNear(t, 54, wiped.Materials, 2, "materials stay")
}

func TestDesertedPlanetsKeepMaterials(t *testing.T) {
	t.Parallel()
	colony := rules.Colony{Size: 9, Resources: 2, Population: 1, Industry: 1, Capital: 1, Materials: 7, Colonists: 1}
	colony.Desert()
	require.Equal(t, rules.Colony{Size: 9, Resources: 2, Materials: 7}, colony)
}

func TestVotesAndMajority(t *testing.T) {
	t.Parallel()
	require.InDelta(t, 2.41, rules.Votes(2410), 1e-12)
	share := rules.RoundState(2.0 / 3)
	require.True(t, rules.Majority(2, 3, share), "exactly two thirds")
	require.False(t, rules.Majority(1.99, 3, share))
	require.False(t, rules.Majority(0, 0, share))
}
