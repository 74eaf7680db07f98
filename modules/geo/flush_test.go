package geo

import (
	"context"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/testkit"
)

func TestRequestsAreCountedOncePerUserCountryAndFlush(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ids := f.users.AddMany(2)
	for i := range 100 {
		f.service.Seen(ids[0], netip.AddrFrom4([4]byte{203, 0, 113, byte(i % 10)}))
	}
	f.service.Seen(ids[0], france)
	f.service.Seen(ids[1], germany)
	f.service.Seen(ids[1], netip.Addr{})
	f.service.Seen(ids[1], nowhere)
	before := f.db.Traffic()
	f.flush()
	after := f.db.Traffic()
	require.Equal(t, int64(1), after.RoundTrips-before.RoundTrips, "one statement for everything")
	require.Equal(t, map[string]int64{"DE": 100, "FR": 1}, f.counters(ids[0]))
	require.Equal(t, map[string]int64{"DE": 1}, f.counters(ids[1]))

	before = f.db.Traffic()
	f.flush()
	require.Equal(t, before, f.db.Traffic(), "nothing to write")

	f.clock.Advance(time.Hour)
	f.service.Seen(ids[0], germany)
	f.flush()
	rows, err := f.service.Counters(t.Context(), ids[0])
	require.NoError(t, err)
	require.Equal(t, Counter{UserID: ids[0], Country: "DE", Count: 101, FirstSeenAt: noon,
		LastSeenAt: noon.Add(time.Hour)},
		rows[0])
	seen, err := f.service.SeenCountries(t.Context(), f.db, ids[0])
	require.NoError(t, err)
	require.Equal(t, []string{"DE", "FR"}, seen)
}

// A million requests of ten thousand users from two countries and three addresses
// each, with a flush at every quarter of the way: the table is written to once per
// user, country and flush, by a few statements.
func TestAMillionRequestsAreOneWritePerUserCountryAndFlush(t *testing.T) {
	t.Parallel()
	const users, requests, flushes = 10_000, 1_000_000, 4
	const note = `REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION note()`
	f := newFixture(t)
	ids := f.users.AddMany(users)
	f.exec(`CREATE TABLE writes (user_id uuid, country text, tx bigint)`,
		`CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
			INSERT INTO writes SELECT user_id, country, pg_current_xact_id()::text::bigint FROM fresh; RETURN NULL; END $$`,
		`CREATE TRIGGER inserted AFTER INSERT ON user_country_counters `+note,
		`CREATE TRIGGER updated AFTER UPDATE ON user_country_counters `+note)
	before := f.db.Traffic()
	for range flushes {
		var wg sync.WaitGroup
		for part := range 4 {
			wg.Go(func() {
				for i := range requests / flushes / 4 {
					// Two addresses of a user at home, one abroad.
					from := netip.AddrFrom4([4]byte{203, 0, 113, byte(i % 2)})
					if i%5 == 0 {
						from = france
					}
					f.service.Seen(ids[(part*users/4+i/10)%users], from)
				}
			})
		}
		wg.Wait()
		f.flush()
	}
	after := f.db.Traffic()
	require.LessOrEqual(t, after.RoundTrips-before.RoundTrips, int64(flushes*(2*users/maxRows+1)))
	sum, err := pg.Get[struct {
		Sum     int64 `db:"sum"`
		Writes  int64 `db:"writes"`
		Repeats int64 `db:"repeats"`
	}](t.Context(), f.db, `SELECT (SELECT sum(count)::bigint FROM user_country_counters) AS sum, count(*) AS writes,
		count(*) - count(DISTINCT (user_id, country, tx)) AS repeats FROM writes`)
	require.NoError(t, err)
	require.Equal(t, int64(requests), sum.Sum, "nothing was dropped")
	require.LessOrEqual(t, sum.Writes, int64(2*users*flushes))
	require.Zero(t, sum.Repeats)
}

func TestTheBufferIsBounded(t *testing.T) {
	t.Parallel()
	var b buffer
	one := uuid.Must(uuid.NewV7())
	taken := 0
	for i := range maxPerShard + 10 {
		if b.add(userAddress{one, netip.AddrFrom4([4]byte{byte(i >> 16), byte(i >> 8), byte(i), 1})}, 1) {
			taken++
		}
	}
	require.Equal(t, maxPerShard, taken)
	require.True(t, b.add(userAddress{one, netip.AddrFrom4([4]byte{0, 0, 0, 1})}, 1),
		"what is counted already goes on counting")
	b.dropUser(one)
	require.True(t, b.add(userAddress{one, france}, 1))
	left := 0
	b.drain(func(userAddress, int64) { left++ })
	require.Equal(t, 1, left)
}

func TestWhatCouldNotBeWrittenIsWrittenLater(t *testing.T) {
	t.Parallel()
	own := testkit.Postgres(t)
	proxy := testkit.PostgresProxy(t, own.Addr)
	f := newFixtureOn(t, testkit.Open(t, own.DSN))
	ids := f.users.AddMany(1)
	f.service.db = testkit.Open(t, own.Via(proxy.Addr()))
	f.service.Seen(ids[0], germany)
	proxy.Inject(testkit.Fault{Toward: testkit.ToServer, At: testkit.Runs("BEGIN")})
	require.Error(t, f.service.Flush(t.Context()))
	f.service.db = f.db
	f.service.Seen(ids[0], germany)
	f.flush()
	require.Contains(t, []int64{1, 2}, f.counters(ids[0])["DE"], "never more than there were")
}

func TestWhatMayHaveBeenWrittenIsNotCountedTwice(t *testing.T) {
	t.Parallel()
	own := testkit.Postgres(t)
	proxy := testkit.PostgresProxy(t, own.Addr)
	f := newFixtureOn(t, testkit.Open(t, own.DSN))
	ids := f.users.AddMany(1)
	f.service.db = testkit.Open(t, own.Via(proxy.Addr()))
	f.service.Seen(ids[0], germany)
	proxy.Inject(testkit.Fault{Toward: testkit.ToClient, At: testkit.Completes("COMMIT")})
	require.ErrorIs(t, f.service.Flush(t.Context()), pg.ErrOutcomeUnknown)
	f.service.db = f.db
	f.flush()
	require.Equal(t, map[string]int64{"DE": 1}, f.counters(ids[0]))
}

func TestStoppingWritesWhatIsBuffered(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ids := f.users.AddMany(1)
	w := NewWorker(f.service, f.clock, zap.NewNop())
	require.NoError(t, w.Start(t.Context()))
	f.clock.BlockUntil(2)
	f.service.Seen(ids[0], germany)
	require.NoError(t, w.Stop(t.Context()))
	require.Equal(t, map[string]int64{"DE": 1}, f.counters(ids[0]))
	require.NoError(t, w.Stop(t.Context()))
}

func TestAFlushThatFailsCountsEverythingForTheNext(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ids := f.users.AddMany(2)
	for range 3 {
		f.service.Seen(ids[0], germany)
	}
	f.service.Seen(ids[0], france)
	f.service.Seen(ids[1], germany)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, f.service.Flush(ctx), context.Canceled)
	require.Empty(t, f.counters(ids[0]))
	f.service.Seen(ids[0], germany)
	f.flush()
	require.Equal(t, map[string]int64{"DE": 4, "FR": 1}, f.counters(ids[0]))
	require.Equal(t, map[string]int64{"DE": 1}, f.counters(ids[1]))
}

// Two statements: one that fails takes nothing of the other along.
func TestAFlushWritesWhatItCan(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ids := f.users.AddMany(maxRows + 1)
	for _, id := range ids {
		f.service.Seen(id, germany)
	}
	f.exec(`CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
			IF NEW.user_id = (SELECT min(user_id::text)::uuid FROM accounts) THEN RAISE EXCEPTION 'fail'; END IF; RETURN NEW; END $$`,
		`CREATE TRIGGER fail BEFORE INSERT ON user_country_counters FOR EACH ROW EXECUTE FUNCTION fail()`)
	require.ErrorContains(t, f.service.Flush(t.Context()), "write 10000 country counters")
	written, err := pg.Get[int](t.Context(), f.db, `SELECT count(*) FROM user_country_counters`)
	require.NoError(t, err)
	require.Equal(t, 1, written, "the second statement")
	f.exec(`DROP TRIGGER fail ON user_country_counters`)
	f.flush()
	written, err = pg.Get[int](t.Context(), f.db, `SELECT count(*) FROM user_country_counters WHERE count = 1`)
	require.NoError(t, err)
	require.Equal(t, len(ids), written)
}

func TestRequestsDuringAFlushAreCounted(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	id := f.users.Add().ID
	const requests = 20_000
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range requests {
			f.service.Seen(id, germany)
		}
	}()
	for flushing := true; flushing; {
		f.flush()
		select {
		case <-done:
			flushing = false
		default:
		}
	}
	f.flush()
	require.Equal(t, map[string]int64{"DE": requests}, f.counters(id))
}

// Rows are locked in one order: two processes do not deadlock.
func TestTwoProcessesThatFlushAtOnceCountEverything(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ids := f.users.AddMany(500)
	services := []*Service{f.service, f.otherService(f.db)}
	for range 10 {
		var wg sync.WaitGroup
		for _, s := range services {
			wg.Go(func() {
				for _, id := range ids {
					s.Seen(id, germany)
					s.Seen(id, france)
				}
				if err := s.Flush(t.Context()); err != nil {
					t.Errorf("flush: %v", err)
				}
			})
		}
		wg.Wait()
	}
	for _, id := range []uuid.UUID{ids[0], ids[len(ids)-1]} {
		require.Equal(t, map[string]int64{"DE": 20, "FR": 20}, f.counters(id))
	}
}

// The clock of another process may be behind.
func TestLastSeenNeverMovesBack(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	id := f.users.Add().ID
	f.service.Seen(id, germany)
	f.flush()
	f.clock.Set(noon.Add(-time.Hour))
	f.service.Seen(id, germany)
	f.flush()
	rows, err := f.service.Counters(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, []Counter{{UserID: id, Country: "DE", Count: 2, FirstSeenAt: noon, LastSeenAt: noon}}, rows)
}

func TestTheLoopFlushesEveryFewSeconds(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	id := f.users.Add().ID
	w := NewWorker(f.service, f.clock, zap.NewNop())
	require.NoError(t, w.Start(t.Context()))
	t.Cleanup(func() { require.NoError(t, w.Stop(context.Background())) })
	f.clock.BlockUntil(2)
	f.service.Seen(id, germany)
	f.clock.Advance(flushInterval - time.Microsecond)
	require.Empty(t, f.counters(id))
	f.clock.Advance(time.Microsecond)
	f.clock.BlockUntil(2) // the pass is over
	require.Equal(t, map[string]int64{"DE": 1}, f.counters(id))
}

// Requests of the meantime are worth no less than those that could not be
// written.
func TestWhatCouldNotBeWrittenIsDroppedWhenTheBufferIsFull(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	id := uuid.Must(uuid.NewV7())
	f.service.Seen(id, germany)
	rows := f.service.drain()
	require.Len(t, rows, 1)
	for i := range maxPerShard {
		f.service.Seen(id, netip.AddrFrom4([4]byte{198, 51, byte(i >> 8), byte(i)}))
	}
	f.service.bufferAgain(rows)
	buffered := map[userAddress]int64{}
	f.service.buffer.drain(func(a userAddress, n int64) { buffered[a] = n })
	require.Len(t, buffered, maxPerShard)
	require.NotContains(t, buffered, userAddress{id, germany})
	f.service.bufferAgain(rows)
	require.Equal(t, rows, f.service.drain(), "with room again it is counted")
}
