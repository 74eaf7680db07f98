package auth

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/modules/admin"
	"galaxy/backend/platform/pg"
)

// touchInterval is how exact last_seen_at is: a busy session writes at most once
// in this time.
const touchInterval = time.Minute

// Session returns a device session from the cache, active or revoked, or
// ErrNotFound.
func (s *Service) Session(ctx context.Context, id uuid.UUID) (Session, error) {
	session, ok, err := s.sessions.Get(ctx, id)
	if err != nil {
		return Session{}, fmt.Errorf("read device session %s: %w", id, err)
	}
	if !ok {
		return Session{}, ErrNotFound
	}
	return session, nil
}

// Sessions lists a user's sessions, newest first.
func (s *Service) Sessions(ctx context.Context, f SessionFilter) ([]Session, error) {
	rows, err := s.store.sessions(ctx, s.db, f)
	if err != nil {
		return nil, fmt.Errorf("list device sessions: %w", err)
	}
	return rows, nil
}

// Touch records that an active session was just used. A revoked one is ErrNotFound.
func (s *Service) Touch(ctx context.Context, id uuid.UUID) error {
	session, err := s.Session(ctx, id)
	if err != nil {
		return err
	}
	if session.Status != Active {
		return ErrNotFound
	}
	now := s.clock.Now()
	if now.Sub(session.LastSeenAt) < touchInterval {
		return nil
	}
	err = s.db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error {
		touched, err := s.store.touch(ctx, tx, id, now)
		if err == nil {
			s.sessions.Put(tx, id, touched)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("touch device session %s: %w", id, err)
	}
	return nil
}

// Revoke revokes a session for the gateway or an operator; revoking it again
// changes nothing.
func (s *Service) Revoke(ctx context.Context, id uuid.UUID, reason RevocationReason) error {
	session, err := s.Session(ctx, id)
	if err != nil {
		return err
	}
	return s.revoke(ctx, session, reason)
}

// RevokeOwn revokes a session for the user that it belongs to; for others it is
// ErrNotFound.
func (s *Service) RevokeOwn(ctx context.Context, user, id uuid.UUID) error {
	session, err := s.Session(ctx, id)
	if err != nil {
		return err
	}
	if session.UserID != user {
		return ErrNotFound
	}
	return s.revoke(ctx, session, RevokedByUser)
}

// revoke leaves an audit row for an operator even if the session was revoked before.
func (s *Service) revoke(ctx context.Context, session Session, reason RevocationReason) error {
	if session.Status == Revoked && reason != RevokedByOperator {
		return nil
	}
	err := s.db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error {
		if err := s.revoker.Revoke(ctx, tx, []uuid.UUID{session.ID}, reason); err != nil {
			return err
		}
		return s.recordOperator(ctx, tx, reason, admin.Entry{Action: "session.revoke",
			Target: "session:" + session.ID.String(), After: map[string]any{"user_id": session.UserID}})
	})
	if err != nil {
		return fmt.Errorf("revoke device session %s: %w", session.ID, err)
	}
	return nil
}

// RevokeOthers revokes every session of a user but one, which has to be active and
// the user's, and returns how many were revoked.
func (s *Service) RevokeOthers(ctx context.Context, user, keep uuid.UUID) (int, error) {
	session, err := s.Session(ctx, keep)
	if err != nil {
		return 0, err
	}
	if session.UserID != user || session.Status != Active {
		return 0, ErrNotFound
	}
	return s.revokeAll(ctx, user, &keep, RevokedByUser)
}

// RevokeAll revokes every session of a user and returns how many were revoked.
func (s *Service) RevokeAll(ctx context.Context, user uuid.UUID, reason RevocationReason) (int, error) {
	return s.revokeAll(ctx, user, nil, reason)
}

func (s *Service) revokeAll(
	ctx context.Context, user uuid.UUID, except *uuid.UUID, reason RevocationReason,
) (n int, err error) {
	err = s.db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error {
		if n, err = s.revoker.RevokeAll(ctx, tx, user, except, reason); err != nil {
			return err
		}
		return s.recordOperator(ctx, tx, reason, admin.Entry{Action: "session.revoke_all",
			Target: "user:" + user.String(), After: map[string]any{"revoked": n}})
	})
	if err != nil {
		return 0, fmt.Errorf("revoke the device sessions of user %s: %w", user, err)
	}
	return n, nil
}

// recordOperator leaves an audit row when an operator acts.
func (s *Service) recordOperator(ctx context.Context, tx *pg.Tx, reason RevocationReason, e admin.Entry) error {
	if reason != RevokedByOperator {
		return nil
	}
	return s.audit.Record(ctx, tx, e)
}
