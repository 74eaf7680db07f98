package notification

import (
	"encoding/json"
	"time"

	"github.com/google/uuid"
)

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

// InboxItem is an entry of a user's inbox.
type InboxItem struct {
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
