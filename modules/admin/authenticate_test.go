package admin

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/bcrypt"

	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/fault"
	"galaxy/backend/platform/httpx"
)

func TestVerifiedCredentialIsCachedForFiveMinutes(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for range 20 {
		require.NoError(t, f.login("root", password))
	}
	require.EqualValues(t, 1, f.verifier.comparisons.Load())
	f.clock.Advance(credentialTTL - 1)
	require.NoError(t, f.login("root", password))
	require.EqualValues(t, 1, f.verifier.comparisons.Load())
	f.clock.Advance(1)
	require.NoError(t, f.login("ROOT", password), "another case names the same account")
	require.EqualValues(t, 2, f.verifier.comparisons.Load())
}

func TestAChangeOfTheAccountIsEffectiveAtOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ctx := f.asAdmin()
	f.create("Anna", httpx.Operator)
	require.NoError(t, f.login("anna", password))
	_, err := f.Disable(ctx, "anna")
	require.NoError(t, err)
	require.ErrorIs(t, f.login("anna", password), ErrCredentials)
	_, err = f.Enable(ctx, "anna")
	require.NoError(t, err)
	require.NoError(t, f.login("anna", password))
	_, err = f.ResetPassword(ctx, "anna", otherPassword)
	require.NoError(t, err)
	require.ErrorIs(t, f.login("anna", password), ErrCredentials)
	require.NoError(t, f.login("anna", otherPassword))
	_, err = f.SetRole(ctx, "anna", httpx.Viewer)
	require.NoError(t, err)
	p, err := f.Authenticate(t.Context(), "anna", otherPassword, source)
	require.NoError(t, err)
	require.Equal(t, httpx.Principal{Username: "anna", Role: httpx.Viewer}, p)
}

func TestWrongAndUnknownCredentialsGetOneAnswerAndOnlyMalformedOnesAreFree(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.create("gone", httpx.Administrator)
	_, err := f.Disable(f.asAdmin(), "gone")
	require.NoError(t, err)
	for name, c := range map[string]struct {
		username, password string
		comparisons        int64
	}{
		"wrong password":      {"root", "not the password", 1},
		"unknown user":        {"nobody", password, 1},
		"disabled":            {"gone", password, 1},
		"malformed user name": {"ro ot", password, 0},
		"empty":               {"", "", 0},
		"73 bytes":            {"root", fmt.Sprintf("%073d", 1), 0},
		"14 bytes":            {"root", fmt.Sprintf("%014d", 1), 0},
		"right but too long":  {"root", password + strings.Repeat(" ", 73), 0},
	} {
		before := f.verifier.comparisons.Load()
		require.ErrorIs(t, f.login(c.username, c.password), ErrCredentials, name)
		require.Equal(t, c.comparisons, f.verifier.comparisons.Load()-before, name)
	}
}

// comparing calls during while bcrypt compares, as another request would.
func (f *fixture) comparing(during func()) {
	compare := f.verifier.hasher.compare
	f.verifier.hasher.compare = func(hash, password []byte) error {
		during()
		return compare(hash, password)
	}
}

func TestAnAccountThatChangesWhileItsPasswordIsComparedIsNotSignedIn(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(f *fixture) error{
		"disabled": func(f *fixture) error { _, err := f.Disable(f.asAdmin(), "anna"); return err },
		"reset": func(f *fixture) error {
			// A hash of its own would wait for the comparison.
			_, err := f.editAccount(f.asAdmin(), "anna", "admin.reset_password", func(r *accountRow) { r.Hash = "another" })
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			f.create("anna", httpx.Viewer)
			f.comparing(func() { require.NoError(f, change(f)) })
			require.ErrorIs(t, f.login("anna", password), ErrCredentials)
		})
	}
}

func TestARoleThatChangesWhileThePasswordIsComparedIsTheNewOne(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.create("anna", httpx.Operator)
	f.comparing(func() {
		_, err := f.SetRole(f.asAdmin(), "anna", httpx.Viewer)
		require.NoError(f, err)
	})
	p, err := f.Authenticate(t.Context(), "anna", password, source)
	require.NoError(t, err)
	require.Equal(t, httpx.Viewer, p.Role)
}

func TestADatabaseThatIsDownRefusesNoCredentials(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	require.NoError(t, f.login("root", password))
	f.closeDB()
	require.NoError(t, f.login("root", password), "a cached account needs no query")
	err := f.login("anna", password)
	require.Error(t, err)
	require.NotErrorIs(t, err, ErrCredentials, "whether the account exists is not known")
}

func TestAnAccountThatIsNotCachedIsRead(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	other := newFixtureOn(t, f.db, Config{})
	other.create("anna", httpx.Viewer)
	require.NoError(t, f.login("anna", password))
}

func TestTheCacheOfCredentialsIsBounded(t *testing.T) {
	t.Parallel()
	v, err := newVerifier(clock.NewFake(noon))
	require.NoError(t, err)
	for i := range 2*maxCredentials + 1 {
		v.cache(v.mac("root", fmt.Sprint(i)), "hash")
		require.LessOrEqual(t, len(v.cached), maxCredentials)
	}
	require.Equal(t, fresh, v.state(v.mac("root", fmt.Sprint(2*maxCredentials)), "hash"))
	require.Equal(t, uncached, v.state(v.mac("root", "0"), "hash"))
}

func TestACachedCredentialBelongsToOneUserNameAndOneHash(t *testing.T) {
	t.Parallel()
	clk := clock.NewFake(noon)
	v, err := newVerifier(clk)
	require.NoError(t, err)
	v.cache(v.mac("ann", "a password"), "hash")
	require.Equal(t, fresh, v.state(v.mac("ann", "a password"), "hash"))
	require.Equal(t, uncached, v.state(v.mac("anna", " password"), "hash"), "the same text in another place")
	require.Equal(t, uncached, v.state(v.mac("ann", "a password"), "another hash"))
	require.Equal(t, uncached, v.state(v.mac("ann", "a password"), ""), "a disabled account")
	clk.Advance(credentialTTL)
	require.Equal(t, stale, v.state(v.mac("ann", "a password"), "hash"))
	other, err := newVerifier(clk)
	require.NoError(t, err)
	require.NotEqual(t, v.mac("ann", "a password"), other.mac("ann", "a password"), "the key is the process's own")
}

func TestAtMostOneBcryptRunsAtATime(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	require.NoError(t, f.verifier.acquire(t.Context())) // somebody else's is running
	ctx, cancel := context.WithCancel(f.asAdmin())
	var wg sync.WaitGroup
	errs := make([]error, maxWaiting)
	for i := range errs {
		wg.Go(func() { _, errs[i] = f.Authenticate(ctx, fmt.Sprintf("name%d", i), password, sourceNumber(i)) })
	}
	require.Eventually(t, func() bool { return f.verifier.waiting.Load() == maxWaiting }, 10*time.Second, time.Millisecond)
	_, err := f.Authenticate(ctx, "one-more", password, sourceNumber(100))
	require.ErrorIs(t, err, ErrThrottled, "the queue is bounded")
	created := make(chan error, 1)
	go func() { _, _, err := f.Create(ctx, "anna", password, httpx.Viewer); created <- err }()
	cancel()
	require.ErrorIs(t, <-created, context.Canceled, "a new hash waits like the rest")
	wg.Wait()
	for _, err := range errs {
		require.ErrorIs(t, err, ErrThrottled)
	}
	f.verifier.release()
	require.NoError(t, f.login("root", password))
}

func TestPasswordsAreStoredAtCostTwelve(t *testing.T) {
	t.Parallel()
	v, err := newVerifier(clock.System{})
	require.NoError(t, err)
	require.Equal(t, 12, v.hasher.cost)
	cost, err := bcrypt.Cost(v.dummyHash)
	require.NoError(t, err)
	require.Equal(t, 12, cost, "an unknown user costs as much")
}

func TestThrottledAttemptsSayWhenToTryAgain(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for range attemptsPerUsername {
		require.ErrorIs(t, f.login("root", otherPassword), ErrCredentials)
	}
	var refused *fault.Error
	require.ErrorAs(t, f.login("root", otherPassword), &refused)
	require.Equal(t, fault.Throttled, refused.Code)
	require.Equal(t, 12*time.Second, refused.RetryAfter)
	f.clock.Advance(refused.RetryAfter)
	require.ErrorIs(t, f.login("root", otherPassword), ErrCredentials)
}
