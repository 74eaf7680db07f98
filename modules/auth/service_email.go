package auth

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/modules/mail"
	"galaxy/backend/modules/user"
	"galaxy/backend/modules/user/person"
	"galaxy/backend/platform/pg"
)

// SendEmailChange issues a challenge for giving the account another address and
// mails its code there. An address that somebody else has looks the same, and
// gets no mail.
func (s *Service) SendEmailChange(ctx context.Context, id uuid.UUID, email string) (Issued, error) {
	canonical, err := person.NormalizeEmail(email)
	if err != nil {
		return Issued{}, err
	}
	who, err := s.near.Accounts.Snapshot(ctx, id)
	if err != nil {
		return Issued{}, err
	}
	if who.Has(user.ProfileUpdateBlock, s.clock.Now()) {
		return Issued{}, user.ErrProfileBlocked
	}
	if who.Email == email {
		return Issued{}, ErrSameEmail
	}
	c := challenge{Purpose: EmailChange, UserID: &id, Email: email, Canonical: canonical, Language: who.Language}
	return s.issue(ctx, c, emailChangeCode, func(ctx context.Context, tx *pg.Tx) (bool, error) {
		other, taken, err := s.near.Users.FindByEmail(ctx, tx, canonical)
		return taken && other.ID != id, err
	})
}

// ConfirmEmailChange gives the account the address that the challenge was mailed
// to, tells the old one, and returns the new one. A repeat returns it again.
func (s *Service) ConfirmEmailChange(ctx context.Context, id, challengeID uuid.UUID, text string) (string, error) {
	code, ok := normalizeCode(text)
	if !ok {
		return "", ErrCode
	}
	var now string
	err := s.judged(ctx, challengeID, EmailChange, code, func(ctx context.Context, tx *pg.Tx, c challenge) error {
		if *c.UserID != id {
			return ErrCode
		}
		now = c.Email
		if c.Consumed != nil {
			return s.changedAlready(ctx, tx, c)
		}
		s.store.consume(tx, c, s.clock.Now())
		return s.changeEmail(ctx, tx, c)
	})
	if err != nil {
		return "", fmt.Errorf("confirm a change of address: %w", err)
	}
	return now, nil
}

// changedAlready accepts a repeat while its result still stands.
func (s *Service) changedAlready(ctx context.Context, tx *pg.Tx, c challenge) error {
	who, err := s.near.Accounts.Lock(ctx, tx, *c.UserID)
	if err == nil && who.Email != c.Email {
		return ErrCode
	}
	return err
}

func (s *Service) changeEmail(ctx context.Context, tx *pg.Tx, c challenge) error {
	old, err := s.near.Users.ChangeEmail(ctx, tx, *c.UserID, c.Email)
	if err != nil || old == c.Email {
		return err
	}
	_, err = s.near.Mail.Enqueue(ctx, tx, mail.Message{Template: "account.email_changed", To: old, UserID: *c.UserID,
		Data: map[string]any{"new_email_masked": person.MaskEmail(c.Email), "at": s.clock.Now().Format(time.RFC3339)}})
	return err
}
