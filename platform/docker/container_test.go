package docker

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

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

// inspected is a daemon with one container in the state that the JSON says.
func inspected(t *testing.T, state string) *Client {
	t.Helper()
	return fakeDaemon(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"Id":"1","Name":"/a","Image":"sha256:2","State":` + state + `,"Config":{"Image":"i:1","Labels":{"l":"v"}}}`))
	})
}

func TestStatesOfTheDaemonAreReadAsThree(t *testing.T) {
	t.Parallel()
	for status, want := range map[string]Status{
		"created": Created, "running": Running, "paused": Running, "restarting": Running, "exited": Exited, "removing": Exited,
		"dead": Exited, "novel": Exited,
	} {
		c, err := inspected(t, `{"Status":"`+status+`"}`).Inspect(t.Context(), "a")
		require.NoError(t, err)
		require.Equal(t, want, c.Status, status)
	}
}

func TestContainerIsReadAsTheDaemonSeesIt(t *testing.T) {
	t.Parallel()
	c, err := inspected(t, `{"Status":"exited","ExitCode":137,"OOMKilled":true,"Error":"no such device",
"StartedAt":"2026-03-01T13:00:00.5+01:00","FinishedAt":"0001-01-01T00:00:00Z"}`).Inspect(t.Context(), "a")
	require.NoError(t, err)
	require.Equal(t, Container{
		ID: "1", Name: "a", Image: "i:1", ImageID: "sha256:2", Labels: map[string]string{"l": "v"}, Status: Exited, ExitCode: 137, OOMKilled: true,
		Error: "no such device", StartedAt: time.Date(2026, 3, 1, 12, 0, 0, 500_000_000, time.UTC),
	}, c, "what never happened is the zero time")
}

func TestIncompleteAnswerIsNoContainer(t *testing.T) {
	t.Parallel()
	for _, answer := range []string{`{}`, `{"Id":"1","Config":{}}`, `{"Id":"1","State":{"Status":"running"}}`} {
		c := fakeDaemon(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(answer)) })
		_, err := c.Inspect(t.Context(), "a")
		require.ErrorContains(t, err, "the daemon's answer is incomplete", answer)
		require.NotErrorIs(t, err, ErrNotFound)
	}
}

// creations answers like a machine of two processors and hands over what it is
// asked to make.
func creations(t *testing.T, info int) (*Client, <-chan string) {
	t.Helper()
	bodies := make(chan string, 1)
	return fakeDaemon(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v1.41/info" {
			w.WriteHeader(info)
			_, _ = w.Write([]byte(`{"NCPU":2}`))
			return
		}
		body, _ := io.ReadAll(r.Body)
		bodies <- string(body)
		w.WriteHeader(http.StatusCreated)
		_, _ = w.Write([]byte(`{"Id":"made"}`))
	}), bodies
}

func TestProcessorsBeyondTheMachinesAreCut(t *testing.T) {
	t.Parallel()
	for cpus, want := range map[float64]string{1: `"NanoCpus":1000000000`, 1_000: `"NanoCpus":2000000000`} {
		c, bodies := creations(t, http.StatusOK)
		id, err := c.Create(t.Context(), Spec{Name: "a", User: "65532:65532", CPUs: cpus})
		require.NoError(t, err)
		require.Equal(t, "made", id)
		require.Contains(t, <-bodies, want)
	}
}

func TestProxyThatHidesTheMachineIsLivedWith(t *testing.T) {
	t.Parallel()
	c, bodies := creations(t, http.StatusForbidden)
	_, err := c.Create(t.Context(), Spec{Name: "a", User: "65532:65532", CPUs: 3})
	require.NoError(t, err)
	require.Contains(t, <-bodies, `"NanoCpus":3000000000`, "as it was asked for")
}

func TestGraceIsRoundedUpToSeconds(t *testing.T) {
	t.Parallel()
	for grace, want := range map[time.Duration]string{
		0: "0", time.Millisecond: "1", time.Second: "1", 1001 * time.Millisecond: "2", 10 * time.Second: "10",
	} {
		asked := make(chan string, 1)
		c := fakeDaemon(t, func(w http.ResponseWriter, r *http.Request) {
			asked <- r.URL.Query().Get("t")
			w.WriteHeader(http.StatusNoContent)
		})
		require.NoError(t, c.Stop(t.Context(), "a", grace))
		require.Equal(t, want, <-asked, grace)
	}
}

func TestContainerThatHasEndedOrRunsIsLeftAlone(t *testing.T) {
	t.Parallel()
	c := fakeDaemon(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotModified) })
	require.NoError(t, c.Stop(t.Context(), "a", time.Second))
	require.NoError(t, c.Start(t.Context(), "a"))
}
