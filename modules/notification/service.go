package notification

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

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
func NewService(
	db *pg.DB, clk clock.Clock, log *zap.Logger, cfg Config, pusher Pusher, mailDue *worker.Signal,
) (*Service, error) {
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
	stored, packed, problem := in.encode()
	if problem != "" {
		return s.recordMalformed(tx, in, stored, problem)
	}
	id, err := uuid.NewV7()
	if err != nil {
		return fmt.Errorf("make a notification id: %w", err)
	}
	kind := in.Kind()
	n := row{id: id, kind: kind, key: in.Key, payload: stored, requestID: httpx.RequestID(ctx), at: s.clock.Now()}
	inserted, err := s.store.insert(ctx, tx, n, in.Fresh)
	if err != nil {
		return fmt.Errorf("insert notification %s: %w", kind, err)
	}
	if !inserted {
		tx.OnCommit(func() { s.metrics.countIntent(kind, "repeated") })
		return nil
	}
	recipients := slices.Compact(slices.SortedFunc(slices.Values(in.Recipients), compareIDs))
	routes, err := s.routes(catalog[kind], recipients)
	if err != nil {
		return fmt.Errorf("route notification %s: %w", kind, err)
	}
	s.store.addRoutes(tx, id, recipients, routes, n.at)
	s.publish(ctx, tx, in.Key, event{kind, packed}, routes)
	tx.OnCommit(func() { s.committed(kind, routes) })
	return nil
}

// publish pushes the event to every recipient. It leaves with the commit.
func (s *Service) publish(ctx context.Context, tx *pg.Tx, key string, e event, routes []route) {
	traceID := ""
	if id := trace.SpanContextFromContext(ctx).TraceID(); id.IsValid() {
		traceID = id.String()
	}
	for _, r := range routes {
		if r.channel == Push {
			s.push.Publish(tx, push.Outgoing{UserID: r.user, EventID: r.id.String(), RequestID: key, TraceID: traceID, Event: e})
		}
	}
}

// committed does what has to wait for the commit.
func (s *Service) committed(kind Kind, routes []route) {
	s.metrics.countIntent(kind, "accepted")
	s.metrics.countRoutes(routes)
	for _, r := range routes {
		switch r.status {
		case Pending:
			s.mailDue.Send()
		case Skipped:
			s.log.Warn("notification for operators was skipped: BACKEND_NOTIFICATION_ADMIN_EMAIL is not set",
				zap.String("kind", string(kind)))
		}
	}
}

// routes lists the ways to the recipients.
func (s *Service) routes(e entry, recipients []uuid.UUID) ([]route, error) {
	var routes []route
	if e.operator {
		status := Pending
		if s.cfg.AdminEmail == "" {
			status = Skipped
		}
		routes = append(routes, route{channel: AdminEmail, status: status})
	}
	for _, user := range recipients {
		routes = append(routes, route{user: user, channel: Push, status: Published})
		if e.email {
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

func (s *Service) recordMalformed(tx *pg.Tx, in Intent, payload json.RawMessage, problem string) error {
	id, err := uuid.NewV7()
	if err != nil {
		return fmt.Errorf("make an id: %w", err)
	}
	kind := in.Kind()
	s.store.addMalformed(tx, id, row{kind: kind, key: in.Key, payload: payload, at: s.clock.Now()}, problem)
	tx.OnCommit(func() {
		s.metrics.countIntent(kind, "malformed")
		s.log.Error("notification intent was malformed",
			zap.String("kind", string(kind)), zap.String("key", in.Key), zap.String("reason", problem))
	})
	return nil
}

func compareIDs(a, b uuid.UUID) int { return slices.Compare(a[:], b[:]) }
