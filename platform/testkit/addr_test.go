package testkit_test

import (
	"net"
	"testing"

	"github.com/stretchr/testify/require"

	"galaxy/backend/platform/testkit"
)

func TestFreeAddressesDifferAndCanBeListenedOn(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 50 {
		addr := testkit.FreeAddr(t)
		require.False(t, seen[addr])
		seen[addr] = true
		l, err := net.Listen("tcp", addr)
		require.NoError(t, err)
		port := l.Addr().(*net.TCPAddr).Port
		require.NoError(t, l.Close())
		require.True(t, port >= 20_000 && port < 32_000, "no client of this machine is given it")
	}
}
