package auth

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/modules/mail"
	"galaxy/backend/modules/user"
	"galaxy/backend/modules/user/person"
	"galaxy/backend/platform/httpx"
	"galaxy/backend/platform/pg"
)

// Confirmation is what a device sends to sign in.
type Confirmation struct {
	ChallengeID uuid.UUID
	Code        string
	PublicKey   string // standard base64
	TimeZone    string
	Language    string // empty: that of the request for the code
	DeviceName  string
	UserAgent   string
}

// Confirm signs in: it makes the account of a new address, and a device session.
// The same confirmation again, with the same key and while the code has not
// expired, returns the same session.
func (s *Service) Confirm(ctx context.Context, in Confirmation) (Session, error) {
	key, err := parsePublicKey(in.PublicKey)
	if err != nil {
		return Session{}, err
	}
	if in.TimeZone, err = person.NormalizeTimeZone(in.TimeZone); err != nil {
		return Session{}, err
	}
	if in.Language != "" {
		if in.Language, err = person.NormalizeLanguage("language", in.Language); err != nil {
			return Session{}, err
		}
	}
	code, ok := normalizeCode(in.Code)
	if !ok {
		return Session{}, ErrCode // nothing to compare, so no attempt
	}
	var out Session
	err = s.withVerifiedCode(ctx, in.ChallengeID, SignIn, code,
		func(ctx context.Context, tx *pg.Tx, c challenge) (err error) {
			if c.UsedAt != nil {
				out, err = s.repeatedSession(ctx, tx, c, key)
				return err
			}
			out, err = s.signIn(ctx, tx, c, in, key)
			return err
		})
	if err != nil {
		if pg.IsUnique(err, "device_sessions_live_key") {
			err = ErrKeyInUse.Because(err)
		}
		return Session{}, fmt.Errorf("confirm a challenge: %w", err)
	}
	return out, nil
}

// repeatedSession answers a repeated confirmation with the session that the first
// one made.
func (s *Service) repeatedSession(ctx context.Context, tx *pg.Tx, c challenge, key []byte) (Session, error) {
	if c.SessionID == nil || !bytes.Equal(c.PublicKey, key) {
		return Session{}, ErrCode
	}
	session, err := s.store.session(ctx, tx, *c.SessionID)
	if err == nil && session.Status != Active {
		return Session{}, ErrCode
	}
	return session, err
}

// signIn uses the challenge up and makes the session. The address is locked, and
// so is the account's row once it exists: a block either sees the session or is
// seen here.
func (s *Service) signIn(ctx context.Context, tx *pg.Tx, c challenge, in Confirmation, key []byte) (Session, error) {
	sessionID, accountID, err := newIDs()
	if err != nil {
		return Session{}, err
	}
	now := s.clock.Now()
	country := s.countries.Country(httpx.ClientIP(ctx))
	c.SessionID, c.PublicKey = &sessionID, key
	s.store.consume(tx, c, now)
	account, err := s.findOrRegister(ctx, tx, c.Canonical, user.NewAccount{
		ID: accountID, Email: c.Email, Language: cmp.Or(in.Language, c.Language), TimeZone: in.TimeZone,
		Country: country, NameTries: s.cfg.UsernameMaxRetries,
	})
	if err != nil {
		return Session{}, err
	}
	session := Session{
		ID: sessionID, UserID: account.ID, PublicKey: key, Status: Active, DeviceName: printable(in.DeviceName),
		UserAgent: printable(cmp.Or(in.UserAgent, httpx.UserAgent(ctx))), Country: country, CreatedAt: now, LastSeenAt: now,
	}
	if account.ID != accountID {
		if err := s.checkOtherSessions(ctx, tx, account, session); err != nil {
			return Session{}, err
		}
	}
	s.store.insertSession(tx, session)
	s.sessions.Put(tx, session.ID, session)
	return session, nil
}

func newIDs() (session, account uuid.UUID, err error) {
	session, err1 := uuid.NewV7()
	account, err2 := uuid.NewV7()
	if err := cmp.Or(err1, err2); err != nil {
		return uuid.Nil, uuid.Nil, fmt.Errorf("make an id: %w", err)
	}
	return session, account, nil
}

// accountAttempts is how often an address is asked for its account.
const accountAttempts = 3

// findOrRegister makes the account of an address, or locks the one that has it,
// unless that one may not sign in. An account that is deleted or given another
// address between finding and locking it is no longer the address's: then the
// address is asked again.
func (s *Service) findOrRegister(
	ctx context.Context, tx *pg.Tx, canonical string, n user.NewAccount,
) (user.Account, error) {
	for range accountAttempts {
		account, err := s.users.Register(ctx, tx, n)
		if err != nil || account.ID == n.ID {
			return account, err
		}
		locked, err := s.accounts.Lock(ctx, tx, account.ID)
		if err != nil {
			return user.Account{}, err
		}
		current, err := person.NormalizeEmail(locked.Email)
		if locked.Deleted || err != nil || current != canonical {
			continue
		}
		if block := locked.LoginBlock(); block != nil {
			return user.Account{}, user.ErrBlocked.With("reason", block.Reason)
		}
		return account, nil
	}
	return user.Account{}, errContended
}

// checkOtherSessions compares a new session of an existing account with those that
// it has: some may have to go, and the country may be a new one.
func (s *Service) checkOtherSessions(ctx context.Context, tx *pg.Tx, account user.Account, session Session) error {
	active, err := s.store.active(ctx, tx, account.ID)
	if err != nil {
		return err
	}
	if err := s.evictSessions(ctx, tx, active, session); err != nil {
		return err
	}
	return s.notifyNewCountry(ctx, tx, account, active, session)
}

// evictSessions revokes the session that has the new one's key, and those seen
// least recently when there would be too many.
func (s *Service) evictSessions(ctx context.Context, tx *pg.Tx, active []Session, session Session) error {
	hasKey := func(other Session) bool { return bytes.Equal(other.PublicKey, session.PublicKey) }
	sameKey := slices.IndexFunc(active, hasKey)
	if sameKey >= 0 {
		if err := s.revoker.Revoke(ctx, tx, []uuid.UUID{active[sameKey].ID}, Replaced); err != nil {
			return err
		}
		active = slices.Delete(slices.Clone(active), sameKey, sameKey+1)
	}
	excess := len(active) + 1 - s.cfg.SessionsMax
	if excess <= 0 {
		return nil
	}
	ids := make([]uuid.UUID, excess)
	for i := range ids {
		ids[i] = active[i].ID
	}
	return s.revoker.Revoke(ctx, tx, ids, TooManySessions)
}

// notifyNewCountry mails a notice when the user was never seen in the session's
// country before. Only a country that neither the account nor an active session
// has is looked up among the counters and the revoked sessions.
func (s *Service) notifyNewCountry(
	ctx context.Context, tx *pg.Tx, account user.Account, active []Session, session Session,
) error {
	if session.Country == "" || session.Country == account.DeclaredCountry ||
		slices.ContainsFunc(active, func(other Session) bool { return other.Country == session.Country }) {
		return nil
	}
	seen, err := s.countries.SeenCountries(ctx, tx, account.ID)
	if err != nil || slices.Contains(seen, session.Country) {
		return err
	}
	before, err := s.store.signedInFrom(ctx, tx, account.ID, session.Country)
	if err != nil || before {
		return err
	}
	_, err = s.mailer.Enqueue(ctx, tx, mail.Message{Template: "account.new_country", To: account.Email, UserID: account.ID,
		Data: map[string]any{"country": session.Country, "at": session.CreatedAt.Format(time.RFC3339)}})
	return err
}
