package notificationtest

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/google/uuid"

	"galaxy/backend/modules/notification"
	"galaxy/backend/platform/pg"
)

// Recorder implements the Notifier port of producers. It keeps the intents of
// committed transactions in the order of their commits, repeats of the same
// kind and key included: whether a producer repeats itself is for its tests to
// say. The zero value is ready, and safe for concurrent use.
type Recorder struct {
	mu      sync.Mutex
	intents []notification.Intent
	err     error
}

// Submit keeps the intent once tx has committed. An intent that the service
// would keep as malformed is the producer's mistake, and an error here.
func (r *Recorder) Submit(_ context.Context, tx *pg.Tx, in notification.Intent) error {
	r.mu.Lock()
	err := r.err
	r.mu.Unlock()
	if err != nil {
		return err
	}
	if err := in.Validate(); err != nil {
		return fmt.Errorf("malformed intent %s %q: %w", in.Kind(), in.Key, err)
	}
	in.Recipients = slices.Clone(in.Recipients)
	tx.OnCommit(func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.intents = append(r.intents, in)
	})
	return nil
}

// FailWith makes every Submit return err, until it is called with nil.
func (r *Recorder) FailWith(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.err = err
}

// Reset forgets what was recorded.
func (r *Recorder) Reset() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.intents = nil
}

// Intents lists what was recorded of these kinds, or everything.
func (r *Recorder) Intents(kinds ...notification.Kind) []notification.Intent {
	return r.filter(func(in notification.Intent) bool {
		return len(kinds) == 0 || slices.Contains(kinds, in.Kind())
	})
}

// SentTo lists what was recorded of these kinds, or of any, for a user.
func (r *Recorder) SentTo(user uuid.UUID, kinds ...notification.Kind) []notification.Intent {
	return slices.DeleteFunc(r.Intents(kinds...), func(in notification.Intent) bool {
		return !slices.Contains(in.Recipients, user)
	})
}

// Kinds lists the kind of every recorded intent.
func (r *Recorder) Kinds() []notification.Kind {
	out := []notification.Kind{}
	for _, in := range r.Intents() {
		out = append(out, in.Kind())
	}
	return out
}

// Count counts the intents of a kind.
func (r *Recorder) Count(kind notification.Kind) int { return len(r.Intents(kind)) }

// CountTo counts the intents of a kind for a user.
func (r *Recorder) CountTo(user uuid.UUID, kind notification.Kind) int {
	return len(r.SentTo(user, kind))
}

// Payloads lists the recorded payloads of a kind, which their type names.
func Payloads[P notification.Payload](r *Recorder) []P {
	var out []P
	for _, in := range r.Intents() {
		if p, ok := in.Payload.(P); ok {
			out = append(out, p)
		}
	}
	return out
}

func (r *Recorder) filter(keep func(notification.Intent) bool) []notification.Intent {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []notification.Intent
	for _, in := range r.intents {
		if keep(in) {
			out = append(out, in)
		}
	}
	return out
}
