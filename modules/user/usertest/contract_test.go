package usertest_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/admin/admintest"
	"galaxy/backend/modules/mail/mailtest"
	"galaxy/backend/modules/user"
	"galaxy/backend/modules/user/usertest"
	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/httpx"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// users is what other domains ask for.
type users interface {
	httpx.UserGate
	Snapshot(ctx context.Context, id uuid.UUID) (user.Snapshot, error)
	Snapshots(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]user.Snapshot, error)
	Lock(ctx context.Context, tx *pg.Tx, id uuid.UUID) (user.Snapshot, error)
	Exists(ctx context.Context, id uuid.UUID) error
	FindByUserName(ctx context.Context, q pg.Querier, name string) (user.Account, error)
	FindByEmail(ctx context.Context, q pg.Querier, canonical string) (user.Account, bool, error)
	LoginBlocked(ctx context.Context, q pg.Querier, canonical string) (bool, error)
	Register(ctx context.Context, tx *pg.Tx, n user.NewAccount) (user.Account, error)
	ChangeEmail(ctx context.Context, tx *pg.Tx, id uuid.UUID, email string) (string, error)
}

// changes is what operators and users do, as usertest has it.
type changes interface {
	SetPlan(id uuid.UUID, plan user.Plan, ends *time.Time)
	SetLimit(id uuid.UUID, name user.LimitName, value int, expires *time.Time)
	ClearLimit(id uuid.UUID, name user.LimitName)
	Sanction(id uuid.UUID, kind user.SanctionKind, reason string, expires *time.Time) user.ActiveSanction
	Lift(id uuid.UUID, kind user.SanctionKind)
	Delete(id uuid.UUID)
	Restore(id uuid.UUID)
}

// fixture is the fake or what it stands in for, each on a database of its own.
type fixture struct {
	users
	changes
	db    *pg.DB
	clock *clock.Fake
}

func newFake(t *testing.T) fixture {
	t.Helper()
	db, clk := testkit.DB(t), clock.NewFake(noon)
	fake := usertest.New(t, db, clk)
	return fixture{fake, fake, db, clk}
}

// real is what other domains are given.
type real struct {
	*user.Service
	*user.Accounts
}

func newReal(t *testing.T) fixture {
	t.Helper()
	db, clk := testkit.DB(t), clock.NewFake(noon)
	cfg := user.Config{ErasureGrace: grace, SweepInterval: time.Minute}
	accounts := user.NewAccounts(db, clk, user.CacheConfig{UsersMax: 100})
	s := user.NewService(db, clk, cfg, accounts, &mailtest.Outbox{}, &admintest.Auditor{}, user.Hooks{})
	return fixture{real{s, accounts}, operator{t, s, accounts}, db, clk}
}

const grace = 7 * 24 * time.Hour

// operator makes the changes through the service.
type operator struct {
	t        *testing.T
	users    *user.Service
	accounts *user.Accounts
}

func (o operator) SetPlan(id uuid.UUID, plan user.Plan, ends *time.Time) {
	_, _, err := o.users.GrantPlan(o.t.Context(), id, user.Grant{Plan: plan, Source: "operator", Reason: "test",
		EndsAt: ends})
	require.NoError(o.t, err)
}

func (o operator) SetLimit(id uuid.UUID, name user.LimitName, value int, expires *time.Time) {
	require.NoError(o.t, o.users.SetLimit(o.t.Context(), id, name, value, "test", expires))
}

func (o operator) ClearLimit(id uuid.UUID, name user.LimitName) {
	if err := o.users.ClearLimit(o.t.Context(), id, name); !errors.Is(err, user.ErrNoOverride) {
		require.NoError(o.t, err)
	}
}

func (o operator) Sanction(id uuid.UUID, kind user.SanctionKind, reason string,
	expires *time.Time) user.ActiveSanction {
	o.Lift(id, kind)
	s, _, err := o.users.ApplySanction(o.t.Context(), id, user.SanctionTerms{Kind: kind, Reason: reason,
		ExpiresAt: expires})
	require.NoError(o.t, err)
	return user.ActiveSanction{ID: s.ID, Kind: s.Kind, Reason: s.Reason, AppliedAt: s.AppliedAt, ExpiresAt: s.ExpiresAt}
}

func (o operator) Lift(id uuid.UUID, kind user.SanctionKind) {
	s, err := o.accounts.Snapshot(o.t.Context(), id)
	require.NoError(o.t, err)
	for _, one := range s.Sanctions {
		if one.Kind == kind {
			require.NoError(o.t, o.users.LiftSanction(o.t.Context(), id, one.ID))
		}
	}
}

func (o operator) Delete(id uuid.UUID)  { require.NoError(o.t, o.users.Delete(o.t.Context(), id)) }
func (o operator) Restore(id uuid.UUID) { require.NoError(o.t, o.users.Restore(o.t.Context(), id)) }

// register makes an account through the port.
func (f fixture) register(t *testing.T, email string) user.Account {
	t.Helper()
	var a user.Account
	require.NoError(t, f.db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) (err error) {
		a, err = f.Register(ctx, tx, user.NewAccount{Email: email, Language: "en", TimeZone: "UTC", Country: "NL"})
		return err
	}))
	return a
}

// locked is the user as a transaction has them.
func (f fixture) locked(t *testing.T, id uuid.UUID) (s user.Snapshot, err error) {
	t.Helper()
	err = f.db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
		s, err = f.Lock(ctx, tx, id)
		return err
	})
	return s, err
}

func (f fixture) changeEmail(t *testing.T, id uuid.UUID, to string) (old string, err error) {
	t.Helper()
	err = f.db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
		old, err = f.ChangeEmail(ctx, tx, id, to)
		return err
	})
	return old, err
}

// both runs a test of the contract against the fake and the real thing.
func both(t *testing.T, test func(t *testing.T, f fixture)) {
	t.Parallel()
	for name, open := range map[string]func(*testing.T) fixture{"fake": newFake, "real": newReal} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
}

func TestAUserWhoDoesNotExistIsUnknown(t *testing.T) {
	both(t, func(t *testing.T, f fixture) {
		nobody := uuid.Must(uuid.NewV7())
		_, err := f.Snapshot(t.Context(), nobody)
		require.ErrorIs(t, err, user.ErrUserUnknown)
		_, err = f.locked(t, nobody)
		require.ErrorIs(t, err, user.ErrUserUnknown)
		require.ErrorIs(t, f.Admit(t.Context(), nobody), user.ErrUserUnknown)
		require.ErrorIs(t, f.Exists(t.Context(), nobody), user.ErrNotFound)
		_, err = f.FindByUserName(t.Context(), f.db, "player-00000000")
		require.ErrorIs(t, err, user.ErrNotFound)
		_, ok, err := f.FindByEmail(t.Context(), f.db, "nobody@example.org")
		require.NoError(t, err)
		require.False(t, ok)
		blocked, err := f.LoginBlocked(t.Context(), f.db, "nobody@example.org")
		require.NoError(t, err)
		require.False(t, blocked)
		_, err = f.changeEmail(t, nobody, "ada@example.org")
		require.ErrorIs(t, err, user.ErrUserUnknown)
		got, err := f.Snapshots(t.Context(), []uuid.UUID{nobody})
		require.NoError(t, err)
		require.Empty(t, got)
	})
}

func TestARegisteredUserIsFoundByEverything(t *testing.T) {
	both(t, func(t *testing.T, f fixture) {
		a := f.register(t, "Ada@example.org")
		require.Equal(t, a.ID, f.register(t, "ada@EXAMPLE.org").ID, "an address has one live account")
		s, err := f.Snapshot(t.Context(), a.ID)
		require.NoError(t, err)
		require.Equal(t, user.Snapshot{UserID: a.ID, UserName: a.UserName, DisplayName: a.UserName, Email: "Ada@example.org",
			Language: "en", TimeZone: "UTC", Plan: user.Free, Limits: user.Free.Limits(), Sanctions: []user.ActiveSanction{}}, s)
		locked, err := f.locked(t, a.ID)
		require.NoError(t, err)
		require.Equal(t, s, locked)
		many, err := f.Snapshots(t.Context(), []uuid.UUID{a.ID, uuid.New()})
		require.NoError(t, err)
		require.Equal(t, map[uuid.UUID]user.Snapshot{a.ID: s}, many)
		byName, err := f.FindByUserName(t.Context(), f.db, a.UserName)
		require.NoError(t, err)
		require.Equal(t, a, byName)
		byEmail, ok, err := f.FindByEmail(t.Context(), f.db, "ada@example.org")
		require.NoError(t, err)
		require.True(t, ok)
		require.Equal(t, a, byEmail)
		require.NoError(t, f.Admit(t.Context(), a.ID))
		require.NoError(t, f.Exists(t.Context(), a.ID))
	})
}

func TestARegistrationThatRollsBackLeavesNobody(t *testing.T) {
	both(t, func(t *testing.T, f fixture) {
		id := uuid.Must(uuid.NewV7())
		no := errors.New("no")
		require.ErrorIs(t, f.db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
			_, err := f.Register(ctx, tx, user.NewAccount{ID: id, Email: "ada@example.org", Language: "en", TimeZone: "UTC"})
			require.NoError(t, err)
			s, err := f.Lock(ctx, tx, id)
			require.NoError(t, err)
			require.Equal(t, user.Free, s.Plan, "the transaction sees them")
			return no
		}), no)
		_, err := f.Snapshot(t.Context(), id)
		require.ErrorIs(t, err, user.ErrUserUnknown)
	})
}

func TestADeletedUserIsShownButNeitherAdmittedNorFound(t *testing.T) {
	both(t, func(t *testing.T, f fixture) {
		a := f.register(t, "ada@example.org")
		f.Delete(a.ID)
		s, err := f.Snapshot(t.Context(), a.ID)
		require.NoError(t, err)
		require.True(t, s.Deleted)
		s, err = f.locked(t, a.ID)
		require.NoError(t, err)
		require.True(t, s.Deleted)
		require.NoError(t, f.Exists(t.Context(), a.ID))
		require.ErrorIs(t, f.Admit(t.Context(), a.ID), user.ErrUserUnknown)
		_, err = f.FindByUserName(t.Context(), f.db, a.UserName)
		require.ErrorIs(t, err, user.ErrNotFound)
		_, ok, err := f.FindByEmail(t.Context(), f.db, "ada@example.org")
		require.NoError(t, err)
		require.False(t, ok)
		_, err = f.changeEmail(t, a.ID, "new@example.org")
		require.ErrorIs(t, err, user.ErrUserUnknown)
		f.Restore(a.ID)
		require.NoError(t, f.Admit(t.Context(), a.ID))
		f.Delete(a.ID)
		require.NotEqual(t, a.ID, f.register(t, "ada@example.org").ID, "the address is free")
	})
}

func TestAnAddressIsChangedUnlessSomebodyHasIt(t *testing.T) {
	both(t, func(t *testing.T, f fixture) {
		a := f.register(t, "ada@example.org")
		f.register(t, "bob@example.org")
		_, err := f.changeEmail(t, a.ID, "nonsense")
		require.ErrorContains(t, err, "validation_failed")
		_, err = f.changeEmail(t, a.ID, "BOB@example.org")
		require.ErrorIs(t, err, user.ErrEmailTaken)
		old, err := f.changeEmail(t, a.ID, "New@example.org")
		require.NoError(t, err)
		require.Equal(t, "ada@example.org", old)
		s, err := f.Snapshot(t.Context(), a.ID)
		require.NoError(t, err)
		require.Equal(t, "New@example.org", s.Email)
		f.Sanction(a.ID, user.ProfileUpdateBlock, "spam", nil)
		_, err = f.changeEmail(t, a.ID, "other@example.org")
		require.ErrorIs(t, err, user.ErrProfileBlocked)
		f.Sanction(a.ID, user.PermanentBlock, "spam", nil)
		_, err = f.changeEmail(t, a.ID, "other@example.org")
		require.ErrorIs(t, err, user.ErrBlocked)
	})
}

func TestALoginBlockCountsUntilItEnds(t *testing.T) {
	for _, kind := range []user.SanctionKind{user.LoginBlock, user.PermanentBlock} {
		t.Run(string(kind), func(t *testing.T) {
			both(t, func(t *testing.T, f fixture) {
				a := f.register(t, "ada@example.org")
				end := noon.Add(time.Hour)
				f.Sanction(a.ID, kind, "spam", &end)
				blocked, err := f.LoginBlocked(t.Context(), f.db, "ada@example.org")
				require.NoError(t, err)
				require.True(t, blocked)
				require.Equal(t, kind == user.PermanentBlock, errors.Is(f.Admit(t.Context(), a.ID), user.ErrBlocked))
				f.clock.Set(end)
				blocked, err = f.LoginBlocked(t.Context(), f.db, "ada@example.org")
				require.NoError(t, err)
				require.False(t, blocked)
				require.NoError(t, f.Admit(t.Context(), a.ID))
			})
		})
	}
}

// The second Lock waits for the first transaction: what a limit counts is serial.
func TestALockedUserIsLockedForOthers(t *testing.T) {
	both(t, func(t *testing.T, f fixture) {
		a := f.register(t, "ada@example.org")
		done := make(chan error, 1)
		require.NoError(t, f.db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
			_, err := f.Lock(ctx, tx, a.ID)
			require.NoError(t, err)
			go func() {
				_, err := f.changeEmail(t, a.ID, "new@example.org")
				done <- err
			}()
			require.Eventually(t, func() bool {
				n, err := pg.Get[int](t.Context(), f.db, `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`)
				return err == nil && n > 0
			}, time.Minute, time.Millisecond)
			s, err := f.Lock(ctx, tx, a.ID)
			require.Equal(t, "ada@example.org", s.Email)
			return err
		}))
		require.NoError(t, <-done)
	})
}
