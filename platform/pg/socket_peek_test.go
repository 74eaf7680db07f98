package pg

import (
	"crypto/tls"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// connected returns both ends of a TCP connection.
func connected(t *testing.T) (client, server net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	client, err = net.Dial("tcp", l.Addr().String())
	require.NoError(t, err)
	server, err = l.Accept()
	require.NoError(t, err)
	t.Cleanup(func() { _ = client.Close(); _ = server.Close() })
	return client, server
}

func becomesReadable(t *testing.T, conn net.Conn) {
	t.Helper()
	require.Eventually(t, func() bool { return readable(conn) }, 10*time.Second, time.Millisecond)
}

func TestAnIdleConnectionIsNotReadable(t *testing.T) {
	t.Parallel()
	client, _ := connected(t)
	require.False(t, readable(client))
}

func TestWhatArrivesIsSeenAndLeftForTheReader(t *testing.T) {
	t.Parallel()
	client, server := connected(t)
	_, err := server.Write([]byte("x"))
	require.NoError(t, err)
	becomesReadable(t, client)
	becomesReadable(t, client)
	got := make([]byte, 2)
	n, err := client.Read(got)
	require.NoError(t, err)
	require.Equal(t, "x", string(got[:n]))
	require.False(t, readable(client))
}

func TestTheEndOfAConnectionIsSeen(t *testing.T) {
	t.Parallel()
	client, server := connected(t)
	require.NoError(t, server.Close())
	becomesReadable(t, client)

	closed, _ := connected(t)
	require.NoError(t, closed.Close())
	require.True(t, readable(closed), "a connection that cannot be looked into is not trusted")
}

func TestBytesBelowTLSAreSeen(t *testing.T) {
	t.Parallel()
	client, server := connected(t)
	wrapped := tls.Client(client, &tls.Config{MinVersion: tls.VersionTLS12})
	require.False(t, readable(wrapped))
	_, err := server.Write([]byte{21, 3, 3, 0, 2, 1, 0}) // an alert
	require.NoError(t, err)
	becomesReadable(t, wrapped)
}

func TestAConnectionWithoutASocketIsLeftToThePeriodicCheck(t *testing.T) {
	t.Parallel()
	client, server := net.Pipe()
	defer client.Close()
	defer server.Close()
	require.False(t, readable(client))
}
