package auth

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/modules/mail"
	"galaxy/backend/modules/user/person"
	"galaxy/backend/platform/httpx"
	"galaxy/backend/platform/pg"
)

// What one address and one network may make us mail, and one account to all the
// addresses that it wants to change to. Past these caps the answer is the same
// and no mail leaves.
const (
	mailsPerHour         = 10
	mailsPerDay          = 30
	mailsPerSourceMinute = 30
)

const (
	loginCode       = "auth.login_code"
	emailChangeCode = "auth.email_change_code"
)

// SendCode issues a challenge for signing in with an address and mails its code,
// in one transaction.
func (s *Service) SendCode(ctx context.Context, email, language string) (Issued, error) {
	canonical, err := person.NormalizeEmail(email)
	if err != nil {
		return Issued{}, err
	}
	if language, err = person.NormalizeLanguage("language", language); err != nil {
		return Issued{}, err
	}
	c := challenge{Purpose: SignIn, Email: email, Canonical: canonical, Language: language}
	return s.issue(ctx, c, loginCode, func(ctx context.Context, tx *pg.Tx) (bool, error) {
		return s.users.LoginBlocked(ctx, tx, canonical)
	})
}

// issue writes the challenge and its mail, or answers with the newest challenge
// of an address that asked too often. hushed says whether the mail is to be
// suppressed; it is always asked, so that all addresses cost the same.
func (s *Service) issue(ctx context.Context, c challenge, template string, hushed func(context.Context, *pg.Tx) (bool, error)) (Issued, error) {
	var err error
	if c.ID, err = uuid.NewV7(); err != nil {
		return Issued{}, fmt.Errorf("make a challenge id: %w", err)
	}
	now := s.clock.Now()
	c.CreatedAt, c.ExpiresAt, c.Source = now, now.Add(s.cfg.ChallengeTTL), network(httpx.ClientIP(ctx))
	code := newCode()
	c.MAC = s.keys.sign(c.ID, code)
	var out Issued
	err = s.db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error {
		at, err := s.store.standing(ctx, tx, c, s.cfg.ChallengeThrottleWindow)
		if err != nil {
			return err
		}
		quiet, err := hushed(ctx, tx)
		if err != nil {
			return err
		}
		if at.Live >= s.cfg.ChallengeThrottleMax {
			out = Issued{ChallengeID: *at.Newest, ExpiresAt: *at.ExpiresAt}
			return nil
		}
		out = Issued{ChallengeID: c.ID, ExpiresAt: c.ExpiresAt}
		c.Mailed = !quiet && at.mayMail()
		s.store.insertChallenge(tx, c)
		_, err = s.mailer.Enqueue(ctx, tx, mail.Message{Template: template, To: c.Email, NotAfter: c.ExpiresAt, Secret: true,
			Suppressed: !c.Mailed, UserID: owner(c.UserID), Data: map[string]any{"code": showCode(code), "ttl_minutes": minutes(s.cfg.ChallengeTTL)}})
		return err
	})
	if err != nil {
		return Issued{}, fmt.Errorf("issue a challenge: %w", err)
	}
	return out, nil
}

func owner(id *uuid.UUID) uuid.UUID {
	if id == nil {
		return uuid.Nil
	}
	return *id
}

// minutes rounds up, so that no code is said to live for zero minutes.
func minutes(d time.Duration) int { return int((d + time.Minute - 1) / time.Minute) }

// network is what the caps count as one source: an IPv4 address, or the /64 that
// one IPv6 customer has at least. Empty when the address is unknown.
func network(ip netip.Addr) string {
	if !ip.IsValid() {
		return ""
	}
	ip = ip.Unmap().WithZone("")
	if ip.Is4() {
		return ip.String()
	}
	prefix, err := ip.Prefix(64)
	if err != nil {
		return ""
	}
	return prefix.String()
}

// judged runs fn with the challenge that a code opened. That somebody tries a
// code is recorded for good before it is compared, whatever becomes of the rest;
// a client that hangs up does not get its attempt back.
func (s *Service) judged(ctx context.Context, id uuid.UUID, purpose Purpose, code string, fn func(context.Context, *pg.Tx, challenge) error) error {
	attempt, err := uuid.NewV7()
	if err != nil {
		return fmt.Errorf("make an attempt id: %w", err)
	}
	return s.db.InTx(context.WithoutCancel(ctx), func(ctx context.Context, tx *pg.Tx) error {
		s.store.recordAttempt(tx, id, attempt, s.cfg.ChallengeMaxAttempts, s.clock.Now())
		c, err := s.judge(ctx, tx, id, attempt, purpose, code)
		if err != nil {
			return err
		}
		return fn(ctx, tx, c)
	})
}

// judge compares a code. The challenge that it returns was opened by the code:
// live, or used before, which its Consumed tells.
func (s *Service) judge(ctx context.Context, tx *pg.Tx, id, attempt uuid.UUID, purpose Purpose, code string) (challenge, error) {
	c, err := s.store.challenge(ctx, tx, id, attempt)
	if err != nil {
		return challenge{}, err
	}
	live := c.Consumed == nil
	switch {
	case c.Purpose != purpose:
		return challenge{}, ErrCode
	case !c.Admitted && !s.clock.Now().Before(c.ExpiresAt):
		if live {
			return challenge{}, ErrExpired
		}
		return challenge{}, ErrCode
	case !c.Admitted:
		return challenge{}, ErrExhausted
	case !s.keys.verify(c.ID, code, c.MAC):
		return challenge{}, ErrCode
	}
	return c, nil
}
