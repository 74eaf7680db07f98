package docker

import (
	"context"
	"net"
)

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
		return nil, classify(errNotRunning, "dial %s", name)
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
		return nil, classify(errNotRunning, "dial %s", name)
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err // the container's own refusal, not the daemon's
	}
	return conn, nil
}

// errNotRunning: no such container runs, or not for the one who asks.
var errNotRunning = notRunning{}

type notRunning struct{}

func (notRunning) Error() string { return "the container does not run" }
func (notRunning) NotFound()     {} // errdefs.IsNotFound
