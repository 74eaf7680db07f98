package docker

import (
	"context"
	"errors"

	"github.com/docker/docker/api/types/network"
)

const enableICC = "com.docker.network.bridge.enable_icc"

// Network is what matters of a network.
type Network struct {
	ID          string
	UserDefined bool
	Internal    bool // no way out of this machine
	Isolated    bool // its containers cannot reach one another
}

// Network looks one up.
func (c *Client) Network(ctx context.Context, name string) (Network, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	in, err := c.api.NetworkInspect(ctx, name, network.InspectOptions{})
	if err != nil {
		return Network{}, classify(err, "inspect network %s", name)
	}
	predefined := in.Name == "bridge" || in.Name == "host" || in.Name == "none"
	isolated := in.Options[enableICC] == "false"
	return Network{ID: in.ID, UserDefined: !predefined, Internal: in.Internal, Isolated: isolated}, nil
}

// EnsureNetwork makes an internal bridge on which containers cannot reach one
// another, unless a network of that name is there already.
func (c *Client) EnsureNetwork(ctx context.Context, name string) (Network, error) {
	found, err := c.Network(ctx, name)
	if !errors.Is(err, ErrNotFound) {
		return found, err
	}
	createCtx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	_, err = c.api.NetworkCreate(createCtx, name, network.CreateOptions{
		Driver: "bridge", Internal: true, Options: map[string]string{enableICC: "false"},
	})
	if err = classify(err, "create network %s", name); err != nil && !errors.Is(err, ErrConflict) {
		return Network{}, err
	}
	return c.Network(ctx, name)
}

// RemoveNetwork removes a network; one that is gone is no error.
func (c *Client) RemoveNetwork(ctx context.Context, name string) error {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	err := classify(c.api.NetworkRemove(ctx, name), "remove network %s", name)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}
