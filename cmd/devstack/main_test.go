package main

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestOnlyAPipeEndsAStackByClosing(t *testing.T) {
	t.Parallel()
	file, err := os.Open(os.DevNull)
	require.NoError(t, err)
	defer file.Close()
	require.NoError(t, untilClosed(t.Context(), file).Err(), "a terminal or a file that ends says nothing")

	read, write, err := os.Pipe()
	require.NoError(t, err)
	ctx := untilClosed(t.Context(), read)
	require.NoError(t, ctx.Err())
	require.NoError(t, write.Close())
	<-ctx.Done()
}
