//go:build integration

package docker

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// registry serves the tags of one repository, as far as a pull asks. A daemon
// speaks plain HTTP to one on the loopback interface.
type registry struct {
	host  string
	blobs map[string][]byte // by digest; tags too, by name
}

const (
	manifestType = "application/vnd.docker.distribution.manifest.v2+json"
	configType   = "application/vnd.docker.container.image.v1+json"
	layerType    = "application/vnd.docker.image.rootfs.diff.tar.gzip"
)

func newRegistry(t *testing.T) *registry {
	t.Helper()
	r := &registry{blobs: map[string][]byte{}}
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	r.host = strings.TrimPrefix(server.URL, "http://")
	return r
}

// push makes an image of one file under repo:tag. It is called before pulls.
func (r *registry) push(t *testing.T, tag, body string) {
	t.Helper()
	layer, err := tarball(file{"version", 0o644, []byte(body)})
	require.NoError(t, err)
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, err = w.Write(layer)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	config := fmt.Sprintf(`{"architecture":%q,"os":"linux","config":{},"rootfs":{"type":"layers","diff_ids":[%q]}}`, runtime.GOARCH, digest(layer))
	descriptor := func(kind string, blob []byte) map[string]any {
		r.blobs[digest(blob)] = blob
		return map[string]any{"mediaType": kind, "size": len(blob), "digest": digest(blob)}
	}
	manifest, err := json.Marshal(map[string]any{
		"schemaVersion": 2, "mediaType": manifestType,
		"config": descriptor(configType, []byte(config)), "layers": []any{descriptor(layerType, packed.Bytes())},
	})
	require.NoError(t, err)
	r.blobs[tag], r.blobs[digest(manifest)] = manifest, manifest
}

func (r *registry) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	parts := strings.Split(req.URL.Path, "/")
	blob, ok := r.blobs[parts[len(parts)-1]]
	switch {
	case req.URL.Path == "/v2/":
		return
	case !ok || !strings.HasPrefix(req.URL.Path, "/v2/galaxy-game/"):
		w.WriteHeader(http.StatusNotFound)
		_, _ = w.Write([]byte(`{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}`))
		return
	case strings.Contains(req.URL.Path, "/manifests/"):
		w.Header().Set("Content-Type", manifestType)
	}
	w.Header().Set("Docker-Content-Digest", digest(blob))
	_, _ = w.Write(blob)
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// pullFixture is a registry with one version, and the means to pull it.
func pullFixture(t *testing.T) (*registry, *Client, string) {
	t.Helper()
	r, c := newRegistry(t), clientOf(t, "unix:///var/run/docker.sock")
	r.push(t, "1.0.0", t.Name())
	ref := r.host + "/galaxy-game:1.0.0"
	t.Cleanup(func() { require.NoError(t, c.RemoveImage(context.Background(), ref)) })
	return r, c, ref
}

func TestImageIsPulledOnceWhenMissing(t *testing.T) {
	t.Parallel()
	r, c, ref := pullFixture(t)

	first, err := c.EnsureImage(t.Context(), ref, PullIfMissing)

	require.NoError(t, err)
	require.True(t, first.Pulled)
	require.Equal(t, r.host+"/galaxy-game@"+digest(r.blobs["1.0.0"]), first.Digest)
	again, err := c.EnsureImage(t.Context(), ref, PullIfMissing)
	require.NoError(t, err)
	require.False(t, again.Pulled)
	require.Equal(t, first.ID, again.ID)
}

func TestPullAlwaysFollowsATagThatMoved(t *testing.T) {
	t.Parallel()
	r, c, ref := pullFixture(t)
	first, err := c.EnsureImage(t.Context(), ref, PullAlways)
	require.NoError(t, err)
	r.push(t, "1.0.0", "another build")
	t.Cleanup(func() { _ = c.RemoveImage(context.Background(), first.ID) })

	kept, err := c.EnsureImage(t.Context(), ref, PullNever)
	require.NoError(t, err)
	moved, err := c.EnsureImage(t.Context(), ref, PullAlways)

	require.NoError(t, err)
	require.Equal(t, first.ID, kept.ID)
	require.NotEqual(t, first.ID, moved.ID)
	byDigest, err := c.EnsureImage(t.Context(), first.Digest, PullIfMissing)
	require.NoError(t, err, "a digest names the build whatever becomes of the tag")
	require.Equal(t, first.ID, byDigest.ID)
}

func TestMissingTagAndRepositoryCannotBeHad(t *testing.T) {
	t.Parallel()
	r, c, _ := pullFixture(t)
	for _, ref := range []string{r.host + "/galaxy-game:9.9.9", r.host + "/other:1.0.0"} {
		_, err := c.EnsureImage(t.Context(), ref, PullIfMissing)
		require.ErrorIs(t, err, ErrImageUnavailable, ref)
	}
}

func TestPullOfATamperedLayerFails(t *testing.T) {
	t.Parallel()
	r, c, ref := pullFixture(t)
	for name, blob := range r.blobs {
		if bytes.HasPrefix(blob, []byte{0x1f, 0x8b}) {
			r.blobs[name] = append(bytes.Clone(blob), "tampered"...)
		}
	}

	_, err := c.EnsureImage(t.Context(), ref, PullIfMissing)

	require.ErrorIs(t, err, ErrImageUnavailable)
}
