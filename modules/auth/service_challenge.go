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
	maxMailsPerHour         = 10
	maxMailsPerDay          = 30
	maxMailsPerSourceMinute = 30
)

const (
	loginCodeTemplate       = "auth.login_code"
	emailChangeCodeTemplate = "auth.email_change_code"
)

// SendCode issues a challenge for signing in with an address and mails its code,
// in one transaction.
func (s *Service) SendCode(ctx context.Context, email, language string) (IssuedChallenge, error) {
	canonical, err := person.NormalizeEmail(email)
	if err != nil {
		return IssuedChallenge{}, err
	}
	if language, err = person.NormalizeLanguage("language", language); err != nil {
		return IssuedChallenge{}, err
	}
	c := challenge{Purpose: SignIn, Email: email, Canonical: canonical, Language: language}
	return s.issue(ctx, c, loginCodeTemplate, func(ctx context.Context, tx *pg.Tx) (bool, error) {
		return s.users.LoginBlocked(ctx, tx, canonical)
	})
}

// issue stores the challenge and its mail, or answers with the newest challenge of
// an address that asked too often. suppressMail says whether the mail must not
// leave; it is always called, so that all addresses cost the same.
func (s *Service) issue(
	ctx context.Context, c challenge, template string, suppressMail func(context.Context, *pg.Tx) (bool, error),
) (IssuedChallenge, error) {
	var err error
	if c.ID, err = uuid.NewV7(); err != nil {
		return IssuedChallenge{}, fmt.Errorf("make a challenge id: %w", err)
	}
	now := s.clock.Now()
	c.CreatedAt, c.ExpiresAt, c.Source = now, now.Add(s.cfg.ChallengeTTL), network(httpx.ClientIP(ctx))
	code := newCode()
	c.MAC = s.keys.sign(c.ID, code)
	var out IssuedChallenge
	err = s.db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error {
		recent, err := s.store.recentRequests(ctx, tx, c, s.cfg.ChallengeThrottleWindow)
		if err != nil {
			return err
		}
		suppressed, err := suppressMail(ctx, tx)
		if err != nil {
			return err
		}
		if recent.Live >= s.cfg.ChallengeThrottleMax {
			out = IssuedChallenge{ChallengeID: *recent.Newest, ExpiresAt: *recent.ExpiresAt}
			return nil
		}
		out = IssuedChallenge{ChallengeID: c.ID, ExpiresAt: c.ExpiresAt}
		c.Mailed = !suppressed && recent.mayMail()
		s.store.insertChallenge(tx, c)
		_, err = s.mailer.Enqueue(ctx, tx, s.codeMail(c, template, code))
		return err
	})
	if err != nil {
		return IssuedChallenge{}, fmt.Errorf("issue a challenge: %w", err)
	}
	return out, nil
}

// codeMail is the mail that shows a code. A suppressed one is queued all the same,
// so that all addresses cost the same.
func (s *Service) codeMail(c challenge, template, code string) mail.Message {
	m := mail.Message{Template: template, To: c.Email, NotAfter: c.ExpiresAt, Secret: true, Suppressed: !c.Mailed,
		Data: map[string]any{"code": formatCode(code), "ttl_minutes": ceilMinutes(s.cfg.ChallengeTTL)}}
	if c.UserID != nil {
		m.UserID = *c.UserID
	}
	return m
}

// ceilMinutes rounds up, so that no code is said to live for zero minutes.
func ceilMinutes(d time.Duration) int { return int((d + time.Minute - 1) / time.Minute) }

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

// withVerifiedCode runs fn with the challenge whose code was given. The attempt is
// committed before the code is compared, whatever becomes of the rest; a client
// that hangs up does not get its attempt back.
func (s *Service) withVerifiedCode(
	ctx context.Context, id uuid.UUID, purpose Purpose, code string, fn func(context.Context, *pg.Tx, challenge) error,
) error {
	attempt, err := uuid.NewV7()
	if err != nil {
		return fmt.Errorf("make an attempt id: %w", err)
	}
	return s.db.InTx(context.WithoutCancel(ctx), func(ctx context.Context, tx *pg.Tx) error {
		s.store.recordAttempt(tx, id, attempt, s.cfg.ChallengeMaxAttempts, s.clock.Now())
		c, err := s.store.challenge(ctx, tx, id, attempt)
		if err != nil {
			return err
		}
		if err := s.verifyCode(c, purpose, code); err != nil {
			return err
		}
		return fn(ctx, tx, c)
	})
}

// verifyCode compares the code of an attempt. It accepts that of a challenge which
// was used (UsedAt): whether the attempt is a valid repeat is the caller's to check.
func (s *Service) verifyCode(c challenge, purpose Purpose, code string) error {
	expired := !s.clock.Now().Before(c.ExpiresAt)
	switch {
	case c.Purpose != purpose:
		return ErrCode
	case !c.Admitted && expired && c.UsedAt == nil:
		return ErrExpired
	case !c.Admitted && expired:
		return ErrCode
	case !c.Admitted:
		return ErrExhausted
	case !s.keys.verify(c.ID, code, c.MAC):
		return ErrCode
	}
	return nil
}
