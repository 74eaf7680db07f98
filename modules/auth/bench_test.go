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
	h, post := quiet(b, settings())
	me := h.entry(post, "ada@example.org", newDevice(b))
	h.clock.BlockUntil(loops)
	for name, check := range map[string]func() error{
		"session look-up": func() error { _, err := h.auth.Session(b.Context(), me.Session); return err },
		"user gate":       func() error { return h.users.Admit(b.Context(), me.User) },
		"snapshot":        func() error { _, err := h.accounts.Snapshot(b.Context(), me.User); return err },
	} {
		b.Run(name, func(b *testing.B) {
			before := h.db.Traffic().RoundTrips
			b.ReportAllocs()
			for b.Loop() {
				if err := check(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(h.db.Traffic().RoundTrips-before)/float64(b.N), "roundtrips/op")
		})
	}
}

// One whole sign-in of a new person, from the request for a code to the session.
func BenchmarkSignIn(b *testing.B) {
	h, post := quiet(b, settings())
	n := 0
	var send, confirmed int64
	b.ReportAllocs()
	for b.Loop() {
		n++
		email := fmt.Sprintf("user%d@example.org", n)
		d := newDevice(b)
		start := h.db.Traffic().RoundTrips
		c, err := h.auth.SendCode(b.Context(), email, "en")
		if err != nil {
			b.Fatal(err)
		}
		code := post.last(email)
		between := h.db.Traffic().RoundTrips
		if _, err := h.auth.Confirm(b.Context(), confirm(c.ChallengeID, code, d)); err != nil {
			b.Fatal(err)
		}
		send, confirmed = send+between-start, confirmed+h.db.Traffic().RoundTrips-between
		post.forget()
	}
	b.ReportMetric(float64(send)/float64(n), "roundtrips/send")
	b.ReportMetric(float64(confirmed)/float64(n), "roundtrips/confirm")
}

const (
	sessionsStored = 1_000_000
	sessionsCached = 100_000
)

// million fills the table with a million live sessions and starts a service
// whose cache holds a tenth of them. It returns all ids, the newest first.
func million(t testing.TB) (*house, *auth.Service, *auth.Sessions, []uuid.UUID) {
	t.Helper()
	h, _ := quiet(t, settings())
	a := h.quick("ada@example.org")
	h.exec(`DROP INDEX device_sessions_live_key, device_sessions_by_user;;
		ALTER TABLE device_sessions DROP CONSTRAINT device_sessions_user_id_fkey`) // what only costs time here
	for from := 1; from < sessionsStored; from += 50_000 {
		h.exec(`INSERT INTO device_sessions (device_session_id, user_id, public_key, status, device_name, user_agent, country, created_at, last_seen_at)
			SELECT lpad(to_hex(n), 32, '0')::uuid, $1, decode(lpad(to_hex(n), 64, '0'), 'hex'), 'active', '', '', '', $2, $2::timestamptz + n * interval '1 second'
			FROM generate_series($3::integer, $3::integer + 49999) n`, a.ID, noon, from)
	}
	cache := auth.NewSessions(h.db, auth.CacheConfig{SessionsMax: sessionsCached})
	s := auth.NewService(h.db, h.clock, nil, settings(), cache, auth.Neighbours{})
	start := time.Now()
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Logf("warmed with %d sessions in %s", cache.Len(), time.Since(start).Round(time.Millisecond))
	ids := make([]uuid.UUID, sessionsStored)
	for i := range ids {
		binary.BigEndian.PutUint64(ids[i][8:], uint64(sessionsStored-i))
	}
	return h, s, cache, ids
}

// Look-ups among a million sessions with a cache of a hundred thousand.
func BenchmarkAMillionSessions(b *testing.B) {
	_, s, cache, ids := million(b)
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
