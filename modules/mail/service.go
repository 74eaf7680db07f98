package mail

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"go.uber.org/zap"

	"galaxy/backend/modules/admin"
	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/worker"
)

// Service enqueues mail and answers operators.
type Service struct {
	db        *pg.DB
	clock     clock.Clock
	log       *zap.Logger
	templates *renderer
	store     store
	audit     admin.Auditor
	due       *worker.Signal // the worker's
}

// NewService compiles the templates. due is sent when mail became due.
func NewService(
	db *pg.DB, clk clock.Clock, log *zap.Logger, audit admin.Auditor, due *worker.Signal,
) (*Service, error) {
	templates, err := newRenderer()
	if err != nil {
		return nil, err
	}
	return &Service{db: db, clock: clk, log: log, templates: templates, audit: audit, due: due}, nil
}

// Enqueue renders m and records its delivery in tx; the worker is woken by the
// commit. The same (template, key) again changes nothing and answers with the
// first delivery's id.
func (s *Service) Enqueue(ctx context.Context, tx *pg.Tx, m Message) (uuid.UUID, error) {
	content, err := s.templates.render(m.Template, m.Data)
	if err != nil {
		return uuid.Nil, err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return uuid.Nil, fmt.Errorf("make a delivery id: %w", err)
	}
	got, err := s.store.insert(ctx, tx, id, m, content, s.clock.Now())
	if err != nil {
		return uuid.Nil, fmt.Errorf("enqueue mail %s: %w", m.Template, err)
	}
	if got == id && !m.Suppressed {
		tx.OnCommit(s.due.Send)
	}
	return got, nil
}

// EraseAddress removes the address, and what was written to it, from every
// delivery: the erasure of an account.
func (s *Service) EraseAddress(_ context.Context, tx *pg.Tx, address string) error {
	s.store.erase(tx, strings.ToLower(address), s.clock.Now())
	return nil
}

// Summary is what a person may see of a mail to their address: not its content,
// which they have received, and which may be a secret.
type Summary struct {
	Recipient string    `json:"recipient"`
	Template  string    `json:"template"`
	Status    Status    `json:"status"`
	CreatedAt time.Time `json:"created_at"`
}

// SentTo lists the newest mails to an address, at most n. The empty address of an
// erased account got none: it must not be taken for a filter that is not set.
func (s *Service) SentTo(ctx context.Context, q pg.Querier, address string, n int) ([]Summary, error) {
	if address == "" {
		return []Summary{}, nil
	}
	rows, err := s.store.list(ctx, q, Filter{Recipient: address, Limit: n})
	if err != nil {
		return nil, fmt.Errorf("list mail to an address: %w", err)
	}
	sent := make([]Summary, len(rows))
	for i, d := range rows {
		sent[i] = Summary{Recipient: d.Recipient, Template: d.Template, Status: d.Status, CreatedAt: d.CreatedAt}
	}
	return sent, nil
}

// Filter narrows a listing; zero fields do not.
type Filter struct {
	Status    Status
	Template  string
	Recipient string
	Before    uuid.UUID // cursor: deliveries older than this one
	Limit     int
}

// Deliveries lists deliveries, newest first, with how many there are in each
// state.
func (s *Service) Deliveries(ctx context.Context, f Filter) ([]Delivery, map[Status]int, error) {
	rows, err := s.store.list(ctx, s.db, f)
	if err != nil {
		return nil, nil, fmt.Errorf("list mail: %w", err)
	}
	counts, err := s.store.counts(ctx, s.db)
	if err != nil {
		return nil, nil, fmt.Errorf("count mail: %w", err)
	}
	return rows, counts, nil
}

// Delivery returns one delivery, or ErrNotFound.
func (s *Service) Delivery(ctx context.Context, id uuid.UUID) (Delivery, error) {
	return s.store.get(ctx, s.db, id)
}

// Attempts returns a delivery's log, or ErrNotFound.
func (s *Service) Attempts(ctx context.Context, id uuid.UUID) ([]Attempt, error) {
	if _, err := s.store.get(ctx, s.db, id); err != nil {
		return nil, err
	}
	return s.store.attempts(ctx, s.db, id)
}

// Resend makes a delivery due now. Its log of attempts continues, the charged
// attempts are counted from zero. A delivery that a worker is sending counts as
// pending: the attempt under way is the resend.
func (s *Service) Resend(ctx context.Context, id uuid.UUID) (Delivery, error) {
	err := s.db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error {
		d, err := s.store.lock(ctx, tx, id)
		switch {
		case err != nil:
			return err
		case d.Status == Sent:
			return ErrAlreadySent
		case d.Status == Sending:
			return s.recordResend(ctx, tx, d)
		case !d.Status.Resendable():
			return ErrNotResendable.With("status", d.Status)
		case d.Scrubbed:
			return ErrScrubbed
		}
		s.store.resend(tx, id, s.clock.Now())
		tx.OnCommit(s.due.Send)
		return s.recordResend(ctx, tx, d)
	})
	if err != nil {
		return Delivery{}, err
	}
	return s.store.get(ctx, s.db, id)
}

func (s *Service) recordResend(ctx context.Context, tx *pg.Tx, d Delivery) error {
	return s.audit.Record(ctx, tx, admin.Entry{
		Action: "mail.resend", Target: "mail:" + d.ID.String(),
		Before: map[string]any{"status": d.Status, "attempts": d.Attempts}, After: map[string]any{"status": Pending},
	})
}

// statuses lists every state, for counts that show zeros too.
func statuses() []Status {
	return slices.Clone([]Status{Pending, Sending, Retrying, Sent, DeadLettered, Cancelled, Suppressed, Expired})
}
