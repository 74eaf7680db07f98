package docker

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestContainerThatIsNotSelectedIsNotInspected(t *testing.T) {
	t.Parallel()
	filters, inspected := make(chan string, 1), make(chan string, 8)
	c := fakeDaemon(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v1.41/containers/json" {
			filters <- r.URL.Query().Get("filters")
			_, _ = w.Write([]byte(`[{"Id":"ours","Labels":{"owner":"us"}},{"Id":"theirs","Labels":{"owner":"them"}},{"Id":"unlabelled"},` +
				`{"Id":"swarm","Labels":{"owner":"us","com.docker.swarm.service.id":"1"}}]`))
			return
		}
		id := strings.TrimSuffix(strings.TrimPrefix(r.URL.Path, "/v1.41/containers/"), "/json")
		inspected <- id
		_, _ = w.Write([]byte(`{"Id":"` + id + `","Name":"/` + id + `","State":{"Status":"running"},"Config":{}}`))
	})

	list, err := c.List(t.Context(), Selector{Label: "galaxy.backend=1", Match: notTheirs})

	require.NoError(t, err)
	require.Len(t, list, 2)
	require.JSONEq(t, `{"label":{"galaxy.backend=1":true}}`, <-filters)
	require.Equal(t, "ours", <-inspected)
	require.Equal(t, "unlabelled", <-inspected)
	require.Empty(t, inspected)
}

func TestContainerThatVanishesWhileListedIsLeftOut(t *testing.T) {
	t.Parallel()
	c := fakeDaemon(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v1.41/containers/json" {
			_, _ = w.Write([]byte(`[{"Id":"gone"}]`))
			return
		}
		w.WriteHeader(http.StatusNotFound)
	})

	list, err := c.List(t.Context(), Selector{Label: "galaxy.backend=1"})

	require.NoError(t, err)
	require.Empty(t, list)
}
