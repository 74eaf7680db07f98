package user_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/user"
	"galaxy/backend/modules/user/person"
	"galaxy/backend/platform/pg"
)

func TestARegistrationNeedsAPlainAddress(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	err := f.db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
		_, err := f.users.Register(ctx, tx, user.NewAccount{Email: "Ada <ada@example.org>", Language: "en", TimeZone: "UTC"})
		return err
	})
	require.ErrorIs(t, err, person.ErrEmail)
	require.Zero(t, f.count(`SELECT count(*) FROM accounts`))
}

func TestARegistrationTellsWhetherItMadeTheAccountByTheID(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	register := func() (asked, got uuid.UUID) {
		asked = uuid.Must(uuid.NewV7())
		require.NoError(t, f.db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
			a, err := f.users.Register(ctx, tx, user.NewAccount{ID: asked, Email: "ada@example.org", Language: "en",
				TimeZone: "UTC"})
			got = a.ID
			return err
		}))
		return asked, got
	}
	first, made := register()
	require.Equal(t, first, made)
	second, found := register()
	require.NotEqual(t, second, found)
	require.Equal(t, first, found)
	require.Equal(t, 1, f.count(`SELECT count(*) FROM entitlement_records WHERE source = 'registration' AND actor = 'system'`))
}

func TestARegistrationThatRollsBackIsNotCached(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	id, no := uuid.Must(uuid.NewV7()), errors.New("no")
	require.ErrorIs(t, f.db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
		_, err := f.users.Register(ctx, tx, user.NewAccount{ID: id, Email: "ada@example.org", Language: "en",
			TimeZone: "UTC"})
		require.NoError(t, err)
		return no
	}), no)
	f.api.User(id).Get(account).Refused(401, "user_unknown")
}

// A transaction that waits for another's insertion finds neither its own row nor,
// in its first try, the other's: the next try does.
func TestRegistrationsOfOneAddressAtOnceMakeOneAccount(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, email := range []string{"ada@example.org", "bob@example.org", "eve@example.org"} {
		ids := make([]uuid.UUID, 6)
		var wg sync.WaitGroup
		for i := range ids {
			wg.Go(func() {
				err := f.db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
					a, err := f.users.Register(ctx, tx, user.NewAccount{Email: email, Language: "en", TimeZone: "UTC"})
					ids[i] = a.ID
					return err
				})
				if err != nil {
					t.Errorf("register: %v", err)
				}
			})
		}
		wg.Wait()
		for _, id := range ids {
			require.Equal(t, ids[0], id)
		}
		require.Equal(t, 1, f.count(`SELECT count(*) FROM accounts WHERE email_canonical = $1`, email))
		require.Equal(t, 1, f.count(`SELECT count(*) FROM entitlement_records WHERE user_id = $1`, ids[0]))
	}
}

func TestAnUnknownUserIsNotRememberedAsUnknown(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	id := uuid.Must(uuid.NewV7())
	_, err := f.accounts.Snapshot(t.Context(), id)
	require.ErrorIs(t, err, user.ErrUserUnknown)
	require.NoError(t, f.db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
		_, err := f.users.Register(ctx, tx, user.NewAccount{ID: id, Email: "ada@example.org", Language: "en",
			TimeZone: "UTC"})
		return err
	}))
	_, err = f.accounts.Snapshot(t.Context(), id)
	require.NoError(t, err)
}

// The cache holds fewer users than there are.
func TestAUserWhomTheCacheLacksIsReadFromTheStore(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ada, bob := f.register("ada@example.org"), f.register("bob@example.org")
	small, _ := f.uncached()
	for range 2 {
		for _, a := range []user.Account{ada, bob} {
			got, err := small.Account(t.Context(), a.ID)
			require.NoError(t, err)
			require.Equal(t, a.Email, got.Email)
			require.NoError(t, small.Admit(t.Context(), a.ID))
			require.NoError(t, small.Exists(t.Context(), a.ID))
		}
	}
	unknown := uuid.Must(uuid.NewV7())
	_, err := small.Account(t.Context(), unknown)
	require.ErrorIs(t, err, user.ErrUserUnknown)
	require.ErrorIs(t, small.Exists(t.Context(), unknown), user.ErrNotFound)
	_, err = small.Entitlement(t.Context(), unknown)
	require.ErrorIs(t, err, user.ErrUserUnknown)
	_, err = small.Export(t.Context(), unknown)
	require.ErrorIs(t, err, user.ErrNotFound)
}

// A database that does not answer is no answer about the user.
func TestAReadThatFailsIsNotAnUnknownUser(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	id := f.register("ada@example.org").ID
	cold, accounts := f.uncached()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for name, read := range map[string]func() error{
		"start":       func() error { return accounts.Start(ctx) },
		"admit":       func() error { return cold.Admit(ctx, id) },
		"snapshot":    func() error { _, err := accounts.Snapshot(ctx, id); return err },
		"snapshots":   func() error { _, err := accounts.Snapshots(ctx, []uuid.UUID{id}); return err },
		"account":     func() error { _, err := cold.Account(ctx, id); return err },
		"exists":      func() error { return cold.Exists(ctx, id) },
		"entitlement": func() error { _, err := cold.Entitlement(ctx, id); return err },
		"list":        func() error { _, err := cold.List(ctx, user.Filter{Limit: 1}); return err },
		"export":      func() error { _, err := cold.Export(ctx, id); return err },
		"by name":     func() error { _, err := accounts.FindByUserName(ctx, f.db, "player-00000000"); return err },
		"by email":    func() error { _, _, err := cold.FindByEmail(ctx, f.db, "ada@example.org"); return err },
		"login block": func() error { _, err := cold.LoginBlocked(ctx, f.db, "ada@example.org"); return err },
		"lock": func() error {
			return f.db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error { _, err := accounts.Lock(ctx, tx, id); return err })
		},
	} {
		err := read()
		require.Error(t, err, name)
		require.NotErrorIs(t, err, user.ErrUserUnknown, name)
		require.NotErrorIs(t, err, user.ErrNotFound, name)
	}
	require.NoError(t, cold.Admit(t.Context(), id))
}
