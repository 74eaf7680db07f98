package geo

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/user"
	"galaxy/backend/platform/pg"
)

func TestCountersGoWithAnErasedUserAlone(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ids := f.users.AddMany(1)
	f.service.Seen(ids[0], germany)
	f.flush()
	h := newUserHooks(f.service)
	exported, err := h.Export(t.Context(), f.db, ids[0])
	require.NoError(t, err)
	require.Len(t, exported.(map[string]any)["country_counters"], 1)
	for _, why := range []user.Reason{user.Blocked, user.Deleted, user.Erased} {
		f.service.Seen(ids[0], germany)
		require.NoError(t, f.db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
			return h.Depart(ctx, tx,
				ids[0], why)
		}))
		if why != user.Erased {
			require.NotEmpty(t, f.counters(ids[0]), why)
		}
	}
	f.flush()
	require.Empty(t, f.counters(ids[0]))
}

// A flush writes what it took from the buffer before an erasure, while that is
// under way: at the latest the next one leaves nothing of it.
func TestAFlushThatAnErasureOvertakesLeavesNothing(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ known, waits bool }{"the country is new": {},
		"the country is known": {known: true, waits: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			id := f.users.Add().ID
			f.service.Seen(id, germany)
			if c.known {
				f.flush()
				f.service.Seen(id, germany)
			}
			flushed := make(chan error, 1)
			require.NoError(t, f.db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
				require.NoError(t, newUserHooks(f.service).Depart(ctx, tx, id, user.Erased))
				_, err := tx.Exec(ctx, `UPDATE accounts SET email = NULL, email_canonical = NULL, deleted_at = $2, erased_at = $2 WHERE user_id = $1`, id, noon)
				go func() { flushed <- f.service.Flush(t.Context()) }()
				if c.waits { // for the row that the erasure deletes
					require.Eventually(t, func() bool {
						n, err := pg.Get[int](t.Context(), f.db, `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`)
						return err == nil && n > 0
					}, time.Minute, time.Millisecond)
					return err
				}
				require.NoError(t, <-flushed)
				flushed <- nil
				return err
			}))
			require.NoError(t, <-flushed)
			require.NoError(t, f.service.Flush(t.Context()), "with nothing of its own to write")
			require.Empty(t, f.counters(id))
			f.clock.Advance(2 * maxErasure)
			require.NoError(t, f.service.Flush(t.Context()), "the last time that the user is remembered")
			before := f.db.Traffic()
			f.flush()
			require.Equal(t, before, f.db.Traffic())
		})
	}
}

// What is buffered is dropped with the commit, not before.
func TestAnErasureThatRollsBackKeepsCountersAndBuffer(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	id, no := f.users.Add().ID, errors.New("no")
	f.service.Seen(id, germany)
	f.flush()
	f.service.Seen(id, germany)
	require.ErrorIs(t, f.db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
		require.NoError(t, newUserHooks(f.service).Depart(ctx, tx, id, user.Erased))
		return no
	}), no)
	f.flush()
	require.Equal(t, map[string]int64{"DE": 2}, f.counters(id))
}

func TestAnErasureLeavesOtherUsersAlone(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ids := f.users.AddMany(64) // more than one to a shard
	for _, id := range ids {
		f.service.Seen(id, germany)
	}
	f.flush()
	for _, id := range ids {
		f.service.Seen(id, france)
	}
	require.NoError(t, f.db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
		return newUserHooks(f.service).Depart(ctx, tx, ids[0], user.Erased)
	}))
	f.flush()
	require.Empty(t, f.counters(ids[0]))
	for _, id := range ids[1:] {
		require.Equal(t, map[string]int64{"DE": 1, "FR": 1}, f.counters(id))
	}
}

func TestAnExportHasEveryCounterOrAnEmptyList(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ids := f.users.AddMany(2)
	f.service.Seen(ids[0], germany)
	f.service.Seen(ids[0], france)
	f.service.Seen(ids[0], france)
	f.flush()
	for id, want := range map[uuid.UUID]string{
		ids[0]: `{"country_counters": [
			{"country": "FR", "count": 2, "first_seen_at": "2026-03-01T12:00:00Z", "last_seen_at": "2026-03-01T12:00:00Z"},
			{"country": "DE", "count": 1, "first_seen_at": "2026-03-01T12:00:00Z", "last_seen_at": "2026-03-01T12:00:00Z"}]}`,
		ids[1]: `{"country_counters": []}`,
	} {
		exported, err := newUserHooks(f.service).Export(t.Context(), f.db, id)
		require.NoError(t, err)
		got, err := json.Marshal(exported)
		require.NoError(t, err)
		require.JSONEq(t, want, string(got))
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := newUserHooks(f.service).Export(ctx, f.db, ids[0])
	require.ErrorIs(t, err, context.Canceled)
}

func TestAnErasedUserIsForgottenAfterTheLongestErasure(t *testing.T) {
	t.Parallel()
	var e erasures
	one, two := uuid.New(), uuid.New()
	require.Empty(t, e.recent(noon))
	e.add(one, noon)
	e.add(two, noon.Add(time.Second))
	require.ElementsMatch(t, []uuid.UUID{one, two}, e.recent(noon.Add(maxErasure)))
	require.ElementsMatch(t, []uuid.UUID{one, two}, e.recent(noon.Add(maxErasure+time.Microsecond)),
		"once more after that")
	require.Equal(t, []uuid.UUID{two}, e.recent(noon.Add(maxErasure+time.Microsecond)))
	e.add(two, noon.Add(maxErasure))
	require.Equal(t, []uuid.UUID{two}, e.recent(noon.Add(2*maxErasure)), "an erasure that is tried again")
}
