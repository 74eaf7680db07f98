package httpx

import (
	"context"
	"net/netip"
	"sync/atomic"

	"github.com/google/uuid"
)

// call is what the edge knows about a request. It is the request's context as
// well, which saves the copy of the request that Request.WithContext makes.
type call struct {
	context.Context
	requestID      string
	user           uuid.UUID
	principal      Principal
	ip             netip.Addr
	agent          string
	idempotencyKey string
	audited        atomic.Int32 // rows that the audit log got for it
}

type callKey struct{}

// Value implements context.Context.
func (c *call) Value(key any) any {
	if key == (callKey{}) {
		return c
	}
	return c.Context.Value(key)
}

var noCall call

func of(ctx context.Context) *call {
	if c, ok := ctx.Value(callKey{}).(*call); ok {
		return c
	}
	return &noCall
}

// UserID is the user behind a request on the user surface, else the nil UUID.
func UserID(ctx context.Context) uuid.UUID { return of(ctx).user }

// PrincipalOf is the operator behind a request on the admin surface, else the
// zero value.
func PrincipalOf(ctx context.Context) Principal { return of(ctx).principal }

// RequestID identifies the request in logs, spans, audit rows and push frames.
// It is empty outside a request.
func RequestID(ctx context.Context) string { return of(ctx).requestID }

// ClientIP is the address of the client, as a trusted proxy reported it. It is
// invalid when unknown; use its IsValid.
func ClientIP(ctx context.Context) netip.Addr { return of(ctx).ip }

// UserAgent is the client's User-Agent, cut to 256 bytes. It is text from
// outside.
func UserAgent(ctx context.Context) string { return of(ctx).agent }

// IdempotencyKey is the request's Idempotency-Key, 1 to 64 visible ASCII
// characters, or empty.
func IdempotencyKey(ctx context.Context) string { return of(ctx).idempotencyKey }

// WithCall returns a context that answers the accessors above as a request of
// the given user and operator would. It is for tests of services and for work
// that acts on somebody's behalf.
func WithCall(ctx context.Context, requestID string, user uuid.UUID, principal Principal) context.Context {
	return &call{Context: ctx, requestID: requestID, user: user, principal: principal}
}

// Audited tells the edge that a mutation of an operator has its row in the audit
// log. Whoever writes the row says so after its COMMIT; a mutation that succeeds
// without exactly one is reported as a defect.
func Audited(ctx context.Context) {
	if c := of(ctx); c != &noCall {
		c.audited.Add(1)
	}
}
