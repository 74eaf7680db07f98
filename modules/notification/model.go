package notification

import (
	"encoding/json"
	"time"

	"github.com/google/uuid"
)

// Intent is what a domain wants people to know.
type Intent struct {
	Kind Kind
	// Key makes the intent idempotent together with Kind.
	Key string
	// Fresh says that Key was made just now, from a new id: it cannot be
	// taken, so nothing has to be read.
	Fresh bool
	// Recipients are users, each told once; empty for the operators' kinds.
	Recipients []uuid.UUID
	Payload    map[string]any
}

// Channel is a way to a recipient.
type Channel string

// The channels.
const (
	Push       Channel = "push"
	Email      Channel = "email"
	AdminEmail Channel = "admin_email"
)

// RouteStatus is a route's state.
type RouteStatus string

// The states of a route. Published is push's only one.
const (
	Pending      RouteStatus = "pending"
	Delivering   RouteStatus = "delivering"
	Retrying     RouteStatus = "retrying"
	Delivered    RouteStatus = "delivered"
	Published    RouteStatus = "published"
	Skipped      RouteStatus = "skipped"
	DeadLettered RouteStatus = "dead_lettered"
)

// Item is an entry of a user's inbox.
type Item struct {
	ID        uuid.UUID       `db:"notification_id"`
	Kind      Kind            `db:"kind"`
	Payload   json.RawMessage `db:"payload"`
	CreatedAt time.Time       `db:"created_at"`
	ReadAt    *time.Time      `db:"read_at"`
}

// route is a row to be written.
type route struct {
	id      uuid.UUID
	user    uuid.UUID // Nil for operators
	channel Channel
	status  RouteStatus
}
