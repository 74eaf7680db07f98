package push

import (
	"slices"

	pushv1 "galaxy/backend/proto/push/v1"
)

const (
	// maxEvents is how many client events may wait for one subscriber.
	maxEvents = 1024
	// maxMustDeliver is how many invalidations may wait before the subscriber is
	// disconnected: a reconnect replays them.
	maxMustDeliver = 10_000
)

// queue holds the frames that wait for one subscriber. The hub's lock guards it.
type queue struct {
	backlog     []*frame // what a resume yielded: the ring bounds it, it comes first
	entries     []*frame
	events      int // entries that may be dropped
	mustDeliver int // entries that may not be dropped
	dropped     uint64
	signal      chan struct{} // holds a token while there is something to take
}

func newQueue() *queue { return &queue{signal: make(chan struct{}, 1)} }

// add appends a frame, dropping the oldest client event when the queue is full.
// It returns how many were dropped, and false when the subscriber cannot be
// served any longer.
func (q *queue) add(f *frame) (dropped int, ok bool) {
	if f.mustDeliver() {
		if q.mustDeliver++; q.mustDeliver > maxMustDeliver {
			return 0, false
		}
	} else if f.event.GetClientEvent() != nil {
		if q.events == maxEvents {
			q.dropOldest()
			dropped = 1
		}
		q.events++
	}
	q.entries = append(q.entries, f)
	select {
	case q.signal <- struct{}{}:
	default:
	}
	return dropped, true
}

// dropOldest puts a gap where the oldest client event was, or counts it in the
// gap that stands before it.
func (q *queue) dropOldest() {
	i := slices.IndexFunc(q.entries, func(f *frame) bool { return f.event.GetClientEvent() != nil })
	lost := q.entries[i]
	count := uint64(1)
	if i > 0 {
		if gap := q.entries[i-1].event.GetGap(); gap != nil && gap.GetReason() == pushv1.GapReason_GAP_REASON_OVERFLOW {
			count += gap.GetLost()
			q.entries = slices.Delete(q.entries, i-1, i)
			i--
		}
	}
	q.entries[i] = gapFrame(lost.seq, pushv1.GapReason_GAP_REASON_OVERFLOW, count)
	q.events--
	q.dropped++
}

// take removes up to n frames from the head.
func (q *queue) take(n int) []*frame {
	var out []*frame
	if len(q.backlog) > 0 {
		n = min(n, len(q.backlog))
		out, q.backlog = q.backlog[:n:n], q.backlog[n:]
	} else {
		n = min(n, len(q.entries))
		out = slices.Clone(q.entries[:n])
		q.entries = slices.Delete(q.entries, 0, n)
		for _, f := range out {
			switch {
			case f.mustDeliver():
				q.mustDeliver--
			case f.event.GetClientEvent() != nil:
				q.events--
			}
		}
	}
	if q.waiting() > 0 {
		select {
		case q.signal <- struct{}{}:
		default:
		}
	}
	return out
}

func (q *queue) waiting() int { return len(q.backlog) + len(q.entries) }

func gapFrame(seq uint64, reason pushv1.GapReason, lost uint64) *frame {
	return &frame{seq: seq, event: &pushv1.PushEvent{
		Cursor: cursorOf(seq), Kind: &pushv1.PushEvent_Gap{Gap: &pushv1.Gap{Reason: reason, Lost: lost}},
	}}
}
