package user

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/modules/admin"
	"galaxy/backend/modules/mail"
	"galaxy/backend/platform/pg"
)

// SanctionTerms is a sanction to apply.
type SanctionTerms struct {
	Kind         SanctionKind `json:"kind"`
	Reason       string       `json:"reason"` // shown to the user
	InternalNote string       `json:"internal_note"`
	ExpiresAt    *time.Time   `json:"expires_at"` // nil: until it is lifted
}

// ApplySanction applies a sanction and tells the user by mail. One of each kind can
// be active: the same again returns it, other terms are ErrSanctioned. A
// permanent block takes effect on sessions, seats and games in the same
// transaction. It reports false when nothing was made.
func (s *Service) ApplySanction(ctx context.Context, id uuid.UUID, p SanctionTerms) (out Sanction, made bool, err error) {
	once, err := onceFor(ctx, "sanction", id, p)
	if err != nil {
		return Sanction{}, false, err
	}
	err = s.change(ctx, id, func(ctx context.Context, tx *pg.Tx, f *facts) error {
		made = false
		before, err := repeated(once, func(key string) (Sanction, error) { return s.store.sanctionByKey(ctx, tx, actor(ctx), key) })
		if err == nil && before == nil {
			before, err = s.inForce(ctx, tx, f, p)
		}
		if err != nil {
			return err
		}
		if out = deref(before); before == nil {
			made = true
			if out, err = s.apply(ctx, tx, f, p, once); err != nil {
				return err
			}
		}
		return s.audit.Record(ctx, tx, admin.Entry{Action: "user.sanction.apply", Target: target(id), After: map[string]any{
			"sanction_id": out.ID, "kind": out.Kind, "reason": out.Reason, "expires_at": out.ExpiresAt, "repeated": !made}})
	})
	if err != nil {
		return Sanction{}, false, fmt.Errorf("sanction user %s: %w", id, clash(err))
	}
	return out, made, nil
}

// inForce returns the active sanction of the kind if it has these terms. One
// that has ended is closed, to make room.
func (s *Service) inForce(ctx context.Context, tx *pg.Tx, f *facts, p SanctionTerms) (*Sanction, error) {
	now := s.clock.Now()
	live, err := s.store.liveSanction(ctx, tx, f.ID, p.Kind)
	if err != nil || live == nil {
		return nil, err
	}
	if !live.Active(now) {
		s.lift(tx, f, live.ID, *live.ExpiresAt, system)
		return nil, nil
	}
	if live.Reason != p.Reason || !sameTime(live.ExpiresAt, p.ExpiresAt) {
		return nil, ErrSanctioned.With("sanction_id", live.ID)
	}
	return live, nil
}

// lift takes a sanction off the facts and the table.
func (s *Service) lift(tx *pg.Tx, f *facts, id uuid.UUID, at time.Time, by string) {
	s.store.removeSanction(tx, id, at, by)
	f.pardon(id)
}

func (s *Service) apply(ctx context.Context, tx *pg.Tx, f *facts, p SanctionTerms, once onceOnly) (Sanction, error) {
	now := s.clock.Now()
	if err := checkEnd("expires_at", p.ExpiresAt, now); err != nil {
		return Sanction{}, err
	}
	x := Sanction{ID: newID(), UserID: f.ID, Kind: p.Kind, Reason: p.Reason, InternalNote: p.InternalNote, Actor: actor(ctx), AppliedAt: now,
		ExpiresAt: p.ExpiresAt, onceOnly: once}
	s.store.insertSanction(tx, x)
	f.Sanctions = append(f.Sanctions, ActiveSanction{ID: x.ID, Kind: x.Kind, Reason: x.Reason, AppliedAt: now, ExpiresAt: x.ExpiresAt})
	if x.Kind == PermanentBlock {
		if err := s.hooks.depart(ctx, tx, f.ID, Blocked); err != nil {
			return Sanction{}, err
		}
	}
	return x, s.tell(ctx, tx, f, x)
}

func (s *Service) tell(ctx context.Context, tx *pg.Tx, f *facts, x Sanction) error {
	data := map[string]any{"sanction": string(x.Kind), "reason": x.Reason, "expires_at": nil}
	if x.ExpiresAt != nil {
		data["expires_at"] = *x.ExpiresAt
	}
	_, err := s.mail.Enqueue(ctx, tx, mail.Message{Template: "account.sanction.applied", To: f.Email, UserID: f.ID, Data: data})
	return err
}

// LiftSanction ends a sanction of the user before its time. One that is over already
// stays as it is.
func (s *Service) LiftSanction(ctx context.Context, id, sanction uuid.UUID) error {
	err := s.change(ctx, id, func(ctx context.Context, tx *pg.Tx, f *facts) error {
		x, err := s.store.sanction(ctx, tx, id, sanction)
		if err != nil {
			return err
		}
		if x == nil {
			return ErrNoSanction
		}
		now := s.clock.Now()
		if x.Active(now) {
			s.lift(tx, f, x.ID, now, actor(ctx))
		}
		return s.audit.Record(ctx, tx, admin.Entry{Action: "user.sanction.lift", Target: target(id),
			Before: map[string]any{"sanction_id": x.ID, "kind": x.Kind, "active": x.Active(now)}, After: map[string]any{"active": false}})
	})
	if err != nil {
		return fmt.Errorf("lift a sanction of user %s: %w", id, err)
	}
	return nil
}

// Note writes down what operators should know about a user. It reports false
// when the call is a repeat by its Idempotency-Key.
func (s *Service) Note(ctx context.Context, id uuid.UUID, text string) (out Note, made bool, err error) {
	once, err := onceFor(ctx, "note", id, text)
	if err != nil {
		return Note{}, false, err
	}
	err = s.db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error {
		made = false
		f, err := s.store.lock(ctx, tx, id)
		if err == nil && f.ErasedAt != nil {
			err = ErrErased
		}
		if err != nil {
			return err
		}
		before, err := repeated(once, func(key string) (Note, error) { return s.store.noteByKey(ctx, tx, actor(ctx), key) })
		if err != nil {
			return err
		}
		if out = deref(before); before == nil {
			made = true
			out = Note{ID: newID(), UserID: id, Actor: actor(ctx), Text: text, CreatedAt: s.clock.Now(), onceOnly: once}
			s.store.insertNote(tx, out)
		}
		return s.audit.Record(ctx, tx, admin.Entry{Action: "user.note.add", Target: target(id), After: map[string]any{"note_id": out.ID, "repeated": !made}})
	})
	if err != nil {
		return Note{}, false, fmt.Errorf("note about user %s: %w", id, clash(err))
	}
	return out, made, nil
}
