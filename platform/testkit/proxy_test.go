package testkit_test

import (
	"io"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"galaxy/backend/platform/testkit"
)

// echo answers every byte with itself.
func echo(t *testing.T) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				_, _ = io.Copy(conn, conn)
			}()
		}
	}()
	t.Cleanup(func() { _ = l.Close(); <-done })
	return l.Addr().String()
}

func dial(t *testing.T, p *testkit.TCPProxy) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", p.Addr())
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func say(t *testing.T, conn net.Conn, text string) {
	t.Helper()
	_, err := io.WriteString(conn, text)
	require.NoError(t, err)
}

func hear(t *testing.T, conn net.Conn, n int) string {
	t.Helper()
	buf := make([]byte, n)
	_, err := io.ReadFull(conn, buf)
	require.NoError(t, err)
	return string(buf)
}

func TestProxyPassesBytesAndTheirEnd(t *testing.T) {
	t.Parallel()
	conn := dial(t, testkit.Proxy(t, echo(t)))
	say(t, conn, "hello")
	require.Equal(t, "hello", hear(t, conn, 5))
	require.NoError(t, conn.(*net.TCPConn).CloseWrite())
	rest, err := io.ReadAll(conn)
	require.NoError(t, err)
	require.Empty(t, rest)
}

func TestProxyCutsAfterTheNthByteOnce(t *testing.T) {
	t.Parallel()
	p := testkit.Proxy(t, echo(t))
	hit := p.Inject(testkit.Fault{Toward: testkit.ToServer, After: 7, Then: testkit.Cut})
	conn := dial(t, p)
	say(t, conn, "hello")
	require.Equal(t, "hello", hear(t, conn, 5))
	say(t, conn, "world")
	<-hit
	_, err := io.ReadAll(conn)
	require.Error(t, err, "a reset, not an orderly end")

	again := dial(t, p)
	say(t, again, "hello world")
	require.Equal(t, "hello world", hear(t, again, 11))
}

func TestBlackHoleAnswersNothingUntilItHeals(t *testing.T) {
	t.Parallel()
	p := testkit.Proxy(t, echo(t))
	open := dial(t, p)
	say(t, open, "one")
	require.Equal(t, "one", hear(t, open, 3))
	p.BlackHole()
	fresh := dial(t, p)
	for _, conn := range []net.Conn{open, fresh} {
		say(t, conn, "two")
		require.NoError(t, conn.SetReadDeadline(time.Now().Add(20*time.Millisecond)))
		_, err := conn.Read(make([]byte, 1))
		var timeout net.Error
		require.ErrorAs(t, err, &timeout)
		require.True(t, timeout.Timeout())
	}
	p.Heal()
	conn := dial(t, p)
	say(t, conn, "three")
	require.Equal(t, "three", hear(t, conn, 5))
}

func TestLatencyIsAddedEachWay(t *testing.T) {
	t.Parallel()
	p := testkit.Proxy(t, echo(t))
	p.Latency(30 * time.Millisecond)
	conn := dial(t, p)
	begin := time.Now()
	say(t, conn, "x")
	hear(t, conn, 1)
	require.GreaterOrEqual(t, time.Since(begin), 60*time.Millisecond)
}

func TestCutAllResetsOpenConnections(t *testing.T) {
	t.Parallel()
	p := testkit.Proxy(t, echo(t))
	conn := dial(t, p)
	say(t, conn, "x")
	hear(t, conn, 1)
	require.Equal(t, 1, p.Open())
	p.CutAll()
	_, err := conn.Read(make([]byte, 1))
	require.Error(t, err)
}
