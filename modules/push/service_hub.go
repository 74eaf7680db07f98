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
	errReplaced = status.Error(codes.Aborted, "a newer subscription of this gateway_client_id took over")
	errDraining = status.Error(codes.Unavailable, "the backend is shutting down")
	errTooMany  = status.Error(codes.ResourceExhausted, "too many gateways are connected")
	errTooSlow  = status.Error(codes.ResourceExhausted, "the stream is not read")
)

// warnEvery is how often losses of one subscriber are logged: a line per event
// would make a slow reader slow for everybody.
const warnEvery = 10 * time.Second

// loss is what one publication cost a subscriber; say is what to log of it and
// of losses before, or 0.
type loss struct {
	gateway string
	n, say  int
}

// hub fans events out. It knows nothing of gRPC's transport.
type hub struct {
	clock  clock.Clock
	window time.Duration
	start  uint64 // the first sequence number is start+1; the epoch
	onDrop func(loss)

	mu       sync.Mutex
	seq      uint64
	ring     []*frame
	head     int    // ring[:head] is forgotten
	evicted  uint64 // highest sequence number that the ring has forgotten
	replayed uint64 // highest sequence number that a replay took
	subs     map[string]*subscription
	losses   []loss // of the publication under way
	doubts   int    // how often revocations may have gone untold
	draining bool
	idle     chan struct{} // closed when the hub drains and nobody is left
}

// subscription is one connected gateway. The hub's lock guards its queue and
// counters; end is closed once.
type subscription struct {
	id        string
	since     time.Time
	queue     *queue
	cursor    uint64
	greeted   bool      // the first frame has left
	delivered uint64    // without gaps
	unsaid    int       // losses that are not logged yet
	warned    time.Time // when they were last
	doubts    int       // of the hub's, those that a replay has answered
	end       chan struct{}
	err       error // why; set before end is closed
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
	for _, l := range h.spread(event) { // the lock is free again: logs may block
		h.onDrop(l)
	}
}

func (h *hub) spread(event *pushv1.PushEvent) []loss {
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
		if s.unsaid += dropped; f.at.Sub(s.warned) >= warnEvery {
			l.say, s.unsaid, s.warned = s.unsaid, 0, f.at
		}
		h.losses = append(h.losses, l)
	}
	if !ok {
		h.finish(s, errTooSlow)
	}
}

// evict forgets by age and by count. The slice moves only once half of it is
// dead, so that forgetting stays cheap.
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
// the gateway has to be told of recent revocations, which resume does once the
// caller has read them.
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
	s = &subscription{id: id, since: h.clock.Now(), queue: newQueue(), cursor: h.seq, doubts: h.doubts, end: make(chan struct{}), draining: make(chan struct{})}
	h.subs[id] = s
	return s, h.catchUp(s, cursor, epoch), nil
}

// catchUp brings the retained events after cursor, behind a gap when some are
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

// resume queues revocations for one subscriber alone. They take numbers of
// their own, so that the stream's cursors keep growing. The ring does not hold
// them: who comes back with a cursor before the last of them is told again.
func (h *hub) resume(s *subscription, events []*pushv1.PushEvent) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, e := range events {
		f := h.number(e)
		f.replayed = true
		h.offer(s, f)
		h.replayed = f.seq
	}
}

// doubt says that sessions may have been revoked without a word to anybody.
// Whoever is connected is told by its handler, whoever comes back with a cursor
// of before by its resume.
func (h *hub) doubt() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.doubts++
	h.mark()
}

// mark has everybody who comes back with a cursor of before told again.
func (h *hub) mark() {
	h.seq++
	h.replayed = h.seq
}

// doubtful reports whether s has to be told of recent revocations again, once
// for all doubts so far; answered keeps that it was.
func (h *hub) doubtful(s *subscription) (upTo int, doubtful bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.doubts, s.doubts < h.doubts
}

func (h *hub) answered(s *subscription, upTo int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	s.doubts = upTo
}

// take returns what waits for s, at most n frames; the first frame of a stream
// carries the epoch.
func (h *hub) take(s *subscription, n int) []*pushv1.PushEvent {
	h.mu.Lock()
	defer h.mu.Unlock()
	frames := s.queue.take(n)
	out := make([]*pushv1.PushEvent, len(frames))
	for i, f := range frames {
		out[i] = f.event
		if !s.greeted && f.event.GetEpoch() == "" {
			first, _ := proto.Clone(f.event).(*pushv1.PushEvent) // the frame is shared
			first.Epoch = h.epoch()
			out[i] = first
		}
		s.cursor, s.greeted = f.seq, true
		if f.event.GetGap() == nil {
			s.delivered++
		}
	}
	return out
}

// leave removes s unless a newer stream has taken its place, and says how many
// events it lost.
func (h *hub) leave(s *subscription) (dropped uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.finish(s, nil)
	return s.queue.dropped
}

// finish ends a subscription; the caller holds the lock.
func (h *hub) finish(s *subscription, why error) {
	if h.subs[s.id] != s {
		return
	}
	delete(h.subs, s.id)
	if s.doubts < h.doubts { // it left before it was told
		h.mark()
	}
	s.err = why
	close(s.end)
	if h.draining && len(h.subs) == 0 {
		close(h.idle)
	}
}

// drain refuses new subscribers and lets the others write out what waits.
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
