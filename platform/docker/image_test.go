package docker

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"galaxy/backend/platform/secret"
)

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
