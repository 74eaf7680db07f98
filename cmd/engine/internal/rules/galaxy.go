package rules

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
)

// Site is a generated planet.
type Site struct {
	Point
	Size, Resources float64
	Owner           int // index of the race, or -1
}

// Plan is what a galaxy is generated from.
type Plan struct {
	Side           Torus
	Races          int
	PlanetsPerRace int       // start planets included
	Homes          []float64 // sizes of a race's start planets, the home world first
}

// startResources is R of all start planets.
const startResources = 10

// planetKind is a class of planets that belong to nobody at the start.
type planetKind struct {
	share              int // percent of the planets that are not start planets
	minSize, maxSize   int
	minResources, maxR int
	fromHome           float64 // least distance to homes
	fromKind           float64 // least distance to its own kind
}

// planetKinds of free planets (GP): super, big, normal, rich, asteroid.
func planetKinds() []planetKind {
	return []planetKind{
		{share: 6, minSize: 1500, maxSize: 2500, maxR: 3, fromHome: 20, fromKind: 20},
		{share: 18, minSize: 1000, maxSize: 2000, minResources: 1, maxR: 10, fromHome: 10, fromKind: 10},
		{share: 50, maxSize: 1000, maxR: 10},
		{share: 18, maxSize: 500, minResources: 5, maxR: 25},
		{share: 8},
	}
}

// Generate makes a galaxy. Planet i+1 is the i-th site: numbers are assigned
// after a shuffle, so that they do not reveal owners.
func Generate(plan Plan, random *rand.Rand) []Site {
	g := generator{plan: plan, random: random, taken: map[Point]bool{}}
	g.placeHomes()
	g.placeDaughters()
	free := plan.Races * (plan.PlanetsPerRace - len(plan.Homes))
	for i, count := range apportion(free) {
		g.scatter(planetKinds()[i], count)
	}
	random.Shuffle(len(g.sites), func(i, j int) { g.sites[i], g.sites[j] = g.sites[j], g.sites[i] })
	return g.sites
}

type generator struct {
	plan   Plan
	random *rand.Rand
	sites  []Site
	taken  map[Point]bool // looked up only, never iterated
}

// placeHomes puts homes at least 30 apart, or 20 when a race starts with one planet (DG).
func (g *generator) placeHomes() {
	apart := 30.0
	if len(g.plan.Homes) == 1 {
		apart = 20
	}
	shrink := 1.0
	for race := range g.plan.Races {
		at := g.drawPoint(&shrink, func(p Point) bool {
			return g.keepsDistance(p, g.sites[:race], apart*shrink)
		})
		g.add(Site{Point: at, Size: g.plan.Homes[0], Resources: startResources, Owner: race})
	}
}

// placeDaughters puts the other start planets 5 to 15 from their home.
func (g *generator) placeDaughters() {
	shrink := 1.0 // a torus too small for the ring widens it
	for race := range g.plan.Races {
		home := g.sites[race].Point
		for _, size := range g.plan.Homes[1:] {
			at := g.drawPoint(&shrink, func(p Point) bool {
				d := g.plan.Side.Distance(home, p)
				return d >= 5*shrink && d <= 15/shrink
			})
			g.add(Site{Point: at, Size: size, Resources: startResources, Owner: race})
		}
	}
}

func (g *generator) scatter(k planetKind, count int) {
	first, shrink := len(g.sites), 1.0
	for range count {
		at := g.drawPoint(&shrink, func(p Point) bool {
			return g.keepsDistance(p, g.sites[:g.plan.Races], k.fromHome*shrink) &&
				g.keepsDistance(p, g.sites[first:], k.fromKind*shrink)
		})
		g.add(Site{
			Point: at, Owner: -1,
			Size:      g.between(k.minSize, k.maxSize),
			Resources: g.between(k.minResources, k.maxR),
		})
	}
}

func (g *generator) add(s Site) {
	g.taken[s.Point] = true
	g.sites = append(g.sites, s)
}

// maxMisses is the number of failed draws after which spacings shrink by 5 %.
const maxMisses = 20_000

// drawPoint draws free points until one fits. After too many misses it shrinks the
// spacings, also for all that follow: where one planet found no room, the next
// will not either.
func (g *generator) drawPoint(shrink *float64, fits func(p Point) bool) Point {
	for ; ; *shrink *= 0.95 {
		for range maxMisses {
			p := Point{g.coordinate(), g.coordinate()}
			if !g.taken[p] && fits(p) {
				return p
			}
		}
	}
}

func (g *generator) keepsDistance(p Point, sites []Site, apart float64) bool {
	if apart == 0 {
		return true
	}
	return !slices.ContainsFunc(sites, func(s Site) bool {
		return g.plan.Side.Distance(p, s.Point) < apart
	})
}

// coordinate is a multiple of 0.01 within the galaxy.
func (g *generator) coordinate() float64 {
	return float64(g.random.IntN(int(math.Round(float64(g.plan.Side)*100)))) / 100
}

// between is a multiple of 0.01 in the closed interval.
func (g *generator) between(least, most int) float64 {
	return float64(least*100+g.random.IntN((most-least)*100+1)) / 100
}

// apportion splits the free planets over the kinds by largest remainder.
func apportion(planets int) []int {
	all := planetKinds()
	counts := make([]int, len(all))
	byRemainder := make([]int, len(all))
	left := planets
	for i, k := range all {
		counts[i] = planets * k.share / 100
		left -= counts[i]
		byRemainder[i] = i
	}
	slices.SortStableFunc(byRemainder, func(a, b int) int {
		return cmp.Compare(planets*all[b].share%100, planets*all[a].share%100)
	})
	for _, i := range byRemainder[:left] {
		counts[i]++
	}
	return counts
}
