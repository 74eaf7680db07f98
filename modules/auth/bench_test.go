package auth_test

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/modules/auth"
)

// What every request of a client costs the gateway and the user surface: both
// have to come out at no round trip.
func BenchmarkCachedChecks(b *testing.B) {
	f := newFakeMailFixture(b, defaultConfig())
	me := f.signInDirectly("ada@example.org", newDevice(b))
	f.clock.BlockUntil(backgroundLoops)
	for name, check := range map[string]func() error{
		"session look-up": func() error { _, err := f.auth.Session(b.Context(), me.Session); return err },
		"user gate":       func() error { return f.users.Admit(b.Context(), me.User) },
		"snapshot":        func() error { _, err := f.accounts.Snapshot(b.Context(), me.User); return err },
	} {
		b.Run(name, func(b *testing.B) {
			before := f.db.Traffic().RoundTrips
			b.ReportAllocs()
			for b.Loop() {
				if err := check(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(f.db.Traffic().RoundTrips-before)/float64(b.N), "roundtrips/op")
		})
	}
}

// One whole sign-in of a new person, from the request for a code to the session.
func BenchmarkSignIn(b *testing.B) {
	f := newFakeMailFixture(b, defaultConfig())
	n := 0
	var send, confirmed int64
	b.ReportAllocs()
	for b.Loop() {
		n++
		email := fmt.Sprintf("user%d@example.org", n)
		d := newDevice(b)
		start := f.db.Traffic().RoundTrips
		c, err := f.auth.SendCode(b.Context(), email, "en")
		if err != nil {
			b.Fatal(err)
		}
		code := f.mailer.LastCode(email)
		between := f.db.Traffic().RoundTrips
		if _, err := f.auth.Confirm(b.Context(), confirmation(c.ChallengeID, code, d)); err != nil {
			b.Fatal(err)
		}
		send, confirmed = send+between-start, confirmed+f.db.Traffic().RoundTrips-between
		f.mailer.Reset()
	}
	b.ReportMetric(float64(send)/float64(n), "roundtrips/send")
	b.ReportMetric(float64(confirmed)/float64(n), "roundtrips/confirm")
}

const (
	sessionsStored = 1_000_000
	sessionsCached = 100_000
)

// millionSessions fills the table with a million active sessions and starts a
// service whose cache holds a tenth of them. It returns all ids, the newest first.
func millionSessions(t testing.TB) (*fixture, *auth.Service, *auth.SessionCache, []uuid.UUID) {
	t.Helper()
	f := newFakeMailFixture(t, defaultConfig())
	a := f.register("ada@example.org")
	f.exec(`DROP INDEX device_sessions_live_key, device_sessions_by_user;;
		ALTER TABLE device_sessions DROP CONSTRAINT device_sessions_user_id_fkey`) // what only costs time here
	for from := 1; from < sessionsStored; from += 50_000 {
		f.exec(`INSERT INTO device_sessions (device_session_id, user_id, public_key, status, device_name, user_agent, country, created_at, last_seen_at)
			SELECT lpad(to_hex(n), 32, '0')::uuid, $1, decode(lpad(to_hex(n), 64, '0'), 'hex'), 'active', '', '', '', $2, $2::timestamptz + n * interval '1 second'
			FROM generate_series($3::integer, $3::integer + 49999) n`, a.ID, noon, from)
	}
	s, cache := f.newService(sessionsCached)
	start := time.Now()
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Logf("warmed with %d sessions in %s", cache.Len(), time.Since(start).Round(time.Millisecond))
	ids := make([]uuid.UUID, sessionsStored)
	for i := range ids {
		binary.BigEndian.PutUint64(ids[i][8:], uint64(sessionsStored-i))
	}
	return f, s, cache, ids
}

// Look-ups among a million sessions with a cache of a hundred thousand.
func BenchmarkAMillionSessions(b *testing.B) {
	_, s, cache, ids := millionSessions(b)
	for name, among := range map[string][]uuid.UUID{"cached": ids[:sessionsCached/2], "any": ids} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := s.Session(b.Context(), among[rand.N(len(among))]); err != nil {
					b.Fatal(err)
				}
				if cache.Len() > sessionsCached {
					b.Fatalf("the cache holds %d sessions", cache.Len())
				}
			}
		})
	}
}
