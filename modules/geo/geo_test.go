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

type fixture struct {
	*testing.T
	db      *pg.DB
	clock   *clock.Fake
	path    string
	service *Service
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{T: t, db: testkit.DB(t), clock: clock.NewFake(noon), path: testkit.MMDB(t)}
	f.service = NewService(f.db, f.clock, zap.NewNop(), Config{DBPath: f.path})
	require.NoError(t, f.service.Start(t.Context()))
	return f
}

// people makes n accounts.
func (f *fixture) people(n int) []uuid.UUID {
	f.Helper()
	ids := make([]uuid.UUID, n)
	for i := range ids {
		ids[i] = uuid.Must(uuid.NewV7())
	}
	require.NoError(f, f.db.InTx(f.Context(), func(_ context.Context, tx *pg.Tx) error {
		tx.Queue(`INSERT INTO accounts (user_id, email, email_canonical, user_name, display_name, preferred_language, time_zone, declared_country, created_at, updated_at)
			SELECT id, id || '@example.org', id || '@example.org', 'player-' || lpad(n::text, 8, '0'), '', 'en', 'UTC', '', $2, $2
			FROM unnest($1::uuid[]) WITH ORDINALITY AS p (id, n)`, ids, noon)
		return nil
	}))
	return ids
}

func (f *fixture) counters(id uuid.UUID) map[string]int64 {
	f.Helper()
	rows, err := f.service.Counters(f.Context(), id)
	require.NoError(f, err)
	out := map[string]int64{}
	for _, r := range rows {
		out[r.Country] = r.Count
	}
	return out
}

func TestAnAddressHasItsCountryOrNone(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for text, want := range map[string]string{
		"203.0.113.7": "DE", "::ffff:203.0.113.7": "DE", "2001:db8::1": "SE", "192.0.2.200": "", "10.0.0.1": "", "fe80::1%eth0": "",
	} {
		require.Equal(t, want, f.service.Country(netip.MustParseAddr(text)), text)
	}
	require.Empty(t, f.service.Country(netip.Addr{}))
}

func TestRequestsAreCountedOncePerUserCountryAndFlush(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ids := f.people(2)
	for i := range 100 {
		f.service.Seen(ids[0], netip.AddrFrom4([4]byte{203, 0, 113, byte(i % 10)}))
	}
	f.service.Seen(ids[0], france)
	f.service.Seen(ids[1], germany)
	f.service.Seen(ids[1], netip.Addr{})
	f.service.Seen(ids[1], netip.MustParseAddr("10.0.0.1"))
	before := f.db.Traffic()
	require.NoError(t, f.service.Flush(t.Context()))
	after := f.db.Traffic()
	require.Equal(t, int64(1), after.RoundTrips-before.RoundTrips, "one statement for everything")
	require.Equal(t, map[string]int64{"DE": 100, "FR": 1}, f.counters(ids[0]))
	require.Equal(t, map[string]int64{"DE": 1}, f.counters(ids[1]))

	before = f.db.Traffic()
	require.NoError(t, f.service.Flush(t.Context()))
	require.Equal(t, before, f.db.Traffic(), "nothing to write")

	f.clock.Advance(time.Hour)
	f.service.Seen(ids[0], germany)
	require.NoError(t, f.service.Flush(t.Context()))
	rows, err := f.service.Counters(t.Context(), ids[0])
	require.NoError(t, err)
	require.Equal(t, Counter{UserID: ids[0], Country: "DE", Count: 101, FirstSeenAt: noon, LastSeenAt: noon.Add(time.Hour)}, rows[0])
	seen, err := f.service.SeenCountries(t.Context(), f.db, ids[0])
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
	f := newFixture(t)
	ids := f.people(users)
	for _, statement := range []string{`CREATE TABLE writes (user_id uuid, country text, tx bigint)`,
		`CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
			INSERT INTO writes SELECT user_id, country, pg_current_xact_id()::text::bigint FROM fresh; RETURN NULL; END $$`,
		`CREATE TRIGGER inserted AFTER INSERT ON user_country_counters ` + note,
		`CREATE TRIGGER updated AFTER UPDATE ON user_country_counters ` + note} {
		require.NoError(t, f.db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
			_, err := tx.Exec(ctx, statement)
			return err
		}))
	}
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
		require.NoError(t, f.service.Flush(t.Context()))
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
	require.True(t, b.add(userAddress{one, netip.AddrFrom4([4]byte{0, 0, 0, 1})}, 1), "what is counted already goes on counting")
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
	f := newFixture(t)
	f.db = testkit.Open(t, own.DSN)
	ids := f.people(1)
	f.service.db = testkit.Open(t, own.Via(proxy.Addr()))
	f.service.Seen(ids[0], germany)
	proxy.Inject(testkit.Fault{Toward: testkit.ToServer, At: testkit.Runs("BEGIN")})
	require.Error(t, f.service.Flush(t.Context()))
	f.service.db = f.db
	f.service.Seen(ids[0], germany)
	require.NoError(t, f.service.Flush(t.Context()))
	require.Contains(t, []int64{1, 2}, f.counters(ids[0])["DE"], "never more than there were")
}

func TestWhatMayHaveBeenWrittenIsNotCountedTwice(t *testing.T) {
	t.Parallel()
	own := testkit.Postgres(t)
	proxy := testkit.PostgresProxy(t, own.Addr)
	f := newFixture(t)
	f.db = testkit.Open(t, own.DSN)
	ids := f.people(1)
	f.service.db = testkit.Open(t, own.Via(proxy.Addr()))
	f.service.Seen(ids[0], germany)
	proxy.Inject(testkit.Fault{Toward: testkit.ToClient, At: testkit.Completes("COMMIT")})
	require.ErrorIs(t, f.service.Flush(t.Context()), pg.ErrOutcomeUnknown)
	f.service.db = f.db
	require.NoError(t, f.service.Flush(t.Context()))
	require.Equal(t, map[string]int64{"DE": 1}, f.counters(ids[0]))
}

func TestStoppingWritesWhatIsBuffered(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ids := f.people(1)
	w := NewWorker(f.service, f.clock, zap.NewNop())
	require.NoError(t, w.Start(t.Context()))
	f.clock.BlockUntil(2)
	f.service.Seen(ids[0], germany)
	require.NoError(t, w.Stop(t.Context()))
	require.Equal(t, map[string]int64{"DE": 1}, f.counters(ids[0]))
	require.NoError(t, w.Stop(t.Context()))
}

func TestCountersGoWithAnErasedUserAlone(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ids := f.people(1)
	f.service.Seen(ids[0], germany)
	require.NoError(t, f.service.Flush(t.Context()))
	h := newUserHooks(f.service)
	exported, err := h.Export(t.Context(), f.db, ids[0])
	require.NoError(t, err)
	require.Len(t, exported.(map[string]any)["country_counters"], 1)
	for _, why := range []user.Reason{user.Blocked, user.Deleted, user.Erased} {
		f.service.Seen(ids[0], germany)
		require.NoError(t, f.db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error { return h.Depart(ctx, tx, ids[0], why) }))
		if why != user.Erased {
			require.NotEmpty(t, f.counters(ids[0]), why)
		}
	}
	require.NoError(t, f.service.Flush(t.Context()))
	require.Empty(t, f.counters(ids[0]))
}

// A flush writes what it took from the buffer before an erasure, while that is
// under way: at the latest the next one leaves nothing of it.
func TestAFlushThatAnErasureOvertakesLeavesNothing(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ known, waits bool }{"the country is new": {}, "the country is known": {known: true, waits: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			id := f.people(1)[0]
			f.service.Seen(id, germany)
			if c.known {
				require.NoError(t, f.service.Flush(t.Context()))
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
			require.NoError(t, f.service.Flush(t.Context()))
			require.Equal(t, before, f.db.Traffic())
		})
	}
}

// write puts a database with one network in another country where the file is.
func (f *fixture) replace(country string) {
	f.Helper()
	data, err := mmdb.Bytes(map[netip.Prefix]string{netip.MustParsePrefix("203.0.113.0/24"): country})
	require.NoError(f, err)
	fresh := filepath.Join(filepath.Dir(f.path), "fresh.mmdb")
	require.NoError(f, os.WriteFile(fresh, data, 0o600))
	require.NoError(f, os.Rename(fresh, f.path))
}

func TestAReplacedDatabaseIsLoadedWhileLookUpsGoOn(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	quit := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			select {
			case <-quit:
				return
			default:
				f.service.Country(germany)
			}
		}
	})
	for _, country := range []string{"AT", "CH", "LI"} {
		f.replace(country)
		require.NoError(t, f.service.database.refresh(t.Context(), f.clock.Now()))
		require.Equal(t, country, f.service.Country(germany))
	}
	close(quit)
	wg.Wait()
}

func TestTheLoopNoticesAReplacedDatabase(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	w := NewWorker(f.service, f.clock, zap.NewNop())
	require.NoError(t, w.Start(t.Context()))
	t.Cleanup(func() { require.NoError(t, w.Stop(context.Background())) })
	f.clock.BlockUntil(2)
	f.replace("AT")
	f.clock.Advance(watchInterval)
	f.clock.BlockUntil(2)
	require.Equal(t, "AT", f.service.Country(germany))
	info, ok := f.service.Database()
	require.True(t, ok)
	require.Equal(t, noon.Add(watchInterval), info.LoadedAt)
	f.clock.Advance(watchInterval)
	f.clock.BlockUntil(2)
	again, _ := f.service.Database()
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
		f := newFixture(t)
		require.NoError(t, change(f.path), name)
		require.Error(t, f.service.database.refresh(t.Context(), f.clock.Now()), name)
		require.Equal(t, "DE", f.service.Country(germany), name)
		f.replace("AT")
		require.NoError(t, f.service.database.refresh(t.Context(), f.clock.Now()), name)
		require.Equal(t, "AT", f.service.Country(germany), name)
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
