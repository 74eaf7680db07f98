package auth_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/auth"
	"galaxy/backend/modules/user"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/testkit"
)

// quiet is a house whose codes are read without mail.
func quiet(t testing.TB, cfg auth.Config) (*house, *letters) {
	t.Helper()
	post := &letters{}
	h := openWith(t, cfg, testkit.StandIn[auth.Mailer](post), testkit.StandIn[user.Mailer](post))
	h.clock.BlockUntil(loops)
	return h, post
}

// together starts n calls at one moment and returns their errors.
func together(n int, call func(i int) error) []error {
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

func tally(errs []error, kinds ...error) map[error]int {
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

func confirm(c uuid.UUID, code string, d device) auth.Confirmation {
	return auth.Confirmation{ChallengeID: c, Code: code, PublicKey: d.text(), TimeZone: "UTC"}
}

// rounds is how often each race is run; -count multiplies it.
const rounds = 40

func TestOfFiftyWrongCodesAtOnceFiveAreCompared(t *testing.T) {
	t.Parallel()
	h, _ := quiet(t, settings())
	for range rounds {
		c, err := h.auth.SendCode(t.Context(), uuid.NewString()[:8]+"@example.org", "en")
		require.NoError(t, err)
		d := newDevice(t)
		errs := together(50, func(int) error {
			_, err := h.auth.Confirm(t.Context(), confirm(c.ChallengeID, "0000-0000", d))
			return err
		})
		require.Equal(t, map[error]int{auth.ErrCode: 5, auth.ErrExhausted: 45}, tally(errs, auth.ErrCode, auth.ErrExhausted))
	}
}

func TestOfSixteenRightCodesAtOnceOneMakesASession(t *testing.T) {
	t.Parallel()
	cfg := settings()
	cfg.ChallengeMaxAttempts = 16
	h, post := quiet(t, cfg)
	for round := range rounds {
		email := uuid.NewString()[:8] + "@example.org"
		c, err := h.auth.SendCode(t.Context(), email, "en")
		require.NoError(t, err)
		devices := make([]device, 16)
		for i := range devices {
			devices[i] = newDevice(t)
		}
		errs := together(16, func(i int) error {
			_, err := h.auth.Confirm(t.Context(), confirm(c.ChallengeID, post.last(email), devices[i]))
			return err
		})
		require.Equal(t, map[error]int{nil: 1, auth.ErrCode: 15}, tally(errs, nil, auth.ErrCode))
		require.Equal(t, round+1, h.count(`SELECT count(*) FROM device_sessions`))
		require.Equal(t, round+1, h.count(`SELECT count(*) FROM accounts`))
	}
}

func TestTheSameConfirmationAtOnceIsOneSessionForAll(t *testing.T) {
	t.Parallel()
	cfg := settings()
	cfg.ChallengeMaxAttempts = 16
	h, post := quiet(t, cfg)
	c, err := h.auth.SendCode(t.Context(), "ada@example.org", "en")
	require.NoError(t, err)
	d := newDevice(t)
	ids := make([]uuid.UUID, 16)
	for _, err := range together(16, func(i int) error {
		s, err := h.auth.Confirm(t.Context(), confirm(c.ChallengeID, post.last("ada@example.org"), d))
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
	h, post := quiet(t, settings())
	for round := range rounds {
		email := uuid.NewString()[:8] + "@example.org"
		var cs [2]uuid.UUID
		var codes [2]string
		for i := range cs {
			c, err := h.auth.SendCode(t.Context(), email, "en")
			require.NoError(t, err)
			cs[i], codes[i] = c.ChallengeID, post.last(email)
		}
		devices := []device{newDevice(t), newDevice(t)}
		errs := together(2, func(i int) error {
			_, err := h.auth.Confirm(t.Context(), confirm(cs[i], codes[i], devices[i]))
			return err
		})
		require.Equal(t, map[error]int{nil: 1, auth.ErrCode: 1}, tally(errs, nil, auth.ErrCode))
		require.Equal(t, round+1, h.count(`SELECT count(*) FROM accounts`))
	}
}

func TestManyRequestsAtOnceStayWithinTheThrottle(t *testing.T) {
	t.Parallel()
	h, _ := quiet(t, settings())
	for _, err := range together(16, func(int) error {
		_, err := h.auth.SendCode(t.Context(), "ada@example.org", "en")
		return err
	}) {
		require.NoError(t, err)
	}
	require.Equal(t, 3, h.count(`SELECT count(*) FROM auth_challenges`))
}

// A block that commits beside a sign-in either ends the session that the sign-in
// made, or the sign-in sees it.
func TestABlockBesideASignInLeavesNoLiveSession(t *testing.T) {
	t.Parallel()
	h, post := quiet(t, settings())
	for range rounds {
		email := uuid.NewString()[:8] + "@example.org"
		a := h.quick(email)
		c, err := h.auth.SendCode(t.Context(), email, "en")
		require.NoError(t, err)
		d := newDevice(t)
		errs := together(2, func(i int) error {
			if i == 0 {
				_, _, err := h.users.ApplySanction(t.Context(), a.ID, user.SanctionTerms{Kind: user.PermanentBlock, Reason: "cheating"})
				return err
			}
			_, err := h.auth.Confirm(t.Context(), confirm(c.ChallengeID, post.last(email), d))
			if errors.Is(err, user.ErrBlocked) {
				return nil
			}
			return err
		})
		require.Equal(t, []error{nil, nil}, errs)
		require.Zero(t, h.count(`SELECT count(*) FROM device_sessions WHERE user_id = $1 AND status = 'active'`, a.ID))
	}
}

func TestAnAttemptCountsAlthoughTheClientIsGone(t *testing.T) {
	t.Parallel()
	h, _ := quiet(t, settings())
	c, err := h.auth.SendCode(t.Context(), "ada@example.org", "en")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = h.auth.Confirm(ctx, confirm(c.ChallengeID, "0000-0000", newDevice(t)))
	require.ErrorIs(t, err, auth.ErrCode)
	require.Equal(t, 1, h.count(`SELECT cardinality(attempt_ids) FROM auth_challenges`))
}

func TestASignInIsFinishedAlthoughTheClientIsGone(t *testing.T) {
	t.Parallel()
	h, post := quiet(t, settings())
	c, err := h.auth.SendCode(t.Context(), "ada@example.org", "en")
	require.NoError(t, err)
	in := confirm(c.ChallengeID, post.last("ada@example.org"), newDevice(t))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	made, err := h.auth.Confirm(ctx, in)
	require.NoError(t, err)
	again, err := h.auth.Confirm(t.Context(), in)
	require.NoError(t, err)
	require.Equal(t, made.ID, again.ID)
}

func TestAConfirmationIsFewRoundTrips(t *testing.T) {
	t.Parallel()
	h, post := quiet(t, settings())
	sign := func(d device) func() {
		c, err := h.auth.SendCode(t.Context(), "ada@example.org", "en")
		require.NoError(t, err)
		code := post.last("ada@example.org")
		return func() {
			_, err := h.auth.Confirm(t.Context(), confirm(c.ChallengeID, code, d))
			require.NoError(t, err)
		}
	}
	require.LessOrEqual(t, h.traffic(sign(newDevice(t))).RoundTrips, int64(3), "a new account")
	h.clock.Advance(2 * time.Minute)
	h.clock.BlockUntil(loops)
	require.LessOrEqual(t, h.traffic(sign(newDevice(t))).RoundTrips, int64(5), "an account that exists")
}

// The same on the wire: what the server is asked to answer, and not what the
// product says that it asked.
func TestAConfirmationIsFourRoundTripsOnTheWire(t *testing.T) {
	t.Parallel()
	own := testkit.Postgres(t)
	proxy := testkit.PostgresProxy(t, own.Addr)
	post := &letters{}
	h := openWith(t, settings(), testkit.StandIn[auth.Mailer](post), testkit.StandIn[user.Mailer](post),
		testkit.StandIn(testkit.Open(t, own.Via(proxy.Addr()))))
	h.clock.BlockUntil(loops)
	var turns atomic.Int64
	proxy.Inject(testkit.Fault{Toward: testkit.ToServer, Times: -1, At: func(m testkit.Message) bool {
		if m.Type == 'S' || m.Type == 'Q' {
			turns.Add(1)
		}
		return false
	}})
	var took int64
	for _, email := range []string{"warm@example.org", "ada@example.org"} { // statements are prepared once
		c, code := h.opened(post, email)
		before := turns.Load()
		_, err := h.auth.Confirm(t.Context(), confirm(c, code, newDevice(t)))
		require.NoError(t, err)
		took = turns.Load() - before
	}
	require.LessOrEqual(t, took, int64(4))
	require.Positive(t, took)
}

// second matches what match matches, from the second time on: a confirmation's
// first COMMIT records the attempt.
func second(match func(testkit.Message) bool) func(testkit.Message) bool {
	var n atomic.Int32
	return func(m testkit.Message) bool { return match(m) && n.Add(1) > 1 }
}

// Whatever becomes of the second COMMIT of a confirmation, the repeat heals: the
// challenge opens once, and the cache says what the table says.
func TestAConfirmationWhoseCommitIsCutIsWholeOrAbsent(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]testkit.Fault{
		"applied, reply lost": {Toward: testkit.ToClient, At: second(testkit.Completes("COMMIT"))},
		"never arrived":       {Toward: testkit.ToServer, At: second(testkit.Runs("COMMIT"))},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			own := testkit.Postgres(t)
			proxy := testkit.PostgresProxy(t, own.Addr)
			post := &letters{}
			h := openWith(t, settings(), testkit.StandIn[auth.Mailer](post), testkit.StandIn[user.Mailer](post),
				testkit.StandIn(testkit.Open(t, own.Via(proxy.Addr()))))
			h.clock.BlockUntil(loops)
			c, err := h.auth.SendCode(t.Context(), "ada@example.org", "en")
			require.NoError(t, err)
			d, code := newDevice(t), post.last("ada@example.org")
			struck := proxy.Inject(fault)
			_, err = h.auth.Confirm(t.Context(), confirm(c.ChallengeID, code, d))
			<-struck
			require.ErrorIs(t, err, pg.ErrOutcomeUnknown)
			proxy.Heal()
			session, err := h.auth.Confirm(t.Context(), confirm(c.ChallengeID, code, d))
			require.NoError(t, err)
			require.Equal(t, 1, h.count(`SELECT count(*) FROM device_sessions`))
			require.Equal(t, 1, h.count(`SELECT count(*) FROM accounts`))
			cached, err := h.auth.Session(t.Context(), session.ID)
			require.NoError(t, err)
			require.Equal(t, auth.Active, cached.Status)
			require.NoError(t, h.users.Admit(t.Context(), session.UserID))
		})
	}
}
