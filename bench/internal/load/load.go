package load

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"galaxy/backend/bench/internal/stats"
)

// Target is the server and its requests.
type Target struct {
	Addr string // host:port on the loopback
	// Next appends request i to the empty buf. It is called concurrently, once for
	// every i.
	Next func(buf []byte, i uint64) []byte
	// Sequence numbers the requests over all runs on this target.
	Sequence *atomic.Uint64
	// MaxRequests bounds Sequence; a run that reaches it ends early. 0: no bound.
	MaxRequests uint64
}

// Options bound a run.
type Options struct {
	Connections int
	For         time.Duration
	Rate        float64 // requests per second of all connections together; 0: as fast as they are answered
}

// Result is the result of a run.
type Result struct {
	OK         int             // answered 2xx
	Refused    int             // answered otherwise
	Broken     int             // sent, but not answered
	Took       time.Duration   // from the first request to the last answer
	Latencies  []time.Duration // of what was answered 2xx, sorted
	FirstError string          // of the first request that was not answered 2xx
}

// P returns a percentile of the latencies.
func (r Result) P(share float64) time.Duration { return stats.Percentile(r.Latencies, share) }

// Run sends requests until the time is over, ctx ends, or all connections are
// closed. It waits for requests under way.
func Run(ctx context.Context, t Target, o Options) (Result, error) {
	host, _, err := net.SplitHostPort(t.Addr)
	if err != nil {
		return Result{}, err
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return Result{}, fmt.Errorf("%s is not on the loopback", t.Addr)
	}
	if o.Connections < 1 || o.For <= 0 {
		return Result{}, errors.New("a run needs connections and an end")
	}
	ctx, cancel := context.WithTimeout(ctx, o.For)
	defer cancel()
	r := run{target: t, options: o, begin: time.Now()}
	parts := make([]Result, o.Connections)
	conns := make([]*conn, o.Connections)
	for i := range conns {
		if conns[i], err = dial(t.Addr); err != nil {
			return Result{}, err
		}
		defer func() { _ = conns[i].Close() }()
	}
	r.begin = time.Now()
	var all sync.WaitGroup
	for i, c := range conns {
		all.Go(func() { parts[i] = r.send(ctx, c) })
	}
	all.Wait()
	return mergeResults(parts, time.Since(r.begin)), nil
}

// run is the state that the connections of a run share.
type run struct {
	target  Target
	options Options
	begin   time.Time
	paced   atomic.Int64
}

func (r *run) send(ctx context.Context, c *conn) (res Result) {
	buf := make([]byte, 0, 2048)
	for {
		due, ok := r.nextDue(ctx)
		if !ok {
			return res
		}
		i := r.target.Sequence.Add(1) - 1
		if r.target.MaxRequests > 0 && i >= r.target.MaxRequests {
			res.recordError("the requests ran out")
			return res
		}
		buf = r.target.Next(buf[:0], i)
		a, err := c.roundTrip(buf)
		switch {
		case err != nil:
			res.Broken++
			res.recordError(err.Error())
			return res
		case a.status < 300:
			res.OK++
			res.Latencies = append(res.Latencies, time.Since(due))
		default:
			res.Refused++
			res.recordError(fmt.Sprintf("%d %s", a.status, a.text))
		}
		if a.close {
			return res
		}
	}
}

// nextDue waits until the next request is due and returns that time.
func (r *run) nextDue(ctx context.Context) (time.Time, bool) {
	if r.options.Rate == 0 {
		return time.Now(), ctx.Err() == nil
	}
	nth := float64(r.paced.Add(1) - 1)
	at := r.begin.Add(time.Duration(nth / r.options.Rate * float64(time.Second)))
	timer := time.NewTimer(time.Until(at))
	defer timer.Stop()
	select {
	case <-timer.C:
		return at, ctx.Err() == nil
	case <-ctx.Done():
		return at, false
	}
}

func (r *Result) recordError(text string) {
	if r.FirstError == "" {
		r.FirstError = text
	}
}

func mergeResults(parts []Result, took time.Duration) Result {
	all := Result{Took: took}
	for _, p := range parts {
		all.OK += p.OK
		all.Refused += p.Refused
		all.Broken += p.Broken
		all.Latencies = append(all.Latencies, p.Latencies...)
		if p.FirstError != "" {
			all.recordError(p.FirstError)
		}
	}
	slices.Sort(all.Latencies)
	return all
}
