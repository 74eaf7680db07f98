package push

import (
	"cmp"
	"slices"
	"strconv"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"galaxy/backend/platform/clock"
	pushv1 "galaxy/backend/proto/push/v1"
)

const (
	ringCapacity   = 16_384
	maxSubscribers = 16
)

// Reasons for which the hub ends a stream.
var (
	errReplaced = status.Error(codes.Aborted, "replaced by a newer subscription of this gateway_client_id")
	errDraining = status.Error(codes.Unavailable, "the backend is shutting down")
	errTooMany  = status.Error(codes.ResourceExhausted, "too many gateways are connected")
	errTooSlow  = status.Error(codes.ResourceExhausted, "the stream is not read")
)

// warnInterval is how often losses of one subscriber are logged: a line per event
// would let one slow reader slow every publication.
const warnInterval = 10 * time.Second

// loss is how many events one publication dropped for a subscriber.
type loss struct {
	gateway string
	n       int
	toLog   int // n and what was dropped since the last log line; 0: log nothing
}

// hub fans events out to subscribers. It does not depend on the gRPC transport.
type hub struct {
	clock  clock.Clock
	window time.Duration
	start  uint64 // the epoch; the first sequence number is start+1
	onDrop func(loss)

	mu       sync.Mutex
	seq      uint64
	ring     []*frame
	head     int    // ring[:head] is evicted
	evicted  uint64 // highest sequence number that the ring no longer holds
	replayed uint64 // highest sequence number that a replay took
	subs     map[string]*subscription
	losses   []loss // of the publication under way
	doubts   int    // how often revocations may not have been published
	draining bool
	idle     chan struct{} // closed when the hub drains and no subscriber is left
}

// subscription is one connected gateway. The hub's lock guards its queue and
// counters; end is closed once.
type subscription struct {
	id        string
	since     time.Time
	queue     *queue
	cursor    uint64
	epochSent bool      // with the first frame
	delivered uint64    // without gaps
	unlogged  int       // losses that are not logged yet
	warnedAt  time.Time // when losses were last logged
	doubts    int       // of the hub's, those that a replay has covered
	end       chan struct{}
	err       error // the reason; set before end is closed
	draining  chan struct{}
}

func newHub(clk clock.Clock, window time.Duration, onDrop func(loss)) *hub {
	start := uint64(clk.Now().UnixMicro())
	return &hub{clock: clk, window: window, start: start, seq: start, evicted: start, onDrop: onDrop,
		subs: map[string]*subscription{}, idle: make(chan struct{})}
}

func (h *hub) epoch() string { return strconv.FormatUint(h.start, 10) }

// publish gives the event a cursor, keeps it, and hands it to every subscriber.
// It never blocks.
func (h *hub) publish(event *pushv1.PushEvent) {
	for _, l := range h.broadcast(event) { // the lock is free again: logs may block
		h.onDrop(l)
	}
}

// broadcast is publish without the calls that may block; it returns what was
// dropped.
func (h *hub) broadcast(event *pushv1.PushEvent) []loss {
	h.mu.Lock()
	defer h.mu.Unlock()
	f := h.number(event)
	h.ring = append(h.ring, f)
	h.evict(f.at)
	for _, s := range h.subs {
		h.offer(s, f)
	}
	losses := h.losses
	h.losses = nil
	return losses
}

func (h *hub) number(event *pushv1.PushEvent) *frame {
	h.seq++
	event.Cursor = cursorOf(h.seq)
	return &frame{seq: h.seq, at: h.clock.Now(), event: event}
}

func (h *hub) offer(s *subscription, f *frame) {
	dropped, ok := s.queue.add(f)
	if dropped > 0 {
		l := loss{gateway: s.id, n: dropped}
		if s.unlogged += dropped; f.at.Sub(s.warnedAt) >= warnInterval {
			l.toLog, s.unlogged, s.warnedAt = s.unlogged, 0, f.at
		}
		h.losses = append(h.losses, l)
	}
	if !ok {
		h.finish(s, errTooSlow)
	}
}

// evict drops frames from the ring by age and by count. The slice moves only once
// half of it is unused, so that eviction stays cheap.
func (h *hub) evict(now time.Time) {
	for h.head < len(h.ring) && (len(h.ring)-h.head > ringCapacity || now.Sub(h.ring[h.head].at) > h.window) {
		h.evicted = h.ring[h.head].seq
		h.ring[h.head] = nil
		h.head++
	}
	if h.head > len(h.ring)/2 {
		h.ring = append(h.ring[:0], h.ring[h.head:]...)
		h.head = 0
	}
}

// subscribe registers a gateway and queues what it missed. It reports whether
// the gateway has to be told of recent revocations, which queueReplay does once
// the caller has read them.
func (h *hub) subscribe(id, cursor, epoch string) (s *subscription, replay bool, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.draining {
		return nil, false, errDraining
	}
	if old, ok := h.subs[id]; ok {
		h.finish(old, errReplaced)
	} else if len(h.subs) >= maxSubscribers {
		return nil, false, errTooMany
	}
	h.evict(h.clock.Now())
	s = &subscription{
		id: id, since: h.clock.Now(), queue: newQueue(), cursor: h.seq, doubts: h.doubts,
		end: make(chan struct{}), draining: make(chan struct{}),
	}
	h.subs[id] = s
	return s, h.catchUp(s, cursor, epoch), nil
}

// catchUp queues the retained events after cursor, behind a gap when some are
// missing. A clock that was set back can make cursors of two processes meet;
// the epoch, where the gateway keeps it, tells them apart.
func (h *hub) catchUp(s *subscription, cursor, epoch string) (replay bool) {
	if cursor == "" {
		return true
	}
	from, ok := parseCursor(cursor)
	reason, lost := pushv1.GapReason_GAP_REASON_UNSPECIFIED, uint64(0)
	switch {
	case !ok:
		reason = pushv1.GapReason_GAP_REASON_CURSOR_UNKNOWN
	case epoch != "" && epoch != h.epoch(), from < h.start:
		reason = pushv1.GapReason_GAP_REASON_EPOCH_CHANGED
	case from > h.seq:
		reason = pushv1.GapReason_GAP_REASON_CURSOR_UNKNOWN
	case from < h.evicted:
		reason, lost = pushv1.GapReason_GAP_REASON_CURSOR_AGED_OUT, h.evicted-from
	}
	if reason != pushv1.GapReason_GAP_REASON_UNSPECIFIED {
		gap := gapFrame(h.evicted, reason, lost)
		gap.event.Epoch = h.epoch()
		s.queue.backlog = append(s.queue.backlog, gap)
		from, replay = h.evicted, true
	}
	replay = replay || from < h.replayed
	live := h.ring[h.head:]
	i, _ := slices.BinarySearchFunc(live, from+1, func(f *frame, seq uint64) int { return cmp.Compare(f.seq, seq) })
	s.queue.backlog = append(s.queue.backlog, live[i:]...)
	return replay
}

// queueReplay queues revocations for one subscriber alone. They take sequence
// numbers of their own, so that the stream's cursors keep growing. The ring does
// not hold them: a gateway that resumes with an earlier cursor than the last of
// them is told again.
func (h *hub) queueReplay(s *subscription, events []*pushv1.PushEvent) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, e := range events {
		f := h.number(e)
		f.replayed = true
		h.offer(s, f)
		h.replayed = f.seq
	}
}

// revocationsInDoubt says that sessions may have been revoked without an event. A
// connected gateway gets a replay from its handler, one that resumes with an
// earlier cursor when it does.
func (h *hub) revocationsInDoubt() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.doubts++
	h.expireCursors()
}

// expireCursors makes every resume with an earlier cursor replay revocations.
func (h *hub) expireCursors() {
	h.seq++
	h.replayed = h.seq
}

// needsReplay reports whether s has to be told of recent revocations again, once
// for all doubts so far.
func (h *hub) needsReplay(s *subscription) (upTo int, needed bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.doubts, s.doubts < h.doubts
}

// replayDone records that s was told of recent revocations, up to that doubt.
func (h *hub) replayDone(s *subscription, upTo int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	s.doubts = upTo
}

// take removes up to n frames from the queue of s; the first frame of a stream
// carries the epoch.
func (h *hub) take(s *subscription, n int) []*pushv1.PushEvent {
	h.mu.Lock()
	defer h.mu.Unlock()
	frames := s.queue.take(n)
	out := make([]*pushv1.PushEvent, len(frames))
	for i, f := range frames {
		out[i] = f.event
		if !s.epochSent && f.event.GetEpoch() == "" {
			first, _ := proto.Clone(f.event).(*pushv1.PushEvent) // the frame is shared
			first.Epoch = h.epoch()
			out[i] = first
		}
		s.cursor, s.epochSent = f.seq, true
		if f.event.GetGap() == nil {
			s.delivered++
		}
	}
	return out
}

// unsubscribe removes s unless a newer stream has replaced it, and returns how
// many events were dropped for it.
func (h *hub) unsubscribe(s *subscription) (dropped uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.finish(s, nil)
	return s.queue.dropped
}

// finish ends a subscription; the caller holds the lock.
func (h *hub) finish(s *subscription, reason error) {
	if h.subs[s.id] != s {
		return
	}
	delete(h.subs, s.id)
	if s.doubts < h.doubts { // it leaves before it was told
		h.expireCursors()
	}
	s.err = reason
	close(s.end)
	if h.draining && len(h.subs) == 0 {
		close(h.idle)
	}
}

// drain refuses new subscribers and lets the others write their queues out.
func (h *hub) drain() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.draining {
		return
	}
	h.draining = true
	for _, s := range h.subs {
		close(s.draining)
	}
	if len(h.subs) == 0 {
		close(h.idle)
	}
}

// abort ends every stream now.
func (h *hub) abort() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, s := range h.subs {
		h.finish(s, errDraining)
	}
}

// list shows the connected gateways by id.
func (h *hub) list() []Subscriber {
	h.mu.Lock()
	defer h.mu.Unlock()
	out := make([]Subscriber, 0, len(h.subs))
	for _, s := range h.subs {
		out = append(out, Subscriber{GatewayClientID: s.id, Since: s.since, Cursor: cursorOf(s.cursor),
			Buffered: s.queue.waiting(), Delivered: s.delivered, Dropped: s.queue.dropped})
	}
	slices.SortFunc(out, func(a, b Subscriber) int { return cmp.Compare(a.GatewayClientID, b.GatewayClientID) })
	return out
}
