package docker

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"

	"github.com/docker/docker/api/types/image"
	"go.uber.org/zap"
)

// PullPolicy says when an image is fetched.
type PullPolicy string

// The values of BACKEND_RUNTIME_IMAGE_PULL_POLICY.
const (
	PullIfMissing PullPolicy = "if_missing"
	PullAlways    PullPolicy = "always"
	PullNever     PullPolicy = "never"
)

// Image is one that is on the daemon's machine.
type Image struct {
	ID     string // of its configuration, "sha256:…"
	Digest string // "repository@sha256:…" of the registry; empty for one that was built here
	Pulled bool
	// Fallback is why the pull failed, when the local image stands in for it.
	Fallback error
}

// EnsureImage makes sure that the image is there. Where a pull fails and a
// local image exists, that one is used and Fallback says why.
func (c *Client) EnsureImage(ctx context.Context, ref string, policy PullPolicy) (Image, error) {
	local, err := c.Image(ctx, ref)
	present := err == nil
	if err != nil && !errors.Is(err, ErrNotFound) {
		return Image{}, withKind(ErrImageUnavailable, err)
	}
	switch {
	case present && policy != PullAlways:
		return local, nil
	case policy == PullNever:
		return Image{}, withKind(ErrImageUnavailable, err)
	}
	if pullErr := c.pull(ctx, ref); pullErr != nil {
		if present && ctx.Err() == nil {
			local.Fallback = pullErr
			c.log.Warn("image pull failed, local image used", zap.String("image", ref), zap.Error(pullErr))
			return local, nil
		}
		return Image{}, withKind(ErrImageUnavailable, pullErr)
	}
	pulled, err := c.Image(ctx, ref)
	if err != nil {
		return Image{}, withKind(ErrImageUnavailable, err)
	}
	pulled.Pulled = true
	return pulled, nil
}

// Image looks a local image up; ErrNotFound when there is none.
func (c *Client) Image(ctx context.Context, ref string) (Image, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	in, err := c.api.ImageInspect(ctx, ref)
	if err != nil {
		return Image{}, classify(err, "inspect image %s", ref)
	}
	img := Image{ID: in.ID}
	repository := strings.TrimSuffix(ref, ref[tagIndex(ref):])
	for _, digest := range in.RepoDigests {
		if img.Digest == "" || strings.HasPrefix(digest, repository+"@") {
			img.Digest = digest
		}
	}
	return img, nil
}

// RemoveImage removes a local image; one that is gone is no error.
func (c *Client) RemoveImage(ctx context.Context, ref string) error {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	_, err := c.api.ImageRemove(ctx, ref, image.RemoveOptions{Force: true})
	if err = classify(err, "remove image %s", ref); errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}

// pull fetches an image. It takes as long as ctx allows.
func (c *Client) pull(ctx context.Context, ref string) error {
	body, err := c.api.ImagePull(ctx, ref, image.PullOptions{RegistryAuth: c.auth[registryOf(ref)]})
	if err != nil {
		return classify(err, "pull %s", ref)
	}
	defer body.Close()
	return classify(readProgress(body), "pull %s", ref)
}

// readProgress reads a stream of progress messages to its end: an image is
// complete only then, and a failure after the first byte is one of the messages.
func readProgress(body io.Reader) error {
	dec := json.NewDecoder(body)
	for {
		var message struct {
			Error       string `json:"error"`
			ErrorDetail struct {
				Message string `json:"message"`
			} `json:"errorDetail"`
		}
		err := dec.Decode(&message)
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case message.ErrorDetail.Message != "":
			return errors.New(message.ErrorDetail.Message)
		case message.Error != "":
			return errors.New(message.Error)
		}
	}
}

// registryOf is the host part of a reference, by the rules of `docker pull`.
func registryOf(ref string) string {
	host, _, found := strings.Cut(ref, "/")
	if !found || !strings.ContainsAny(host, ".:") && host != "localhost" {
		return "docker.io"
	}
	return host
}

// tagIndex is where the tag or digest of a reference begins.
func tagIndex(ref string) int {
	if i := strings.Index(ref, "@"); i >= 0 {
		ref = ref[:i]
	}
	if i := strings.LastIndex(ref, ":"); i > strings.LastIndex(ref, "/") {
		return i
	}
	return len(ref)
}
