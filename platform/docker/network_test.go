package docker

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNetworkThatIsThereIsTakenAsItIs(t *testing.T) {
	t.Parallel()
	c := fakeDaemon(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet {
			w.WriteHeader(http.StatusTeapot)
			return
		}
		_, _ = w.Write([]byte(`{"Id":"1","Name":"games"}`))
	})
	n, err := c.EnsureNetwork(t.Context(), "games")
	require.NoError(t, err)
	require.Equal(t, Network{ID: "1", UserDefined: true}, n, "whether it isolates is for the caller to judge")
}

func TestNetworkThatSomebodyElseMakesMeanwhileIsTaken(t *testing.T) {
	t.Parallel()
	created := make(chan struct{}, 1)
	c := fakeDaemon(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method == http.MethodPost:
			created <- struct{}{}
			w.WriteHeader(http.StatusConflict)
		case len(created) == 0:
			w.WriteHeader(http.StatusNotFound)
		default:
			_, _ = w.Write([]byte(`{"Id":"theirs","Name":"games","Internal":true,"Options":{"com.docker.network.bridge.enable_icc":"false"}}`))
		}
	})
	n, err := c.EnsureNetwork(t.Context(), "games")
	require.NoError(t, err)
	require.Equal(t, Network{ID: "theirs", UserDefined: true, Internal: true, Isolated: true}, n)
}

func TestNetworkThatCannotBeMadeIsTold(t *testing.T) {
	t.Parallel()
	c := fakeDaemon(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		w.WriteHeader(http.StatusNotFound)
	})
	_, err := c.EnsureNetwork(t.Context(), "games")
	require.ErrorIs(t, err, ErrConfigInvalid)
}

func TestPredefinedNetworksAreNobodysOwn(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"bridge", "host", "none"} {
		c := fakeDaemon(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"Name":"` + name + `"}`)) })
		n, err := c.Network(t.Context(), name)
		require.NoError(t, err)
		require.False(t, n.UserDefined, name)
	}
}

func TestNetworkThatIsGoneIsRemoved(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]error{http.StatusNoContent: nil, http.StatusNotFound: nil, http.StatusForbidden: ErrConfigInvalid} {
		c := fakeDaemon(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
		require.ErrorIs(t, c.RemoveNetwork(t.Context(), "games"), want)
	}
}
