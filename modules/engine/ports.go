package engine

import (
	"context"
	"net"
)

// Dialer reaches engines by name. The address is always
// galaxy-game-{game_id}:8080; the runtime's driver knows which machine, port or
// process that is.
type Dialer interface {
	DialContext(ctx context.Context, network, addr string) (net.Conn, error)
}
