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
