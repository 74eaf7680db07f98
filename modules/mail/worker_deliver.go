package mail

import (
	"context"
	"sync"
	"time"

	"go.uber.org/zap"
)

// batch is one claim that is sent over several connections.
type batch struct {
	work    chan claimedDelivery
	results chan result
	startBy time.Time // no send starts after it: the lease has to cover the end
}

// senderResult is what one sender learned about the relay.
type senderResult struct {
	reached bool   // the relay answered for a mail
	fault   string // why the relay could not be used, or ""
}

// deliver sends a claim over several connections and records the results as
// they come. It reports whether the relay answered for any of it.
func (w *Worker) deliver(ctx context.Context, deliveries []claimedDelivery) (reached bool, err error) {
	b := batch{
		work: make(chan claimedDelivery, len(deliveries)), results: make(chan result, len(deliveries)),
		startBy: w.clock.Now().Add(startWindow),
	}
	for _, d := range deliveries {
		b.work <- d
	}
	close(b.work)
	found := make([]senderResult, min(senders, len(deliveries)))
	var wg sync.WaitGroup
	for i := range found {
		wg.Go(func() { found[i] = w.sendAll(ctx, &w.connections[i], b) })
	}
	go func() {
		wg.Wait()
		for d := range b.work { // no sender is left for it
			b.results <- result{claimedDelivery: d}.requeue(NotStarted, "")
		}
		close(b.results)
	}()
	err = w.record(ctx, b.results)
	return w.updateCircuit(found), err
}

// sendAll sends over one connection until nothing is left. A sender that finds
// the relay unusable leaves the rest to the others: a relay may accept fewer
// connections than there are senders.
func (w *Worker) sendAll(ctx context.Context, c *connection, b batch) (found senderResult) {
	for d := range b.work {
		r := w.attempt(ctx, c, d, b.startBy)
		b.results <- r
		switch r.outcome {
		case RelayFault:
			found.fault = r.detail
			return found
		case NotStarted, Invalid:
		default:
			found.reached = true
		}
	}
	return found
}

// updateCircuit opens the circuit when no sender could use the relay, and closes
// it once the relay answered for a mail. A pass that never asked the relay
// changes nothing.
func (w *Worker) updateCircuit(found []senderResult) (reached bool) {
	fault := ""
	for _, f := range found {
		reached = reached || f.reached
		if f.fault != "" {
			fault = f.fault
		}
	}
	switch {
	case reached:
		if w.relayFaults > 0 {
			w.log.Info("mail relay is back")
		}
		w.relayFaults = 0
	case fault != "":
		w.relayFaults++
		pause := circuitBackoff.Next(w.relayFaults)
		w.pausedUntil = w.clock.Now().Add(pause)
		if w.relayFaults == 1 {
			w.log.Error("mail relay cannot be used, all mail waits",
				zap.String("reason", fault), zap.Duration("pause", pause))
		}
	}
	w.circuitOpen.Store(w.relayFaults > 0)
	return reached
}
