package user

import (
	"context"

	"github.com/google/uuid"

	"galaxy/backend/modules/mail"
	"galaxy/backend/platform/hook"
	"galaxy/backend/platform/pg"
)

// Mailer is what the domain needs of mail.
type Mailer interface {
	Enqueue(ctx context.Context, tx *pg.Tx, m mail.Message) (uuid.UUID, error)
	EraseAddress(ctx context.Context, tx *pg.Tx, address string) error
	SentTo(ctx context.Context, q pg.Querier, address string, n int) ([]mail.Summary, error)
}

// Reason says why a user departs.
type Reason string

// The reasons of a departure.
const (
	Deleted Reason = "deleted" // by the user or an operator; can be undone for a while
	Blocked Reason = "blocked" // a permanent block
	Erased  Reason = "erased"  // the grace period is over: nothing personal may stay
)

// Departure is called when a user is deleted, blocked for good or erased, in the
// same transaction: a domain gives back or deletes what the user held there. The
// account's row is locked.
type Departure interface {
	Name() string
	Depart(ctx context.Context, tx *pg.Tx, user uuid.UUID, why Reason) error
}

// Export gives everything that a domain holds on a user, as something that can
// be encoded as JSON.
type Export interface {
	Name() string
	Export(ctx context.Context, q pg.Querier, user uuid.UUID) (any, error)
}

// Usage counts how much of each limit a user takes. A domain names only the limits
// that it counts.
type Usage interface {
	Name() string
	Usage(ctx context.Context, q pg.Querier, user uuid.UUID) (map[string]int, error)
}

// Hooks are those that other domains registered, each kind in the order of names.
type Hooks struct {
	Departures []Departure
	Exports    []Export
	Usages     []Usage
}

// NewHooks puts hooks into their order.
func NewHooks(departures []Departure, exports []Export, usages []Usage) Hooks {
	return Hooks{hook.Sorted(departures), hook.Sorted(exports), hook.Sorted(usages)}
}

func (h Hooks) depart(ctx context.Context, tx *pg.Tx, user uuid.UUID, why Reason) error {
	for _, d := range h.Departures {
		if err := d.Depart(ctx, tx, user, why); err != nil {
			return err
		}
	}
	return nil
}
