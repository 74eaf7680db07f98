package geo

import (
	"context"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"galaxy/backend/modules/user"
	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/mmdb"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

var (
	germany = netip.MustParseAddr("203.0.113.7")
	france  = netip.MustParseAddr("198.51.100.7")
)

type world struct {
	*testing.T
	db      *pg.DB
	clock   *clock.Fake
	path    string
	service *Service
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{T: t, db: testkit.DB(t), clock: clock.NewFake(noon), path: testkit.MMDB(t)}
	w.service = NewService(w.db, w.clock, zap.NewNop(), Config{DBPath: w.path})
	require.NoError(t, w.service.Start(t.Context()))
	return w
}

// people makes n accounts.
func (w *world) people(n int) []uuid.UUID {
	w.Helper()
	ids := make([]uuid.UUID, n)
	for i := range ids {
		ids[i] = uuid.Must(uuid.NewV7())
	}
	require.NoError(w, w.db.InTx(w.Context(), func(_ context.Context, tx *pg.Tx) error {
		tx.Queue(`INSERT INTO accounts (user_id, email, email_canonical, user_name, display_name, preferred_language, time_zone, declared_country, created_at, updated_at)
			SELECT id, id || '@example.org', id || '@example.org', 'player-' || lpad(n::text, 8, '0'), '', 'en', 'UTC', '', $2, $2
			FROM unnest($1::uuid[]) WITH ORDINALITY AS p (id, n)`, ids, noon)
		return nil
	}))
	return ids
}

func (w *world) counters(id uuid.UUID) map[string]int64 {
	w.Helper()
	rows, err := w.service.Counters(w.Context(), id)
	require.NoError(w, err)
	out := map[string]int64{}
	for _, r := range rows {
		out[r.Country] = r.Count
	}
	return out
}

func TestAnAddressHasItsCountryOrNone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for text, want := range map[string]string{
		"203.0.113.7": "DE", "::ffff:203.0.113.7": "DE", "2001:db8::1": "SE", "192.0.2.200": "", "10.0.0.1": "", "fe80::1%eth0": "",
	} {
		require.Equal(t, want, w.service.Country(netip.MustParseAddr(text)), text)
	}
	require.Empty(t, w.service.Country(netip.Addr{}))
}

func TestRequestsAreCountedOncePerUserCountryAndFlush(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ids := w.people(2)
	for i := range 100 {
		w.service.Seen(ids[0], netip.AddrFrom4([4]byte{203, 0, 113, byte(i % 10)}))
	}
	w.service.Seen(ids[0], france)
	w.service.Seen(ids[1], germany)
	w.service.Seen(ids[1], netip.Addr{})
	w.service.Seen(ids[1], netip.MustParseAddr("10.0.0.1"))
	before := w.db.Traffic()
	require.NoError(t, w.service.Flush(t.Context()))
	after := w.db.Traffic()
	require.Equal(t, int64(1), after.RoundTrips-before.RoundTrips, "one statement for everything")
	require.Equal(t, map[string]int64{"DE": 100, "FR": 1}, w.counters(ids[0]))
	require.Equal(t, map[string]int64{"DE": 1}, w.counters(ids[1]))

	before = w.db.Traffic()
	require.NoError(t, w.service.Flush(t.Context()))
	require.Equal(t, before, w.db.Traffic(), "nothing to write")

	w.clock.Advance(time.Hour)
	w.service.Seen(ids[0], germany)
	require.NoError(t, w.service.Flush(t.Context()))
	rows, err := w.service.Counters(t.Context(), ids[0])
	require.NoError(t, err)
	require.Equal(t, Counter{UserID: ids[0], Country: "DE", Count: 101, FirstSeenAt: noon, LastSeenAt: noon.Add(time.Hour)}, rows[0])
	seen, err := w.service.SeenCountries(t.Context(), w.db, ids[0])
	require.NoError(t, err)
	require.Equal(t, []string{"DE", "FR"}, seen)
}

// A million requests of ten thousand users from two countries and three addresses each,
// with a flush at every quarter of the way: the table is written to once per user,
// country and flush, by a few statements.
func TestAMillionRequestsAreOneWritePerUserCountryAndFlush(t *testing.T) {
	t.Parallel()
	const users, requests, flushes = 10_000, 1_000_000, 4
	const note = `REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION note()`
	w := newWorld(t)
	ids := w.people(users)
	for _, statement := range []string{`CREATE TABLE writes (user_id uuid, country text, tx bigint)`,
		`CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
			INSERT INTO writes SELECT user_id, country, pg_current_xact_id()::text::bigint FROM fresh; RETURN NULL; END $$`,
		`CREATE TRIGGER inserted AFTER INSERT ON user_country_counters ` + note,
		`CREATE TRIGGER updated AFTER UPDATE ON user_country_counters ` + note} {
		require.NoError(t, w.db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
			_, err := tx.Exec(ctx, statement)
			return err
		}))
	}
	before := w.db.Traffic()
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
					w.service.Seen(ids[(part*users/4+i/10)%users], from)
				}
			})
		}
		wg.Wait()
		require.NoError(t, w.service.Flush(t.Context()))
	}
	after := w.db.Traffic()
	require.LessOrEqual(t, after.RoundTrips-before.RoundTrips, int64(flushes*(2*users/batchWrites+1)))
	sum, err := pg.Get[struct {
		Sum     int64 `db:"sum"`
		Writes  int64 `db:"writes"`
		Repeats int64 `db:"repeats"`
	}](t.Context(), w.db, `SELECT (SELECT sum(count)::bigint FROM user_country_counters) AS sum, count(*) AS writes,
		count(*) - count(DISTINCT (user_id, country, tx)) AS repeats FROM writes`)
	require.NoError(t, err)
	require.Equal(t, int64(requests), sum.Sum, "nothing was dropped")
	require.LessOrEqual(t, sum.Writes, int64(2*users*flushes))
	require.Zero(t, sum.Repeats)
}

func TestTheBufferIsBounded(t *testing.T) {
	t.Parallel()
	var c counters
	one := uuid.Must(uuid.NewV7())
	taken := 0
	for i := range shardMax + 10 {
		if c.add(sighting{one, netip.AddrFrom4([4]byte{byte(i >> 16), byte(i >> 8), byte(i), 1})}, 1) {
			taken++
		}
	}
	require.Equal(t, shardMax, taken)
	require.True(t, c.add(sighting{one, netip.AddrFrom4([4]byte{0, 0, 0, 1})}, 1), "what is counted already goes on counting")
	c.drop(one)
	require.True(t, c.add(sighting{one, france}, 1))
	left := 0
	c.take(func(sighting, int64) { left++ })
	require.Equal(t, 1, left)
}

func TestWhatCouldNotBeWrittenIsWrittenLater(t *testing.T) {
	t.Parallel()
	own := testkit.Postgres(t)
	proxy := testkit.PostgresProxy(t, own.Addr)
	w := newWorld(t)
	w.db = testkit.Open(t, own.DSN)
	ids := w.people(1)
	w.service.db = testkit.Open(t, own.Via(proxy.Addr()))
	w.service.Seen(ids[0], germany)
	proxy.Inject(testkit.Fault{Toward: testkit.ToServer, At: testkit.Runs("BEGIN")})
	require.Error(t, w.service.Flush(t.Context()))
	w.service.db = w.db
	w.service.Seen(ids[0], germany)
	require.NoError(t, w.service.Flush(t.Context()))
	require.Contains(t, []int64{1, 2}, w.counters(ids[0])["DE"], "never more than there were")
}

func TestWhatMayHaveBeenWrittenIsNotCountedTwice(t *testing.T) {
	t.Parallel()
	own := testkit.Postgres(t)
	proxy := testkit.PostgresProxy(t, own.Addr)
	w := newWorld(t)
	w.db = testkit.Open(t, own.DSN)
	ids := w.people(1)
	w.service.db = testkit.Open(t, own.Via(proxy.Addr()))
	w.service.Seen(ids[0], germany)
	proxy.Inject(testkit.Fault{Toward: testkit.ToClient, At: testkit.Completes("COMMIT")})
	require.ErrorIs(t, w.service.Flush(t.Context()), pg.ErrOutcomeUnknown)
	w.service.db = w.db
	require.NoError(t, w.service.Flush(t.Context()))
	require.Equal(t, map[string]int64{"DE": 1}, w.counters(ids[0]))
}

func TestStoppingWritesWhatIsBuffered(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ids := w.people(1)
	f := NewFlusher(w.service, w.clock, zap.NewNop())
	require.NoError(t, f.Start(t.Context()))
	w.clock.BlockUntil(2)
	w.service.Seen(ids[0], germany)
	require.NoError(t, f.Stop(t.Context()))
	require.Equal(t, map[string]int64{"DE": 1}, w.counters(ids[0]))
	require.NoError(t, f.Stop(t.Context()))
}

func TestCountersGoWithAnErasedUserAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ids := w.people(1)
	w.service.Seen(ids[0], germany)
	require.NoError(t, w.service.Flush(t.Context()))
	h := newHooks(w.service)
	exported, err := h.Export(t.Context(), w.db, ids[0])
	require.NoError(t, err)
	require.Len(t, exported.(map[string]any)["country_counters"], 1)
	for _, why := range []user.Reason{user.Blocked, user.Deleted, user.Erased} {
		w.service.Seen(ids[0], germany)
		require.NoError(t, w.db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error { return h.Depart(ctx, tx, ids[0], why) }))
		if why != user.Erased {
			require.NotEmpty(t, w.counters(ids[0]), why)
		}
	}
	require.NoError(t, w.service.Flush(t.Context()))
	require.Empty(t, w.counters(ids[0]))
}

// A flush writes what it took from the buffer before an erasure, while that is
// under way: at the latest the next one leaves nothing of it.
func TestAFlushThatAnErasureOvertakesLeavesNothing(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ known, waits bool }{"the country is new": {}, "the country is known": {known: true, waits: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			id := w.people(1)[0]
			w.service.Seen(id, germany)
			if c.known {
				require.NoError(t, w.service.Flush(t.Context()))
				w.service.Seen(id, germany)
			}
			flushed := make(chan error, 1)
			require.NoError(t, w.db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
				require.NoError(t, newHooks(w.service).Depart(ctx, tx, id, user.Erased))
				_, err := tx.Exec(ctx, `UPDATE accounts SET email = NULL, email_canonical = NULL, deleted_at = $2, erased_at = $2 WHERE user_id = $1`, id, noon)
				go func() { flushed <- w.service.Flush(t.Context()) }()
				if c.waits { // for the row that the erasure deletes
					require.Eventually(t, func() bool {
						n, err := pg.Get[int](t.Context(), w.db, `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`)
						return err == nil && n > 0
					}, time.Minute, time.Millisecond)
					return err
				}
				require.NoError(t, <-flushed)
				flushed <- nil
				return err
			}))
			require.NoError(t, <-flushed)
			require.NoError(t, w.service.Flush(t.Context()), "with nothing of its own to write")
			require.Empty(t, w.counters(id))
			w.clock.Advance(2 * leaveFor)
			require.NoError(t, w.service.Flush(t.Context()), "the last time that the user is remembered")
			before := w.db.Traffic()
			require.NoError(t, w.service.Flush(t.Context()))
			require.Equal(t, before, w.db.Traffic())
		})
	}
}

// write puts a database with one network in another country where the file is.
func (w *world) replace(country string) {
	w.Helper()
	data, err := mmdb.Bytes(map[netip.Prefix]string{netip.MustParsePrefix("203.0.113.0/24"): country})
	require.NoError(w, err)
	fresh := filepath.Join(filepath.Dir(w.path), "fresh.mmdb")
	require.NoError(w, os.WriteFile(fresh, data, 0o600))
	require.NoError(w, os.Rename(fresh, w.path))
}

func TestAReplacedDatabaseIsLoadedWhileLookUpsGoOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	quit := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			select {
			case <-quit:
				return
			default:
				w.service.Country(germany)
			}
		}
	})
	for _, country := range []string{"AT", "CH", "LI"} {
		w.replace(country)
		require.NoError(t, w.service.file.refresh(t.Context(), w.clock.Now()))
		require.Equal(t, country, w.service.Country(germany))
	}
	close(quit)
	wg.Wait()
}

func TestTheLoopNoticesAReplacedDatabase(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f := NewFlusher(w.service, w.clock, zap.NewNop())
	require.NoError(t, f.Start(t.Context()))
	t.Cleanup(func() { require.NoError(t, f.Stop(context.Background())) })
	w.clock.BlockUntil(2)
	w.replace("AT")
	w.clock.Advance(lookEvery)
	w.clock.BlockUntil(2)
	require.Equal(t, "AT", w.service.Country(germany))
	info, ok := w.service.Database()
	require.True(t, ok)
	require.Equal(t, noon.Add(lookEvery), info.LoadedAt)
	w.clock.Advance(lookEvery)
	w.clock.BlockUntil(2)
	again, _ := w.service.Database()
	require.Equal(t, info, again, "a file that is the same is not read again")
}

func TestABrokenReplacementLeavesTheOldDatabaseInPlace(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(path string) error{
		"cut short": func(path string) error { return os.Truncate(path, 100) },
		"emptied":   func(path string) error { return os.Truncate(path, 0) },
		"removed":   os.Remove,
		"nonsense":  func(path string) error { return os.WriteFile(path, make([]byte, 4096), 0o600) },
	} {
		w := newWorld(t)
		require.NoError(t, change(w.path), name)
		require.Error(t, w.service.file.refresh(t.Context(), w.clock.Now()), name)
		require.Equal(t, "DE", w.service.Country(germany), name)
		w.replace("AT")
		require.NoError(t, w.service.file.refresh(t.Context(), w.clock.Now()), name)
		require.Equal(t, "AT", w.service.Country(germany), name)
	}
}

func TestAMissingDatabaseFailsTheStart(t *testing.T) {
	t.Parallel()
	for name, path := range map[string]string{"missing": filepath.Join(t.TempDir(), "none.mmdb"), "a directory": t.TempDir()} {
		s := NewService(nil, clock.NewFake(noon), zap.NewNop(), Config{DBPath: path})
		require.Error(t, s.Start(t.Context()), name)
		require.Empty(t, s.Country(germany), "a look-up before the start is no failure")
	}
	require.Error(t, Config{}.Validate())
	require.NoError(t, Config{DBPath: "x"}.Validate())
}

// What a request pays: no allocation once its user and address are known.
func TestCountingARequestAllocatesNothing(t *testing.T) {
	s := NewService(nil, clock.NewFake(noon), zap.NewNop(), Config{})
	id := uuid.Must(uuid.NewV7())
	s.Seen(id, germany)
	require.Zero(t, testing.AllocsPerRun(1000, func() { s.Seen(id, germany) }))
}

func BenchmarkSeen(b *testing.B) {
	s := NewService(nil, clock.NewFake(noon), zap.NewNop(), Config{})
	ids := make([]uuid.UUID, 10_000)
	for i := range ids {
		ids[i] = uuid.Must(uuid.NewV7())
	}
	b.ReportAllocs()
	b.RunParallel(func(p *testing.PB) {
		for i := 0; p.Next(); i++ {
			s.Seen(ids[i%len(ids)], germany)
		}
	})
}

func BenchmarkCountry(b *testing.B) {
	s := NewService(nil, clock.NewFake(noon), zap.NewNop(), Config{DBPath: testkit.MMDB(b)})
	if err := s.Start(b.Context()); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		s.Country(germany)
	}
}
