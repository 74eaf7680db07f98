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

// together sends requests at one moment.
func together(n int, call func(i int) testkit.Reply) []testkit.Reply {
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

func TestTheSameMeasureAtOnceIsMadeOnce(t *testing.T) {
	t.Parallel()
	o := open(t)
	for path, body := range map[string]map[string]any{
		"/notes":        {"text": "one"},
		"/sanctions":    {"kind": "login_block", "reason": "spam"},
		"/entitlements": {"plan": "monthly", "reason": "paid"},
	} {
		for range 5 {
			a := o.register(uuid.NewString()[:8] + "@example.org")
			once := o.admin().With("Idempotency-Key", uuid.NewString())
			replies := together(8, func(int) testkit.Reply { return once.Call(http.MethodPost, of(a.ID, path), body) })
			require.Equal(t, map[int]int{201: 1, 200: 7}, statuses(replies), path)
			for _, r := range replies {
				require.JSONEq(t, string(replies[0].Body), string(r.Body))
			}
			o.same(a.ID)
		}
	}
}

func TestOneKeyForTwoUsersAtOnceIsAConflictForOne(t *testing.T) {
	t.Parallel()
	o := open(t)
	for range 10 {
		people := []uuid.UUID{o.register(uuid.NewString()[:8] + "@example.org").ID, o.register(uuid.NewString()[:8] + "@example.org").ID}
		once := o.admin().With("Idempotency-Key", uuid.NewString())
		replies := together(2, func(i int) testkit.Reply {
			return once.Call(http.MethodPost, of(people[i], "/sanctions"), map[string]any{"kind": "login_block", "reason": "spam"})
		})
		require.Equal(t, map[int]int{201: 1, 409: 1}, statuses(replies))
	}
}

func TestOperatorsAtOnceMakeOneSanctionOfAKind(t *testing.T) {
	t.Parallel()
	o := open(t)
	for range 5 {
		a := o.register(uuid.NewString()[:8] + "@example.org")
		reasons := []string{"spam", "spam", "spam", "other"}
		replies := together(4, func(i int) testkit.Reply {
			return o.admin().Call(http.MethodPost, of(a.ID, "/sanctions"), map[string]any{"kind": "game_join_block", "reason": reasons[i]})
		})
		got := statuses(replies)
		require.Equal(t, 1, got[201])
		require.Equal(t, 3, got[200]+got[409])
		require.Equal(t, 1, o.count(`SELECT count(*) FROM sanctions WHERE user_id = $1`, a.ID))
		o.same(a.ID)
	}
}

// The sweeper settles while operators act on the same people.
func TestSweepingBesideMeasuresLeavesCacheAndTableOfOneMind(t *testing.T) {
	t.Parallel()
	o := open(t)
	a := o.register("ada@example.org")
	for round := range 10 {
		end := o.clock.Now().Add(time.Second)
		o.admin().Post(of(a.ID, "/entitlements"), map[string]any{"plan": "monthly", "reason": "x", "ends_at": end}).Want(201)
		o.admin().Put(of(a.ID, "/limits/active_memberships"), map[string]any{"value": round, "reason": "x", "expires_at": end}).Want(200)
		o.clock.Set(end)
		replies := together(3, func(i int) testkit.Reply {
			switch i {
			case 0:
				require.NoError(o, o.sweeper.RunOnce(o.Context(), end))
				return testkit.Reply{}
			case 1:
				return o.admin().Call(http.MethodPut, of(a.ID, "/limits/active_memberships"), map[string]any{"value": 100 + round, "reason": "y"})
			default:
				return o.admin().Call(http.MethodPost, of(a.ID, "/sanctions"), map[string]any{"kind": "login_block", "reason": "x", "expires_at": end.Add(time.Millisecond)})
			}
		})
		require.Equal(t, 200, replies[1].Status)
		require.Equal(t, 201, replies[2].Status)
		o.clock.Advance(time.Second)
		o.same(a.ID)
	}
	require.Equal(t, 10, o.count(`SELECT count(*) FROM entitlement_records WHERE source = 'expiry'`))
}
