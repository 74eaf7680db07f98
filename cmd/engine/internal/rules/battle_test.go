package rules_test

import (
	"math"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"galaxy/backend/cmd/engine/internal/rules"
)

func shipAtTech1(d rules.Design) rules.Ship { return rules.Ship{Design: d, Tech: rules.FirstTech()} }

func TestKillProbability(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ attack, defence, p float64 }{
		{7, 7, 0.5}, {28, 7, 1}, {7, 28, 0}, {14, 7, 0.75}, {7, 14, 0.25}, {1000, 1, 1}, {1, 1000, 0}, {1, 0, 1}, {0, 1, 0}, {0, 0, 0},
	} {
		require.InDelta(t, c.p, rules.KillProbability(c.attack, c.defence), 1e-9, "%v", c)
	}
	cruiser := shipAtTech1(design(15, 1, 15, 15, 0))
	battleship, battleCruiser := shipAtTech1(design(25, 1, 30, 35, 0)), shipAtTech1(design(30, 3, 10, 30, 0))
	duelist := shipAtTech1(design(10, 1, 10, 10, 0))
	requireNear(t, 13.1037, cruiser.Defence(), 4, "cruiser")
	requireNear(t, 24.2676, battleship.Defence(), 4, "battleship")
	requireNear(t, 21.6337, battleCruiser.Defence(), 4, "battle cruiser")
	requireNear(t, 10, duelist.Defence(), 6, "normed at mass 30")
	requireNear(t, 3.2183, duelist.Defence()/math.Cbrt(30), 4, "raw")
	requireNear(t, 3.1072325, math.Cbrt(30), 7, "the norm")
	requireNear(t, 0.548747, rules.KillProbability(cruiser.Attack(), cruiser.Defence()), 6, "cruiser on cruiser")
	requireNear(t, 0.617920, rules.KillProbability(battleship.Attack(), battleCruiser.Defence()), 6, "battleship on battle cruiser")
	requireNear(t, 0.180241, rules.KillProbability(battleCruiser.Attack(), battleship.Defence()), 6, "battle cruiser on battleship")
	requireNear(t, 0.5, rules.KillProbability(duelist.Attack(), duelist.Defence()), 6, "duel")
	require.InDelta(t, 4, shipAtTech1(design(8, 1, 8, 8, 0)).Defence()/shipAtTech1(design(1, 1, 1, 1, 0)).Defence(), 1e-9)
}

func squad(side, ships int, s rules.Ship) rules.Squad {
	return rules.Squad{Side: side, Ships: ships, Guns: s.Armament, Attack: s.Attack(), Defence: s.Defence()}
}

func allHostile(a, b int) bool { return a != b }

func fight(seed uint64, sides int, squads ...rules.Squad) rules.Outcome {
	return rules.Fight(rules.Encounter{
		Squads: squads, Sides: sides, Hostile: allHostile, ShotLimit: 5_000_000,
		Random: rules.Stream(seed, 1, rules.PhaseBattle1, 1),
	})
}

// A duel of equals has the closed form: even odds, 4/3 rounds on average.
func TestDuelOfEquals(t *testing.T) {
	t.Parallel()
	const duels = 40_000
	ship := squad(0, 1, shipAtTech1(design(10, 1, 10, 10, 0)))
	other := ship
	other.Side = 1
	wins, rounds := 0, 0
	for seed := range uint64(duels) {
		out := fight(seed, 2, ship, other)
		wins += out.Squads[0].Survivors
		rounds += out.Rounds
		require.Equal(t, 1, out.Squads[0].Survivors+out.Squads[1].Survivors)
		require.False(t, out.Draw)
	}
	require.InDelta(t, 0.5, float64(wins)/duels, 0.01) // 4 sigma
	require.InDelta(t, 4.0/3, float64(rounds)/duels, 0.02)
}

// A million shots hit as often as the formula says.
func TestShotsHitAsOftenAsTheFormulaSays(t *testing.T) {
	t.Parallel()
	for _, attack := range []float64{4, 7, 10, 15, 30} {
		const defence, ships = 10.0, 1000
		p := rules.KillProbability(attack, defence)
		shots, kills := 0, 0
		for seed := uint64(0); shots < 200_000; seed++ {
			out := rules.Fight(rules.Encounter{
				Squads: []rules.Squad{{Side: 0, Ships: 1, Guns: 900, Attack: attack, Defence: 1e9}, {Side: 1, Ships: ships, Defence: defence}},
				Sides:  2, Hostile: allHostile, ShotLimit: 900, Random: rules.Stream(seed, 2, rules.PhaseBattle2, 7),
			})
			shots += out.Squads[0].Shots
			kills += out.Squads[0].Kills
		}
		sigma := math.Sqrt(p * (1 - p) / float64(shots))
		require.InDelta(t, p, float64(kills)/float64(shots), 5*sigma+1e-12, "attack %v", attack)
	}
}

// Every surviving enemy is aimed at equally often, whichever race's it is.
func TestGunsAimAtAllEnemiesAlike(t *testing.T) {
	t.Parallel()
	aimed := [2]int{}
	for seed := range uint64(200) {
		out := rules.Fight(rules.Encounter{
			Squads: []rules.Squad{{Side: 0, Ships: 1, Guns: 500, Attack: 2.6, Defence: 1e9}, {Side: 1, Ships: 3000, Defence: 10}, {Side: 2, Ships: 1000, Defence: 10}},
			Sides:  3, Hostile: allHostile, ShotLimit: 500, LogLimit: 500, Random: rules.Stream(seed, 4, rules.PhaseBattle1, 2),
		})
		for _, shot := range out.Log {
			aimed[shot[1]-1]++
		}
	}
	require.Equal(t, 100_000, aimed[0]+aimed[1])
	require.InDelta(t, 0.75, float64(aimed[0])/100_000, 0.007) // 5 sigma
}

func TestBattleEndsWhenNoShotCanKill(t *testing.T) {
	t.Parallel()
	tough := rules.Squad{Ships: 5, Guns: 1, Attack: 1, Defence: 4}
	other := tough
	other.Side = 1
	out := fight(1, 2, tough, other)
	require.Equal(t, 0, out.Shots)
	require.True(t, out.Draw)
}

func TestShotLimitEndsABattleAsADraw(t *testing.T) {
	t.Parallel()
	a := rules.Squad{Ships: 1000, Guns: 2, Attack: 1.0001, Defence: 4}
	b := a
	b.Side = 1
	out := rules.Fight(rules.Encounter{
		Squads: []rules.Squad{a, b}, Sides: 2, Hostile: allHostile, ShotLimit: 1001, Random: rules.Stream(1, 1, rules.PhaseBattle1, 1),
	})
	require.Equal(t, 1001, out.Shots)
	require.True(t, out.Draw)
}

func TestOnlyHostileSidesShoot(t *testing.T) {
	t.Parallel()
	s := shipAtTech1(design(10, 1, 10, 10, 0))
	out := rules.Fight(rules.Encounter{
		Squads: []rules.Squad{squad(0, 50, s), squad(1, 50, s), squad(2, 50, s)},
		Sides:  3, Hostile: func(a, b int) bool { return a+b == 1 }, ShotLimit: 1e6, LogLimit: 1e6,
		Random: rules.Stream(3, 1, rules.PhaseBattle1, 1),
	})
	require.Equal(t, rules.Tally{Survivors: 50}, out.Squads[2])
	require.NotEqual(t, out.Squads[0].Survivors > 0, out.Squads[1].Survivors > 0)
	require.Len(t, out.Log, out.Shots)
	kills := 0
	for _, shot := range out.Log {
		require.NotEqual(t, shot[0], shot[1])
		kills += shot[2]
	}
	require.Equal(t, out.Squads[0].Kills+out.Squads[1].Kills, kills)
}

func TestKillsAndLossesBalance(t *testing.T) {
	t.Parallel()
	for seed := range uint64(50) {
		fighter, freighter := shipAtTech1(design(5, 3, 4, 6, 0)), shipAtTech1(design(8, 0, 0, 2, 10))
		squads := []rules.Squad{squad(0, 20, fighter), squad(1, 30, fighter), squad(1, 10, freighter), squad(2, 15, fighter)}
		out := fight(seed, 3, squads...)
		kills, losses, shots := 0, 0, 0
		for i, tally := range out.Squads {
			kills += tally.Kills
			shots += tally.Shots
			losses += squads[i].Ships - tally.Survivors
			require.GreaterOrEqual(t, tally.Survivors, 0)
		}
		require.Equal(t, losses, kills)
		require.Equal(t, out.Shots, shots)
		require.Zero(t, out.Squads[2].Shots, "freighters are unarmed")
	}
}

func TestEqualSeedsGiveEqualBattles(t *testing.T) {
	t.Parallel()
	s := shipAtTech1(design(10, 2, 8, 10, 0))
	require.Equal(t, fight(9, 2, squad(0, 100, s), squad(1, 110, s)), fight(9, 2, squad(0, 100, s), squad(1, 110, s)))
	require.NotEqual(t, fight(9, 2, squad(0, 100, s), squad(1, 110, s)), fight(10, 2, squad(0, 100, s), squad(1, 110, s)))
}

// droneSquads is the prototype's battle of 142,000 shots: 20,000 against 20,000.
func droneSquads() []rules.Squad {
	gun := shipAtTech1(design(1, 1, 1, 1, 0))
	return []rules.Squad{squad(0, 20_000, gun), squad(1, 20_000, gun)}
}

func BenchmarkBattle142kShots(b *testing.B) {
	shots, before := 0, cpuTime(b)
	for i := 0; b.Loop(); i++ {
		shots += fight(uint64(i), 2, droneSquads()...).Shots
	}
	b.ReportMetric(float64((cpuTime(b)-before).Microseconds())/1000/float64(b.N), "cpu-ms/op")
	b.ReportMetric(float64(shots)/float64(b.N), "shots/op")
}

// cpuTime is the processor time of this process, which a busy machine does not
// change as much as the wall clock.
func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
