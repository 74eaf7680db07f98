package user_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/user"
	"galaxy/backend/modules/user/person"
	"galaxy/backend/platform/testkit"
)

func TestAnAddressChangesItsSpelling(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.register("ada@example.org")
	old, err := f.changeEmail(a.ID, "ADA@example.org")
	require.NoError(t, err)
	require.Equal(t, "ada@example.org", old)
	got := testkit.Into[object](f.api.User(a.ID).Get(account).Want(200))
	require.Equal(t, "ADA@example.org", got["email"])
	found, ok, err := f.users.FindByEmail(t.Context(), f.db, "ada@example.org")
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, a.ID, found.ID)
}

func TestTheSameAddressAgainChangesNothing(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.register("ada@example.org")
	old, err := f.changeEmail(a.ID, "ada@example.org")
	require.NoError(t, err)
	require.Equal(t, "ada@example.org", old)
	require.Equal(t, 1, f.count(`SELECT version FROM accounts`))
	require.Zero(t, f.count(`SELECT count(*) FROM former_emails`))
}

func TestAChangedAddressIsANewVersionOfTheAccount(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.register("ada@example.org")
	tag := f.api.User(a.ID).Get(account).Want(200).Header.Get("ETag")
	_, err := f.changeEmail(a.ID, "new@example.org")
	require.NoError(t, err)
	f.api.User(a.ID).With("If-Match", tag).Patch(account, object{"display_name": "Ada"}).Refused(412, "version_mismatch")
}

func TestAnAddressChangesOnlyWhileTheProfileMay(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a, deleted := f.register("ada@example.org"), f.register("bob@example.org")
	_, err := f.changeEmail(a.ID, "nonsense")
	require.ErrorIs(t, err, person.ErrEmail)
	f.api.User(deleted.ID).Delete(account).Want(204)
	_, err = f.changeEmail(deleted.ID, "new@example.org")
	require.ErrorIs(t, err, user.ErrUserUnknown)
	for _, c := range []struct {
		kind string
		want error
	}{{"login_block", nil}, {"profile_update_block", user.ErrProfileBlocked}, {"permanent_block", user.ErrBlocked}} {
		f.sanction(a.ID, object{"kind": c.kind, "reason": "spam"}).Want(201)
		_, err := f.changeEmail(a.ID, "new@example.org")
		require.ErrorIs(t, err, c.want, c.kind)
	}
	f.requireCacheMatchesStore(a.ID)
}

// Mail that went to an address before belongs to the account, until somebody else
// has the address.
func TestAnErasureTakesTheMailToFormerAddressesAlong(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.register("one@example.org")
	for _, to := range []string{"two@example.org", "three@example.org"} {
		_, err := f.changeEmail(a.ID, to)
		require.NoError(t, err)
	}
	f.register("one@example.org")
	f.api.User(a.ID).Delete(account).Want(204)
	f.sweep(grace)
	require.Equal(t, []string{"three@example.org", "two@example.org"}, f.mailer.Erased())
	require.Zero(t, f.count(`SELECT count(*) FROM former_emails`))
}

func TestTwoUsersWhoWantOneAddressAtOnceDoNotBothGetIt(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ada, bob := f.register("ada@example.org"), f.register("bob@example.org")
	errs := make(chan error, 2)
	for _, a := range []user.Account{ada, bob} {
		go func() {
			_, err := f.changeEmail(a.ID, "shared@example.org")
			errs <- err
		}()
	}
	first, second := <-errs, <-errs
	require.True(t, (first == nil) != (second == nil), "%v, %v", first, second)
	if first == nil {
		first = second
	}
	require.ErrorIs(t, first, user.ErrEmailTaken)
	f.requireCacheMatchesStore(ada.ID)
	f.requireCacheMatchesStore(bob.ID)
}
