package push

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/google/uuid"

	pushv1 "galaxy/backend/proto/push/v1"
)

// Event is something a client is told. Marshal is called once per event.
type Event interface {
	Kind() string
	Marshal() ([]byte, error)
}

// Outgoing addresses an event. A nil device session means all of the user's.
type Outgoing struct {
	UserID          uuid.UUID
	DeviceSessionID uuid.UUID
	EventID         string
	RequestID       string
	TraceID         string
	Event           Event
}

// Invalidation tells gateways to drop sessions. A nil device session means every
// session of the user up to At.
type Invalidation struct {
	UserID          uuid.UUID
	DeviceSessionID uuid.UUID
	Reason          string // user, operator, sanction, deleted, replaced
	At              time.Time
}

// Replay reads what a gateway without a cursor needs: the revocations since a
// time.
type Replay interface {
	Name() string
	Recent(ctx context.Context, since time.Time) ([]Invalidation, error)
}

// frame is one event on its way to every subscriber. It is shared and never
// changed after it was made.
type frame struct {
	seq   uint64
	at    time.Time
	event *pushv1.PushEvent
	// replayed frames are one subscriber's, read from the database when it
	// subscribed: how many there are is not its fault.
	replayed bool
}

// mustDeliver reports whether the frame may never be dropped; too many of those
// end the stream.
func (f *frame) mustDeliver() bool { return f.event.GetSessionInvalidation() != nil && !f.replayed }

// cursorDigits is the length of the longest uint64.
const cursorDigits = 20

func cursorOf(seq uint64) string { return fmt.Sprintf("%0*d", cursorDigits, seq) }

// parseCursor accepts only what cursorOf makes, so that the order of strings is
// the order of numbers.
func parseCursor(s string) (uint64, bool) {
	if len(s) != cursorDigits {
		return 0, false
	}
	for _, c := range s {
		if c < '0' || c > '9' {
			return 0, false
		}
	}
	n, err := strconv.ParseUint(s, 10, 64)
	return n, err == nil
}

// Subscriber is what operators see of a connected gateway.
type Subscriber struct {
	GatewayClientID string
	Since           time.Time
	Cursor          string // of the last frame handed to the connection
	Buffered        int
	Delivered       uint64
	Dropped         uint64
}
