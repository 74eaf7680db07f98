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
)

// blockedDeparture is the last departure hook, and waits: until it is released the
// account's row is locked and nothing is committed.
type blockedDeparture struct{ entered, release chan struct{} }

// Name implements user.Departure.
func (blockedDeparture) Name() string { return "zz" }

// Depart implements user.Departure.
func (d blockedDeparture) Depart(context.Context, *pg.Tx, uuid.UUID, user.Reason) error {
	close(d.entered)
	<-d.release
	return nil
}

// newBlockedDepartureFixture holds up the departure of a user.
func newBlockedDepartureFixture(t *testing.T) (*fixture, blockedDeparture) {
	t.Helper()
	blocked := blockedDeparture{make(chan struct{}), make(chan struct{})}
	f := newFakeMailFixture(t, defaultConfig(), user.ProvideDeparture(func() user.Departure { return blocked }))
	return f, blocked
}

// awaitLockWaiter blocks until somebody waits for a lock of the database.
func (f *fixture) awaitLockWaiter() {
	f.Helper()
	require.Eventually(f, func() bool {
		return f.count(`SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`) > 0
	}, time.Minute, time.Millisecond)
}

type outcome struct {
	session auth.Session
	err     error
}

// confirmInBackground confirms in a goroutine of its own.
func (f *fixture) confirmInBackground(challenge uuid.UUID, code string) <-chan outcome {
	f.Helper()
	d, done := newDevice(f), make(chan outcome, 1)
	go func() {
		s, err := f.auth.Confirm(f.Context(), confirmation(challenge, code, d))
		done <- outcome{s, err}
	}()
	return done
}

func TestASignInDuringADeletionMakesANewAccount(t *testing.T) {
	t.Parallel()
	f, departure := newBlockedDepartureFixture(t)
	a := f.register("ada@example.org")
	challenge, code := f.requestCode("ada@example.org")
	deleted := make(chan error, 1)
	go func() { deleted <- f.users.Delete(f.Context(), a.ID) }()
	<-departure.entered
	in := f.confirmInBackground(challenge, code)
	f.awaitLockWaiter()
	close(departure.release)
	require.NoError(t, <-deleted)
	got := <-in
	require.NoError(t, got.err)
	require.NotEqual(t, a.ID, got.session.UserID, "the address was free by then")
	require.Zero(t, f.count(`SELECT count(*) FROM device_sessions WHERE user_id = $1 AND status = 'active'`, a.ID))
	require.NoError(t, f.users.Admit(t.Context(), got.session.UserID))
}

func TestASignInDuringABlockIsRefused(t *testing.T) {
	t.Parallel()
	f, departure := newBlockedDepartureFixture(t)
	a := f.register("ada@example.org")
	challenge, code := f.requestCode("ada@example.org")
	blocked := make(chan error, 1)
	go func() {
		_, _, err := f.users.ApplySanction(f.Context(), a.ID,
			user.SanctionTerms{Kind: user.PermanentBlock, Reason: "cheating"})
		blocked <- err
	}()
	<-departure.entered
	in := f.confirmInBackground(challenge, code)
	f.awaitLockWaiter()
	close(departure.release)
	require.NoError(t, <-blocked)
	require.ErrorIs(t, (<-in).err, user.ErrBlocked)
	require.Zero(t, f.count(`SELECT count(*) FROM device_sessions`))
}

func TestASignInDuringAChangeOfAddressMakesANewAccount(t *testing.T) {
	t.Parallel()
	f := newFakeMailFixture(t, defaultConfig())
	a := f.register("ada@example.org")
	challenge, code := f.requestCode("ada@example.org")
	var in <-chan outcome
	require.NoError(t, f.db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
		_, err := f.users.ChangeEmail(ctx, tx, a.ID, "ada@new.example")
		in = f.confirmInBackground(challenge, code)
		f.awaitLockWaiter()
		return err
	}))
	got := <-in
	require.NoError(t, got.err)
	require.NotEqual(t, a.ID, got.session.UserID, "whoever reads the old address is not let into the account")
	require.Equal(t, 2, f.count(`SELECT count(*) FROM accounts`))
}

// Somebody signs in with the address while an operator restores the account that
// had it: one of them has it afterwards.
func TestARestoreDuringASignInLeavesOneAccount(t *testing.T) {
	t.Parallel()
	f := newFakeMailFixture(t, defaultConfig())
	for range 8 {
		email := uuid.NewString()[:8] + "@example.org"
		a := f.register(email)
		require.NoError(t, f.users.Delete(t.Context(), a.ID))
		challenge, code := f.requestCode(email)
		d := newDevice(t)
		errs := concurrently(2, func(i int) error {
			if i == 0 {
				return f.users.Restore(t.Context(), a.ID)
			}
			_, err := f.auth.Confirm(t.Context(), confirmation(challenge, code, d))
			return err
		})
		require.NoError(t, errs[1])
		if errs[0] != nil {
			require.ErrorIs(t, errs[0], user.ErrEmailTaken)
		}
		require.Equal(t, 1, f.count(`SELECT count(*) FROM accounts WHERE email_canonical = $1 AND deleted_at IS NULL`, email))
		require.Equal(t, 1, f.count(`SELECT count(*) FROM device_sessions s JOIN accounts a USING (user_id)
			WHERE a.email_canonical = $1 AND a.deleted_at IS NULL AND s.status = 'active'`, email))
	}
}

func TestOfTwoAccountsThatChangeToOneAddressOneGetsIt(t *testing.T) {
	t.Parallel()
	f := newFakeMailFixture(t, defaultConfig())
	for round := range 4 {
		email := uuid.NewString()[:8] + "@example.org"
		people := []user.Account{f.register(uuid.NewString()[:8] + "@example.org"),
			f.register(uuid.NewString()[:8] + "@example.org")}
		var challenges [2]uuid.UUID
		var codes [2]string
		for i, p := range people {
			c, err := f.auth.SendEmailChange(t.Context(), p.ID, email)
			require.NoError(t, err)
			challenges[i], codes[i] = c.ChallengeID, f.mailer.LastCode(email)
		}
		errs := concurrently(2, func(i int) error {
			_, err := f.auth.ConfirmEmailChange(t.Context(), people[i].ID, challenges[i], codes[i])
			return err
		})
		require.Equal(t, map[error]int{nil: 1, auth.ErrCode: 1}, countErrors(errs, nil, auth.ErrCode),
			"success uses up every code of the address")
		require.Equal(t, 1, f.count(`SELECT count(*) FROM accounts WHERE email_canonical = $1`, email))
		require.Equal(t, round+1, f.count(`SELECT count(*) FROM former_emails`))
	}
}

func TestASanctionAfterTheCodeWasSentBarsTheChangeOfAddress(t *testing.T) {
	t.Parallel()
	f := newFakeMailFixture(t, defaultConfig())
	for kind, want := range map[user.SanctionKind]error{user.ProfileUpdateBlock: user.ErrProfileBlocked,
		user.PermanentBlock: user.ErrBlocked} {
		a := f.register(string(kind) + "@example.org")
		to := string(kind) + "@new.example"
		c, err := f.auth.SendEmailChange(t.Context(), a.ID, to)
		require.NoError(t, err)
		_, _, err = f.users.ApplySanction(t.Context(), a.ID, user.SanctionTerms{Kind: kind, Reason: "spam"})
		require.NoError(t, err)
		_, err = f.auth.ConfirmEmailChange(t.Context(), a.ID, c.ChallengeID, f.mailer.LastCode(to))
		require.ErrorIs(t, err, want)
		require.Zero(t, f.count(`SELECT count(*) FROM accounts WHERE email = $1`, to))
	}
}
