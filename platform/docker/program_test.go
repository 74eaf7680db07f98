package docker

import (
	"archive/tar"
	"encoding/json"
	"errors"
	"io"
	"testing"

	"github.com/stretchr/testify/require"
)

// unpack reads the files of an archive.
func unpack(t *testing.T, r io.Reader) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	for tr := tar.NewReader(r); ; {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		require.NoError(t, err)
		files[h.Name], err = io.ReadAll(tr)
		require.NoError(t, err)
	}
}

func TestProgramBecomesAnImageOfNothingElse(t *testing.T) {
	t.Parallel()
	p := Program{
		Ref: "engine:1", Binary: []byte("\x7fELF"), Path: "/engine", Entrypoint: []string{"/engine", "serve"}, User: "65532:65532", Port: 8080,
		Labels: map[string]string{"l": "v"},
	}
	first, err := p.archive()
	require.NoError(t, err)
	files := unpack(t, first)
	var manifest []struct {
		Config   string
		RepoTags []string
		Layers   []string
	}
	require.NoError(t, json.Unmarshal(files["manifest.json"], &manifest))
	require.Equal(t, []string{"engine:1"}, manifest[0].RepoTags)
	layer, err := p.archive()
	require.NoError(t, err)
	require.Equal(t, files, unpack(t, layer), "equal programs make equal images")
	var config struct {
		Config struct {
			Entrypoint   []string
			User         string
			Labels       map[string]string
			ExposedPorts map[string]any
		} `json:"config"`
	}
	require.NoError(t, json.Unmarshal(files[manifest[0].Config], &config))
	require.Equal(t, p.Entrypoint, config.Config.Entrypoint)
	require.Equal(t, "65532:65532", config.Config.User)
	require.Equal(t, p.Labels, config.Config.Labels)
	require.Contains(t, config.Config.ExposedPorts, "8080/tcp")
}
