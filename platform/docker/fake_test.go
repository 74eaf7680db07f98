package docker

import (
	"context"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/secret"
)

// fakeDaemon serves handler on a Unix socket and returns a client of it.
func fakeDaemon(t *testing.T, handler http.HandlerFunc) *Client {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "d.sock")
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "unix", socket)
	require.NoError(t, err)
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Api-Version", "1.41")
		w.Header().Set("Content-Type", "application/json")
		if r.URL.Path == "/_ping" || strings.HasSuffix(r.URL.Path, "/version") {
			_, _ = w.Write([]byte("{}")) // what a client asks before it asks anything else
			return
		}
		handler(w, r)
	})}
	done := make(chan struct{})
	go func() { defer close(done); _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close(); <-done })
	return clientOf(t, "unix://"+socket)
}

func clientOf(t *testing.T, host string) *Client {
	t.Helper()
	c, err := New(Config{Host: host, Network: "games"}, clock.System{}, zap.NewNop())
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close(context.Background()) })
	return c
}

func absentDaemon(t *testing.T) *Client {
	t.Helper()
	return clientOf(t, "unix://"+filepath.Join(t.TempDir(), "absent.sock"))
}

func TestDaemonThatIsDownFailsEveryVerbAsUnavailable(t *testing.T) {
	t.Parallel()
	c, ctx := absentDaemon(t), t.Context()
	verbs := map[string]func() error{
		"ping":    func() error { return c.Ping(ctx) },
		"info":    func() error { _, err := c.Info(ctx); return err },
		"pull":    func() error { _, err := c.EnsureImage(ctx, "galaxy-game:1", PullAlways); return err },
		"never":   func() error { _, err := c.EnsureImage(ctx, "galaxy-game:1", PullNever); return err },
		"create":  func() error { _, err := c.Create(ctx, Spec{Name: "a", User: "65532"}); return err },
		"start":   func() error { return c.Start(ctx, "a") },
		"stop":    func() error { return c.Stop(ctx, "a", 0) },
		"remove":  func() error { return c.Remove(ctx, "a") },
		"inspect": func() error { _, err := c.Inspect(ctx, "a"); return err },
		"list":    func() error { _, err := c.List(ctx, Selector{Label: "l=1"}); return err },
		"logs":    func() error { _, err := c.Logs(ctx, "a", 1); return err },
		"stats":   func() error { _, err := c.Stats(ctx, "a"); return err },
		"network": func() error { _, err := c.EnsureNetwork(ctx, "games"); return err },
		"dial":    func() error { _, err := c.Dial(ctx, "a", "games", 8080, anyone); return err },
		"load":    func() error { return c.Load(ctx, Program{Ref: "a:1", Path: "/a"}) },
	}
	for name, verb := range verbs {
		err := verb()
		require.ErrorIs(t, err, ErrUnavailable, name)
		require.NotErrorIs(t, err, ErrImageUnavailable, "%s: a daemon that is down says nothing about the image", name)
	}
}

func TestDaemonThatNeverAnswersIsUnavailable(t *testing.T) {
	t.Parallel()
	c := fakeDaemon(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	c.timeout = 50 * time.Millisecond

	_, err := c.Inspect(t.Context(), "a")

	require.ErrorIs(t, err, ErrUnavailable)
}

func TestPullFailureInsideTheStreamIsNoticed(t *testing.T) {
	t.Parallel()
	c := fakeDaemon(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			w.WriteHeader(http.StatusNotFound)
			_, _ = w.Write([]byte(`{"message":"No such image"}`))
			return
		}
		_, _ = w.Write([]byte(`{"status":"Pulling"}` + "\n" + `{"errorDetail":{"message":"no space left on device"},"error":"no space left on device"}`))
	})

	_, err := c.EnsureImage(t.Context(), "galaxy-game:1", PullIfMissing)

	require.ErrorIs(t, err, ErrImageUnavailable)
	require.ErrorContains(t, err, "no space left")
}

func TestCutPullStreamIsUnavailable(t *testing.T) {
	t.Parallel()
	c := fakeDaemon(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		w.Header().Set("Content-Length", "1000")
		_, _ = w.Write([]byte(`{"status":"Pulling"}`))
	})

	_, err := c.EnsureImage(t.Context(), "galaxy-game:1", PullIfMissing)

	require.ErrorIs(t, err, ErrUnavailable)
}

func TestLocalImageStandsInForAFailedPull(t *testing.T) {
	t.Parallel()
	c := fakeDaemon(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			_, _ = w.Write([]byte(`{"Id":"sha256:1","RepoDigests":["other@sha256:9","r.example:5000/galaxy-game@sha256:2"]}`))
			return
		}
		w.WriteHeader(http.StatusInternalServerError)
		_, _ = w.Write([]byte(`{"message":"registry unreachable"}`))
	})

	img, err := c.EnsureImage(t.Context(), "r.example:5000/galaxy-game:1", PullAlways)

	require.NoError(t, err)
	require.ErrorContains(t, img.Fallback, "registry unreachable")
	require.Equal(t, "r.example:5000/galaxy-game@sha256:2", img.Digest)
	require.False(t, img.Pulled)
}

func TestCredentialsGoOnlyToTheirRegistry(t *testing.T) {
	t.Parallel()
	sent := make(chan string, 2)
	c := fakeDaemon(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			sent <- r.Header.Get("X-Registry-Auth")
		}
		w.WriteHeader(http.StatusNotFound)
	})
	auth, err := Config{RegistryAuth: secret.New("r.example:5000=bob:pass:word, ghcr.io=eve:x")}.credentials()
	require.NoError(t, err)
	c.auth = auth

	_, _ = c.EnsureImage(t.Context(), "r.example:5000/galaxy-game:1", PullAlways)
	_, _ = c.EnsureImage(t.Context(), "library/galaxy-game:1", PullAlways)

	require.Equal(t, auth["r.example:5000"], <-sent)
	require.NotEmpty(t, auth["r.example:5000"])
	require.Empty(t, <-sent)
}

func TestRootIsRefusedBeforeTheDaemonIsAsked(t *testing.T) {
	t.Parallel()
	for _, user := range []string{"", "0", "root", "0:0"} {
		_, err := absentDaemon(t).Create(t.Context(), Spec{Name: "a", User: user})
		require.ErrorIs(t, err, ErrConfigInvalid, user)
	}
}

func TestPolicyProxyRefusalIsAConfigurationMatter(t *testing.T) {
	t.Parallel()
	c := fakeDaemon(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) })

	_, err := c.Create(t.Context(), Spec{Name: "a", User: "65532"})

	require.ErrorIs(t, err, ErrConfigInvalid)
}

func TestInternalFailureOfTheDaemonHasNoKind(t *testing.T) {
	t.Parallel()
	c := fakeDaemon(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) })

	err := c.Start(t.Context(), "a")

	require.Error(t, err)
	for _, kind := range []error{ErrUnavailable, ErrConfigInvalid, ErrNotFound, ErrConflict, ErrImageUnavailable} {
		require.NotErrorIs(t, err, kind)
	}
}

func TestWatchSubscribesAgainWithAGrowingPause(t *testing.T) {
	t.Parallel()
	clk := clock.NewFake(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	subscriptions := make(chan struct{}, 16)
	c := fakeDaemon(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v1.41/events" {
			return
		}
		subscriptions <- struct{}{}
		_, _ = w.Write([]byte(`{"Type":"container","Action":"die","Actor":{"Attributes":{"name":"galaxy-game-1","galaxy.game_id":"1"}}}` + "\n" +
			`{"Type":"container","Action":"exec_start: sh","Actor":{"Attributes":{"name":"noise"}}}` + "\n"))
	})
	c.clk = clk
	ctx, cancel := context.WithCancel(t.Context())
	hints := c.Watch(ctx, Selector{Label: "galaxy.backend=1"})
	for _, longest := range []time.Duration{retryFirst, 2 * retryFirst, 4 * retryFirst} {
		<-subscriptions
		require.Equal(t, Hint{}, <-hints, "a subscription begins with a look at everything")
		require.Equal(t, "galaxy-game-1", (<-hints).Name)
		clk.BlockUntil(1)
		clk.Advance(longest/2 - time.Millisecond)
		require.Empty(t, subscriptions, "the pause is at least half of %s", longest)
		clk.Advance(longest/2 + time.Millisecond)
	}
	cancel()
	for range hints { // until it is closed
	}
}

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

func TestWatchHintsOnlyOfWhatIsSelected(t *testing.T) {
	t.Parallel()
	c := fakeDaemon(t, func(w http.ResponseWriter, r *http.Request) {
		for _, attributes := range []string{`"name":"a","owner":"them"`, `"name":"b","owner":"us"`, `"name":"c"`} {
			_, _ = w.Write([]byte(`{"Type":"container","Action":"die","Actor":{"Attributes":{` + attributes + `}}}` + "\n"))
		}
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	ctx, cancel := context.WithCancel(t.Context())

	hints := c.Watch(ctx, Selector{Label: "galaxy.backend=1", Match: notTheirs})

	require.Equal(t, Hint{}, <-hints)
	require.Equal(t, "b", (<-hints).Name)
	require.Equal(t, "c", (<-hints).Name)
	cancel()
	for range hints { // until it is closed
	}
}

func notTheirs(labels map[string]string) bool { return labels["owner"] != "them" }

func TestSlowWatcherIsToldThatHintsWereLost(t *testing.T) {
	t.Parallel()
	out := make(chan Hint, 2)
	h := hints{out: out}
	for _, name := range []string{"a", "b", "lost", "lost too"} {
		h.offer(Hint{Name: name})
	}
	require.Equal(t, "a", (<-out).Name)
	require.Equal(t, "b", (<-out).Name)

	h.offer(Hint{Name: "c"})

	require.Equal(t, Hint{}, <-out)
	require.Equal(t, "c", (<-out).Name)
}

func anyone(Container) bool { return true }
