package rules

import "math"

// epsilon absorbs the error of binary fractions before a value is floored.
const epsilon = 1e-9

// RoundState rounds a value of the game's state to 1e-6. Compilers may fuse a
// multiplication with an addition; rounding after every phase prevents such
// differences from growing.
func RoundState(v float64) float64 { return clean(math.Round(v*1e6) / 1e6) }

// RoundDisplay rounds a displayed value to two decimals, half away from zero (GP).
func RoundDisplay(v float64) float64 { return clean(math.Round(v*100) / 100) }

// clean turns negative zero into zero, which JSON would show.
func clean(v float64) float64 {
	if v == 0 {
		return 0
	}
	return v
}

func floor(v float64) int { return int(math.Floor(v + epsilon)) }
