package mail

import (
	"context"
	"runtime/debug"
	"time"

	"go.uber.org/zap"
)

// attempt sends one parcel and says what becomes of it.
func (w *Worker) attempt(ctx context.Context, c *connection, p parcel, until time.Time) (r result) {
	now := w.clock.Now()
	r = result{parcel: p}
	defer func() { // one mail must not take the process with it
		if cause := recover(); cause != nil {
			w.log.Error("mail attempt panicked", zap.Stringer("delivery_id", p.ID), zap.Any("panic", cause), zap.ByteString("stack", debug.Stack()))
			c.drop()
			r = w.judge(result{parcel: p}, Unknown, "the attempt panicked")
		}
	}()
	switch {
	case p.Scrubbed: // the address was erased after the mail was written
		r.outcome, r.detail, r.status = NotStarted, "its content has been removed", Cancelled
		return r
	case p.NotAfter != nil && !now.Before(*p.NotAfter):
		r.outcome, r.detail, r.status, r.scrub = NotStarted, "it expired before it could be sent", Expired, p.Secret
		return r
	case p.Charged > w.maxAttempts: // workers died over it
		r.outcome, r.detail, r.status, r.charge, r.scrub = NotStarted, "the attempts are used up", DeadLettered, true, p.Secret
		return r
	case w.draining.Load() || ctx.Err() != nil || now.After(until):
		return r.giveBack(NotStarted, "")
	}
	msg, err := w.relay.message(p)
	if err != nil {
		r.outcome, r.detail, r.status, r.charge, r.scrub = Invalid, err.Error(), DeadLettered, true, p.Secret
		return r
	}
	outcome, detail := c.send(ctx, msg)
	return w.judge(r, outcome, detail)
}

// judge turns the outcome of a send into the delivery's next state.
func (w *Worker) judge(r result, outcome Outcome, detail string) result {
	r.outcome, r.detail, r.charge = outcome, detail, true
	switch outcome {
	case Delivered:
		r.status, r.scrub = Sent, r.Secret
	case RelayFault:
		return r.giveBack(outcome, detail)
	case Rejected, Invalid:
		r.status, r.scrub = DeadLettered, r.Secret
	default:
		r.status, r.next = Retrying, w.clock.Now().Add(backoff.Next(r.Charged))
		if r.Charged >= w.maxAttempts {
			r.status, r.scrub = DeadLettered, r.Secret
		}
	}
	return r
}

// giveBack makes the delivery due again at once, uncharged: it was not at fault.
func (r result) giveBack(outcome Outcome, detail string) result {
	r.outcome, r.detail, r.charge = outcome, detail, false
	if r.status = Retrying; r.Charged <= 1 {
		r.status = Pending
	}
	return r
}
