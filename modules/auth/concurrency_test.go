package auth_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/auth"
	"galaxy/backend/modules/user"
)

// concurrently starts n calls at one moment and returns their errors.
func concurrently(n int, call func(i int) error) []error {
	errs := make([]error, n)
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			<-start
			errs[i] = call(i)
		})
	}
	close(start)
	wg.Wait()
	return errs
}

// countErrors counts the errors of each kind; nil is a kind.
func countErrors(errs []error, kinds ...error) map[error]int {
	counts := map[error]int{}
	for _, err := range errs {
		known := false
		for _, kind := range kinds {
			if errors.Is(err, kind) && (err == nil) == (kind == nil) {
				counts[kind]++
				known = true
				break
			}
		}
		if !known {
			counts[err]++
		}
	}
	return counts
}

// rounds is how often each race is run; -count multiplies it.
const rounds = 40

func TestOfFiftyWrongCodesAtOnceFiveAreCompared(t *testing.T) {
	t.Parallel()
	f := newFakeMailFixture(t, defaultConfig())
	for range rounds {
		c, err := f.auth.SendCode(t.Context(), uuid.NewString()[:8]+"@example.org", "en")
		require.NoError(t, err)
		d := newDevice(t)
		errs := concurrently(50, func(int) error {
			_, err := f.auth.Confirm(t.Context(), confirmation(c.ChallengeID, "0000-0000", d))
			return err
		})
		require.Equal(t, map[error]int{auth.ErrCode: 5, auth.ErrExhausted: 45},
			countErrors(errs, auth.ErrCode, auth.ErrExhausted))
	}
}

func TestOfSixteenRightCodesAtOnceOneMakesASession(t *testing.T) {
	t.Parallel()
	cfg := defaultConfig()
	cfg.ChallengeMaxAttempts = 16
	f := newFakeMailFixture(t, cfg)
	for round := range rounds {
		email := uuid.NewString()[:8] + "@example.org"
		c, err := f.auth.SendCode(t.Context(), email, "en")
		require.NoError(t, err)
		devices := make([]device, 16)
		for i := range devices {
			devices[i] = newDevice(t)
		}
		errs := concurrently(16, func(i int) error {
			_, err := f.auth.Confirm(t.Context(), confirmation(c.ChallengeID, f.mailer.LastCode(email), devices[i]))
			return err
		})
		require.Equal(t, map[error]int{nil: 1, auth.ErrCode: 15}, countErrors(errs, nil, auth.ErrCode))
		require.Equal(t, round+1, f.count(`SELECT count(*) FROM device_sessions`))
		require.Equal(t, round+1, f.count(`SELECT count(*) FROM accounts`))
	}
}

func TestEqualConfirmationsAtOnceGetOneSession(t *testing.T) {
	t.Parallel()
	cfg := defaultConfig()
	cfg.ChallengeMaxAttempts = 16
	f := newFakeMailFixture(t, cfg)
	c, err := f.auth.SendCode(t.Context(), "ada@example.org", "en")
	require.NoError(t, err)
	d := newDevice(t)
	ids := make([]uuid.UUID, 16)
	for _, err := range concurrently(16, func(i int) error {
		s, err := f.auth.Confirm(t.Context(), confirmation(c.ChallengeID, f.mailer.LastCode("ada@example.org"), d))
		ids[i] = s.ID
		return err
	}) {
		require.NoError(t, err)
	}
	for _, id := range ids {
		require.Equal(t, ids[0], id)
	}
}

func TestTwoCodesOfOneAddressAtOnceMakeOneAccount(t *testing.T) {
	t.Parallel()
	f := newFakeMailFixture(t, defaultConfig())
	for round := range rounds {
		email := uuid.NewString()[:8] + "@example.org"
		var cs [2]uuid.UUID
		var codes [2]string
		for i := range cs {
			c, err := f.auth.SendCode(t.Context(), email, "en")
			require.NoError(t, err)
			cs[i], codes[i] = c.ChallengeID, f.mailer.LastCode(email)
		}
		devices := []device{newDevice(t), newDevice(t)}
		errs := concurrently(2, func(i int) error {
			_, err := f.auth.Confirm(t.Context(), confirmation(cs[i], codes[i], devices[i]))
			return err
		})
		require.Equal(t, map[error]int{nil: 1, auth.ErrCode: 1}, countErrors(errs, nil, auth.ErrCode))
		require.Equal(t, round+1, f.count(`SELECT count(*) FROM accounts`))
	}
}

func TestManyRequestsAtOnceStayWithinTheThrottle(t *testing.T) {
	t.Parallel()
	f := newFakeMailFixture(t, defaultConfig())
	for _, err := range concurrently(16, func(int) error {
		_, err := f.auth.SendCode(t.Context(), "ada@example.org", "en")
		return err
	}) {
		require.NoError(t, err)
	}
	require.Equal(t, 3, f.count(`SELECT count(*) FROM auth_challenges`))
}

// A block that commits during a sign-in either revokes the session that the
// sign-in made, or the sign-in sees it.
func TestABlockDuringASignInLeavesNoActiveSession(t *testing.T) {
	t.Parallel()
	f := newFakeMailFixture(t, defaultConfig())
	for range rounds {
		email := uuid.NewString()[:8] + "@example.org"
		a := f.register(email)
		c, err := f.auth.SendCode(t.Context(), email, "en")
		require.NoError(t, err)
		d := newDevice(t)
		errs := concurrently(2, func(i int) error {
			if i == 0 {
				_, _, err := f.users.ApplySanction(t.Context(), a.ID,
					user.SanctionTerms{Kind: user.PermanentBlock, Reason: "cheating"})
				return err
			}
			_, err := f.auth.Confirm(t.Context(), confirmation(c.ChallengeID, f.mailer.LastCode(email), d))
			if errors.Is(err, user.ErrBlocked) {
				return nil
			}
			return err
		})
		require.Equal(t, []error{nil, nil}, errs)
		require.Zero(t, f.count(`SELECT count(*) FROM device_sessions WHERE user_id = $1 AND status = 'active'`, a.ID))
	}
}

func TestAnAttemptCountsAlthoughTheClientHasGone(t *testing.T) {
	t.Parallel()
	f := newFakeMailFixture(t, defaultConfig())
	c, err := f.auth.SendCode(t.Context(), "ada@example.org", "en")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = f.auth.Confirm(ctx, confirmation(c.ChallengeID, "0000-0000", newDevice(t)))
	require.ErrorIs(t, err, auth.ErrCode)
	require.Equal(t, 1, f.count(`SELECT cardinality(attempt_ids) FROM auth_challenges`))
}

func TestASignInIsFinishedAlthoughTheClientHasGone(t *testing.T) {
	t.Parallel()
	f := newFakeMailFixture(t, defaultConfig())
	c, err := f.auth.SendCode(t.Context(), "ada@example.org", "en")
	require.NoError(t, err)
	in := confirmation(c.ChallengeID, f.mailer.LastCode("ada@example.org"), newDevice(t))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	made, err := f.auth.Confirm(ctx, in)
	require.NoError(t, err)
	again, err := f.auth.Confirm(t.Context(), in)
	require.NoError(t, err)
	require.Equal(t, made.ID, again.ID)
}
