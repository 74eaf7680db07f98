//go:build integration

package integration

import (
	"net/http"
	"os/exec"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

type engineVersion struct {
	Version  string     `json:"version"`
	Status   string     `json:"status"`
	Default  bool       `json:"is_default"`
	Notes    string     `json:"notes"`
	Prefetch string     `json:"prefetch"`
	Fetched  *time.Time `json:"prefetched_at"`
}

type runtime struct {
	Game       uuid.UUID `json:"game_id"`
	Observed   string    `json:"observed"`
	Generation int       `json:"generation"`
	Container  string    `json:"container_id"`
	Error      string    `json:"error_code"`
}

type operation struct {
	ID     uuid.UUID `json:"operation_id"`
	Kind   string    `json:"kind"`
	Status string    `json:"status"`
	Actor  string    `json:"actor"`
}

func (s *scenario) engineVersionsAreKept() {
	s.registerEngine()
	const next = adminAPI + "/engine-versions/0.1.1"
	in := object{"version": "0.1.1", "image_ref": engineImage(), "notes": "candidate"}
	created[engineVersion](s.root.Post(adminAPI+"/engine-versions", in))
	read := s.root.Get(next)
	require.Equal(s, "candidate", got[engineVersion](read).Notes)
	require.Equal(s, "none", got[engineVersion](read).Prefetch)
	require.Equal(s, "faster", got[engineVersion](s.root.With("If-Match", read.Header.Get("ETag")).Patch(next, object{"notes": "faster"})).Notes)
	s.root.With("If-Match", read.Header.Get("ETag")).Patch(next, object{"notes": "lost"}).Refused(http.StatusPreconditionFailed, "version_mismatch")

	s.root.Post(next+"/prefetch", nil).Want(202)
	s.eventually("a prefetch", func() bool { return got[engineVersion](s.root.Get(next)).Prefetch == "done" })
	require.NotNil(s, got[engineVersion](s.root.Get(next)).Fetched)
	require.True(s, got[engineVersion](s.root.Post(next+"/default", nil)).Default)
	s.root.Post(next+"/deprecate", nil).Refused(http.StatusConflict, "engine_version_is_default")
	s.root.Post(adminAPI+"/engine-versions/0.1.0/default", nil).Want(200)
	require.Equal(s, "deprecated", got[engineVersion](s.root.Post(next+"/deprecate", nil)).Status)
	old := privateGame("Too late")
	old["engine_version"] = "0.1.1"
	s.root.Post(adminAPI+"/games", old).Refused(http.StatusConflict, "engine_version_not_active")

	s.root.Delete(next).Want(204)
	var left []string
	for _, v := range got[page[engineVersion]](s.root.Get(adminAPI + "/engine-versions")).Items {
		left = append(left, v.Version)
	}
	slices.Sort(left)
	require.Equal(s, []string{"0.0.1", "0.1.0"}, left)
}

// runtimePath is a path below a game's engine.
func runtimePath(game uuid.UUID, rest string) string {
	return adminAPI + "/runtimes/" + game.String() + rest
}

func (s *scenario) engine(game uuid.UUID) runtime {
	s.Helper()
	return got[runtime](s.root.Get(runtimePath(game, "")))
}

// runOperation requests an operation and waits for its success.
func (s *scenario) runOperation(method, path string) operation {
	s.Helper()
	o := accepted[operation](s.root.Call(method, path, nil))
	s.eventually(o.Kind+" of an engine", func() bool {
		o = got[operation](s.root.Get(adminAPI + "/operations/" + o.ID.String()))
		require.NotContains(s, []string{"failed", "superseded"}, o.Status)
		return o.Status == "succeeded"
	})
	require.Equal(s, adminUser, o.Actor)
	return o
}

func (s *scenario) runtimesAreOperated() {
	g, first := s.operatedGame, s.engine(s.operatedGame)
	require.Equal(s, g, got[page[runtime]](s.root.Get(adminAPI + "/runtimes?status=running&version=0.1.0")).Items[0].Game)
	require.NotEmpty(s, got[struct{ Lines []string }](s.root.Get(runtimePath(g, "/logs?lines=10"))).Lines)
	require.Positive(s, got[struct {
		Memory int64 `json:"memory_bytes"`
	}](s.root.Get(runtimePath(g, "/stats"))).Memory)
	type probe struct {
		Phase   string
		Healthy bool
		Engine  struct{ Turn int }
	}
	seen := got[probe](s.root.Post(runtimePath(g, "/probe"), nil))
	require.True(s, seen.Healthy)
	require.Equal(s, 2, seen.Engine.Turn)
	s.root.Post(runtimePath(g, "/reconcile"), nil).Want(202)

	s.runOperation(http.MethodPost, runtimePath(g, "/restart"))
	again := s.engine(g)
	require.Equal(s, first.Generation+1, again.Generation)
	require.NotEqual(s, first.Container, again.Container)
	require.Equal(s, 2, got[probe](s.root.Post(runtimePath(g, "/probe"), nil)).Engine.Turn, "the game is kept in its state directory")

	s.runOperation(http.MethodPost, runtimePath(g, "/stop"))
	require.Equal(s, "operator", *s.awaitState(g, "paused").PauseReason)
	require.Equal(s, "stopped", s.engine(g).Observed)
	s.runOperation(http.MethodPost, runtimePath(g, "/start"))
	require.Equal(s, "running", got[game](s.root.Post(adminGamePath(g, "/resume"), nil)).State)
	s.runOperation(http.MethodDelete, runtimePath(g, ""))
	require.Equal(s, "removed", s.engine(g).Observed)
	require.Error(s, exec.Command("docker", "inspect", "galaxy-game-"+g.String()).Run(), "the container is gone")

	var kinds []string
	for _, o := range got[page[operation]](s.root.Get(runtimePath(g, "/operations"))).Items {
		kinds = append(kinds, o.Kind)
	}
	require.Equal(s, []string{"remove", "start", "stop", "restart", "start"}, kinds)
	s.awaitState(g, "paused")
	require.Equal(s, "cancelled", accepted[game](s.root.Post(adminGamePath(g, "/force-stop"), nil)).State)
	s.awaitEvent(s.dan, "game.cancelled")
}

// publicGameIsRetried gives the engine version an image that exists.
func (s *scenario) publicGameIsRetried() {
	require.Equal(s, "image_pull_failed", *s.awaitState(s.publicGame, "start_failed").LastError)
	s.awaitMail("ops@example.com", "image", "")
	s.root.Patch(adminAPI+"/engine-versions/"+missingImageVersion, object{"image_ref": engineImage()}).Want(200)
	require.Equal(s, "starting", accepted[game](s.root.Post(adminGamePath(s.publicGame, "/retry"), nil)).State)
	s.awaitState(s.publicGame, "running")
	require.Equal(s, "Mizar", s.report(s.bob, s.publicGame).Race)
	require.Equal(s, "cancelled", got[game](s.root.Post(adminGamePath(s.publicGame, "/cancel"), nil)).State)
	s.eventually("the engine of a cancelled game to stop", func() bool { return s.engine(s.publicGame).Observed == "stopped" })
}
