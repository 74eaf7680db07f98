package docker

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestDaemonThatIsDownFailsEveryCallAsUnavailable(t *testing.T) {
	t.Parallel()
	c, ctx := absentDaemon(t), t.Context()
	calls := map[string]func() error{
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
		"dial":    func() error { _, err := c.Dial(ctx, "a", "games", 8080, acceptAny); return err },
		"load":    func() error { return c.Load(ctx, Program{Ref: "a:1", Path: "/a"}) },
	}
	for name, call := range calls {
		err := call()
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
