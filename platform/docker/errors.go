package docker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/client"
)

// The kinds of failure that somebody can act on.
var (
	// ErrUnavailable: the daemon cannot be asked, or its answer was lost. What
	// was asked for may have happened.
	ErrUnavailable = errors.New("docker: daemon unavailable")
	// ErrImageUnavailable: the image is not here and cannot be had.
	ErrImageUnavailable = errors.New("docker: image unavailable")
	// ErrConfigInvalid: the daemon refuses these settings; repeating is useless.
	ErrConfigInvalid = errors.New("docker: configuration refused")
	// ErrNotFound: no such container or network.
	ErrNotFound = errors.New("docker: not found")
	// ErrConflict: the name is taken, or the state does not allow the call.
	ErrConflict = errors.New("docker: conflict")
)

// classify gives an error of the SDK its kind and says what was tried.
func classify(err error, tried string, args ...any) error {
	if err == nil {
		return nil
	}
	tried = fmt.Sprintf(tried, args...)
	if kind := kindOf(err); kind != nil {
		return fmt.Errorf("%s: %w: %w", tried, kind, err)
	}
	return fmt.Errorf("%s: %w", tried, err)
}

func kindOf(err error) error {
	var network net.Error
	switch {
	case errdefs.IsNotFound(err):
		return ErrNotFound
	case errdefs.IsConflict(err):
		return ErrConflict
	// A filtering proxy in front of the socket answers 403.
	case errdefs.IsInvalidArgument(err), errdefs.IsPermissionDenied(err):
		return ErrConfigInvalid
	case client.IsErrConnectionFailed(err), errdefs.IsUnavailable(err),
		errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF),
		errors.Is(err, context.DeadlineExceeded), errors.As(err, &network):
		return ErrUnavailable
	}
	return nil
}

// withKind gives an error another kind, unless the daemon could not be asked at
// all.
func withKind(kind, err error) error {
	if err == nil || errors.Is(err, ErrUnavailable) || errors.Is(err, context.Canceled) {
		return err
	}
	return fmt.Errorf("%w: %w", kind, err)
}
