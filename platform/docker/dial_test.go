package docker

import (
	"net"
	"net/http"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// reachable is a daemon with one running container of the given addresses.
func reachable(t *testing.T, settings string) *Client {
	t.Helper()
	return fakeDaemon(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"Id":"1","Name":"/a","State":{"Status":"running"},"Config":{},"NetworkSettings":` + settings + `}`))
	})
}

// port is one that something listens on.
func port(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	return l.Addr().(*net.TCPAddr).Port
}

func TestAddressInTheNetworkIsDialled(t *testing.T) {
	t.Parallel()
	p := port(t)
	c := reachable(t, `{"Networks":{"games":{"IPAddress":"127.0.0.1"},"bridge":{"IPAddress":"203.0.113.1"}}}`)

	conn, err := c.Dial(t.Context(), "a", "games", p, acceptAny)

	require.NoError(t, err)
	require.NoError(t, conn.Close())
}

func TestContainerWithoutAnAddressIsNotFound(t *testing.T) {
	t.Parallel()
	for _, settings := range []string{
		`null`, `{}`, `{"Networks":{"games":null}}`, `{"Networks":{"games":{"IPAddress":""}}}`,
		`{"Networks":{"bridge":{"IPAddress":"127.0.0.1"}}}`,
	} {
		_, err := reachable(t, settings).Dial(t.Context(), "a", "games", 8080, acceptAny)
		require.ErrorIs(t, err, ErrNotFound, settings)
	}
}

func TestPublishedAddressIsPreferred(t *testing.T) {
	t.Parallel()
	p := port(t)
	published := `{"8080/tcp":[{"HostIp":"127.0.0.1","HostPort":"` + strconv.Itoa(p) + `"}]}`
	settings := `{"Networks":{"games":{"IPAddress":"203.0.113.1"}},"Ports":` + published + `}`
	conn, err := reachable(t, settings).Dial(t.Context(), "a", "games", 8080, acceptAny)
	require.NoError(t, err)
	require.NoError(t, conn.Close())
}

func TestRefusalOfTheContainerIsNotTheDaemons(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p := l.Addr().(*net.TCPAddr).Port
	require.NoError(t, l.Close())

	_, err = reachable(t, `{"Networks":{"games":{"IPAddress":"127.0.0.1"}}}`).Dial(t.Context(), "a", "games", p, acceptAny)

	require.Error(t, err)
	require.NotErrorIs(t, err, ErrUnavailable)
	require.NotErrorIs(t, err, ErrNotFound)
}
