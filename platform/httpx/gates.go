package httpx

import (
	"context"
	"net/netip"

	"github.com/google/uuid"
)

// UserGate decides whether a user may use the user surface at all. It answers
// from memory; it runs on every request.
type UserGate interface {
	// Admit returns an unauthenticated fault for an account that does not
	// exist or is deleted, a forbidden one for a blocked account.
	Admit(ctx context.Context, user uuid.UUID) error
}

// UserSeen is told of every admitted request. It must not block.
type UserSeen interface {
	// Seen counts. The address is invalid when it is unknown.
	Seen(user uuid.UUID, ip netip.Addr)
}

// AdminGate knows the operators.
type AdminGate interface {
	// Authenticate returns an unauthenticated fault for wrong credentials and
	// a throttled one when source or username tried too often. Malformed
	// credentials never get here.
	Authenticate(ctx context.Context, username, password string, source netip.Addr) (Principal, error)
}

// Gates are the ports that modules bind. A surface whose gate is missing
// refuses every request.
type Gates struct {
	User    UserGate
	Seen    UserSeen
	Admin   AdminGate
	Auditor Auditor
}

// Check is one condition of /readyz.
type Check struct {
	Name  string
	Check func(ctx context.Context) error // nil error: fulfilled
}
