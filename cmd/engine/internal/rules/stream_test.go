package rules_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"galaxy/backend/cmd/engine/internal/rules"
)

func TestStreamDrawsTheGoldenNumbers(t *testing.T) {
	t.Parallel()
	random := rules.Stream(42, 7, rules.PhaseRaceOrder, 123)
	require.Equal(t, uint64(14761206475349202162), random.Uint64())
	require.Equal(t, uint64(15577009810630592022), random.Uint64())
	require.Equal(t, 23, random.IntN(100))
	require.InDelta(t, 0.5020030127271002, random.Float64(), 1e-15)
}

func TestStreamsOfDifferentDecisionsDiffer(t *testing.T) {
	t.Parallel()
	seen := map[uint64]bool{}
	for seed := range uint64(3) {
		for turn := range uint32(3) {
			for _, phase := range []rules.Phase{rules.PhaseGenerator, rules.PhaseRaceOrder, rules.PhaseColonising, rules.PhaseBattle1, rules.PhaseBattle2} {
				for id := range uint32(3) {
					first := rules.Stream(seed, turn, phase, id).Uint64()
					require.False(t, seen[first])
					seen[first] = true
				}
			}
		}
	}
}
