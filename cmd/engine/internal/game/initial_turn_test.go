package game_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"galaxy/backend/cmd/engine/internal/game"
	"galaxy/backend/cmd/engine/internal/rules"
	enginev1 "galaxy/backend/proto/engine/v1"
)

// GP: every race starts on its full start planets, with nothing in stock, no
// technology and no designs, at war with everybody.
func TestEveryRaceStartsEqual(t *testing.T) {
	t.Parallel()
	c, turn := newGame(4, 10, 3)
	s := turn.State
	require.NoError(t, s.Check())
	require.Len(t, s.Planets, 40)
	require.Empty(t, s.Groups)
	started := make([][]float64, 4)
	for _, p := range s.Planets {
		require.Equal(t, game.Product{Kind: enginev1.ProduceCapital}, p.Product)
		require.Zero(t, p.Capital+p.Materials+p.Colonists+p.Progress)
		if p.Owner < 0 {
			require.Zero(t, p.Population+p.Industry)
			continue
		}
		started[p.Owner] = append(started[p.Owner], p.Size)
		require.Equal(t, rules.Colony{Size: p.Size, Resources: 10, Population: p.Size, Industry: p.Size}, p.Colony)
	}
	for race := range s.Races {
		require.ElementsMatch(t, []float64{1000, 500, 500}, started[race])
		r := &s.Races[race]
		require.Equal(t, rules.Tech{Drive: 1, Weapons: 1, Shields: 1, Cargo: 1}, r.Tech)
		require.Empty(t, r.Types)
		for other := range s.Races {
			require.Equal(t, other != race, s.AtWar(race, other))
		}
	}
	require.Equal(t, 100.0, c.Request.Map.Size) //nolint:testifylint // exact on purpose
}

// A planet without orders continues to produce capital: a full home world 196.08 in
// its first turn, and 10 colonists.
func TestTheFirstTurnWithoutOrders(t *testing.T) {
	t.Parallel()
	c, turn := newGame(2, 10, 3)
	next := game.Advance(c, turn.State, nil)
	for i, p := range next.State.Planets {
		if p.Owner >= 0 {
			points := turn.State.Planets[i].Size
			require.InDelta(t, points/5.1, p.Capital, 1e-6)
			require.InDelta(t, points*0.08/8, p.Colonists, 1e-6)
		}
	}
	require.Empty(t, next.Events)
	require.Nil(t, next.State.Result)
}
