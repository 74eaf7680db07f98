package rules

import (
	"errors"
	"math"
)

// Design is a ship type: the masses of its blocks and its number of guns.
type Design struct {
	Drive    float64 `json:"drive"`
	Armament int     `json:"armament"`
	Weapons  float64 `json:"weapons"` // mass of one gun
	Shields  float64 `json:"shields"`
	Cargo    float64 `json:"cargo"`
}

// Validate says what is wrong with the design. Blocks are absent or at least 1,
// in hundredths; guns and their mass come together (GP).
func (d Design) Validate() error {
	empty := true
	for _, block := range []float64{d.Drive, d.Weapons, d.Shields, d.Cargo} {
		if !(block == 0 || block >= 1) {
			return errors.New("every block is 0 or at least 1")
		}
		if !(math.Abs(block*100-math.Round(block*100)) <= 1e-6) { // nor infinite
			return errors.New("blocks have at most two decimals")
		}
		empty = empty && block == 0
	}
	if d.Armament < 0 || (d.Armament == 0) != (d.Weapons == 0) {
		return errors.New("guns and their mass are both zero or both not")
	}
	if empty {
		return errors.New("a ship type needs at least one block")
	}
	return nil
}

// Mass is the mass of the empty ship. The first gun weighs W, each further one
// half of it (GP).
func (d Design) Mass() float64 {
	mass := d.Drive + d.Shields + d.Cargo
	if d.Armament > 0 {
		mass += d.Weapons * float64(d.Armament+1) / 2
	}
	return mass
}

// Tech are the technology levels of a race, or of the blocks of a ship.
type Tech struct {
	Drive   float64 `json:"drive"`
	Weapons float64 `json:"weapons"`
	Shields float64 `json:"shields"`
	Cargo   float64 `json:"cargo"`
}

// FirstTech is where every race starts (GP).
func FirstTech() Tech { return Tech{1, 1, 1, 1} }

// Fitted are the levels a new ship of the design stores: those of its race in
// hundredths (GP), and 0 for a block it does not have (NG).
func (t Tech) Fitted(d Design) Tech {
	fit := func(block, level float64) float64 {
		if block == 0 {
			return 0
		}
		return RoundDisplay(level)
	}
	return Tech{
		Drive: fit(d.Drive, t.Drive), Weapons: fit(d.Weapons, t.Weapons),
		Shields: fit(d.Shields, t.Shields), Cargo: fit(d.Cargo, t.Cargo),
	}
}

// Ship is one ship as it flies: its design, its technology, its load.
type Ship struct {
	Design
	Tech Tech
	Load float64 // units of cargo
}

// FullMass is the mass with cargo; better cargo technology makes the load
// lighter (GP).
func (s Ship) FullMass() float64 {
	if s.Load == 0 {
		return s.Mass()
	}
	return s.Mass() + s.Load/s.Tech.Cargo
}

// Speed is in light years per turn: 20 · technology · drive / full mass (GP).
func (s Ship) Speed() float64 { return 20 * s.Tech.Drive * s.Drive / s.FullMass() }

// Capacity is the cargo that fits: technology · (C + C²/20) (GP, DG; NG has C²/10).
func (s Ship) Capacity() float64 { return s.Tech.Cargo * (s.Cargo + s.Cargo*s.Cargo/20) }

// Attack is the strength of one gun: W · technology (GP).
func (s Ship) Attack() float64 { return s.Weapons * s.Tech.Weapons }

// Defence is S · technology / cbrt(full mass), normed so that a ship of mass 30
// has its shields' mass (GP, JG).
func (s Ship) Defence() float64 {
	return s.Shields * s.Tech.Shields * math.Cbrt(30) / math.Cbrt(s.FullMass())
}

// Bombing is the damage one ship does to a planet per turn, in units of
// population: (sqrt(attack)/10 + 1) · attack · guns (GP, JG).
func (s Ship) Bombing() float64 {
	attack := s.Attack()
	return (math.Sqrt(attack)/10 + 1) * attack * float64(s.Armament)
}

// Reach is how far from an own planet a race may send ships: 40 · drive (GP).
func Reach(drive float64) float64 { return 40 * drive }

// Detection is how far from an own planet a race sees ships in space: 30 · drive (GP).
func Detection(drive float64) float64 { return 30 * drive }

// Arrived reports whether so little of a flight is left that it has ended. GP
// requires more than 0.01; this is NG's limit.
func Arrived(left float64) bool { return left < 0.01 }

// FlightTurns is the number of turns that a flight takes (GP, with NG's end).
func FlightTurns(distance, speed float64) int {
	if Arrived(distance) {
		return 0
	}
	return floor((distance-0.01)/speed) + 1
}
