package mail

import (
	"time"

	"github.com/google/uuid"
)

// Status is a delivery's state.
type Status string

// The states of a delivery.
const (
	Pending      Status = "pending"
	Sending      Status = "sending"
	Retrying     Status = "retrying"
	Sent         Status = "sent"
	DeadLettered Status = "dead_lettered"
	Cancelled    Status = "cancelled"
	Suppressed   Status = "suppressed" // recorded, never sent: the same work as a real one
	Expired      Status = "expired"    // its not_after passed first
)

// Resendable reports whether an operator may send the delivery again.
func (s Status) Resendable() bool { return s == Pending || s == Retrying || s == DeadLettered }

// Outcome is how an attempt ended.
type Outcome string

// The outcomes of an attempt.
const (
	Delivered  Outcome = "delivered"
	Rejected   Outcome = "rejected"    // the relay answered 5xx: permanent
	Transient  Outcome = "transient"   // 4xx, or the network broke before the message was handed over
	Unknown    Outcome = "unknown"     // the network broke after the final dot, or the worker died
	RelayFault Outcome = "relay_fault" // the relay itself cannot be used
	NotStarted Outcome = "not_started" // claimed, then returned to the queue
	Invalid    Outcome = "invalid"     // no message can be made of it
)

// Message is what a producer enqueues.
type Message struct {
	Template string         // one of the files in templates/
	Key      string         // unique per template
	To       string         // one address
	Data     map[string]any // what the template names
	// NotAfter, when set, is when the mail has lost its purpose: it is not
	// sent any more.
	NotAfter   time.Time
	Suppressed bool      // record it, never send it
	Secret     bool      // the payload is scrubbed once settled
	UserID     uuid.UUID // whose mail it is; may be Nil
}

// DeadLetter is what observers are told.
type DeadLetter struct {
	DeliveryID uuid.UUID
	Template   string
	Attempt    int // the last one; a resend may lead to another dead letter
	Reason     string
}

// Delivery is a delivery as operators see it: without its payload.
type Delivery struct {
	ID            uuid.UUID  `db:"delivery_id"`
	Template      string     `db:"template_id"`
	Recipient     string     `db:"recipient"`
	UserID        *uuid.UUID `db:"user_id"`
	Status        Status     `db:"status"`
	Attempts      int        `db:"attempts"`
	NextAttemptAt time.Time  `db:"next_attempt_at"`
	LastOutcome   *string    `db:"last_outcome"`
	Subject       string     `db:"subject"`
	Secret        bool       `db:"secret"`
	Scrubbed      bool       `db:"scrubbed"`
	CreatedAt     time.Time  `db:"created_at"`
	SettledAt     *time.Time `db:"settled_at"`
}

// Attempt is one entry of a delivery's log.
type Attempt struct {
	No         int        `db:"attempt_no"`
	StartedAt  time.Time  `db:"started_at"`
	FinishedAt *time.Time `db:"finished_at"`
	Outcome    *Outcome   `db:"outcome"`
	Detail     *string    `db:"detail"`
}
