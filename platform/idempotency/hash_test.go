package idempotency_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"galaxy/backend/platform/idempotency"
)

type request struct {
	Name  string         `json:"name"`
	Extra map[string]int `json:"extra"`
}

func TestEqualRequestsHaveEqualHashes(t *testing.T) {
	t.Parallel()
	one := request{"a", map[string]int{"x": 1, "y": 2}}
	require.Equal(t, idempotency.Hash(one), idempotency.Hash(request{"a", map[string]int{"y": 2, "x": 1}}))
	require.NotEqual(t, idempotency.Hash(one), idempotency.Hash(request{"b", one.Extra}))
	require.NotEqual(t, idempotency.Hash([]any{"ab", "c"}), idempotency.Hash([]any{"a", "bc"}))
}

func TestWhatNobodyDecodedPanics(t *testing.T) {
	t.Parallel()
	require.Panics(t, func() { idempotency.Hash(func() {}) })
}
