package notification

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"go.opentelemetry.io/otel/trace"
	"go.uber.org/zap"

	"galaxy/backend/modules/push"
	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/httpx"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/worker"
)

// Service records notifications and answers their readers.
type Service struct {
	db      *pg.DB
	clock   clock.Clock
	log     *zap.Logger
	cfg     Config
	push    Pusher
	store   store
	metrics metrics
	mailDue *worker.Signal
}

// NewService makes the service. It sends mailDue when it has committed routes
// that become mail.
func NewService(db *pg.DB, clk clock.Clock, log *zap.Logger, cfg Config, pusher Pusher, mailDue *worker.Signal) (*Service, error) {
	m, err := newMetrics()
	if err != nil {
		return nil, err
	}
	return &Service{db: db, clock: clk, log: log, cfg: cfg, push: pusher, metrics: m, mailDue: mailDue}, nil
}

// Submit records the intent in tx: push leaves with the commit, e-mail soon
// after. The same (kind, key) again changes nothing. An error is the
// database's; an intent that does not fit its kind is kept as malformed.
func (s *Service) Submit(ctx context.Context, tx *pg.Tx, in Intent) error {
	now := s.clock.Now()
	payload, packed, reason := in.encode()
	if reason != "" {
		return s.keepMalformed(tx, in, payload, reason, now)
	}
	what := catalog[in.Kind]
	id, err := uuid.NewV7()
	if err != nil {
		return fmt.Errorf("make a notification id: %w", err)
	}
	fresh, err := s.store.insert(ctx, tx, row{id: id, kind: in.Kind, key: in.Key, payload: payload, requestID: httpx.RequestID(ctx), at: now}, in.Fresh)
	if err != nil {
		return fmt.Errorf("notify %s: %w", in.Kind, err)
	}
	if !fresh {
		tx.OnCommit(func() { s.metrics.intent(in.Kind, "repeated") })
		return nil
	}
	return s.fanOut(ctx, tx, in, what, id, packed, now)
}

// fanOut writes the inbox rows and the routes, and arranges what follows the
// commit.
func (s *Service) fanOut(ctx context.Context, tx *pg.Tx, in Intent, what entry, id uuid.UUID, packed []byte, now time.Time) error {
	recipients := slices.Compact(slices.SortedFunc(slices.Values(in.Recipients), compareIDs))
	routes, err := s.routes(what, recipients)
	if err != nil {
		return fmt.Errorf("notify %s: %w", in.Kind, err)
	}
	s.store.addRoutes(tx, id, recipients, routes, now)
	traceID := trace.SpanContextFromContext(ctx).TraceID()
	mailed := false
	for _, r := range routes {
		switch {
		case r.channel == Push:
			o := push.Outgoing{UserID: r.user, EventID: r.id.String(), RequestID: in.Key, Event: event{in.Kind, packed}}
			if traceID.IsValid() {
				o.TraceID = traceID.String()
			}
			s.push.Publish(tx, o)
		case r.status == Pending:
			mailed = true
		case r.status == Skipped:
			tx.OnCommit(func() {
				s.log.Warn("operators are not told: BACKEND_NOTIFICATION_ADMIN_EMAIL is not set", zap.String("kind", string(in.Kind)))
			})
		}
	}
	tx.OnCommit(func() {
		s.metrics.intent(in.Kind, "accepted")
		s.metrics.routed(routes)
		if mailed {
			s.mailDue.Send()
		}
	})
	return nil
}

// routes lists the ways to the recipients.
func (s *Service) routes(what entry, recipients []uuid.UUID) ([]route, error) {
	var routes []route
	if what.operator {
		status := Pending
		if s.cfg.AdminEmail == "" {
			status = Skipped
		}
		routes = append(routes, route{channel: AdminEmail, status: status})
	}
	for _, user := range recipients {
		if what.pack != nil {
			routes = append(routes, route{user: user, channel: Push, status: Published})
		}
		if what.email {
			routes = append(routes, route{user: user, channel: Email, status: Pending})
		}
	}
	for i := range routes {
		var err error
		if routes[i].id, err = uuid.NewV7(); err != nil {
			return nil, fmt.Errorf("make a route id: %w", err)
		}
	}
	return routes, nil
}

// encode makes the stored and the pushed form of the payload, or says why the
// intent does not fit its kind.
func (in Intent) encode() (stored json.RawMessage, packed []byte, reason string) {
	stored, reason = encodeStored(in.Payload)
	what, known := catalog[in.Kind]
	if reason == "" {
		reason = misfit(in, what, known)
	}
	if reason != "" || what.pack == nil {
		return stored, nil, reason
	}
	packed, err := what.pack(in.Payload)
	if err != nil {
		return stored, nil, err.Error()
	}
	return stored, packed, ""
}

// Validate says why Submit would keep the intent as malformed.
func (in Intent) Validate() error {
	if _, _, reason := in.encode(); reason != "" {
		return errors.New(reason)
	}
	return nil
}

// encodeStored makes the payload what jsonb takes, or says why it cannot be.
func encodeStored(payload map[string]any) (encoded json.RawMessage, reason string) {
	encoded, err := json.Marshal(payload)
	if err != nil {
		return json.RawMessage(`{}`), "the payload cannot be encoded: " + err.Error()
	}
	if encoded, clean := withoutNUL(encoded); !clean {
		return encoded, "the payload holds U+0000"
	}
	return encoded, ""
}

// withoutNUL replaces \u0000 in JSON, which jsonb refuses. A backslash begins an
// escape wherever it stands.
func withoutNUL(encoded []byte) (out []byte, clean bool) {
	nul := []byte(`\u0000`)
	if !bytes.Contains(encoded, nul) {
		return encoded, true
	}
	out, clean = slices.Clone(encoded), true
	for i := 0; i < len(out)-1; i++ {
		if out[i] != '\\' {
			continue
		}
		if bytes.HasPrefix(out[i:], nul) {
			copy(out[i:], `\ufffd`)
			clean = false
		}
		i++
	}
	return out, clean
}

// misfit says what is wrong with an intent, or nothing.
func misfit(in Intent, what entry, known bool) string {
	switch {
	case !known:
		return "the kind is not in the catalogue"
	case in.Key == "":
		return "it has no idempotency key"
	case what.operator && len(in.Recipients) > 0:
		return "an operators' kind has no recipients"
	case slices.Contains(in.Recipients, uuid.Nil):
		return "a recipient is nobody"
	}
	for _, key := range what.required {
		if v, ok := in.Payload[key]; !ok || v == nil || v == "" {
			return "the payload lacks " + key
		}
	}
	return ""
}

func (s *Service) keepMalformed(tx *pg.Tx, in Intent, payload []byte, reason string, now time.Time) error {
	id, err := uuid.NewV7()
	if err != nil {
		return fmt.Errorf("make an id: %w", err)
	}
	s.store.addMalformed(tx, id, in, payload, reason, now)
	tx.OnCommit(func() {
		s.metrics.intent(in.Kind, "malformed")
		s.log.Error("notification intent was malformed", zap.String("kind", string(in.Kind)), zap.String("key", in.Key), zap.String("reason", reason))
	})
	return nil
}

func compareIDs(a, b uuid.UUID) int { return slices.Compare(a[:], b[:]) }
