package user_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.uber.org/fx"

	"galaxy/backend/modules/admin"
	"galaxy/backend/modules/admin/admintest"
	"galaxy/backend/modules/mail/mailtest"
	"galaxy/backend/modules/user"
	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/testkit"
)

func TestADeletedAccountCanComeBackWithinTheGracePeriod(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.register("ada@example.org")
	f.api.User(a.ID).Delete(account).Want(204)
	f.api.User(a.ID).Get(account).Refused(401, "user_unknown")
	require.Equal(t, []string{"arc deleted", "zoo deleted"}, f.hooks.departures(), "in the order of names")

	f.sweep(grace - time.Microsecond)
	f.restore(a.ID).Want(200)
	f.restore(a.ID).Want(200)
	f.api.User(a.ID).Get(account).Want(200)
	f.requireCacheMatchesStore(a.ID)
	require.Equal(t, 2, f.count(`SELECT count(*) FROM admin_audit WHERE action = 'user.restore'`))
}

func TestAnAddressThatSomebodyTookCannotBeRestored(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.register("ada@example.org")
	f.softDelete(a.ID).Want(200)
	f.softDelete(a.ID).Want(200)
	require.Len(t, f.hooks.departures(), 2, "the hooks are called once")
	b := f.register("Ada@example.org")
	require.NotEqual(t, a.ID, b.ID)
	f.restore(a.ID).Refused(409, "email_taken")

	f.sweep(grace)
	require.Empty(t, f.mailer.Erased(), "the mail is the new account's")
	require.Equal(t, "Ada@example.org", testkit.Into[object](f.api.User(b.ID).Get(account).Want(200))["email"])
}

func TestAfterTheGracePeriodATombstoneStays(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.register("Ada@example.org")
	f.note(a.ID, "asked for a refund").Want(201)
	f.softDelete(a.ID).Want(200)
	f.sweep(grace)
	require.Equal(t, []string{"Ada@example.org"}, f.mailer.Erased())
	require.Equal(t, []string{"arc deleted", "zoo deleted", "arc erased", "zoo erased"}, f.hooks.departures())
	require.Zero(t, f.count(`SELECT count(*) FROM account_notes`))
	got := testkit.Into[object](f.admin().Get(userPath(a.ID, "")).Want(200))
	require.Equal(t, a.UserName, got["user_name"])
	require.Empty(t, got["email"])
	require.Empty(t, got["display_name"])
	require.Empty(t, got["declared_country"])
	f.restore(a.ID).Refused(409, "account_erased")
	f.note(a.ID, "too late").Refused(409, "account_erased")
	f.sweep(grace)
	require.Len(t, f.hooks.departures(), 4, "it is erased once")
	f.requireCacheMatchesStore(a.ID)
}

func TestADepartureThatFailsLeavesTheAccountAsItWas(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.register("ada@example.org")
	f.hooks.err = errors.New("no")
	f.api.User(a.ID).Delete(account).Refused(500, "internal_error")
	f.sanction(a.ID, object{"kind": "permanent_block", "reason": "cheating"}).Refused(500, "internal_error")
	f.hooks.err = nil
	f.api.User(a.ID).Get(account).Want(200)
	f.requireCacheMatchesStore(a.ID)
	require.Empty(t, f.hooks.departures())
	require.Zero(t, f.count(`SELECT count(*) FROM sanctions`))
}

// The pass reports the failure all the same.
func TestAUserWhoCannotBeSweptDelaysNobodyElse(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	failing, healthy := f.register("a@example.org"), f.register("b@example.org")
	for _, id := range []string{userPath(failing.ID, "/entitlements"), userPath(healthy.ID, "/entitlements")} {
		f.admin().Post(id, object{"plan": "monthly", "reason": "gift", "ends_at": noon.Add(day)}).Want(201)
	}
	f.exec(`CREATE FUNCTION fail_sweep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
		IF NEW.user_id = (SELECT min(user_id::text)::uuid FROM accounts) THEN RAISE EXCEPTION 'failing'; END IF; RETURN NEW; END $$`)
	f.exec(`CREATE TRIGGER fail_sweep BEFORE INSERT ON entitlement_records FOR EACH ROW EXECUTE FUNCTION fail_sweep()`)
	f.clock.Advance(day)
	require.Error(t, f.sweeper.RunOnce(t.Context(), f.clock.Now()))
	require.Equal(t, 1, f.count(`SELECT count(*) FROM entitlement_records WHERE source = 'expiry' AND user_id = $1`, healthy.ID))
	f.exec(`DROP TRIGGER fail_sweep ON entitlement_records`)
	f.sweep(0)
	require.Equal(t, 1, f.count(`SELECT count(*) FROM entitlement_records WHERE source = 'expiry' AND user_id = $1`, failing.ID))
}

// Whatever becomes of a COMMIT, cache and table say the same afterwards, and the
// same call again heals.
func TestACommitInDoubtLeavesTheCacheTrue(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]testkit.Fault{
		"applied, reply lost": {Toward: testkit.ToClient, At: testkit.Completes("COMMIT")},
		"never arrived":       {Toward: testkit.ToServer, At: testkit.Runs("COMMIT")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			own := testkit.Postgres(t)
			proxy := testkit.PostgresProxy(t, own.Addr)
			f := newFixture(t, testkit.StandIn(testkit.Open(t, own.Via(proxy.Addr()))))
			a := f.register("ada@example.org")
			sanction := object{"kind": "permanent_block", "reason": "cheating"}
			for _, call := range []func() testkit.Reply{
				func() testkit.Reply { return f.api.User(a.ID).Patch(account, object{"display_name": "Ada"}) },
				func() testkit.Reply { return f.sanction(a.ID, sanction) },
				func() testkit.Reply { return f.softDelete(a.ID) },
			} {
				struck := proxy.Inject(fault)
				call().Refused(503, "outcome_unknown")
				<-struck
				proxy.Heal()
				f.requireCacheMatchesStore(a.ID)
				require.Contains(t, []int{200, 201}, call().Status)
				f.requireCacheMatchesStore(a.ID)
			}
			require.Equal(t, 1, f.count(`SELECT count(*) FROM sanctions`))
			require.Equal(t, 1, f.count(`SELECT count(*) FROM accounts WHERE deleted_at IS NOT NULL AND display_name = 'Ada'`))
		})
	}
}

func TestARestoredAccountKeepsWhatItHad(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.register("ada@example.org")
	f.api.User(a.ID).Patch(account, object{"display_name": "Countess"}).Want(200)
	f.grant(a.ID, object{"plan": "permanent", "reason": "founder"}).Want(201)
	f.sanction(a.ID, object{"kind": "game_join_block", "reason": "x"}).Want(201)
	f.setLimit(a.ID, "active_memberships", object{"value": 7, "reason": "x"}).Want(200)
	before, err := f.accounts.Snapshot(t.Context(), a.ID)
	require.NoError(t, err)
	tag := f.api.User(a.ID).Get(account).Want(200).Header.Get("ETag")
	f.api.User(a.ID).Delete(account).Want(204)
	f.restore(a.ID).Want(200)
	after, err := f.accounts.Snapshot(t.Context(), a.ID)
	require.NoError(t, err)
	require.Equal(t, before, after)
	require.NotEqual(t, tag, f.api.User(a.ID).Get(account).Want(200).Header.Get("ETag"))
	require.Len(t, f.hooks.departures(), 2, "a restoration calls no hook: what departed stays gone")
}

func TestTheGracePeriodStartsAnewWithEveryDeletion(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.register("ada@example.org")
	f.api.User(a.ID).Delete(account).Want(204)
	f.sweep(grace - time.Hour)
	f.restore(a.ID).Want(200)
	f.api.User(a.ID).Delete(account).Want(204)
	f.sweep(grace - time.Hour)
	f.restore(a.ID).Want(200)
}

// The sweeper is late: the period is over all the same.
func TestTheGracePeriodEndsWhetherOrNotTheSweeperHasCome(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.register("ada@example.org")
	f.exec(`UPDATE accounts SET deleted_at = $1`, noon.Add(-grace))
	require.ErrorIs(t, f.users.Restore(t.Context(), a.ID), user.ErrErased)
	f.exec(`UPDATE accounts SET deleted_at = $1`, noon.Add(-grace+time.Microsecond))
	require.NoError(t, f.users.Restore(t.Context(), a.ID))
}

func TestADeletedAccountIsUnknownToWhoeverChangesItsProfile(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	name := "Ada"
	deleted, blocked := f.register("ada@example.org").ID, f.register("bob@example.org").ID
	f.api.User(deleted).Delete(account).Want(204)
	f.sanction(blocked, object{"kind": "permanent_block", "reason": "x"}).Want(201)
	// The gate let the request in before.
	_, err := f.users.UpdateProfile(t.Context(), deleted, user.Patch{DisplayName: &name}, "")
	require.ErrorIs(t, err, user.ErrUserUnknown)
	_, err = f.users.UpdateProfile(t.Context(), blocked, user.Patch{DisplayName: &name}, "")
	require.ErrorIs(t, err, user.ErrBlocked)
	_, err = f.users.UpdateProfile(t.Context(), uuid.New(), user.Patch{DisplayName: &name}, "")
	require.ErrorIs(t, err, user.ErrUserUnknown)
}

// Hooks take locks one after another, so that their order may not depend on the
// order of registration.
func TestRegisteredHooksAreCalledInTheOrderOfTheirNames(t *testing.T) {
	t.Parallel()
	called := &hooks{}
	var users *user.Service
	var db *pg.DB
	testkit.Boot(t, user.Module,
		fx.Supply(user.Config{SweepInterval: time.Minute}, user.CacheConfig{UsersMax: 10}),
		testkit.StandIn[clock.Clock](clock.NewFake(noon)),
		testkit.StandIn[user.Mailer](&mailtest.Outbox{}), testkit.StandIn[admin.Auditor](&admintest.Auditor{}),
		user.ProvideDeparture(func() hook { return hook{called, "racename"} },
			func() user.Departure { return hook{called, "game"} }),
		user.ProvideDeparture(func() hook { return hook{called, "lobby"} }),
		user.ProvideExport(func() user.Export { return hook{called, "game"} }),
		user.ProvideUsage(func() user.Usage { return hook{called, "game"} },
			func() user.Usage { return hook{called, "lobby"} }),
		fx.Populate(&users, &db))
	var a user.Account
	require.NoError(t, db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) (err error) {
		a, err = users.Register(ctx, tx, user.NewAccount{Email: "ada@example.org", Language: "en", TimeZone: "UTC"})
		return err
	}))
	e, err := users.Entitlement(t.Context(), a.ID)
	require.NoError(t, err)
	require.Equal(t, 4, e.Limits[1].Used, "two domains count two each")
	exported, err := users.Export(t.Context(), a.ID)
	require.NoError(t, err)
	require.Contains(t, exported.Domains, "game")
	require.NoError(t, users.Delete(t.Context(), a.ID))
	require.Equal(t, []string{"game deleted", "lobby deleted", "racename deleted"}, called.departures())
}
