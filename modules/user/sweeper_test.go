package user_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"galaxy/backend/modules/user"
)

// A pass lists users by the page: those on the second page are swept as well.
func TestOnePassSweepsMoreUsersThanAPageHolds(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	const users = 450
	f.exec(`INSERT INTO accounts (user_id, email, email_canonical, user_name, display_name, preferred_language, time_zone,
			declared_country, created_at, updated_at)
		SELECT ('ff000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, n || '@example.org', n || '@example.org',
		       'player-' || lpad(n::text, 8, '0'), 'x', 'en', 'UTC', '', $1, $1 FROM generate_series(1, $2) n`, noon, users)
	f.exec(`INSERT INTO entitlement_records (record_id, user_id, plan, source, actor, reason, starts_at, ends_at)
		SELECT user_id, user_id, 'monthly', 'gift', 'root', '', $1, $2 FROM accounts`, noon, noon.Add(time.Hour))
	f.exec(`INSERT INTO entitlement_snapshots (user_id, record_id, plan, starts_at, ends_at, updated_at)
		SELECT user_id, record_id, plan, starts_at, ends_at, starts_at FROM entitlement_records`)
	f.sweep(time.Hour)
	require.Equal(t, users, f.count(`SELECT count(*) FROM entitlement_records WHERE source = 'expiry' AND reason = 'monthly ended'`))
	require.Equal(t, users, f.count(`SELECT count(*) FROM entitlement_snapshots WHERE plan = 'free' AND starts_at = $1 AND ends_at IS NULL`,
		noon.Add(time.Hour)))
	f.sweep(time.Hour)
	require.Equal(t, users, f.count(`SELECT count(*) FROM entitlement_records WHERE source = 'expiry'`), "it is written once")
}

func TestASweepThatIsCutShortSaysSo(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.register("ada@example.org")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, f.sweeper.RunOnce(ctx, noon), context.Canceled)
}

// Nothing of an erasure whose hook or mail fails is left, and the next pass does
// it.
func TestAnErasureThatFailsIsTriedAgain(t *testing.T) {
	t.Parallel()
	no := errors.New("no")
	for name, c := range map[string]struct {
		fail func(f *fixture, err error)
	}{
		"a hook fails": {func(f *fixture, err error) { f.hooks.err = err }},
		"mail fails":   {func(f *fixture, err error) { f.mailer.FailWith(err) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			require.NoError(t, f.sweeper.Stop(t.Context())) // the clock would start a pass beside those made here
			a := f.register("ada@example.org")
			f.note(a.ID, "x").Want(201)
			f.api.User(a.ID).Delete(account).Want(204)
			f.clock.Set(noon.Add(grace))
			c.fail(f, no)
			require.ErrorIs(t, f.sweeper.RunOnce(t.Context(), f.clock.Now()), no)
			require.Equal(t, 1, f.count(`SELECT count(*) FROM accounts WHERE email = 'ada@example.org' AND erased_at IS NULL`))
			require.Equal(t, 1, f.count(`SELECT count(*) FROM account_notes`))
			require.Empty(t, f.mailer.Erased())
			f.requireCacheMatchesStore(a.ID)
			c.fail(f, nil)
			f.sweep(0)
			require.Equal(t, 1, f.count(`SELECT count(*) FROM accounts WHERE email IS NULL AND erased_at IS NOT NULL`))
			require.Equal(t, []string{"ada@example.org"}, f.mailer.Erased())
			f.requireCacheMatchesStore(a.ID)
		})
	}
}

// One log line per erasure: it cannot be undone.
func TestAnErasureIsLogged(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.register("ada@example.org")
	core, lines := observer.New(zap.InfoLevel)
	sweeper := user.NewSweeper(f.users, f.clock, user.Config{ErasureGrace: grace, SweepInterval: time.Minute},
		zap.New(core))
	f.api.User(a.ID).Delete(account).Want(204)
	require.NoError(t, sweeper.RunOnce(t.Context(), noon.Add(grace-time.Microsecond)))
	require.Zero(t, lines.Len())
	for range 2 {
		require.NoError(t, sweeper.RunOnce(t.Context(), noon.Add(grace)))
	}
	erased := lines.FilterMessage("account erased").All()
	require.Len(t, erased, 1)
	require.Equal(t, a.ID.String(), erased[0].ContextMap()["user_id"])
	require.NotContains(t, erased[0].ContextMap(), "email")
}

func TestTheLoopSweepsOncePerInterval(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.register("ada@example.org")
	f.admin().Post(userPath(a.ID, "/sanctions"),
		object{"kind": "login_block", "reason": "x", "expires_at": noon.Add(30 * time.Second)}).Want(201)
	f.clock.Advance(59 * time.Second)
	require.Zero(t, f.count(`SELECT count(*) FROM sanctions WHERE removed_at IS NOT NULL`))
	f.clock.Advance(time.Second)
	f.clock.BlockUntil(1) // the pass is over
	require.Equal(t, 1, f.count(`SELECT count(*) FROM sanctions WHERE removed_by = 'system' AND removed_at = expires_at`))
}
