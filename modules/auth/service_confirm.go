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
	err = s.judged(ctx, in.ChallengeID, SignIn, code, func(ctx context.Context, tx *pg.Tx, c challenge) (err error) {
		if c.Consumed != nil {
			out, err = s.again(ctx, tx, c, key)
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

// again answers a repeat with the session that the first confirmation made.
func (s *Service) again(ctx context.Context, tx *pg.Tx, c challenge, key []byte) (Session, error) {
	if c.SessionID == nil || !bytes.Equal(c.PublicKey, key) {
		return Session{}, ErrCode
	}
	session, err := s.store.session(ctx, tx, *c.SessionID)
	if err == nil && session.Status != Active {
		return Session{}, ErrCode
	}
	return session, err
}

// signIn uses the challenge up and makes the session. The lock of the address
// is held; the account's row is locked as well once it exists, so that a block
// either sees the session or is seen here.
func (s *Service) signIn(ctx context.Context, tx *pg.Tx, c challenge, in Confirmation, key []byte) (Session, error) {
	ids, err := newIDs(2)
	if err != nil {
		return Session{}, err
	}
	now := s.clock.Now()
	country := s.near.Places.Country(httpx.ClientIP(ctx))
	c.SessionID, c.PublicKey = &ids[0], key
	s.store.consume(tx, c, now)
	account, err := s.enter(ctx, tx, c.Canonical, user.NewAccount{ID: ids[1], Email: c.Email, Language: cmp.Or(in.Language, c.Language),
		TimeZone: in.TimeZone, Country: country, NameTries: s.cfg.UsernameMaxRetries})
	if err != nil {
		return Session{}, err
	}
	session := Session{ID: ids[0], UserID: account.ID, PublicKey: key, Status: Active, DeviceName: visible(in.DeviceName),
		UserAgent: visible(cmp.Or(in.UserAgent, httpx.UserAgent(ctx))), Country: country, CreatedAt: now, LastSeenAt: now}
	if account.ID != ids[1] {
		if err := s.welcomeBack(ctx, tx, account, session); err != nil {
			return Session{}, err
		}
	}
	s.store.insertSession(tx, session)
	s.sessions.Put(tx, session.ID, session)
	return session, nil
}

// enterTries bounds how often an address is asked for its account.
const enterTries = 3

// enter makes the account of an address, or locks the one that has it, unless
// that one may not sign in. An account that is deleted or given another address
// between finding and locking it is no longer the address's: then the address is
// asked again.
func (s *Service) enter(ctx context.Context, tx *pg.Tx, canonical string, n user.NewAccount) (user.Account, error) {
	for range enterTries {
		account, err := s.near.Users.Register(ctx, tx, n)
		if err != nil || account.ID == n.ID {
			return account, err
		}
		who, err := s.near.Accounts.Lock(ctx, tx, account.ID)
		if err != nil {
			return user.Account{}, err
		}
		has, err := person.NormalizeEmail(who.Email)
		if who.Deleted || err != nil || has != canonical {
			continue
		}
		if block := who.LoginBlock(); block != nil {
			return user.Account{}, user.ErrBlocked.With("reason", block.Reason)
		}
		return account, nil
	}
	return user.Account{}, errContended
}

func newIDs(n int) ([]uuid.UUID, error) {
	ids := make([]uuid.UUID, n)
	for i := range ids {
		var err error
		if ids[i], err = uuid.NewV7(); err != nil {
			return nil, fmt.Errorf("make an id: %w", err)
		}
	}
	return ids, nil
}

// welcomeBack is what a sign-in to an account that exists means: the key may
// replace a session, there may be one session too many, and the place may be a
// new one.
func (s *Service) welcomeBack(ctx context.Context, tx *pg.Tx, account user.Account, session Session) error {
	live, err := s.store.live(ctx, tx, account.ID)
	if err != nil {
		return err
	}
	if err := s.makeRoom(ctx, tx, live, session); err != nil {
		return err
	}
	return s.noticePlace(ctx, tx, account, live, session)
}

// makeRoom ends the session that has the same key, and those seen least recently
// when there would be too many.
func (s *Service) makeRoom(ctx context.Context, tx *pg.Tx, live []Session, session Session) error {
	same := slices.IndexFunc(live, func(one Session) bool { return bytes.Equal(one.PublicKey, session.PublicKey) })
	if same >= 0 {
		if err := s.ends.these(ctx, tx, []uuid.UUID{live[same].ID}, Replaced); err != nil {
			return err
		}
		live = slices.Delete(slices.Clone(live), same, same+1)
	}
	excess := len(live) + 1 - s.cfg.SessionsMax
	if excess <= 0 {
		return nil
	}
	ids := make([]uuid.UUID, excess)
	for i := range ids {
		ids[i] = live[i].ID
	}
	return s.ends.these(ctx, tx, ids, TooManySessions)
}

// noticePlace mails a notice when the user was never seen in the country before.
// Only a country that neither the account nor a live session names is looked up
// among the counters and the sessions that are over.
func (s *Service) noticePlace(ctx context.Context, tx *pg.Tx, account user.Account, live []Session, session Session) error {
	if session.Country == "" || session.Country == account.DeclaredCountry ||
		slices.ContainsFunc(live, func(one Session) bool { return one.Country == session.Country }) {
		return nil
	}
	seen, err := s.near.Places.SeenCountries(ctx, tx, account.ID)
	if err != nil || slices.Contains(seen, session.Country) {
		return err
	}
	before, err := s.store.signedInFrom(ctx, tx, account.ID, session.Country)
	if err != nil || before {
		return err
	}
	_, err = s.near.Mail.Enqueue(ctx, tx, mail.Message{Template: "account.new_country", To: account.Email, UserID: account.ID,
		Data: map[string]any{"country": session.Country, "at": session.CreatedAt.Format(time.RFC3339)}})
	return err
}
