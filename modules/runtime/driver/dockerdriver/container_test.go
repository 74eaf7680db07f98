package dockerdriver

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/runtime/driver"
	"galaxy/backend/platform/docker"
)

func TestContainerSaysWhoseItIsAndWhatItRuns(t *testing.T) {
	t.Parallel()
	f := newFakeFixture(t)

	o, err := f.driver.Ensure(t.Context(), f.spec)

	require.NoError(t, err)
	require.Equal(t, driver.PhaseRunning, o.Phase)
	require.Len(t, f.creations(), 1)
	made := f.creations()[0]
	require.Equal(t, map[string]string{
		"galaxy.backend": "1", "galaxy.instance": f.instance.String(), "galaxy.game_id": f.spec.GameID.String(),
		"galaxy.engine_version": "0.1.0", "galaxy.generation": "3", "galaxy.spec": f.spec.Hash(),
	}, made.Labels)
	require.Equal(t, "galaxy-game:0.1.0", made.Image)
	require.Equal(t, "65532:65532", made.User)
	require.Equal(t, "galaxy", made.HostConfig.NetworkMode)
	require.EqualValues(t, 64<<20, made.HostConfig.Memory)
	require.EqualValues(t, 64, made.HostConfig.PidsLimit)
	require.Equal(t, []struct{ Source, Target string }{{f.spec.StateDir, "/state"}}, made.HostConfig.Mounts)
	require.Contains(t, made.Env, "ENGINE_LISTEN_ADDR=:8080")
	require.Contains(t, made.Env, "ENGINE_STATE_DIR=/state", "the engine sees the mount, not the host's path")
}

func TestNameThatIsTakenWhileItIsCreatedIsLookedAtAgain(t *testing.T) {
	t.Parallel()
	f := newFakeFixture(t)
	f.answers = func(request string) int {
		if request != "POST /containers/create" {
			return 0
		}
		f.add("created", nil) // by an earlier call, whose answer was lost
		return http.StatusConflict
	}

	o, err := f.driver.Ensure(t.Context(), f.spec)

	require.NoError(t, err)
	require.Equal(t, driver.PhaseRunning, o.Phase)
	require.Len(t, f.asked("POST"), 2, "one creation, one start")
}

func TestNameThatStaysTakenIsAConflict(t *testing.T) {
	t.Parallel()
	f := newFakeFixture(t)
	f.answers = func(request string) int {
		if request == "POST /containers/create" {
			return http.StatusConflict
		}
		return 0
	}

	_, err := f.driver.Ensure(t.Context(), f.spec)

	require.ErrorIs(t, err, driver.ErrConflict)
	require.Len(t, f.asked("POST"), 2, "it is tried twice and not for ever")
}

func TestContainerOfAnotherSpecIsReplacedOnceItHasEnded(t *testing.T) {
	t.Parallel()
	for _, status := range []string{"created", "exited", "dead"} {
		f := newFakeFixture(t)
		old := f.add(status, func(s docker.Spec) { s.Labels[labelSpec] = "another" })

		o, err := f.driver.Ensure(t.Context(), f.spec)

		require.NoError(t, err, status)
		require.Equal(t, []string{"/containers/" + old.ID}, f.asked("DELETE"), "by its id: the name may be another's by then")
		require.Equal(t, "made-1", o.ContainerID)
	}
}

func TestContainerOfTheSpecIsStartedByItsID(t *testing.T) {
	t.Parallel()
	f := newFakeFixture(t)
	old := f.add("exited", nil)

	_, err := f.driver.Ensure(t.Context(), f.spec)

	require.NoError(t, err)
	require.Equal(t, []string{"/containers/" + old.ID + "/start"}, f.asked("POST"))
	require.Empty(t, f.creations())
}

func TestContainerThatVanishesIsAsGoodAsStoppedAndRemoved(t *testing.T) {
	t.Parallel()
	f := newFakeFixture(t)
	f.add("running", nil)
	f.answers = func(request string) int {
		if !strings.HasPrefix(request, "GET") {
			return http.StatusNotFound
		}
		return 0
	}

	require.NoError(t, f.driver.Stop(t.Context(), f.spec.GameID, time.Second))
	require.NoError(t, f.driver.Remove(t.Context(), f.spec.GameID))
}

func TestAnswersOfTheDaemonAreKindsOfThePort(t *testing.T) {
	t.Parallel()
	kinds := []error{
		driver.ErrUnavailable, driver.ErrImageUnavailable, driver.ErrConfigInvalid, driver.ErrNotFound, driver.ErrConflict,
		driver.ErrForeign,
	}
	for _, c := range []struct {
		request string
		status  int
		want    error // nil: a failed attempt of no kind
	}{
		{"POST /containers/create", http.StatusBadRequest, driver.ErrConfigInvalid},
		{"POST /containers/create", http.StatusForbidden, driver.ErrConfigInvalid},
		{"POST /containers/create", http.StatusNotFound, driver.ErrImageUnavailable},
		{"POST /containers/create", http.StatusServiceUnavailable, driver.ErrUnavailable},
		{"POST /containers/create", http.StatusInternalServerError, nil},
		{"POST /containers/made-1/start", http.StatusInternalServerError, nil},
		{"POST /containers/made-1/start", http.StatusNotFound, driver.ErrConfigInvalid}, // of its network: the container is there
	} {
		f := newFakeFixture(t)
		f.answers = func(request string) int {
			if request == c.request {
				return c.status
			}
			return 0
		}
		_, err := f.driver.Ensure(t.Context(), f.spec)
		require.Error(t, err, c)
		for _, kind := range kinds {
			if errors.Is(kind, c.want) {
				require.ErrorIs(t, err, kind, "%v", c)
				continue
			}
			require.NotErrorIs(t, err, kind, "%v", c)
		}
	}
}

func TestEndOfAContainerIsReadBack(t *testing.T) {
	t.Parallel()
	f := newFakeFixture(t)
	c := f.add("exited", nil)
	f.set(c, map[string]any{"Status": "exited", "ExitCode": 137, "OOMKilled": true, "Error": "no such device",
		"StartedAt": "2026-03-01T12:00:00Z", "FinishedAt": "2026-03-01T12:05:00.5Z"})

	o, err := f.driver.Inspect(t.Context(), f.spec.GameID)

	require.NoError(t, err)
	began := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	require.Equal(t, driver.Observed{
		GameID: f.spec.GameID, Name: f.spec.Name(), Version: "0.1.0", Image: "galaxy-game:0.1.0", Generation: 3, ContainerID: c.ID,
		Phase: driver.PhaseExited, ExitCode: 137, OOMKilled: true, Error: "no such device", StartedAt: began,
		FinishedAt: began.Add(5*time.Minute + 500*time.Millisecond),
	}, o)
}

func TestEndOfTheRunBeforeIsNotThatOfARunningContainer(t *testing.T) {
	t.Parallel()
	f := newFakeFixture(t)
	f.set(f.add("running", nil), map[string]any{"Status": "running", "ExitCode": 3, "FinishedAt": "2026-03-01T12:05:00Z"})

	o, err := f.driver.Inspect(t.Context(), f.spec.GameID)

	require.NoError(t, err)
	require.Zero(t, o.ExitCode)
	require.Zero(t, o.FinishedAt)
}

func TestContainersOfOtherInstancesAreNotInspected(t *testing.T) {
	t.Parallel()
	f := newFakeFixture(t)
	own := f.add("running", nil)
	for range 3 {
		other := uuid.Must(uuid.NewV7())
		labels := map[string]string{labelBackend: "1", labelGame: other.String(), labelInstance: uuid.NewString()}
		f.put(driver.Name(other), labels, "running")
	}

	all, err := f.driver.List(t.Context())

	require.NoError(t, err)
	require.Len(t, all, 1)
	require.Equal(t, own.ID, all[0].ContainerID)
	require.Equal(t, []string{"/containers/json", "/containers/" + own.ID + "/json"}, f.asked("GET"))
}

func TestEventsOfOtherInstancesAreNoHints(t *testing.T) {
	t.Parallel()
	f := newFakeFixture(t)
	event := func(game uuid.UUID, instance string) string {
		attributes := `{"name":"` + driver.Name(game) + `","galaxy.instance":"` + instance + `"}`
		return `{"Type":"container","Action":"die","Actor":{"Attributes":` + attributes + `}}`
	}
	first, last := uuid.Must(uuid.NewV7()), uuid.Must(uuid.NewV7())
	f.events = []string{
		event(uuid.New(), uuid.NewString()), event(first, ""), event(uuid.New(), uuid.NewString()), event(last, f.instance.String()),
	}
	ctx, cancel := context.WithCancel(t.Context())

	hints := f.driver.Watch(ctx)

	require.Equal(t, driver.Hint{}, <-hints)
	require.Equal(t, driver.Hint{GameID: first, Action: "die"}, <-hints, "of none: it may be ours")
	require.Equal(t, driver.Hint{GameID: last, Action: "die"}, <-hints)
	cancel()
	for range hints { // until it is closed
	}
}

// unknownInstance is an installation whose database cannot be read.
type unknownInstance struct{ asked atomic.Int64 }

func (u *unknownInstance) ID(context.Context) (uuid.UUID, error) {
	u.asked.Add(1)
	return uuid.Nil, driver.ErrUnavailable
}

func TestDaemonIsNotAskedWhileTheInstanceIsUnknown(t *testing.T) {
	t.Parallel()
	f := newFakeFixture(t)
	f.add("running", nil)
	unknown := &unknownInstance{}
	f.driver.instance = unknown
	d, ctx, game := f.driver, t.Context(), f.spec.GameID
	calls := map[string]func() error{
		"ensure":  func() error { _, err := d.Ensure(ctx, f.spec); return err },
		"stop":    func() error { return d.Stop(ctx, game, time.Second) },
		"remove":  func() error { return d.Remove(ctx, game) },
		"inspect": func() error { _, err := d.Inspect(ctx, game); return err },
		"list":    func() error { _, err := d.List(ctx); return err },
		"dial":    func() error { _, err := d.DialContext(ctx, "tcp", f.spec.Name()+":8080"); return err },
		"logs":    func() error { _, err := d.Logs(ctx, game, 1); return err },
		"stats":   func() error { _, err := d.Stats(ctx, game); return err },
	}
	for name, call := range calls {
		err := call()
		require.ErrorIs(t, err, driver.ErrUnavailable, name)
		require.NotErrorIs(t, err, driver.ErrNotFound, name)
	}
	require.EqualValues(t, len(calls), unknown.asked.Load())
	require.Empty(t, f.asked("GET"))
	require.Empty(t, f.asked("POST"))
}

func TestForeignContainerIsNeitherReadNorDialled(t *testing.T) {
	t.Parallel()
	f := newFakeFixture(t)
	f.add("running", func(s docker.Spec) { delete(s.Labels, labelBackend) })

	_, err := f.driver.Logs(t.Context(), f.spec.GameID, 1)
	require.ErrorIs(t, err, driver.ErrForeign)
	_, err = f.driver.Stats(t.Context(), f.spec.GameID)
	require.ErrorIs(t, err, driver.ErrForeign)
	_, err = f.driver.DialContext(t.Context(), "tcp", f.spec.Name()+":8080")
	require.ErrorIs(t, err, driver.ErrNotFound)
}

func TestLastLinesOfALog(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		"": {}, "\n": {}, "one": {"one"}, "one\ntwo\n": {"one", "two"}, "one\ntwo\nthree": {"two", "three"}, "one\n\ntwo": {"", "two"},
	} {
		require.Equal(t, want, lastLines([]byte(text), 2), "%q", text)
	}
}
