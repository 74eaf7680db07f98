package admin

import (
	"fmt"
	"sync"
	"testing"

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
