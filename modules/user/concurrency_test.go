package user_test

import (
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/user"
	"galaxy/backend/platform/testkit"
)

// concurrently sends requests at one moment.
func concurrently(n int, call func(i int) testkit.Reply) []testkit.Reply {
	replies := make([]testkit.Reply, n)
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			<-start
			replies[i] = call(i)
		})
	}
	close(start)
	wg.Wait()
	return replies
}

func statuses(replies []testkit.Reply) map[int]int {
	counts := map[int]int{}
	for _, r := range replies {
		counts[r.Status]++
	}
	return counts
}

func TestARequestSentManyTimesAtOnceInsertsOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for path, body := range map[string]object{
		"/notes":        {"text": "one"},
		"/sanctions":    {"kind": "login_block", "reason": "spam"},
		"/entitlements": {"plan": "monthly", "reason": "paid"},
	} {
		for range 5 {
			a := f.register(uuid.NewString()[:8] + "@example.org")
			once := f.admin().With("Idempotency-Key", uuid.NewString())
			replies := concurrently(8, func(int) testkit.Reply { return once.Call(http.MethodPost, userPath(a.ID, path), body) })
			require.Equal(t, map[int]int{201: 1, 200: 7}, statuses(replies), path)
			for _, r := range replies {
				require.JSONEq(t, string(replies[0].Body), string(r.Body))
			}
			f.requireCacheMatchesStore(a.ID)
		}
	}
}

func TestOneKeyForTwoUsersAtOnceIsAConflictForOne(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for range 10 {
		users := []uuid.UUID{f.register(uuid.NewString()[:8] + "@example.org").ID,
			f.register(uuid.NewString()[:8] + "@example.org").ID}
		once := f.admin().With("Idempotency-Key", uuid.NewString())
		replies := concurrently(2, func(i int) testkit.Reply {
			return once.Call(http.MethodPost, userPath(users[i], "/sanctions"), object{"kind": "login_block", "reason": "spam"})
		})
		require.Equal(t, map[int]int{201: 1, 409: 1}, statuses(replies))
	}
}

func TestOperatorsAtOnceMakeOneSanctionOfAKind(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for range 5 {
		a := f.register(uuid.NewString()[:8] + "@example.org")
		reasons := []string{"spam", "spam", "spam", "other"}
		replies := concurrently(4, func(i int) testkit.Reply {
			return f.admin().Call(http.MethodPost, userPath(a.ID, "/sanctions"),
				object{"kind": "game_join_block", "reason": reasons[i]})
		})
		got := statuses(replies)
		require.Equal(t, 1, got[201])
		require.Equal(t, 3, got[200]+got[409])
		require.Equal(t, 1, f.count(`SELECT count(*) FROM sanctions WHERE user_id = $1`, a.ID))
		f.requireCacheMatchesStore(a.ID)
	}
}

// The sweeper and operators change the same users at once.
func TestSweepingBesideOperatorsLeavesTheCacheTrue(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.register("ada@example.org")
	for round := range 10 {
		end := f.clock.Now().Add(time.Second)
		f.grant(a.ID, object{"plan": "monthly", "reason": "x", "ends_at": end}).Want(201)
		f.setLimit(a.ID, "active_memberships", object{"value": round, "reason": "x", "expires_at": end}).Want(200)
		f.clock.Set(end)
		replies := concurrently(3, func(i int) testkit.Reply {
			switch i {
			case 0:
				require.NoError(f, f.sweeper.RunOnce(f.Context(), end))
				return testkit.Reply{}
			case 1:
				return f.admin().Call(http.MethodPut, userPath(a.ID, "/limits/active_memberships"),
					object{"value": 100 + round, "reason": "y"})
			default:
				return f.admin().Call(http.MethodPost, userPath(a.ID, "/sanctions"),
					object{"kind": "login_block", "reason": "x", "expires_at": end.Add(time.Millisecond)})
			}
		})
		require.Equal(t, 200, replies[1].Status)
		require.Equal(t, 201, replies[2].Status)
		f.clock.Advance(time.Second)
		f.requireCacheMatchesStore(a.ID)
	}
	require.Equal(t, 10, f.count(`SELECT count(*) FROM entitlement_records WHERE source = 'expiry'`))
}

// Either the sanction is refused because the account is deleted, or it came
// first: the hooks are called for both then, in this order.
func TestABlockAndADeletionAtOnceAreSerial(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for range 8 {
		a := f.register(uuid.NewString()[:8] + "@example.org")
		before := len(f.hooks.departures())
		replies := concurrently(2, func(i int) testkit.Reply {
			if i == 0 {
				return f.admin().Call(http.MethodPost, userPath(a.ID, "/sanctions"),
					object{"kind": "permanent_block", "reason": "x"})
			}
			return f.admin().Call(http.MethodPost, userPath(a.ID, "/soft-delete"), nil)
		})
		require.Equal(t, 200, replies[1].Status)
		departures := f.hooks.departures()[before:]
		if replies[0].Status == 409 {
			require.Equal(t, []string{"arc deleted", "zoo deleted"}, departures)
		} else {
			require.Equal(t, 201, replies[0].Status)
			require.Equal(t, []string{"arc blocked", "zoo blocked", "arc deleted", "zoo deleted"}, departures)
		}
		f.requireCacheMatchesStore(a.ID)
	}
}

func TestADeletionSentManyTimesAtOnceDepartsOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.register("ada@example.org")
	replies := concurrently(6, func(int) testkit.Reply {
		return f.admin().Call(http.MethodPost, userPath(a.ID, "/soft-delete"), nil)
	})
	require.Equal(t, map[int]int{200: 6}, statuses(replies))
	require.Len(t, f.hooks.departures(), 2)
	replies = concurrently(6, func(int) testkit.Reply {
		return f.admin().Call(http.MethodPost, userPath(a.ID, "/restore"), nil)
	})
	require.Equal(t, map[int]int{200: 6}, statuses(replies))
	require.Equal(t, 3, f.count(`SELECT version FROM accounts`), "deleted once, restored once")
}

// A restoration and a registration want the same address: one gets it.
func TestARestorationAndARegistrationOfOneAddressAtOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for range 8 {
		email := uuid.NewString()[:8] + "@example.org"
		old := f.register(email)
		f.softDelete(old.ID).Want(200)
		var registered user.Account
		replies := concurrently(2, func(i int) testkit.Reply {
			if i == 0 {
				return f.admin().Call(http.MethodPost, userPath(old.ID, "/restore"), nil)
			}
			registered = f.register(email)
			return testkit.Reply{}
		})
		require.Equal(t, 1, f.count(`SELECT count(*) FROM accounts WHERE email_canonical = $1 AND deleted_at IS NULL`, email))
		if registered.ID == old.ID {
			require.Equal(t, 200, replies[0].Status)
		} else {
			require.Equal(t, 409, replies[0].Status)
		}
		f.requireCacheMatchesStore(old.ID)
	}
}

func TestChangesWithOneETagAtOnceAreOneChange(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.register("ada@example.org")
	me := f.api.User(a.ID)
	me = me.With("If-Match", me.Get(account).Want(200).Header.Get("ETag"))
	replies := concurrently(6, func(i int) testkit.Reply {
		return me.Call(http.MethodPatch, account, object{"display_name": "Ada " + string(rune('a'+i))})
	})
	require.Equal(t, map[int]int{200: 1, 412: 5}, statuses(replies))
	require.Equal(t, 2, f.count(`SELECT version FROM accounts`))
	f.requireCacheMatchesStore(a.ID)
}
