package user_test

import (
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

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
	for path, body := range map[string]map[string]any{
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
		users := []uuid.UUID{f.register(uuid.NewString()[:8] + "@example.org").ID, f.register(uuid.NewString()[:8] + "@example.org").ID}
		once := f.admin().With("Idempotency-Key", uuid.NewString())
		replies := concurrently(2, func(i int) testkit.Reply {
			return once.Call(http.MethodPost, userPath(users[i], "/sanctions"), map[string]any{"kind": "login_block", "reason": "spam"})
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
			return f.admin().Call(http.MethodPost, userPath(a.ID, "/sanctions"), map[string]any{"kind": "game_join_block", "reason": reasons[i]})
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
		f.admin().Post(userPath(a.ID, "/entitlements"), map[string]any{"plan": "monthly", "reason": "x", "ends_at": end}).Want(201)
		f.admin().Put(userPath(a.ID, "/limits/active_memberships"), map[string]any{"value": round, "reason": "x", "expires_at": end}).Want(200)
		f.clock.Set(end)
		replies := concurrently(3, func(i int) testkit.Reply {
			switch i {
			case 0:
				require.NoError(f, f.sweeper.RunOnce(f.Context(), end))
				return testkit.Reply{}
			case 1:
				return f.admin().Call(http.MethodPut, userPath(a.ID, "/limits/active_memberships"), map[string]any{"value": 100 + round, "reason": "y"})
			default:
				return f.admin().Call(http.MethodPost, userPath(a.ID, "/sanctions"), map[string]any{"kind": "login_block", "reason": "x", "expires_at": end.Add(time.Millisecond)})
			}
		})
		require.Equal(t, 200, replies[1].Status)
		require.Equal(t, 201, replies[2].Status)
		f.clock.Advance(time.Second)
		f.requireCacheMatchesStore(a.ID)
	}
	require.Equal(t, 10, f.count(`SELECT count(*) FROM entitlement_records WHERE source = 'expiry'`))
}
