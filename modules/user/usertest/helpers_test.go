package usertest_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/user"
	"galaxy/backend/modules/user/usertest"
	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/testkit"
)

func TestAddedAccountsAreRowsThatOthersCanReferTo(t *testing.T) {
	t.Parallel()
	db := testkit.DB(t)
	fake := usertest.New(t, db, clock.NewFake(noon))
	ada := fake.Add(func(a *user.Account) { a.Email, a.DisplayName = "Ada@example.org", "Ada" })
	ids := fake.AddMany(3)
	require.Empty(t, fake.AddMany(0))
	n, err := pg.Get[int](t.Context(), db, `SELECT count(*) FROM accounts WHERE user_id = ANY($1)`, append(ids, ada.ID))
	require.NoError(t, err)
	require.Equal(t, 4, n)
	found, ok, err := fake.FindByEmail(t.Context(), db, "ada@example.org")
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, ada, found)
}

func TestAnErasedAccountHasNothingPersonal(t *testing.T) {
	t.Parallel()
	db := testkit.DB(t)
	fake := usertest.New(t, db, clock.NewFake(noon))
	a := fake.Add()
	fake.Delete(a.ID)
	fake.Erase(a.ID)
	s, err := fake.Snapshot(t.Context(), a.ID)
	require.NoError(t, err)
	require.Equal(t, user.Snapshot{UserID: a.ID, UserName: a.UserName, Deleted: true, Language: "en", TimeZone: "UTC",
		Plan:   user.Free,
		Limits: user.Free.Limits(), Sanctions: []user.ActiveSanction{}}, s)
	n, err := pg.Get[int](t.Context(), db, `SELECT count(*) FROM accounts WHERE email IS NULL AND erased_at IS NOT NULL`)
	require.NoError(t, err)
	require.Equal(t, 1, n)
}

func TestAFailureReachesEveryCaller(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	a := f.register(t, "ada@example.org")
	fake := f.users.(*usertest.Accounts)
	down := errors.New("down")
	fake.Fail(down)
	ctx := t.Context()
	calls := map[string]func() error{
		"snapshot":  func() error { _, err := fake.Snapshot(ctx, a.ID); return err },
		"snapshots": func() error { _, err := fake.Snapshots(ctx, []uuid.UUID{a.ID}); return err },
		"lock":      func() error { _, err := f.locked(t, a.ID); return err },
		"exists":    func() error { return fake.Exists(ctx, a.ID) },
		"admit":     func() error { return fake.Admit(ctx, a.ID) },
		"name":      func() error { _, err := fake.FindByUserName(ctx, f.db, a.UserName); return err },
		"email":     func() error { _, _, err := fake.FindByEmail(ctx, f.db, "ada@example.org"); return err },
		"blocked":   func() error { _, err := fake.LoginBlocked(ctx, f.db, "ada@example.org"); return err },
		"change":    func() error { _, err := f.changeEmail(t, a.ID, "new@example.org"); return err },
	}
	for name, call := range calls {
		require.ErrorIs(t, call(), down, name)
	}
	fake.Fail(nil)
	for name, call := range calls {
		require.NoError(t, call(), name)
	}
}

// recorder is a test that only notes that it failed.
type recorder struct{ failed string }

func (r *recorder) Helper()                           {}
func (r *recorder) Fatalf(format string, args ...any) { r.failed = fmt.Sprintf(format, args...) }

func TestAMistakeInATestEndsIt(t *testing.T) {
	t.Parallel()
	for want, mistake := range map[string]func(fake *usertest.Accounts, id uuid.UUID){
		"there is no user": func(fake *usertest.Accounts, _ uuid.UUID) { fake.SetPlan(uuid.New(), user.Yearly, nil) },
		"email_taken": func(fake *usertest.Accounts, id uuid.UUID) {
			other := fake.Add(func(a *user.Account) { a.Email = "bob@example.org" })
			fake.Set(id, func(a *user.Account) { a.Email = other.Email })
		},
		"add 1 accounts": func(fake *usertest.Accounts, _ uuid.UUID) {
			fake.Add(func(a *user.Account) { a.UserName = "not a user name" })
		},
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			r := &recorder{}
			fake := usertest.New(r, testkit.DB(t), clock.NewFake(noon))
			id := fake.Add().ID
			require.Empty(t, r.failed)
			mistake(fake, id)
			require.Contains(t, r.failed, want)
		})
	}
}
