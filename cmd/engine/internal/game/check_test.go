package game

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	enginev1 "galaxy/backend/proto/engine/v1"
)

// What a state may never be is noticed, so that a broken rule cannot be committed.
func TestEveryBrokenInvariantIsNoticed(t *testing.T) {
	t.Parallel()
	for name, harm := range map[string]func(w *world){
		"negative stock":       func(w *world) { w.s.Planets[0].Capital = -0.1 },
		"not a number":         func(w *world) { w.s.Planets[0].Materials = math.NaN() },
		"infinite":             func(w *world) { w.s.Planets[1].Materials = math.Inf(1) },
		"negative progress":    func(w *world) { w.s.Planets[0].Progress = -1 },
		"overcrowded":          func(w *world) { w.s.Planets[0].Population = 1001 },
		"more work than hands": func(w *world) { w.s.Planets[0].Population = 10 },
		"people of nobody":     func(w *world) { w.s.Planets[1].Population = 1 },
		"industry of nobody":   func(w *world) { w.s.Planets[1].Industry, w.s.Planets[1].Population = 1, 0 },
		"colonists of nobody":  func(w *world) { w.s.Planets[1].Colonists = 1 },
		"routes of nobody":     func(w *world) { w.s.Planets[1].Routes[0] = 1 },
		"unknown owner":        func(w *world) { w.s.Planets[0].Owner = 2 },
		"impossible owner":     func(w *world) { w.s.Planets[0].Owner = -2 },
		"owner out of play":    func(w *world) { w.s.Races[0].State = enginev1.RaceBanished },
		"unknown product":      func(w *world) { w.s.Planets[0].Product = Product{Kind: enginev1.ProduceShip, Type: 9} },
		"no ships":             func(w *world) { w.s.Groups[0].Ships = 0 },
		"number zero":          func(w *world) { w.s.Groups[0].Number = 0 },
		"number not given yet": func(w *world) { w.s.Groups[1].Number = 3 },
		"twice":                func(w *world) { w.s.Groups[1].Number = 1 },
		"out of order":         func(w *world) { w.s.Groups[0], w.s.Groups[1] = w.s.Groups[1], w.s.Groups[0] },
		"unknown type":         func(w *world) { w.s.Groups[0].Type = 9 },
		"race that is not":     func(w *world) { w.s.Groups[1].Race = 2 },
		"nowhere":              func(w *world) { w.s.Groups[0].At = 0 },
		"bound for nowhere":    func(w *world) { w.s.Groups[0].To = 3 },
		"cargo without kind":   func(w *world) { w.s.Groups[0].Cargo, w.s.Groups[0].Load = "", 1 },
		"kind without cargo":   func(w *world) { w.s.Groups[0].Cargo = enginev1.Capital },
		"overloaded":           func(w *world) { w.s.Groups[0].Cargo, w.s.Groups[0].Load = enginev1.Capital, 2.2 },
		"negative way":         func(w *world) { w.s.Groups[0].Left = -1 },
	} {
		w := newWorld(t, 2, home(0, 0), free(10, 100))
		w.group(0, 1, 2, "Hauler", hauler())
		w.group(0, 1, 2, "Scout", scout())
		require.NoError(t, w.s.Check())
		harm(w)
		require.Error(t, w.s.Check(), name)
	}
}
