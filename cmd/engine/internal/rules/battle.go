package rules

import (
	"math"
	"math/rand/v2"
	"slices"
)

// KillProbability of one shot: (log4(attack/defence)+1)/2 between 0 and 1, so
// that equal strength kills every second time and a fourfold one always (GP).
// It is rounded to 1e-9 so that all platforms compare the same number.
func KillProbability(attack, defence float64) float64 {
	switch {
	case attack <= 0:
		return 0
	case defence <= 0:
		return 1
	}
	p := (math.Log(attack/defence)/math.Log(4) + 1) / 2
	return math.Round(min(1, max(0, p))*1e9) / 1e9
}

// Squad is a group of equal ships in a battle.
type Squad struct {
	Side    int // dense numbers from 0
	Ships   int
	Guns    int // per ship
	Attack  float64
	Defence float64
}

// Tally is what a squad did and what is left of it.
type Tally struct{ Survivors, Shots, Kills int }

// Encounter is everything that decides a battle.
type Encounter struct {
	Squads    []Squad
	Sides     int
	Hostile   func(a, b int) bool // symmetric
	ShotLimit int
	LogLimit  int // individual shots to log
	Random    *rand.Rand
}

// Outcome of a battle. Draw means that enemies are left on both sides.
type Outcome struct {
	Rounds, Shots int
	Draw          bool
	Squads        []Tally
	Log           []Shot
}

// Shot is the squad that fired, the squad that was aimed at, and 1 for a kill.
type Shot [3]int

// Fight plays a battle out. In each round every surviving armed ship fires all
// its guns once, in random order; a gun picks any surviving ship of the hostile
// sides with equal chance. Rounds go on while a surviving gun can hurt a
// surviving enemy, and until the shot limit (GP). A shot that cannot hurt draws
// its target but no hit.
func Fight(e Encounter) Outcome {
	b := newBattle(e)
	for b.canHurt() && b.out.Shots < e.ShotLimit {
		b.out.Rounds++
		b.round()
	}
	b.finish()
	return b.out
}

// battle is a battle in progress. Ships are numbered throughout; alive[side]
// lists the surviving ones, and place is a ship's index there or -1.
type battle struct {
	Encounter
	enemies [][]int
	alive   [][]int32
	place   []int32
	squad   []int32 // of each ship
	armed   []int32
	attack  []int // class of each squad
	defence []int
	chance  []float64 // by attack class and defence class
	classes int       // defence classes
	out     Outcome
}

func newBattle(e Encounter) *battle {
	b := &battle{
		Encounter: e, enemies: make([][]int, e.Sides), alive: make([][]int32, e.Sides),
		out: Outcome{Squads: make([]Tally, len(e.Squads))},
	}
	for a := range e.Sides {
		for c := range e.Sides {
			if a != c && e.Hostile(a, c) {
				b.enemies[a] = append(b.enemies[a], c)
			}
		}
	}
	for i, s := range e.Squads {
		for range s.Ships {
			ship := int32(len(b.squad))
			b.squad = append(b.squad, int32(i))
			b.place = append(b.place, int32(len(b.alive[s.Side])))
			b.alive[s.Side] = append(b.alive[s.Side], ship)
			if s.Guns > 0 {
				b.armed = append(b.armed, ship)
			}
		}
		b.out.Squads[i].Survivors = s.Ships
	}
	b.classify()
	return b
}

// classify tabulates the kill probabilities of all pairs that differ.
func (b *battle) classify() {
	attacks := levels(b.Squads, func(s Squad) float64 { return s.Attack })
	defences := levels(b.Squads, func(s Squad) float64 { return s.Defence })
	b.classes = len(defences)
	for _, attack := range attacks {
		for _, defence := range defences {
			b.chance = append(b.chance, KillProbability(attack, defence))
		}
	}
	for _, s := range b.Squads {
		attack, _ := slices.BinarySearch(attacks, s.Attack)
		defence, _ := slices.BinarySearch(defences, s.Defence)
		b.attack = append(b.attack, attack)
		b.defence = append(b.defence, defence)
	}
}

func levels(squads []Squad, of func(Squad) float64) []float64 {
	var all []float64
	for _, s := range squads {
		all = append(all, of(s))
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// canHurt compares each side's strongest gun with its weakest enemy, which
// decides because the probability grows with attack and falls with defence.
func (b *battle) canHurt() bool {
	strongest := make([]float64, len(b.alive))
	weakest := make([]float64, len(b.alive))
	for side := range weakest {
		weakest[side] = math.Inf(1)
	}
	for i, s := range b.Squads {
		if b.out.Squads[i].Survivors == 0 {
			continue
		}
		if s.Guns > 0 {
			strongest[s.Side] = max(strongest[s.Side], s.Attack)
		}
		weakest[s.Side] = min(weakest[s.Side], s.Defence)
	}
	for side, enemies := range b.enemies {
		for _, enemy := range enemies {
			if !math.IsInf(weakest[enemy], 1) && KillProbability(strongest[side], weakest[enemy]) > 0 {
				return true
			}
		}
	}
	return false
}

func (b *battle) round() {
	b.armed = slices.DeleteFunc(b.armed, func(ship int32) bool { return b.place[ship] < 0 })
	b.Random.Shuffle(len(b.armed), func(i, j int) { b.armed[i], b.armed[j] = b.armed[j], b.armed[i] })
	for _, ship := range b.armed {
		if b.place[ship] < 0 {
			continue
		}
		if !b.fire(ship) {
			return
		}
	}
}

// fire fires all guns of a ship; it returns false once the limit is reached.
func (b *battle) fire(ship int32) bool {
	own := b.squad[ship]
	enemies := b.enemies[b.Squads[own].Side]
	chances := b.chance[b.attack[own]*b.classes:]
	tally := &b.out.Squads[own]
	for range b.Squads[own].Guns {
		target, found := b.target(enemies)
		if !found {
			return true
		}
		if b.out.Shots >= b.ShotLimit {
			return false
		}
		b.out.Shots++
		tally.Shots++
		p := chances[b.defence[b.squad[target]]]
		hit := p > 0 && b.Random.Float64() < p
		b.log(own, b.squad[target], hit)
		if hit {
			tally.Kills++
			b.kill(target)
		}
	}
	return true
}

func (b *battle) log(from, at int32, hit bool) {
	if len(b.out.Log) >= b.LogLimit {
		return
	}
	shot := Shot{int(from), int(at), 0}
	if hit {
		shot[2] = 1
	}
	b.out.Log = append(b.out.Log, shot)
}

func (b *battle) target(enemies []int) (int32, bool) {
	total := 0
	for _, side := range enemies {
		total += len(b.alive[side])
	}
	if total == 0 {
		return 0, false
	}
	n := b.Random.IntN(total)
	for _, side := range enemies {
		if n < len(b.alive[side]) {
			return b.alive[side][n], true
		}
		n -= len(b.alive[side])
	}
	return 0, false
}

func (b *battle) kill(ship int32) {
	squad := b.squad[ship]
	side := b.Squads[squad].Side
	alive := b.alive[side]
	last := alive[len(alive)-1]
	at := b.place[ship]
	alive[at], b.place[last] = last, at
	b.place[ship] = -1
	b.alive[side] = alive[:len(alive)-1]
	b.out.Squads[squad].Survivors--
}

func (b *battle) finish() {
	for side, enemies := range b.enemies {
		for _, enemy := range enemies {
			if len(b.alive[side]) > 0 && len(b.alive[enemy]) > 0 {
				b.out.Draw = true
			}
		}
	}
}
