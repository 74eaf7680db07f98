package docker

import (
	"context"
	"errors"
	"net"
	"strconv"

	"github.com/docker/docker/api/types/network"
)

const isolation = "com.docker.network.bridge.enable_icc"

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
	return Network{ID: in.ID, UserDefined: !predefined, Internal: in.Internal, Isolated: in.Options[isolation] == "false"}, nil
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
		Driver: "bridge", Internal: true, Options: map[string]string{isolation: "false"},
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

// Accept decides whether a container may be dialled.
type Accept func(Container) bool

// Dial connects to a port of a running container: on the address it is
// published on, else on its address in the network. The container is looked at
// on every call, because the address of one that ended is given to the next.
func (c *Client) Dial(ctx context.Context, name, networkName string, port int, accept Accept) (net.Conn, error) {
	in, err := c.inspect(ctx, name)
	if err != nil {
		return nil, err
	}
	if one := fromInspect(in); one.Status != Running || !accept(one) {
		return nil, classify(errNotDialable, "dial %s", name)
	}
	address := ""
	if in.NetworkSettings != nil {
		if on := in.NetworkSettings.Networks[networkName]; on != nil && on.IPAddress != "" {
			address = net.JoinHostPort(on.IPAddress, portString(port))
		}
		for _, b := range in.NetworkSettings.Ports[Spec{Port: port}.port()] {
			address = net.JoinHostPort(b.HostIP, b.HostPort)
			break
		}
	}
	if address == "" {
		return nil, classify(errNotDialable, "dial %s", name)
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err // the container's own refusal, not the daemon's
	}
	return conn, nil
}

// errNotDialable: there is no such running container for the one who asks.
var errNotDialable = notDialable{}

type notDialable struct{}

func (notDialable) Error() string { return "no running container to dial" }
func (notDialable) NotFound()     {} // errdefs.IsNotFound

func portString(port int) string { return strconv.Itoa(port) }
