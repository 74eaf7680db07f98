package rules_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"galaxy/backend/cmd/engine/internal/rules"
)

// NG's table of example designs: mass, speed empty and loaded at technology 1,
// and the points that one costs. The table's speed of the Battleship belongs to
// a mass of 99.00, which it does not have: it is left out.
func TestExampleDesignsOfNG(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name                string
		design              rules.Design
		mass, speed, loaded float64
		cost                float64
	}{
		{"Drone", design(1, 0, 0, 0, 0), 1, 20, 20, 10},
		{"Flak", design(1, 0, 0, 2, 0), 3, 6.67, 6.67, 30},
		{"FastFlak", design(1.01, 0, 0, 1.01, 0), 2.02, 10, 10, 20.2},
		{"Fighter", design(2.48, 1, 1.2, 1.27, 0), 4.95, 10.02, 10.02, 49.5},
		{"Gunship", design(4, 2, 2, 4, 0), 11, 7.27, 7.27, 110},
		{"Destroyer", design(6, 3, 4, 4, 0), 18, 6.67, 6.67, 180},
		{"Cruiser", design(16.5, 30, 1.5, 9.75, 0), 49.5, 6.67, 6.67, 495},
		{"BattleCruiser", design(49.5, 25, 3, 9.5, 1), 99, 10, 9.90, 990},
		{"BattleStation", design(99, 1, 50, 49, 0), 198, 10, 10, 1980},
		{"OrbitalFort", design(0, 11, 10, 39, 0), 99, 0, 0, 990},
		{"SpaceGun", design(0, 1, 9.9, 9.9, 0), 19.8, 0, 0, 198},
		{"Hauler", design(2, 0, 0, 0, 1), 3, 13.33, 9.88, 30},
		{"Freighter", design(30, 0, 0, 9.5, 10), 49.5, 12.12, 9.30, 495},
		{"MegaFreighter", design(120, 0, 0, 38.43, 39.57), 198, 12.12, 7.60, 1980},
	} {
		ship := shipAtTech1(c.design)
		require.NoError(t, c.design.Validate(), c.name)
		requireNear(t, c.mass, ship.Mass(), 2, c.name)
		requireNear(t, c.speed, ship.Speed(), 2, c.name)
		ship.Load = ship.Capacity()
		requireNear(t, c.loaded, ship.Speed(), 2, c.name+" loaded")
		stocked := rules.Colony{Materials: c.mass}
		built, left := stocked.Build(c.cost, c.mass)
		require.Equal(t, 1, built, c.name)
		requireNear(t, 0, left, 2, c.name)
		requireNear(t, 0, stocked.Materials, 2, c.name+" takes its mass in materials")
	}
}

// JG gives the loaded speeds to the last digit.
func TestLoadedSpeedsOfAnotherImplementation(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		design rules.Design
		speed  float64
	}{
		{design(120, 0, 0, 38.43, 39.57), 7.59832120791652},
		{design(30, 0, 0, 9.5, 10), 9.30232558139535},
		{design(2, 0, 0, 0, 1), 9.876543209876544},
		{design(33, 3, 25, 16, 1), 6.53142008906482},
		{design(49.5, 25, 3, 9.5, 1), 9.89505247376312},
		{design(2.48, 1, 1.2, 1.27, 0), 10.020202020202023},
		{design(4, 2, 2, 4, 0), 7.272727272727273},
	} {
		ship := shipAtTech1(c.design)
		ship.Load = ship.Capacity()
		require.InDelta(t, c.speed, ship.Speed(), 1e-12)
	}
}

// The older example designs, which GP and the first NG manuals share.
func TestExampleDesignsOfGP(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name        string
		design      rules.Design
		mass, speed float64
	}{
		{"Drone", design(1, 0, 0, 0, 0), 1, 20},
		{"Battle_Cruiser", design(30, 3, 10, 30, 0), 80, 7.5},
		{"Battleship", design(25, 1, 30, 35, 0), 90, 5.56},
		{"Battle_Station", design(60, 3, 30, 100, 0), 220, 5.45},
		{"Orbital_Fort", design(0, 3, 30, 100, 0), 160, 0},
		{"Space_Gun", design(0, 1, 10, 0, 0), 10, 0},
		{"Freighter", design(8, 0, 0, 2, 10), 20, 8},
		{"Megafreighter", design(80, 2, 2, 30, 100), 213, 7.51},
	} {
		requireNear(t, c.mass, c.design.Mass(), 2, c.name)
		requireNear(t, c.speed, shipAtTech1(c.design).Speed(), 2, c.name)
	}
}

// RPT: ship types of a published game, with what its report printed for them.
func TestShipTypesOfAPublishedGame(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		design               rules.Design
		mass, speed, defence float64
	}{
		{design(1.02, 0, 0, 0, 1), 2.02, 10.10, 0},
		{design(1.03, 0, 0, 0, 1), 2.03, 10.15, 0},
		{design(1.06, 0, 0, 0, 1), 2.06, 10.29, 0},
		{design(69.98, 0, 0, 0, 29.02), 99, 14.14, 0},
		{design(33, 29, 2, 35, 1), 99, 6.67, 23.51},
		{design(33, 3, 15, 35, 1), 99, 6.67, 23.51},
		{design(1, 0, 0, 2, 0), 3, 6.67, 4.31},
		{design(1, 1, 5, 3, 0), 9, 2.22, 4.48},
		{design(28.88, 40, 2, 15.75, 1), 86.63, 6.67, 11.06},
		{design(27.84, 1, 35, 19.66, 1), 83.50, 6.67, 13.98},
		{design(8.92, 1, 10, 7.83, 0), 26.75, 6.67, 8.14},
	} {
		ship := shipAtTech1(c.design)
		requireNear(t, c.mass, ship.Mass(), 2, "mass")
		requireNear(t, c.speed, ship.Speed(), 2, "speed")
		requireNear(t, c.defence, ship.Defence(), 2, "defence")
	}
}

// RPT: population, industry and the production that the report printed.
func TestProductionOfAPublishedGame(t *testing.T) {
	t.Parallel()
	for _, c := range [][3]float64{
		{12.10, 0.53, 3.42}, {19.01, 0.82, 5.37}, {19.01, 0.77, 5.33}, {19.01, 0.60, 5.20}, {147.01, 49.26, 73.70},
		{19.01, 0.81, 5.36}, {19.01, 0.85, 5.39}, {12.10, 0.44, 3.35}, {361.99, 0.87, 91.15}, {678.83, 92.10, 238.78},
		{10.26, 0.72, 3.11}, {10.26, 0.84, 3.20}, {303.52, 303.52, 303.52},
	} {
		colony := rules.Colony{Population: c[0], Industry: c[1]}
		require.InDelta(t, c[2], colony.Production(), 0.01, "%v", c) // from rounded values
	}
}

// GP, NG: who has a stockpile builds one and one ninth of a ship of mass 90 per
// turn, and without one a home world makes 99.0099 units of mass.
func TestPublishedShipsPerTurn(t *testing.T) {
	t.Parallel()
	home := rules.Colony{Materials: 1000, Resources: 10}
	ships, left := home.Build(1000, 90)
	require.Equal(t, 1, ships)
	require.InDelta(t, 1.0/9, left/900, 1e-9)
	ships, left = home.Build(1000+left, 90)
	require.Equal(t, 1, ships)
	require.InDelta(t, 2.0/9, left/900, 1e-9)
	drones := rules.Colony{Materials: 1000, Resources: 10}
	ships, _ = drones.Build(1000, 1)
	require.Equal(t, 100, ships)
}
