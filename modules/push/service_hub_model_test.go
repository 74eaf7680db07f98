package push

import (
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/testkit"
)

// TestNoStreamIsEverSilentlyIncomplete is the model of the hub: for any sequence
// of publishing, reading, leaving, resuming and ageing, cursors strictly grow
// within a stream, everything is delivered or covered by a gap, and every
// invalidation of a connected gateway arrives.
func TestNoStreamIsEverSilentlyIncomplete(t *testing.T) {
	t.Parallel()
	checkHub(t, mutation{})
}

// mutation is what a mutant does wrong after a publication, or at a resume.
type mutation struct {
	published func(h *hub, s *subscription)
	resumed   func(cursor string) string
}

// steps are what may happen to a hub; publications are the most frequent.
var steps = []string{"publish", "publish", "burst", "revoke", "connect", "read", "leave", "age"}

func checkHub(t rapid.TB, wrong mutation) {
	rapid.Check(t, func(rt *rapid.T) {
		clk := clock.NewFake(noon)
		h := newTestHub(clk)
		var published []uint64
		mustDeliver := map[uint64]bool{}
		var s *subscription
		cursor, seen, gapUpTo, gapFrom := "", uint64(0), uint64(0), uint64(0)
		read := func(n int) {
			for _, e := range h.take(s, n) {
				at, ok := parseCursor(e.GetCursor())
				require.True(rt, ok)
				if e.GetGap() != nil {
					gapUpTo = max(gapUpTo, at)
				} else {
					require.Greater(rt, at, seen, "cursors grow")
					next, _ := slices.BinarySearch(published, max(seen, gapFrom)+1)
					for ; next < len(published) && published[next] < at; next++ {
						if p := published[next]; p > gapUpTo {
							rt.Fatalf("event %d is missing and no gap covers it", p)
						} else if mustDeliver[p] {
							rt.Fatalf("invalidation %d was dropped", p)
						}
					}
					seen = at
				}
				cursor = e.GetCursor()
			}
		}
		for range rapid.IntRange(1, 60).Draw(rt, "steps") {
			switch rapid.SampledFrom(steps).Draw(rt, "step") {
			case "publish":
				h.publish(clientEvent("e"))
				published = append(published, h.seq)
			case "burst":
				for range maxEvents {
					h.publish(clientEvent("e"))
					published = append(published, h.seq)
				}
			case "revoke":
				h.publish(revoked(uuid.Nil))
				published = append(published, h.seq)
				mustDeliver[h.seq] = true
			case "connect":
				if s == nil {
					var replay bool
					from := cursor
					if wrong.resumed != nil && cursor != "" {
						from = wrong.resumed(cursor)
					}
					s, replay = subscribe(rt, h, "gw", from)
					if cursor == "" {
						gapFrom = h.seq // a fresh stream starts at the present
					} else if replay {
						gapFrom = h.evicted
					}
				}
			case "read":
				if s != nil {
					read(rapid.IntRange(1, 50).Draw(rt, "frames"))
				}
			case "leave":
				if s != nil {
					h.unsubscribe(s)
					s = nil
				}
			case "age":
				clk.Advance(time.Duration(rapid.IntRange(1, 6).Draw(rt, "minutes")) * time.Minute)
			}
			if wrong.published != nil {
				wrong.published(h, s)
			}
		}
		if s != nil {
			read(1 << 20)
		}
	})
}

// A model that no mutation makes fail proves nothing.
func TestTheModelOfTheHubDetectsMutants(t *testing.T) {
	first := func(s *subscription, fits func(*frame) bool) int {
		if s == nil || len(s.queue.entries) < 3 {
			return -1
		}
		return slices.IndexFunc(s.queue.entries[:len(s.queue.entries)-1], fits) // what follows shows the hole
	}
	client := func(f *frame) bool { return f.event.GetClientEvent() != nil }
	for name, wrong := range map[string]mutation{
		"an event disappears from a queue": {published: func(_ *hub, s *subscription) {
			if i := first(s, client); i >= 0 {
				s.queue.entries = slices.Delete(s.queue.entries, i, i+1)
				s.queue.events--
			}
		}},
		"an invalidation is dropped like any other": {published: func(_ *hub, s *subscription) {
			if i := first(s, (*frame).mustDeliver); i >= 0 {
				s.queue.entries = slices.Delete(s.queue.entries, i, i+1)
				s.queue.mustDeliver--
			}
		}},
		"the ring evicts without recording it": {published: func(h *hub, _ *subscription) {
			if len(h.ring)-h.head > 2 {
				h.ring[h.head] = nil
				h.head++
			}
		}},
		"a resume begins one too late": {resumed: func(cursor string) string {
			n, _ := parseCursor(cursor)
			return cursorOf(n + 1)
		}},
		"a resume begins one too early": {resumed: func(cursor string) string {
			n, _ := parseCursor(cursor)
			return cursorOf(n - 1)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			require.True(t, testkit.DetectsMutant(t, func(t rapid.TB) { checkHub(t, wrong) }))
		})
	}
}
