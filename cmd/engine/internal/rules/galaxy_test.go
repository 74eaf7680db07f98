package rules_test

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"galaxy/backend/cmd/engine/internal/rules"
)

func generate(races, perRace int, side rules.Torus, homes []float64, seed uint64) []rules.Site {
	return rules.Generate(rules.Plan{Side: side, Races: races, PlanetsPerRace: perRace, Homes: homes},
		rules.Stream(seed, 0, rules.PhaseGenerator, 0))
}

// starts returns each race's start planets, the largest first.
func starts(sites []rules.Site, races int) [][]rules.Site {
	all := make([][]rules.Site, races)
	for _, s := range sites {
		if s.Owner >= 0 {
			all[s.Owner] = append(all[s.Owner], s)
		}
	}
	for _, own := range all {
		slices.SortStableFunc(own, func(a, b rules.Site) int { return -cmp.Compare(a.Size, b.Size) })
	}
	return all
}

func TestGalaxyKeepsItsSpacings(t *testing.T) {
	t.Parallel()
	for _, races := range []int{2, 4, 10, 50} {
		for seed := range uint64(4) {
			side := rules.DefaultTorus(races)
			sites := generate(races, 10, side, []float64{1000, 500, 500}, seed)
			require.Len(t, sites, 10*races)
			own := starts(sites, races)
			for race := range races {
				require.Len(t, own[race], 3)
				home := own[race][0]
				require.Equal(t, rules.Site{Point: home.Point, Size: 1000, Resources: 10, Owner: race}, home)
				for _, daughter := range own[race][1:] {
					d := side.Distance(home.Point, daughter.Point)
					require.True(t, d >= 5 && d <= 15, "daughter at %v", d)
					require.InDelta(t, 500, daughter.Size, 0)
				}
				for other := range race {
					require.GreaterOrEqual(t, side.Distance(home.Point, own[other][0].Point), 30.0)
				}
			}
			onGrid(t, sites, side)
		}
	}
}

func onGrid(t *testing.T, sites []rules.Site, side rules.Torus) {
	t.Helper()
	seen := map[rules.Point]bool{}
	for _, s := range sites {
		require.False(t, seen[s.Point], "two planets in one place")
		seen[s.Point] = true
		for _, v := range []float64{s.X, s.Y, s.Size, s.Resources} {
			require.InDelta(t, math.Round(v*100)/100, v, 1e-12)
		}
		require.True(t, s.X >= 0 && s.X < float64(side) && s.Y >= 0 && s.Y < float64(side))
	}
}

func TestFreePlanetsComeInTheirShares(t *testing.T) {
	t.Parallel()
	for races, want := range map[int]struct{ asteroids, supers int }{10: {5, 4}, 50: {28, 21}} {
		sites := generate(races, 10, rules.DefaultTorus(races), []float64{1000, 500, 500}, 5)
		asteroids, supers := 0, 0
		for _, s := range sites {
			switch {
			case s.Owner >= 0:
			case s.Size == 0:
				asteroids++
				require.Zero(t, s.Resources)
			case s.Size > 2000:
				supers++
				require.LessOrEqual(t, s.Resources, 3.0)
			}
			require.LessOrEqual(t, s.Resources, 25.0)
			require.LessOrEqual(t, s.Size, 2500.0)
		}
		require.GreaterOrEqual(t, asteroids, want.asteroids)
		require.LessOrEqual(t, supers, want.supers)
	}
}

// In a roomy galaxy no spacing has to shrink: the large planets keep away from
// homes, and the supers from each other.
func TestLargePlanetsKeepTheirDistance(t *testing.T) {
	t.Parallel()
	for seed := range uint64(8) {
		const side = rules.Torus(800)
		var homes, supers []rules.Site
		sites := generate(10, 10, side, []float64{1000, 500, 500}, seed)
		for _, s := range sites {
			switch {
			case s.Owner >= 0 && s.Size == 1000:
				homes = append(homes, s)
			case s.Owner < 0 && s.Size > 2000: // too large for any other kind
				supers = append(supers, s)
			}
		}
		require.Len(t, homes, 10)
		for _, s := range sites {
			for _, home := range homes {
				if d := side.Distance(s.Point, home.Point); s.Owner < 0 && s.Size > 1000 && d > 0 {
					require.GreaterOrEqual(t, d, 10.0)
				}
			}
		}
		for i, s := range supers {
			for _, home := range homes {
				require.GreaterOrEqual(t, side.Distance(s.Point, home.Point), 20.0)
			}
			for _, other := range supers[:i] {
				require.GreaterOrEqual(t, side.Distance(s.Point, other.Point), 20.0)
			}
		}
	}
}

// A planet's number must not reveal its owner.
func TestNumbersDoNotRevealOwners(t *testing.T) {
	t.Parallel()
	const games = 300
	owned := make([]int, 20)
	for seed := range uint64(games) {
		for i, s := range generate(2, 10, 100, []float64{1000, 500, 500}, seed) {
			if s.Owner == 0 {
				owned[i]++
			}
		}
	}
	for number, n := range owned { // 3 of 20 planets: 45 expected, sigma 6.2
		require.InDelta(t, 45, n, 31, "planet %d", number+1)
	}
}

func TestSingleHomeWorldsMayLieCloser(t *testing.T) {
	t.Parallel()
	sites := generate(12, 5, 100, []float64{1000}, 3)
	own := starts(sites, 12)
	least := math.Inf(1)
	for a := range own {
		require.Len(t, own[a], 1)
		for b := range a {
			least = min(least, rules.Torus(100).Distance(own[a][0].Point, own[b][0].Point))
		}
	}
	require.GreaterOrEqual(t, least, 20.0*0.5)
	require.Less(t, least, 30.0)
}

func TestSpacingsShrinkInASmallGalaxy(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		races, perRace int
		side           rules.Torus
		homes          []float64
	}{
		{1, 3, 10, []float64{1000}},
		{2, 5, 10, []float64{2500, 1, 1, 1, 1}},
		{6, 12, 12, []float64{1000, 500, 500}},
		{5, 8, 31.37, []float64{700}},
	} {
		sites := generate(c.races, c.perRace, c.side, c.homes, 11)
		require.Len(t, sites, c.races*c.perRace)
		onGrid(t, sites, c.side)
		for _, own := range starts(sites, c.races) {
			require.Len(t, own, len(c.homes))
		}
	}
}

func BenchmarkGenerate(b *testing.B) {
	for _, races := range []int{10, 50, 100} {
		b.Run(fmt.Sprint(races), func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				generate(races, 20, rules.DefaultTorus(races), []float64{1000, 500, 500}, uint64(i))
			}
		})
	}
}

// BenchmarkGenerateCrowded is the worst a host may ask for.
func BenchmarkGenerateCrowded(b *testing.B) {
	for i := 0; b.Loop(); i++ {
		generate(100, 40, 10, []float64{1000, 500, 500, 500, 500}, uint64(i))
	}
}
