package docker

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"runtime"
	"strings"

	"github.com/docker/docker/client"
)

// Program is a static binary that becomes an image of its own.
type Program struct {
	Ref        string // name:tag
	Binary     []byte
	Path       string // absolute path in the image
	Entrypoint []string
	User       string
	Port       int
	Labels     map[string]string
}

// Load makes an image FROM scratch out of a program: no builder, no registry.
func (c *Client) Load(ctx context.Context, p Program) error {
	archive, err := p.archive()
	if err != nil {
		return classify(err, "build image %s", p.Ref)
	}
	out, err := c.api.ImageLoad(ctx, archive, client.ImageLoadWithQuiet(true))
	if err != nil {
		return classify(err, "load image %s", p.Ref)
	}
	defer out.Body.Close()
	return classify(readProgress(out.Body), "load image %s", p.Ref)
}

// archive is the image in the format of docker save. Equal programs make equal
// images: nothing in it depends on the time.
func (p Program) archive() (io.Reader, error) {
	layer, err := tarball(file{strings.TrimPrefix(p.Path, "/"), 0o755, p.Binary})
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(layer)
	config, err := json.Marshal(map[string]any{
		"architecture": runtime.GOARCH, "os": "linux",
		"config": map[string]any{
			"Entrypoint": p.Entrypoint, "User": p.User, "Labels": p.Labels,
			"ExposedPorts": map[string]any{portString(p.Port) + "/tcp": map[string]any{}},
		},
		"rootfs": map[string]any{"type": "layers", "diff_ids": []string{"sha256:" + hex.EncodeToString(sum[:])}},
	})
	if err != nil {
		return nil, err
	}
	manifest, err := json.Marshal([]map[string]any{{
		"Config": "config.json", "RepoTags": []string{p.Ref}, "Layers": []string{"layer.tar"},
	}})
	if err != nil {
		return nil, err
	}
	image, err := tarball(
		file{"manifest.json", 0o644, manifest}, file{"config.json", 0o644, config}, file{"layer.tar", 0o644, layer},
	)
	return bytes.NewReader(image), err
}

type file struct {
	name string
	mode int64
	body []byte
}

func tarball(files ...file) ([]byte, error) {
	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	for _, f := range files {
		header := &tar.Header{Name: f.name, Mode: f.mode, Size: int64(len(f.body)), Typeflag: tar.TypeReg}
		if err := w.WriteHeader(header); err != nil {
			return nil, err
		}
		if _, err := w.Write(f.body); err != nil {
			return nil, err
		}
	}
	return buf.Bytes(), w.Close()
}
