package push

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/platform/clock"
	pushv1 "galaxy/backend/proto/push/v1"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func newTestHub(clk clock.Clock) *hub { return newHub(clk, 5*time.Minute, func(loss) {}) }

func clientEvent(kind string) *pushv1.PushEvent {
	return &pushv1.PushEvent{Kind: &pushv1.PushEvent_ClientEvent{ClientEvent: &pushv1.ClientEvent{Kind: kind}}}
}

func revoked(user uuid.UUID) *pushv1.PushEvent {
	return invalidation(Invalidation{UserID: user, Reason: "operator", At: noon})
}

func subscribe(t require.TestingT, h *hub, id, cursor string) (*subscription, bool) {
	s, replay, err := h.subscribe(id, cursor, "")
	require.NoError(t, err)
	return s, replay
}

// kinds drains a subscription and lists what was in it.
func kinds(h *hub, s *subscription) []string {
	var out []string
	for {
		events := h.take(s, 1000)
		if len(events) == 0 {
			return out
		}
		for _, e := range events {
			switch {
			case e.GetClientEvent() != nil:
				out = append(out, e.GetClientEvent().GetKind())
			case e.GetGap() != nil:
				out = append(out, fmt.Sprintf("gap %s %d", e.GetGap().GetReason(), e.GetGap().GetLost()))
			default:
				out = append(out, "invalidation")
			}
		}
	}
}

func TestAResumeYieldsExactlyWhatWasMissed(t *testing.T) {
	t.Parallel()
	h := newTestHub(clock.NewFake(noon))
	s, replay := subscribe(t, h, "gw", "")
	require.True(t, replay, "a fresh gateway is told of recent revocations")
	h.publish(clientEvent("a"))
	h.publish(clientEvent("b"))
	last := h.take(s, 1)[0].GetCursor()
	h.unsubscribe(s)
	h.publish(clientEvent("c"))
	s, replay = subscribe(t, h, "gw", last)
	require.False(t, replay)
	require.Equal(t, []string{"b", "c"}, kinds(h, s))
}

func TestTheFirstFrameAndEveryGapCarryTheEpoch(t *testing.T) {
	t.Parallel()
	h := newTestHub(clock.NewFake(noon))
	s, _ := subscribe(t, h, "gw", "")
	h.publish(clientEvent("a"))
	h.publish(clientEvent("b"))
	frames := h.take(s, 2)
	require.Equal(t, h.epoch(), frames[0].GetEpoch())
	require.Empty(t, frames[1].GetEpoch())
	other, _ := subscribe(t, h, "other", cursorOf(1))
	require.Equal(t, h.epoch(), h.take(other, 1)[0].GetEpoch())
	require.Empty(t, frames[1].GetEpoch(), "frames are shared, and not written to")
}

func TestACursorThatCannotBeServedStartsWithAGap(t *testing.T) {
	t.Parallel()
	clk := clock.NewFake(noon)
	h := newTestHub(clk)
	h.publish(clientEvent("old"))
	aged := cursorOf(h.start)
	clk.Advance(6 * time.Minute)
	h.publish(clientEvent("new"))
	for name, c := range map[string]struct{ cursor, gap string }{
		"aged out":            {aged, "gap GAP_REASON_CURSOR_AGED_OUT 1"},
		"an earlier process":  {cursorOf(h.start - 1), "gap GAP_REASON_EPOCH_CHANGED 0"},
		"letters":             {"abc", "gap GAP_REASON_CURSOR_UNKNOWN 0"},
		"too many digits":     {"0" + cursorOf(h.seq), "gap GAP_REASON_CURSOR_UNKNOWN 0"},
		"from the future":     {cursorOf(h.seq + 1), "gap GAP_REASON_CURSOR_UNKNOWN 0"},
		"more than a uint64":  {"99999999999999999999", "gap GAP_REASON_CURSOR_UNKNOWN 0"},
		"digits of elsewhere": {"٠٠٠٠٠٠٠٠٠٠", "gap GAP_REASON_CURSOR_UNKNOWN 0"},
	} {
		s, replay := subscribe(t, h, name, c.cursor)
		require.True(t, replay, name)
		require.Equal(t, []string{c.gap, "new"}, kinds(h, s), name)
	}
}

func TestCursorsGrowFromOneProcessToTheNext(t *testing.T) {
	t.Parallel()
	clk := clock.NewFake(noon)
	first := newTestHub(clk)
	for range 100 {
		first.publish(clientEvent("a"))
	}
	clk.Advance(time.Second)
	second := newTestHub(clk)
	require.Greater(t, cursorOf(second.seq+1), cursorOf(first.seq))
	s, replay := subscribe(t, second, "gw", cursorOf(first.seq))
	require.True(t, replay)
	require.Equal(t, []string{"gap GAP_REASON_EPOCH_CHANGED 0"}, kinds(second, s))
}

func TestACursorOfAnotherEpochIsRecognisedAfterAClockChange(t *testing.T) {
	t.Parallel()
	clk := clock.NewFake(noon)
	first := newTestHub(clk)
	for range 100 {
		first.publish(clientEvent("a"))
	}
	clk.Advance(-50 * time.Microsecond) // set back, so that the numbers meet
	second := newTestHub(clk)
	for range 200 {
		second.publish(clientEvent("b"))
	}
	require.Greater(t, second.seq, first.seq)
	require.Less(t, second.start, first.seq)
	s, replay, err := second.subscribe("gw", cursorOf(first.seq), first.epoch())
	require.NoError(t, err)
	require.True(t, replay)
	got := kinds(second, s)
	require.Equal(t, "gap GAP_REASON_EPOCH_CHANGED 0", got[0])
	require.Len(t, got, 1+200, "all that this process published is new to it")
	s, replay, err = second.subscribe("gw", cursorOf(second.seq-1), second.epoch())
	require.NoError(t, err)
	require.False(t, replay)
	require.Equal(t, []string{"b"}, kinds(second, s))
}

func TestAnInterruptedReplayIsRepeated(t *testing.T) {
	t.Parallel()
	h := newTestHub(clock.NewFake(noon))
	s, replay := subscribe(t, h, "gw", "")
	require.True(t, replay)
	h.queueReplay(s, []*pushv1.PushEvent{revoked(uuid.New()), revoked(uuid.New()), revoked(uuid.New())})
	cursor := h.take(s, 2)[1].GetCursor()
	h.unsubscribe(s)
	s, replay = subscribe(t, h, "gw", cursor)
	require.True(t, replay, "the third is in no ring")
	h.queueReplay(s, []*pushv1.PushEvent{revoked(uuid.New()), revoked(uuid.New()), revoked(uuid.New())})
	last := h.take(s, 10)[2].GetCursor()
	_, replay = subscribe(t, h, "gw", last)
	require.False(t, replay)
}

func TestARevocationInDoubtIsReplayedToEveryGateway(t *testing.T) {
	t.Parallel()
	h := newTestHub(clock.NewFake(noon))
	away, _ := subscribe(t, h, "away", "")
	connected, _ := subscribe(t, h, "connected", "")
	h.publish(clientEvent("a"))
	before := h.take(away, 1)[0].GetCursor()
	h.unsubscribe(away)
	h.revocationsInDoubt()
	_, replay := subscribe(t, h, "away", before)
	require.True(t, replay, "it was away")

	upTo, needed := h.needsReplay(connected)
	require.True(t, needed)
	h.publish(clientEvent("b"))
	after := h.take(connected, 2)[1].GetCursor()
	h.unsubscribe(connected) // before it was told
	connected, replay = subscribe(t, h, "connected", after)
	require.True(t, replay, "its cursor is newer than the doubt, but it got no replay")
	h.replayDone(connected, upTo)
	_, needed = h.needsReplay(connected)
	require.False(t, needed)
	h.publish(clientEvent("c"))
	last := h.take(connected, 1)[0].GetCursor()
	_, replay = subscribe(t, h, "connected", last)
	require.False(t, replay)
}

func TestAReplayMayBeLongerThanAQueue(t *testing.T) {
	t.Parallel()
	h := newTestHub(clock.NewFake(noon))
	s, _ := subscribe(t, h, "gw", "")
	many := make([]*pushv1.PushEvent, 2*maxMustDeliver)
	for i := range many {
		many[i] = revoked(uuid.New())
	}
	h.queueReplay(s, many)
	h.publish(revoked(uuid.New()))
	require.Len(t, kinds(h, s), len(many)+1, "or a gateway could never come back after a mass revocation")
}

func TestAResumeIsBoundedByTheRingAndNotByTheQueue(t *testing.T) {
	t.Parallel()
	drops := 0
	h := newHub(clock.NewFake(noon), time.Minute, func(l loss) { drops += l.n })
	h.publish(clientEvent("a"))
	last := cursorOf(h.seq)
	for range 3 * maxEvents {
		h.publish(clientEvent("e"))
	}
	s, replay := subscribe(t, h, "gw", last)
	require.False(t, replay)
	require.Equal(t, 3*maxEvents, h.list()[0].Buffered)
	h.publish(clientEvent("live"))
	got := kinds(h, s)
	require.Len(t, got, 3*maxEvents+1, "what the ring keeps is not dropped on its way out")
	require.Equal(t, "live", got[len(got)-1])
	require.Zero(t, drops)
	require.EqualValues(t, 3*maxEvents+1, h.list()[0].Delivered)
}

func TestDroppedAndDeliveredAddUpToPublished(t *testing.T) {
	t.Parallel()
	clk := clock.NewFake(noon)
	logged := 0
	h := newHub(clk, time.Minute, func(l loss) { logged += l.toLog })
	s, _ := subscribe(t, h, "slow", "")
	for range 2 * maxEvents {
		h.publish(clientEvent("e"))
	}
	h.take(s, 10)
	clk.Advance(warnInterval)
	for range 100 {
		h.publish(clientEvent("e"))
	}
	kinds(h, s)
	got := h.list()[0]
	require.EqualValues(t, 2*maxEvents+100, got.Delivered+got.Dropped)
	require.NotZero(t, got.Dropped)
	require.Less(t, logged, int(got.Dropped))
	require.EqualValues(t, got.Dropped, h.unsubscribe(s))
}

func TestOverflowReplacesTheOldestClientEventsByAGap(t *testing.T) {
	t.Parallel()
	drops, logged := 0, 0
	h := newHub(clock.NewFake(noon), time.Minute, func(l loss) { drops, logged = drops+l.n, logged+l.toLog })
	slow, _ := subscribe(t, h, "slow", "")
	h.publish(revoked(uuid.New()))
	for range maxEvents + 3 {
		h.publish(clientEvent("e"))
	}
	h.publish(revoked(uuid.New()))
	got := kinds(h, slow)
	require.Equal(t, "invalidation", got[0])
	require.Equal(t, "gap GAP_REASON_OVERFLOW 3", got[1])
	require.Len(t, got, 1+1+maxEvents+1)
	require.Equal(t, "invalidation", got[len(got)-1])
	require.Equal(t, 3, drops)
	require.Equal(t, 1, logged, "the first is logged at once, the others later and together")
}

func TestASubscriberWithTooManyInvalidationsWaitingIsDisconnected(t *testing.T) {
	t.Parallel()
	h := newTestHub(clock.NewFake(noon))
	s, _ := subscribe(t, h, "stuck", "")
	for range maxMustDeliver + 1 {
		h.publish(revoked(uuid.New()))
	}
	<-s.end
	require.Equal(t, errTooSlow, s.err)
	require.Empty(t, h.list())
}

func TestANewerSubscriptionEndsTheOlder(t *testing.T) {
	t.Parallel()
	h := newTestHub(clock.NewFake(noon))
	older, _ := subscribe(t, h, "gw", "")
	newer, _ := subscribe(t, h, "gw", "")
	<-older.end
	require.Equal(t, errReplaced, older.err)
	h.unsubscribe(older) // its handler returns late
	h.publish(clientEvent("a"))
	require.Equal(t, []string{"a"}, kinds(h, newer))
}

func TestTheNumberOfGatewaysIsLimited(t *testing.T) {
	t.Parallel()
	h := newTestHub(clock.NewFake(noon))
	for i := range maxSubscribers {
		subscribe(t, h, fmt.Sprint(i), "")
	}
	_, _, err := h.subscribe("one more", "", "")
	require.Equal(t, errTooMany, err)
	_, _, err = h.subscribe("3", "", "")
	require.NoError(t, err, "a known gateway may come back")
}

func TestTheRingIsBoundedByCount(t *testing.T) {
	t.Parallel()
	h := newTestHub(clock.NewFake(noon))
	for range 3 * ringCapacity {
		h.publish(clientEvent("a"))
	}
	require.Equal(t, ringCapacity, len(h.ring)-h.head)
	require.LessOrEqual(t, len(h.ring), 2*ringCapacity+1)
	require.Equal(t, h.seq-ringCapacity, h.evicted)
}

func FuzzCursorOrderIsNumberOrder(f *testing.F) {
	f.Add(uint64(0), uint64(1))
	f.Add(uint64(9), uint64(10))
	f.Fuzz(func(t *testing.T, a, b uint64) {
		require.Equal(t, a < b, cursorOf(a) < cursorOf(b))
		back, ok := parseCursor(cursorOf(a))
		require.True(t, ok)
		require.Equal(t, a, back)
	})
}
