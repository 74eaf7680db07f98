package httpx

import (
	"context"
	"net/netip"

	"github.com/google/uuid"
	"go.uber.org/fx"
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
	// a throttled one when source or username tried too often. The edge has
	// refused malformed credentials before.
	Authenticate(ctx context.Context, username, password string, source netip.Addr) (Principal, error)
}

// Auditor records what operators tried in vain. A mutation that succeeds is
// recorded by its domain, in the transaction that did it.
type Auditor interface {
	// Refused records one admin mutation that ended with an error. It runs
	// after the answer was decided and may use its own transaction.
	Refused(ctx context.Context, e AuditEntry)
}

// Complete is an Auditor whose log has the successes as well: the edge expects
// exactly one row of every mutation, and that it hears of it by Audited.
type Complete interface {
	Auditor
	// Complete only says so.
	Complete()
}

// AuditEntry is one refused or failed mutation on the admin surface.
type AuditEntry struct {
	Actor     string // the user name that was presented; verified only if Role is set
	Role      Role
	Op        string // operation of openapi.yaml
	Target    string // path below /api/v1/admin
	RequestID string
	Source    netip.Addr
	Status    int
	Reason    string // the fault's reason
}

// Gates are the ports that modules bind. A surface whose gate is missing
// refuses every request.
type Gates struct {
	User    UserGate
	Seen    UserSeen
	Admin   AdminGate
	Auditor Auditor
}

func newGates(user UserGate, seen UserSeen, admin AdminGate, auditor Auditor) Gates {
	return Gates{User: user, Seen: seen, Admin: admin, Auditor: auditor}
}

// Check is one condition of /readyz.
type Check struct {
	Name  string
	Check func(ctx context.Context) error // nil error: fulfilled
}

// ProvideCheck feeds conditions into /readyz. Each constructor returns a Check.
func ProvideCheck(constructors ...any) fx.Option {
	options := make([]fx.Option, len(constructors))
	for i, c := range constructors {
		options[i] = fx.Provide(fx.Annotate(c, fx.ResultTags(`group:"readyz"`)))
	}
	return fx.Options(options...)
}
