package user_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

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
	f.admin().Post(userPath(a.ID, "/restore"), nil).Want(200)
	f.admin().Post(userPath(a.ID, "/restore"), nil).Want(200)
	f.api.User(a.ID).Get(account).Want(200)
	f.requireCacheMatchesStore(a.ID)
	require.Equal(t, 2, f.count(`SELECT count(*) FROM admin_audit WHERE action = 'user.restore'`))
}

func TestAnAddressThatSomebodyTookCannotBeRestored(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.register("ada@example.org")
	f.admin().Post(userPath(a.ID, "/soft-delete"), nil).Want(200)
	f.admin().Post(userPath(a.ID, "/soft-delete"), nil).Want(200)
	require.Len(t, f.hooks.departures(), 2, "the hooks are called once")
	b := f.register("Ada@example.org")
	require.NotEqual(t, a.ID, b.ID)
	f.admin().Post(userPath(a.ID, "/restore"), nil).Refused(409, "email_taken")

	f.sweep(grace)
	require.Empty(t, f.mailer.erased, "the mail is the new account's")
	require.Equal(t, "Ada@example.org", testkit.Into[map[string]any](f.api.User(b.ID).Get(account).Want(200))["email"])
}

func TestAfterTheGracePeriodATombstoneStays(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.register("Ada@example.org")
	f.admin().Post(userPath(a.ID, "/notes"), map[string]any{"text": "asked for a refund"}).Want(201)
	f.admin().Post(userPath(a.ID, "/soft-delete"), nil).Want(200)
	f.sweep(grace)
	require.Equal(t, []string{"Ada@example.org"}, f.mailer.erased)
	require.Equal(t, []string{"arc deleted", "zoo deleted", "arc erased", "zoo erased"}, f.hooks.departures())
	require.Zero(t, f.count(`SELECT count(*) FROM account_notes`))
	got := testkit.Into[map[string]any](f.admin().Get(userPath(a.ID, "")).Want(200))
	require.Equal(t, a.UserName, got["user_name"])
	require.Empty(t, got["email"])
	require.Empty(t, got["display_name"])
	require.Empty(t, got["declared_country"])
	f.admin().Post(userPath(a.ID, "/restore"), nil).Refused(409, "account_erased")
	f.admin().Post(userPath(a.ID, "/notes"), map[string]any{"text": "too late"}).Refused(409, "account_erased")
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
	f.admin().Post(userPath(a.ID, "/sanctions"), map[string]any{"kind": "permanent_block", "reason": "cheating"}).Refused(500, "internal_error")
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
		f.admin().Post(id, map[string]any{"plan": "monthly", "reason": "gift", "ends_at": noon.Add(day)}).Want(201)
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
			sanction := map[string]any{"kind": "permanent_block", "reason": "cheating"}
			for _, call := range []func() testkit.Reply{
				func() testkit.Reply { return f.api.User(a.ID).Patch(account, map[string]any{"display_name": "Ada"}) },
				func() testkit.Reply { return f.admin().Post(userPath(a.ID, "/sanctions"), sanction) },
				func() testkit.Reply { return f.admin().Post(userPath(a.ID, "/soft-delete"), nil) },
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
