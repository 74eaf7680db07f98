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
// mails its code there. An address that another account has gets the same answer,
// and no mail.
func (s *Service) SendEmailChange(ctx context.Context, id uuid.UUID, email string) (IssuedChallenge, error) {
	canonical, err := person.NormalizeEmail(email)
	if err != nil {
		return IssuedChallenge{}, err
	}
	current, err := s.accounts.Snapshot(ctx, id)
	if err != nil {
		return IssuedChallenge{}, err
	}
	if current.Has(user.ProfileUpdateBlock, s.clock.Now()) {
		return IssuedChallenge{}, user.ErrProfileBlocked
	}
	if current.Email == email {
		return IssuedChallenge{}, ErrSameEmail
	}
	c := challenge{Purpose: EmailChange, UserID: &id, Email: email, Canonical: canonical, Language: current.Language}
	return s.issue(ctx, c, emailChangeCodeTemplate, func(ctx context.Context, tx *pg.Tx) (bool, error) {
		other, taken, err := s.users.FindByEmail(ctx, tx, canonical)
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
	var email string
	err := s.withVerifiedCode(ctx, challengeID, EmailChange, code,
		func(ctx context.Context, tx *pg.Tx, c challenge) error {
			if *c.UserID != id {
				return ErrCode
			}
			email = c.Email
			if c.UsedAt != nil {
				return s.checkRepeatedChange(ctx, tx, c)
			}
			s.store.consume(tx, c, s.clock.Now())
			return s.changeEmail(ctx, tx, c)
		})
	if err != nil {
		return "", fmt.Errorf("confirm a change of address: %w", err)
	}
	return email, nil
}

// checkRepeatedChange accepts a repeat as long as the account has the address.
func (s *Service) checkRepeatedChange(ctx context.Context, tx *pg.Tx, c challenge) error {
	current, err := s.accounts.Lock(ctx, tx, *c.UserID)
	if err == nil && current.Email != c.Email {
		return ErrCode
	}
	return err
}

func (s *Service) changeEmail(ctx context.Context, tx *pg.Tx, c challenge) error {
	old, err := s.users.ChangeEmail(ctx, tx, *c.UserID, c.Email)
	if err != nil || old == c.Email {
		return err
	}
	_, err = s.mailer.Enqueue(ctx, tx, mail.Message{Template: "account.email_changed", To: old, UserID: *c.UserID,
		Data: map[string]any{"new_email_masked": person.MaskEmail(c.Email), "at": s.clock.Now().Format(time.RFC3339)}})
	return err
}
