package auth_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/auth"
	"galaxy/backend/modules/user"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/testkit"
)

// straggler is the last domain that lets go of a user, and takes its time: until
// then the account's row is locked and nothing is committed.
type straggler struct{ here, leave chan struct{} }

func (straggler) Name() string { return "zz" }

func (s straggler) Depart(context.Context, *pg.Tx, uuid.UUID, user.Reason) error {
	close(s.here)
	<-s.leave
	return nil
}

// contended is a house where whoever departs is held up.
func contended(t *testing.T) (*house, *letters, straggler) {
	t.Helper()
	late, post := straggler{make(chan struct{}), make(chan struct{})}, &letters{}
	h := openWith(t, settings(), testkit.StandIn[auth.Mailer](post), testkit.StandIn[user.Mailer](post),
		user.ProvideDeparture(func() user.Departure { return late }))
	h.clock.BlockUntil(loops)
	return h, post, late
}

// waiting blocks until somebody waits for a lock of the database.
func (h *house) waiting() {
	h.Helper()
	require.Eventually(h, func() bool {
		return h.count(`SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`) > 0
	}, time.Minute, time.Millisecond)
}

// opened is a code that an address has in hand.
func (h *house) opened(post *letters, email string) (challenge uuid.UUID, code string) {
	h.Helper()
	c, err := h.auth.SendCode(h.Context(), email, "en")
	require.NoError(h, err)
	return c.ChallengeID, post.last(email)
}

type outcome struct {
	session auth.Session
	err     error
}

// confirming confirms beside the test.
func (h *house) confirming(challenge uuid.UUID, code string) <-chan outcome {
	h.Helper()
	d, done := newDevice(h), make(chan outcome, 1)
	go func() {
		s, err := h.auth.Confirm(h.Context(), confirm(challenge, code, d))
		done <- outcome{s, err}
	}()
	return done
}

func TestASignInBesideADeletionIsANewAccounts(t *testing.T) {
	t.Parallel()
	h, post, late := contended(t)
	a := h.quick("ada@example.org")
	challenge, code := h.opened(post, "ada@example.org")
	deleted := make(chan error, 1)
	go func() { deleted <- h.users.Delete(h.Context(), a.ID) }()
	<-late.here
	in := h.confirming(challenge, code)
	h.waiting()
	close(late.leave)
	require.NoError(t, <-deleted)
	got := <-in
	require.NoError(t, got.err)
	require.NotEqual(t, a.ID, got.session.UserID, "the address was free by then")
	require.Zero(t, h.count(`SELECT count(*) FROM device_sessions WHERE user_id = $1 AND status = 'active'`, a.ID))
	require.NoError(t, h.users.Admit(t.Context(), got.session.UserID))
}

func TestASignInBesideABlockIsRefused(t *testing.T) {
	t.Parallel()
	h, post, late := contended(t)
	a := h.quick("ada@example.org")
	challenge, code := h.opened(post, "ada@example.org")
	blocked := make(chan error, 1)
	go func() {
		_, _, err := h.users.Sanction(h.Context(), a.ID, user.Penalty{Kind: user.PermanentBlock, Reason: "cheating"})
		blocked <- err
	}()
	<-late.here
	in := h.confirming(challenge, code)
	h.waiting()
	close(late.leave)
	require.NoError(t, <-blocked)
	require.ErrorIs(t, (<-in).err, user.ErrBlocked)
	require.Zero(t, h.count(`SELECT count(*) FROM device_sessions`))
}

func TestASignInThroughAnAddressThatIsBeingLeftIsANewAccounts(t *testing.T) {
	t.Parallel()
	h, post := quiet(t, settings())
	a := h.quick("ada@example.org")
	challenge, code := h.opened(post, "ada@example.org")
	var in <-chan outcome
	require.NoError(t, h.db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
		_, err := h.users.ChangeEmail(ctx, tx, a.ID, "ada@new.example")
		in = h.confirming(challenge, code)
		h.waiting()
		return err
	}))
	got := <-in
	require.NoError(t, got.err)
	require.NotEqual(t, a.ID, got.session.UserID, "whoever reads the old address is not let into the account")
	require.Equal(t, 2, h.count(`SELECT count(*) FROM accounts`))
}

// Somebody signs in with the address while an operator restores the account that
// had it: one of them has it afterwards.
func TestARestoreBesideASignInLeavesOneLiveAccount(t *testing.T) {
	t.Parallel()
	h, post := quiet(t, settings())
	for range 8 {
		email := uuid.NewString()[:8] + "@example.org"
		a := h.quick(email)
		require.NoError(t, h.users.Delete(t.Context(), a.ID))
		challenge, code := h.opened(post, email)
		d := newDevice(t)
		errs := together(2, func(i int) error {
			if i == 0 {
				return h.users.Restore(t.Context(), a.ID)
			}
			_, err := h.auth.Confirm(t.Context(), confirm(challenge, code, d))
			return err
		})
		require.NoError(t, errs[1])
		if errs[0] != nil {
			require.ErrorIs(t, errs[0], user.ErrEmailTaken)
		}
		require.Equal(t, 1, h.count(`SELECT count(*) FROM accounts WHERE email_canonical = $1 AND deleted_at IS NULL`, email))
		require.Equal(t, 1, h.count(`SELECT count(*) FROM device_sessions s JOIN accounts a USING (user_id)
			WHERE a.email_canonical = $1 AND a.deleted_at IS NULL AND s.status = 'active'`, email))
	}
}

func TestTwoAccountsThatWantOneAddressGetItOnce(t *testing.T) {
	t.Parallel()
	h, post := quiet(t, settings())
	for round := range 4 {
		email := uuid.NewString()[:8] + "@example.org"
		people := []user.Account{h.quick(uuid.NewString()[:8] + "@example.org"), h.quick(uuid.NewString()[:8] + "@example.org")}
		var challenges [2]uuid.UUID
		var codes [2]string
		for i, p := range people {
			c, err := h.auth.SendEmailChange(t.Context(), p.ID, email)
			require.NoError(t, err)
			challenges[i], codes[i] = c.ChallengeID, post.last(email)
		}
		errs := together(2, func(i int) error {
			_, err := h.auth.ConfirmEmailChange(t.Context(), people[i].ID, challenges[i], codes[i])
			return err
		})
		require.Equal(t, map[error]int{nil: 1, auth.ErrCode: 1}, tally(errs, nil, auth.ErrCode), "success uses up every code of the address")
		require.Equal(t, 1, h.count(`SELECT count(*) FROM accounts WHERE email_canonical = $1`, email))
		require.Equal(t, round+1, h.count(`SELECT count(*) FROM former_emails`))
	}
}

func TestAMeasureThatComesBesideAChangeOfAddressCounts(t *testing.T) {
	t.Parallel()
	h, post := quiet(t, settings())
	for kind, want := range map[user.SanctionKind]error{user.ProfileUpdateBlock: user.ErrProfileBlocked, user.PermanentBlock: user.ErrBlocked} {
		a := h.quick(string(kind) + "@example.org")
		to := string(kind) + "@new.example"
		c, err := h.auth.SendEmailChange(t.Context(), a.ID, to)
		require.NoError(t, err)
		_, _, err = h.users.Sanction(t.Context(), a.ID, user.Penalty{Kind: kind, Reason: "spam"})
		require.NoError(t, err)
		_, err = h.auth.ConfirmEmailChange(t.Context(), a.ID, c.ChallengeID, post.last(to))
		require.ErrorIs(t, err, want)
		require.Zero(t, h.count(`SELECT count(*) FROM accounts WHERE email = $1`, to))
	}
}
