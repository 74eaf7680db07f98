package rules

import "math"

// Torus is a square galaxy whose opposite edges meet (GP, DG); its value is the
// side in light years.
type Torus float64

// DefaultTorus is the side for a number of races: max(100, ceil(50·sqrt(races))),
// a choice of this ruleset.
func DefaultTorus(races int) Torus {
	return Torus(max(100, math.Ceil(50*math.Sqrt(float64(races)))))
}

// Point is a place in the galaxy.
type Point struct{ X, Y float64 }

// Distance is the length of the shortest way between two points, in light years.
func (t Torus) Distance(a, b Point) float64 {
	return math.Hypot(t.toward(a.X, b.X), t.toward(a.Y, b.Y))
}

// Before is the point that lies left short of b on the shortest way from a.
func (t Torus) Before(a, b Point, left float64) Point {
	dx, dy := t.toward(a.X, b.X), t.toward(a.Y, b.Y)
	d := math.Hypot(dx, dy)
	if d == 0 {
		return b
	}
	return Point{t.wrap(b.X - dx*left/d), t.wrap(b.Y - dy*left/d)}
}

// toward is the signed shorter way from one coordinate to another.
func (t Torus) toward(from, to float64) float64 {
	side := float64(t)
	switch d := to - from; {
	case d > side/2:
		return d - side
	case d < -side/2:
		return d + side
	default:
		return d
	}
}

func (t Torus) wrap(v float64) float64 {
	side := float64(t)
	v = math.Mod(v, side)
	if v < 0 {
		v += side
	}
	return v
}
