package user

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"galaxy/backend/modules/admin"
	"galaxy/backend/platform/pg"
)

// AddNote writes down what operators should know about a user. It reports false
// when the call is a repeat by its Idempotency-Key.
func (s *Service) AddNote(ctx context.Context, id uuid.UUID, text string) (out Note, inserted bool, err error) {
	key, err := newIdempotency(ctx, "note", id, text)
	if err != nil {
		return Note{}, false, err
	}
	err = s.db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error {
		inserted = false
		r, err := s.store.lock(ctx, tx, id)
		if err == nil && r.ErasedAt != nil {
			err = ErrErased
		}
		if err != nil {
			return err
		}
		earlier, err := replayed(key, func(key string) (Note, error) { return s.store.noteByKey(ctx, tx, actor(ctx), key) })
		if err != nil {
			return err
		}
		if earlier != nil {
			out = *earlier
		} else {
			inserted = true
			out = Note{ID: newID(), UserID: id, Actor: actor(ctx), Text: text, CreatedAt: s.clock.Now(), idempotency: key}
			s.store.insertNote(tx, out)
		}
		return s.audit.Record(ctx, tx, admin.Entry{Action: "user.note.add", Target: auditTarget(id),
			After: map[string]any{"note_id": out.ID, "repeated": !inserted}})
	})
	if err != nil {
		return Note{}, false, fmt.Errorf("note about user %s: %w", id, keyConflict(err))
	}
	return out, inserted, nil
}
