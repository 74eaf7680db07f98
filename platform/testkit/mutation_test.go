package testkit_test

import (
	"flag"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"galaxy/backend/platform/testkit"
)

func TestAMistakeIsNoticedAndNothingElse(t *testing.T) { //nolint:paralleltest // rapid's settings are the program's
	before := flag.Lookup("rapid.shrinktime").Value.String()
	limit := func(most int) func(rapid.TB) {
		return func(t rapid.TB) {
			rapid.Check(t, func(t *rapid.T) {
				if n := rapid.IntRange(0, 9).Draw(t, "n"); n > most {
					t.Fatalf("%d", n)
				}
			})
		}
	}
	require.True(t, testkit.DetectsMutant(t, limit(8)))
	require.False(t, testkit.DetectsMutant(t, limit(9)))
	require.Equal(t, before, flag.Lookup("rapid.shrinktime").Value.String())
}
