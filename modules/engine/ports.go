package engine

import (
	"context"
	"net"
)

// Dialer reaches engines by name. The address is always
// galaxy-game-{game_id}:8080; which machine, port or process that is now is the
// runtime driver's knowledge.
type Dialer interface {
	DialContext(ctx context.Context, network, addr string) (net.Conn, error)
}
