package mailtest

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/google/uuid"

	"galaxy/backend/modules/mail"
	"galaxy/backend/platform/pg"
)

// erasedAddress is what mail writes over the address of an erased account.
const erasedAddress = "erased"

// Outbox implements the Mailer ports of the domains that send mail. It keeps the
// messages of committed transactions in the order of their commits. The zero
// value is ready, and safe for concurrent use.
type Outbox struct {
	mu         sync.Mutex
	deliveries []delivery
	enqueued   map[*pg.Tx][]delivery // by transactions that may not have ended yet
	erased     []string
	err        error
	before     func(ctx context.Context, tx *pg.Tx, m mail.Message) error
}

type delivery struct {
	id uuid.UUID
	mail.Message
}

// Enqueue keeps the message once tx has committed. The same template and key
// again is the first delivery.
func (o *Outbox) Enqueue(ctx context.Context, tx *pg.Tx, m mail.Message) (uuid.UUID, error) {
	if err := o.failure(ctx, tx, m); err != nil {
		return uuid.Nil, err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if id := o.find(tx, m); id != uuid.Nil {
		return id, nil
	}
	d := delivery{uuid.New(), m}
	if o.enqueued == nil {
		o.enqueued = map[*pg.Tx][]delivery{}
	}
	o.enqueued[tx] = append(o.enqueued[tx], d)
	tx.OnCommit(func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		delete(o.enqueued, tx)
		o.deliveries = append(o.deliveries, d)
	})
	return d.id, nil
}

// find is the delivery that holds the key of m, as tx sees it, or the nil id.
func (o *Outbox) find(tx *pg.Tx, m mail.Message) uuid.UUID {
	if m.Key == "" {
		return uuid.Nil
	}
	for _, d := range slices.Concat(o.deliveries, o.enqueued[tx]) {
		if d.Template == m.Template && d.Key == m.Key {
			return d.id
		}
	}
	return uuid.Nil
}

// failure is the error that Enqueue has to return. The caller's function runs
// without the lock: it may block, or ask the outbox.
func (o *Outbox) failure(ctx context.Context, tx *pg.Tx, m mail.Message) error {
	o.mu.Lock()
	err, before := o.err, o.before
	o.mu.Unlock()
	if err != nil || before == nil {
		return err
	}
	return before(ctx, tx, m)
}

// EraseAddress forgets, once tx has committed, to whom mail to the address went.
func (o *Outbox) EraseAddress(_ context.Context, tx *pg.Tx, address string) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err != nil {
		return o.err
	}
	tx.OnCommit(func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.erased = append(o.erased, address)
		for i := range o.deliveries {
			if strings.EqualFold(o.deliveries[i].To, address) {
				o.deliveries[i].To, o.deliveries[i].Data = erasedAddress, nil
			}
		}
	})
	return nil
}

// SentTo lists the newest committed messages to an address, at most n. They are
// pending: nothing sends them.
func (o *Outbox) SentTo(_ context.Context, _ pg.Querier, address string, n int) ([]mail.Summary, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	sent := []mail.Summary{}
	for _, d := range slices.Backward(o.deliveries) {
		if address == "" || !strings.EqualFold(d.To, address) || len(sent) == n {
			continue
		}
		s := mail.Summary{Recipient: d.To, Template: d.Template, Status: mail.Pending}
		if d.Suppressed {
			s.Status = mail.Suppressed
		}
		sent = append(sent, s)
	}
	return sent, o.err
}

// FailWith makes every method of mail return err, until it is called with nil.
func (o *Outbox) FailWith(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.err = err
}

// Before calls fn with every message before it is enqueued; an error of fn is
// the error of Enqueue.
func (o *Outbox) Before(fn func(ctx context.Context, tx *pg.Tx, m mail.Message) error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.before = fn
}

// Messages lists what was enqueued of these templates, or everything, oldest
// first.
func (o *Outbox) Messages(templates ...string) []mail.Message {
	o.mu.Lock()
	defer o.mu.Unlock()
	out := []mail.Message{}
	for _, d := range o.deliveries {
		if len(templates) == 0 || slices.Contains(templates, d.Template) {
			out = append(out, d.Message)
		}
	}
	return out
}

// Recipients lists the address of every message, oldest first.
func (o *Outbox) Recipients() []string {
	out := []string{}
	for _, m := range o.Messages() {
		out = append(out, m.To)
	}
	return out
}

// DeliveryID is the delivery of a template and key, or the nil id.
func (o *Outbox) DeliveryID(template, key string) uuid.UUID {
	o.mu.Lock()
	defer o.mu.Unlock()
	i := slices.IndexFunc(o.deliveries, func(d delivery) bool { return d.Template == template && d.Key == key })
	if i < 0 {
		return uuid.Nil
	}
	return o.deliveries[i].id
}

// Codes lists the codes that were written to an address, oldest first,
// suppressed ones included.
func (o *Outbox) Codes(address string) []string {
	var out []string
	for _, m := range o.Messages() {
		if code, ok := m.Data["code"].(string); ok && m.To == address {
			out = append(out, code)
		}
	}
	return out
}

// LastCode is the newest code that was sent to an address, or "".
func (o *Outbox) LastCode(address string) string {
	code := ""
	for _, m := range o.Messages() {
		if text, ok := m.Data["code"].(string); ok && m.To == address && !m.Suppressed {
			code = cmp.Or(text, code)
		}
	}
	return code
}

// Erased lists the addresses that were erased, oldest first.
func (o *Outbox) Erased() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.erased)
}

// Reset forgets the messages and what was erased.
func (o *Outbox) Reset() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.deliveries, o.erased = nil, nil
}
