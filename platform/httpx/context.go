package httpx

import (
	"context"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
)

// requestInfo is what is known about a request. It is the request's context as
// well.
type requestInfo struct {
	context.Context
	requestID      string
	user           uuid.UUID
	principal      Principal
	ip             netip.Addr
	agent          string
	idempotencyKey string
	audited        atomic.Int32 // rows that the audit log got for it

	began    time.Time
	endpoint *endpoint // nil when no route took it

	// Where the values of two headers of the answer stand, which differ from
	// request to request.
	idHeader, lengthHeader [1]string
}

func (*requestInfo) headerValue(at *[1]string, value string) []string {
	at[0] = value
	return at[:]
}

type infoKey struct{}

// Value implements context.Context.
func (i *requestInfo) Value(key any) any {
	if key == (infoKey{}) {
		return i
	}
	return i.Context.Value(key)
}

var noInfo requestInfo

// infoOf never is nil: outside a request it is noInfo.
func infoOf(ctx context.Context) *requestInfo {
	if i, ok := ctx.Value(infoKey{}).(*requestInfo); ok {
		return i
	}
	return &noInfo
}

// UserID is the user behind a request on the user surface, else the nil UUID.
func UserID(ctx context.Context) uuid.UUID { return infoOf(ctx).user }

// PrincipalOf is the operator behind a request on the admin surface, else the
// zero value.
func PrincipalOf(ctx context.Context) Principal { return infoOf(ctx).principal }

// RequestID identifies the request in logs, spans, audit rows and push frames.
// It is empty outside a request.
func RequestID(ctx context.Context) string { return infoOf(ctx).requestID }

// ClientIP is the address of the client, as a trusted proxy reported it. It is
// invalid when unknown; use its IsValid.
func ClientIP(ctx context.Context) netip.Addr { return infoOf(ctx).ip }

// UserAgent is the client's User-Agent, cut to 256 bytes. It is text from
// outside.
func UserAgent(ctx context.Context) string { return infoOf(ctx).agent }

// IdempotencyKey is the request's Idempotency-Key, 1 to 64 visible ASCII
// characters, or empty.
func IdempotencyKey(ctx context.Context) string { return infoOf(ctx).idempotencyKey }

// WithCall returns a context that answers the accessors above as a request of
// the given user and operator would. It is for tests of services and for work
// that acts on somebody's behalf.
func WithCall(ctx context.Context, requestID string, user uuid.UUID, principal Principal) context.Context {
	return &requestInfo{Context: ctx, requestID: requestID, user: user, principal: principal}
}

// Audited counts a row in the audit log for the mutation of an operator. Whoever
// writes the row says so after its COMMIT; a mutation that succeeds without
// exactly one is reported as a defect.
func Audited(ctx context.Context) {
	if i := infoOf(ctx); i != &noInfo {
		i.audited.Add(1)
	}
}
