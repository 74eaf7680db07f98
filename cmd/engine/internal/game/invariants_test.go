package game

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	enginev1 "galaxy/backend/proto/engine/v1"
)

// Every broken invariant is detected, so that a wrong turn cannot be committed.
func TestEveryBrokenInvariantIsDetected(t *testing.T) {
	t.Parallel()
	for name, damage := range map[string]func(f *fixture){
		"negative stock":       func(f *fixture) { f.state.Planets[0].Capital = -0.1 },
		"not a number":         func(f *fixture) { f.state.Planets[0].Materials = math.NaN() },
		"infinite":             func(f *fixture) { f.state.Planets[1].Materials = math.Inf(1) },
		"negative progress":    func(f *fixture) { f.state.Planets[0].Progress = -1 },
		"overcrowded":          func(f *fixture) { f.state.Planets[0].Population = 1001 },
		"more work than hands": func(f *fixture) { f.state.Planets[0].Population = 10 },
		"people of nobody":     func(f *fixture) { f.state.Planets[1].Population = 1 },
		"industry of nobody":   func(f *fixture) { f.state.Planets[1].Industry, f.state.Planets[1].Population = 1, 0 },
		"colonists of nobody":  func(f *fixture) { f.state.Planets[1].Colonists = 1 },
		"routes of nobody":     func(f *fixture) { f.state.Planets[1].Routes[0] = 1 },
		"unknown owner":        func(f *fixture) { f.state.Planets[0].Owner = 2 },
		"impossible owner":     func(f *fixture) { f.state.Planets[0].Owner = -2 },
		"owner out of play":    func(f *fixture) { f.state.Races[0].State = enginev1.RaceBanished },
		"unknown product":      func(f *fixture) { f.state.Planets[0].Product = Product{Kind: enginev1.ProduceShip, Type: 9} },
		"no ships":             func(f *fixture) { f.state.Groups[0].Ships = 0 },
		"number zero":          func(f *fixture) { f.state.Groups[0].Number = 0 },
		"number not given yet": func(f *fixture) { f.state.Groups[1].Number = 3 },
		"twice":                func(f *fixture) { f.state.Groups[1].Number = 1 },
		"out of order":         func(f *fixture) { f.state.Groups[0], f.state.Groups[1] = f.state.Groups[1], f.state.Groups[0] },
		"unknown type":         func(f *fixture) { f.state.Groups[0].Type = 9 },
		"race that is not":     func(f *fixture) { f.state.Groups[1].Race = 2 },
		"nowhere":              func(f *fixture) { f.state.Groups[0].At = 0 },
		"bound for nowhere":    func(f *fixture) { f.state.Groups[0].To = 3 },
		"cargo without kind":   func(f *fixture) { f.state.Groups[0].Cargo, f.state.Groups[0].Load = "", 1 },
		"kind without cargo":   func(f *fixture) { f.state.Groups[0].Cargo = enginev1.Capital },
		"overloaded":           func(f *fixture) { f.state.Groups[0].Cargo, f.state.Groups[0].Load = enginev1.Capital, 2.2 },
		"negative way":         func(f *fixture) { f.state.Groups[0].Left = -1 },
	} {
		f := newFixture(t, 2, home(0, 0), free(10, 100))
		f.addGroup(0, 1, 2, "Hauler", hauler())
		f.addGroup(0, 1, 2, "Scout", scout())
		require.NoError(t, f.state.Check())
		damage(f)
		require.Error(t, f.state.Check(), name)
	}
}
