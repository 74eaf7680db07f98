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

// ApplySanction applies a sanction and tells the user by mail. One of each kind
// can be active: the same again returns it, other terms are ErrSanctioned. A
// permanent block takes effect on sessions, seats and games in the same
// transaction. It reports false when nothing was inserted.
func (s *Service) ApplySanction(ctx context.Context, id uuid.UUID, terms SanctionTerms,
) (_ Sanction, inserted bool, _ error) {
	terms.ExpiresAt = pg.Microseconds(terms.ExpiresAt)
	var out Sanction
	key, err := newIdempotency(ctx, "sanction", id, terms)
	if err != nil {
		return Sanction{}, false, err
	}
	err = s.update(ctx, id, func(ctx context.Context, tx *pg.Tx, r *record) error {
		inserted = false
		earlier, err := replayed(key, func(key string) (Sanction, error) {
			return s.store.sanctionByKey(ctx, tx, actor(ctx), key)
		})
		if err == nil && earlier == nil {
			earlier, err = s.findActiveSanction(ctx, tx, r, terms)
		}
		if err != nil {
			return err
		}
		if earlier != nil {
			out = *earlier
		} else {
			inserted = true
			if out, err = s.insertSanction(ctx, tx, r, terms, key); err != nil {
				return err
			}
		}
		return s.audit.Record(ctx, tx, admin.Entry{Action: "user.sanction.apply", Target: auditTarget(id),
			After: map[string]any{"sanction_id": out.ID, "kind": out.Kind, "reason": out.Reason, "expires_at": out.ExpiresAt,
				"repeated": !inserted}})
	})
	if err != nil {
		return Sanction{}, false, fmt.Errorf("sanction user %s: %w", id, keyConflict(err))
	}
	return out, inserted, nil
}

// findActiveSanction returns the active sanction of the kind, nil when there is
// none, and ErrSanctioned when it has other terms. One that has ended is removed,
// so that another can be inserted.
func (s *Service) findActiveSanction(ctx context.Context, tx *pg.Tx, r *record, terms SanctionTerms,
) (*Sanction, error) {
	now := s.clock.Now()
	current, err := s.store.currentSanction(ctx, tx, r.ID, terms.Kind)
	if err != nil || current == nil {
		return nil, err
	}
	if !current.Active(now) {
		s.removeSanction(tx, r, current.ID, *current.ExpiresAt, systemActor)
		return nil, nil
	}
	if current.Reason != terms.Reason || !sameTime(current.ExpiresAt, terms.ExpiresAt) {
		return nil, ErrSanctioned.With("sanction_id", current.ID)
	}
	return current, nil
}

func (s *Service) removeSanction(tx *pg.Tx, r *record, id uuid.UUID, at time.Time, by string) {
	s.store.removeSanction(tx, id, at, by)
	r.removeSanction(id)
}

func (s *Service) insertSanction(ctx context.Context, tx *pg.Tx, r *record, terms SanctionTerms, key idempotency,
) (Sanction, error) {
	now := s.clock.Now()
	if err := checkEnd("expires_at", terms.ExpiresAt, now); err != nil {
		return Sanction{}, err
	}
	x := Sanction{ID: newID(), UserID: r.ID, Kind: terms.Kind, Reason: terms.Reason, InternalNote: terms.InternalNote,
		Actor: actor(ctx), AppliedAt: now, ExpiresAt: terms.ExpiresAt, idempotency: key}
	s.store.insertSanction(tx, x)
	r.Sanctions = append(r.Sanctions, x.visible())
	if x.Kind == PermanentBlock {
		if err := s.hooks.depart(ctx, tx, r.ID, Blocked); err != nil {
			return Sanction{}, err
		}
	}
	return x, s.sendSanctionMail(ctx, tx, r, x)
}

func (s *Service) sendSanctionMail(ctx context.Context, tx *pg.Tx, r *record, x Sanction) error {
	data := map[string]any{"sanction": string(x.Kind), "reason": x.Reason, "expires_at": nil}
	if x.ExpiresAt != nil {
		data["expires_at"] = *x.ExpiresAt
	}
	_, err := s.mail.Enqueue(ctx, tx, mail.Message{Template: "account.sanction.applied", To: r.Email, UserID: r.ID,
		Data: data})
	return err
}

// LiftSanction ends a sanction of the user before its time. One that is over
// already stays as it is.
func (s *Service) LiftSanction(ctx context.Context, id, sanction uuid.UUID) error {
	err := s.update(ctx, id, func(ctx context.Context, tx *pg.Tx, r *record) error {
		x, err := s.store.sanction(ctx, tx, id, sanction)
		if err != nil {
			return err
		}
		if x == nil {
			return ErrNoSanction
		}
		now := s.clock.Now()
		if x.Active(now) {
			s.removeSanction(tx, r, x.ID, now, actor(ctx))
		}
		return s.audit.Record(ctx, tx, admin.Entry{Action: "user.sanction.lift", Target: auditTarget(id),
			Before: map[string]any{"sanction_id": x.ID, "kind": x.Kind, "active": x.Active(now)},
			After:  map[string]any{"active": false}})
	})
	if err != nil {
		return fmt.Errorf("lift a sanction of user %s: %w", id, err)
	}
	return nil
}
