package mail

import (
	"context"
	"runtime/debug"
	"time"

	"go.uber.org/zap"
)

// attempt sends one delivery, unless it must not be sent or startBy has passed,
// and says what becomes of it.
func (w *Worker) attempt(ctx context.Context, c *connection, d claimedDelivery, startBy time.Time) (r result) {
	r = result{claimedDelivery: d}
	defer func() { // one mail must not end the process
		if cause := recover(); cause != nil {
			w.log.Error("mail attempt panicked", zap.Stringer("delivery_id", d.ID), zap.Any("panic", cause),
				zap.ByteString("stack", debug.Stack()))
			c.abort()
			r = w.resultOf(d, Unknown, "the attempt panicked")
		}
	}()
	now := w.clock.Now()
	switch {
	case d.Scrubbed: // the address was erased after the mail was written
		return r.settledAs(Cancelled, NotStarted, "its content has been removed")
	case d.NotAfter != nil && !now.Before(*d.NotAfter):
		return r.settledAs(Expired, NotStarted, "it expired before it could be sent")
	case d.Charged > w.maxAttempts: // workers died while they sent it
		r.charge = true
		return r.settledAs(DeadLettered, NotStarted, "the attempts are used up")
	case w.draining.Load() || ctx.Err() != nil || now.After(startBy):
		return r.requeue(NotStarted, "")
	}
	msg, err := w.relay.message(d)
	if err != nil {
		return w.resultOf(d, Invalid, err.Error())
	}
	outcome, detail := c.send(ctx, msg)
	return w.resultOf(d, outcome, detail)
}

// resultOf turns the outcome of a send into the delivery's next state.
func (w *Worker) resultOf(d claimedDelivery, outcome Outcome, detail string) result {
	r := result{claimedDelivery: d, charge: true}
	switch {
	case outcome == Delivered:
		return r.settledAs(Sent, outcome, detail)
	case outcome == RelayFault:
		return r.requeue(outcome, detail)
	case outcome == Rejected, outcome == Invalid, d.Charged >= w.maxAttempts:
		return r.settledAs(DeadLettered, outcome, detail)
	}
	r.outcome, r.detail = outcome, detail
	r.status, r.next = Retrying, w.clock.Now().Add(backoff.Next(d.Charged))
	return r
}

// settledAs settles the delivery for good: a secret payload is not needed any
// more.
func (r result) settledAs(status Status, outcome Outcome, detail string) result {
	r.status, r.outcome, r.detail, r.scrub = status, outcome, detail, r.Secret
	return r
}

// requeue makes the delivery due again at once, uncharged: it was not at fault.
func (r result) requeue(outcome Outcome, detail string) result {
	r.outcome, r.detail, r.charge = outcome, detail, false
	if r.status = Retrying; r.Charged <= 1 {
		r.status = Pending
	}
	return r
}
