package mail

import (
	"context"
	"sync"
	"time"

	"go.uber.org/zap"
)

// errand is one claim on its way to the relay over several connections.
type errand struct {
	work    chan parcel
	results chan result
	until   time.Time // nothing is begun after it: the lease has to cover the end
}

// trip is what one sender found.
type trip struct {
	reached bool   // the relay answered for a mail
	fault   string // why the relay could not be used, or ""
}

// deliver sends a claim over several connections and records the results as
// they come. It reports whether the relay answered for any of it.
func (w *Worker) deliver(ctx context.Context, parcels []parcel) (reached bool, err error) {
	e := errand{
		work: make(chan parcel, len(parcels)), results: make(chan result, len(parcels)),
		until: w.clock.Now().Add(beginWithin),
	}
	for _, p := range parcels {
		e.work <- p
	}
	close(e.work)
	trips := make([]trip, min(senders, len(parcels)))
	var wg sync.WaitGroup
	for i := range trips {
		wg.Go(func() { trips[i] = w.travel(ctx, &w.connections[i], e) })
	}
	go func() {
		wg.Wait()
		for p := range e.work { // no sender is left for it
			e.results <- result{parcel: p}.giveBack(NotStarted, "")
		}
		close(e.results)
	}()
	err = w.record(ctx, e.results)
	return w.circuit(trips), err
}

// travel sends over one connection. A sender that finds the relay unusable
// leaves the rest to the others: a relay may accept fewer connections than there
// are senders.
func (w *Worker) travel(ctx context.Context, c *connection, e errand) (t trip) {
	for p := range e.work {
		r := w.attempt(ctx, c, p, e.until)
		e.results <- r
		switch r.outcome {
		case RelayFault:
			t.fault = r.detail
			return t
		case NotStarted, Invalid:
		default:
			t.reached = true
		}
	}
	return t
}

// circuit opens when no sender could use the relay, and closes once it answered
// for a mail. A pass that never asked it changes nothing.
func (w *Worker) circuit(trips []trip) (reached bool) {
	fault := ""
	for _, t := range trips {
		reached = reached || t.reached
		if t.fault != "" {
			fault = t.fault
		}
	}
	switch {
	case reached:
		if w.faults > 0 {
			w.log.Info("mail relay is back")
		}
		w.faults = 0
	case fault != "":
		w.faults++
		pause := circuitBackoff.Next(w.faults)
		w.pausedTo = w.clock.Now().Add(pause)
		if w.faults == 1 {
			w.log.Error("mail relay cannot be used, all mail waits", zap.String("reason", fault), zap.Duration("pause", pause))
		}
	}
	w.open.Store(w.faults > 0)
	return reached
}
