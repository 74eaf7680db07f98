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
	o := open(t)
	a := o.register("ada@example.org")
	o.api.User(a.ID).Delete(account).Want(204)
	o.api.User(a.ID).Get(account).Refused(401, "user_unknown")
	require.Equal(t, []string{"arc deleted", "zoo deleted"}, o.others.seen(), "in the order of names")

	o.sweep(grace - time.Microsecond)
	o.admin().Post(of(a.ID, "/restore"), nil).Want(200)
	o.admin().Post(of(a.ID, "/restore"), nil).Want(200)
	o.api.User(a.ID).Get(account).Want(200)
	o.same(a.ID)
	require.Equal(t, 2, o.count(`SELECT count(*) FROM admin_audit WHERE action = 'user.restore'`))
}

func TestAnAddressThatSomebodyTookCannotBeRestored(t *testing.T) {
	t.Parallel()
	o := open(t)
	a := o.register("ada@example.org")
	o.admin().Post(of(a.ID, "/soft-delete"), nil).Want(200)
	o.admin().Post(of(a.ID, "/soft-delete"), nil).Want(200)
	require.Len(t, o.others.seen(), 2, "it departs once")
	b := o.register("Ada@example.org")
	require.NotEqual(t, a.ID, b.ID)
	o.admin().Post(of(a.ID, "/restore"), nil).Refused(409, "email_taken")

	o.sweep(grace)
	require.Empty(t, o.post.erased, "the mail is the new account's")
	require.Equal(t, "Ada@example.org", testkit.Into[map[string]any](o.api.User(b.ID).Get(account).Want(200))["email"])
}

func TestAfterTheGracePeriodATombstoneStays(t *testing.T) {
	t.Parallel()
	o := open(t)
	a := o.register("Ada@example.org")
	o.admin().Post(of(a.ID, "/notes"), map[string]any{"text": "asked for a refund"}).Want(201)
	o.admin().Post(of(a.ID, "/soft-delete"), nil).Want(200)
	o.sweep(grace)
	require.Equal(t, []string{"Ada@example.org"}, o.post.erased)
	require.Equal(t, []string{"arc deleted", "zoo deleted", "arc erased", "zoo erased"}, o.others.seen())
	require.Zero(t, o.count(`SELECT count(*) FROM account_notes`))
	got := testkit.Into[map[string]any](o.admin().Get(of(a.ID, "")).Want(200))
	require.Equal(t, a.UserName, got["user_name"])
	require.Empty(t, got["email"])
	require.Empty(t, got["display_name"])
	require.Empty(t, got["declared_country"])
	o.admin().Post(of(a.ID, "/restore"), nil).Refused(409, "account_erased")
	o.admin().Post(of(a.ID, "/notes"), map[string]any{"text": "too late"}).Refused(409, "account_erased")
	o.sweep(grace)
	require.Len(t, o.others.seen(), 4, "it is erased once")
	o.same(a.ID)
}

func TestADepartureThatFailsLeavesTheAccountAsItWas(t *testing.T) {
	t.Parallel()
	o := open(t)
	a := o.register("ada@example.org")
	o.others.fail = errors.New("no")
	o.api.User(a.ID).Delete(account).Refused(500, "internal_error")
	o.admin().Post(of(a.ID, "/sanctions"), map[string]any{"kind": "permanent_block", "reason": "cheating"}).Refused(500, "internal_error")
	o.others.fail = nil
	o.api.User(a.ID).Get(account).Want(200)
	o.same(a.ID)
	require.Empty(t, o.others.seen())
	require.Zero(t, o.count(`SELECT count(*) FROM sanctions`))
}

// One user whose settling fails delays nobody else, and the pass reports him.
func TestOnePoisonedUserDelaysNobody(t *testing.T) {
	t.Parallel()
	o := open(t)
	poisoned, healthy := o.register("a@example.org"), o.register("b@example.org")
	for _, id := range []string{of(poisoned.ID, "/entitlements"), of(healthy.ID, "/entitlements")} {
		o.admin().Post(id, map[string]any{"plan": "monthly", "reason": "gift", "ends_at": noon.Add(day)}).Want(201)
	}
	exec(o, `CREATE FUNCTION poison() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
		IF NEW.user_id = (SELECT min(user_id::text)::uuid FROM accounts) THEN RAISE EXCEPTION 'poison'; END IF; RETURN NEW; END $$`)
	exec(o, `CREATE TRIGGER poison BEFORE INSERT ON entitlement_records FOR EACH ROW EXECUTE FUNCTION poison()`)
	o.clock.Advance(day)
	require.Error(t, o.sweeper.RunOnce(t.Context(), o.clock.Now()))
	require.Equal(t, 1, o.count(`SELECT count(*) FROM entitlement_records WHERE source = 'expiry' AND user_id = $1`, healthy.ID))
	exec(o, `DROP TRIGGER poison ON entitlement_records`)
	o.sweep(0)
	require.Equal(t, 1, o.count(`SELECT count(*) FROM entitlement_records WHERE source = 'expiry' AND user_id = $1`, poisoned.ID))
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
			o := open(t, testkit.StandIn(testkit.Open(t, own.Via(proxy.Addr()))))
			a := o.register("ada@example.org")
			sanction := map[string]any{"kind": "permanent_block", "reason": "cheating"}
			for _, call := range []func() testkit.Reply{
				func() testkit.Reply { return o.api.User(a.ID).Patch(account, map[string]any{"display_name": "Ada"}) },
				func() testkit.Reply { return o.admin().Post(of(a.ID, "/sanctions"), sanction) },
				func() testkit.Reply { return o.admin().Post(of(a.ID, "/soft-delete"), nil) },
			} {
				struck := proxy.Inject(fault)
				call().Refused(503, "outcome_unknown")
				<-struck
				proxy.Heal()
				o.same(a.ID)
				require.Contains(t, []int{200, 201}, call().Status)
				o.same(a.ID)
			}
			require.Equal(t, 1, o.count(`SELECT count(*) FROM sanctions`))
			require.Equal(t, 1, o.count(`SELECT count(*) FROM accounts WHERE deleted_at IS NOT NULL AND display_name = 'Ada'`))
		})
	}
}
