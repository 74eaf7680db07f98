package rules_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"galaxy/backend/cmd/engine/internal/rules"
)

func design(d float64, a int, w, s, c float64) rules.Design {
	return rules.Design{Drive: d, Armament: a, Weapons: w, Shields: s, Cargo: c}
}

func TestMassOfPublishedDesigns(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		design rules.Design
		mass   float64
	}{
		{"Freighter (GP)", design(8, 0, 0, 2, 10), 20},
		{"Gunship (GP)", design(4, 2, 2, 4, 0), 11},
		{"Cruiser (GP)", design(15, 1, 15, 15, 0), 45},
		{"question 2 (GP)", design(0, 20, 5, 0, 0), 52.5},
		{"Megafreighter", design(80, 2, 2, 30, 100), 213},
		{"Turrel (DG)", design(50, 8, 6.22, 20.01, 1), 99.00},
		{"Big_Turrel (DG)", design(100, 17, 6.22, 41.03, 1), 198.01},
		{"Heavy_Perforator (DG)", design(50, 32, 1.7, 19.95, 1), 99.00},
		{"BattleCruiser (NG)", design(49.5, 25, 3, 9.5, 1), 99.00},
		{"Turret (JG)", design(99, 9, 11, 43, 1), 198},
		{"Battleship", design(25, 1, 30, 35, 0), 90},
		{"Battle_Cruiser", design(30, 3, 10, 30, 0), 80},
		{"Drone", design(1, 0, 0, 0, 0), 1},
		{"Hauler", design(2, 0, 0, 0, 1), 3},
	} {
		requireNear(t, c.mass, c.design.Mass(), 2, c.name)
		require.NoError(t, c.design.Validate(), c.name)
	}
}

func TestInvalidDesigns(t *testing.T) {
	t.Parallel()
	for name, d := range map[string]rules.Design{
		"nothing":           {},
		"half a block":      design(0.5, 0, 0, 0, 0),
		"guns without mass": design(1, 1, 0, 0, 0),
		"mass without guns": design(1, 0, 1, 0, 0),
		"negative":          design(-1, 0, 0, 1, 0),
		"negative guns":     design(1, -1, 1, 0, 0),
		"three decimals":    design(1.005, 0, 0, 0, 0),
		"not a number":      design(math.NaN(), 0, 0, 1, 0),
		"infinite":          design(math.Inf(1), 0, 0, 1, 0),
	} {
		require.Error(t, d.Validate(), name)
	}
}

func TestCapacity(t *testing.T) {
	t.Parallel()
	for c, want := range map[float64]float64{1: 1.05, 5: 6.25, 10: 15, 50: 175, 100: 600} {
		ship := rules.Ship{Design: design(1, 0, 0, 0, c), Tech: rules.FirstTech()}
		requireNear(t, want, ship.Capacity(), 2, "capacity")
		ship.Tech.Cargo = 2
		requireNear(t, 2*want, ship.Capacity(), 2, "capacity at technology 2")
	}
}

func TestSpeed(t *testing.T) {
	t.Parallel()
	freighter, mega, hauler := design(8, 0, 0, 2, 10), design(80, 2, 2, 30, 100), design(2, 0, 0, 0, 1)
	for _, c := range []struct {
		name      string
		design    rules.Design
		cargoTech float64
		load      float64
		speed     float64
		decimals  int
	}{
		{"Megafreighter full (GP)", mega, 1, 600, 1.97, 2},
		{"Megafreighter full (NG's capacity)", mega, 1, 1100, 1.22, 2},
		{"Freighter empty", freighter, 1, 0, 8, 2},
		{"Freighter full", freighter, 1, 15, 4.571, 3},
		{"Freighter full, cargo technology 2", freighter, 2, 30, 4.571, 3},
		{"Hauler empty", hauler, 1, 0, 13.333, 3},
		{"Hauler loaded", hauler, 1, 1.05, 9.876543, 6},
	} {
		tech := rules.FirstTech()
		tech.Cargo = c.cargoTech
		requireNear(t, c.speed, rules.Ship{Design: c.design, Tech: tech, Load: c.load}.Speed(), c.decimals, c.name)
	}
	require.Zero(t, rules.Ship{Design: design(0, 0, 0, 1, 0), Tech: rules.FirstTech()}.Speed())
}

// The constants of an independent implementation (JG): Turret 9x11.
func TestTurretHasTheConstantsOfAnotherImplementation(t *testing.T) {
	t.Parallel()
	turret := rules.Ship{Design: design(99, 9, 11, 43, 1), Tech: rules.FirstTech()}
	require.InDelta(t, 22.92382813, turret.Defence(), 5e-9)
	turret.Tech = rules.Tech{Drive: 4.34, Weapons: 3.5, Shields: 3.91, Cargo: 2.09}
	requireNear(t, 43.40, turret.Speed(), 2, "speed")
	requireNear(t, 38.50, turret.Attack(), 2, "attack")
	requireNear(t, 89.63, turret.Defence(), 2, "defence")
	requireNear(t, 561.5, turret.Bombing(), 1, "bombing")
	turret.Load = turret.Capacity()
	requireNear(t, 43.17, turret.Speed(), 2, "speed when loaded")
}

func TestReachAndDetectionGrowWithDrive(t *testing.T) {
	t.Parallel()
	require.InDelta(t, 60, rules.Reach(1.5), 1e-12)
	require.InDelta(t, 45, rules.Detection(1.5), 1e-12)
}

// GP, question 4: 40 light years at 18 per turn, sent in turn 15, are in orbit
// in turn 18.
func TestFlightTurns(t *testing.T) {
	t.Parallel()
	require.Equal(t, 3, rules.FlightTurns(40, 18))
	require.Equal(t, 2, rules.FlightTurns(36, 18))
	require.Equal(t, 2, rules.FlightTurns(36.005, 18), "less than 0.01 left counts as arrived")
	require.Equal(t, 3, rules.FlightTurns(36.02, 18))
	require.Equal(t, 1, rules.FlightTurns(1, 18))
	require.Equal(t, 0, rules.FlightTurns(0, 18))
	require.True(t, rules.Arrived(0.0099))
	require.False(t, rules.Arrived(0.01))
}

func TestShipsStoreRoundedTechnologyOfWhatTheyHave(t *testing.T) {
	t.Parallel()
	tech := rules.Tech{Drive: 1.23456, Weapons: 1.5, Shields: 1.7, Cargo: 2}
	require.Equal(t, rules.Tech{Drive: 1.23, Cargo: 2}, tech.Fitted(design(2, 0, 0, 0, 1)))
	require.Equal(t, rules.Tech{Weapons: 1.5, Shields: 1.7}, tech.Fitted(design(0, 1, 2, 3, 0)))
}
