package admin

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"galaxy/backend/platform/httpx"
)

func TestTheLastEnabledAdminStays(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ctx := f.asAdmin()
	_, err := f.Disable(ctx, "root")
	require.ErrorIs(t, err, ErrLastAdmin)
	_, err = f.SetRole(ctx, "root", httpx.Operator)
	require.ErrorIs(t, err, ErrLastAdmin)
	f.create("anna", httpx.Administrator)

	var wg sync.WaitGroup
	errs := make([]error, 2)
	for i, name := range []string{"root", "anna"} {
		wg.Go(func() { _, errs[i] = f.Disable(ctx, name) })
	}
	wg.Wait()
	refused := 0
	for _, err := range errs {
		if err != nil {
			require.ErrorIs(t, err, ErrLastAdmin)
			refused++
		}
	}
	require.Equal(t, 1, refused, "of two at once one is refused")
}

func TestOnlyEnabledAdministratorsCountAsTheLastAdmin(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ctx := f.asAdmin()
	f.create("operator", httpx.Operator)
	f.create("viewer", httpx.Viewer)
	f.create("disabled", httpx.Administrator)
	_, err := f.Disable(ctx, "disabled")
	require.NoError(t, err)
	_, err = f.Disable(ctx, "root")
	require.ErrorIs(t, err, ErrLastAdmin)
	require.NoError(t, f.login("root", password))

	_, err = f.Enable(ctx, "disabled")
	require.NoError(t, err)
	_, err = f.SetRole(ctx, "root", httpx.Viewer)
	require.NoError(t, err)
	_, err = f.SetRole(ctx, "disabled", httpx.Operator)
	require.ErrorIs(t, err, ErrLastAdmin)
}

func TestCreatingAgainReturnsTheSameAccount(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ctx := f.asAdmin()
	f.create("anna", httpx.Operator)
	_, created, err := f.Create(ctx, "ANNA", otherPassword, httpx.Operator)
	require.NoError(t, err)
	require.False(t, created)
	require.NoError(t, f.login("anna", password), "the password stays")
	newer, _ := f.accounts.Peek("anna")
	newer.Hash = "of a reset that is committing meanwhile"
	f.accounts.Warm("anna", newer)
	_, _, err = f.Create(ctx, "anna", otherPassword, httpx.Operator)
	require.NoError(t, err)
	cached, _ := f.accounts.Peek("anna")
	require.Equal(t, newer.Hash, cached.Hash, "a row that was only read is not cached")
	_, _, err = f.Create(ctx, "anna", otherPassword, httpx.Viewer)
	require.ErrorIs(t, err, ErrExists)
}

func TestCreatingADisabledAccountAgainLeavesItDisabled(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.create("anna", httpx.Operator)
	_, err := f.Disable(f.asAdmin(), "anna")
	require.NoError(t, err)
	a, created, err := f.Create(f.asAdmin(), "anna", password, httpx.Operator)
	require.NoError(t, err)
	require.False(t, created)
	require.False(t, a.Enabled())
	require.ErrorIs(t, f.login("anna", password), ErrCredentials)
}

func TestMalformedUserNamesAndWeakPasswordsMakeNoAccount(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, weak := range []string{"short", fmt.Sprintf("%073d", 1), password + "\n", password + "\x7f",
		password + "\xff"} {
		_, _, err := f.Create(f.asAdmin(), "bob", weak, httpx.Viewer)
		require.ErrorIs(t, err, ErrWeakPassword)
		_, err = f.ResetPassword(f.asAdmin(), "root", weak)
		require.ErrorIs(t, err, ErrWeakPassword)
	}
	for _, name := range []string{"", "x", ".dot", "-dash", "two words", "ünïcode", "a/b",
		"abcdefghijklmnopqrstuvwxyz0123456"} {
		_, _, err := f.Create(f.asAdmin(), name, password, httpx.Viewer)
		require.ErrorIs(t, err, ErrInvalidUsername, name)
	}
	for _, name := range []string{"0a", "a.b-c_d", "abcdefghijklmnopqrstuvwxyz012345"} {
		f.create(name, httpx.Viewer)
	}
	accounts, err := f.Accounts(t.Context())
	require.NoError(t, err)
	require.Len(t, accounts, 4)
}

func TestEveryChangeOfAnUnknownAccountIsNotFound(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ctx := f.asAdmin()
	for _, name := range []string{"nobody", "not a user name", ""} {
		_, err := f.Account(ctx, name)
		require.ErrorIs(t, err, ErrNotFound)
		_, err = f.Disable(ctx, name)
		require.ErrorIs(t, err, ErrNotFound)
		_, err = f.Enable(ctx, name)
		require.ErrorIs(t, err, ErrNotFound)
		_, err = f.SetRole(ctx, name, httpx.Viewer)
		require.ErrorIs(t, err, ErrNotFound)
		_, err = f.ResetPassword(ctx, name, otherPassword)
		require.ErrorIs(t, err, ErrNotFound)
	}
	require.Empty(t, f.auditLog())
}

func TestDisablingAgainKeepsTheTimeOfTheFirst(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.create("anna", httpx.Viewer)
	first, err := f.Disable(f.asAdmin(), "anna")
	require.NoError(t, err)
	require.Equal(t, noon, *first.DisabledAt)
	f.clock.Advance(time.Hour)
	again, err := f.Disable(f.asAdmin(), "anna")
	require.NoError(t, err)
	require.Equal(t, noon, *again.DisabledAt)
	require.Equal(t, noon.Add(time.Hour), again.UpdatedAt)
	require.Equal(t, noon, again.CreatedAt)
	for range 2 {
		enabled, err := f.Enable(f.asAdmin(), "anna")
		require.NoError(t, err)
		require.True(t, enabled.Enabled())
	}
}

func TestAResetPasswordIsNoLongerTheBootstrapPassword(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	changed, err := f.ResetPassword(f.asAdmin(), "root", otherPassword)
	require.NoError(t, err)
	require.False(t, changed.Bootstrap)
	stored, err := f.Account(t.Context(), "root")
	require.NoError(t, err)
	require.Equal(t, changed, stored)
}

func TestAccountsAreListedByUserName(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, name := range []string{"zoe", "anna", "Mia"} {
		f.create(name, httpx.Viewer)
	}
	accounts, err := f.Accounts(t.Context())
	require.NoError(t, err)
	names := []string{}
	for _, a := range accounts {
		names = append(names, a.Username)
	}
	require.Equal(t, []string{"anna", "mia", "root", "zoe"}, names)
	f.closeDB()
	_, err = f.Accounts(t.Context())
	require.ErrorContains(t, err, "list admin accounts")
}

func TestAChangeWhoseAuditRowFailsIsNotMade(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.create("anna", httpx.Operator)
	f.breakAuditLog()
	ctx := f.asAdmin()
	_, err := f.Disable(ctx, "anna")
	require.Error(t, err)
	_, err = f.ResetPassword(ctx, "anna", otherPassword)
	require.Error(t, err)
	_, _, err = f.Create(ctx, "bob", password, httpx.Viewer)
	require.Error(t, err)

	require.NoError(t, f.login("anna", password), "neither the table nor the cache has changed")
	require.ErrorIs(t, f.login("bob", password), ErrCredentials)
	_, err = f.Account(ctx, "bob")
	require.ErrorIs(t, err, ErrNotFound)
}
