package admin

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/google/uuid"
	"go.uber.org/zap"
	"golang.org/x/time/rate"

	"galaxy/backend/platform/httpx"
	"galaxy/backend/platform/pg"
)

// Record implements Auditor. Who acted comes from the request behind ctx; work
// without a request is the system's.
func (s *Service) Record(ctx context.Context, tx *pg.Tx, e Entry) error {
	row := AuditRow{At: s.clock.Now(), Action: e.Action, Target: e.Target, Outcome: Succeeded,
		RequestID: httpx.RequestID(ctx)}
	p := httpx.PrincipalOf(ctx)
	row.Actor, row.Role = cmp.Or(p.Username, "system"), cmp.Or(p.Role.String(), "system")
	row.Source = addressText(httpx.ClientIP(ctx))
	var err error
	if row.ID, err = uuid.NewV7(); err != nil {
		return fmt.Errorf("make an audit id: %w", err)
	}
	if row.Before, err = encodeJSON(e.Before); err != nil {
		return fmt.Errorf("audit %s: %w", e.Action, err)
	}
	if row.After, err = encodeJSON(e.After); err != nil {
		return fmt.Errorf("audit %s: %w", e.Action, err)
	}
	s.store.insertAudit(tx, row)
	tx.OnCommit(func() { httpx.Audited(ctx) })
	return nil
}

// Complete implements httpx.Complete.
func (s *Service) Complete() {}

// Refused implements httpx.Auditor: a mutation that was refused or that failed
// leaves a row in a transaction of its own.
func (s *Service) Refused(ctx context.Context, e httpx.AuditEntry) {
	now := s.clock.Now()
	if e.Role == 0 && !s.anonymous.allow(now, s.log) {
		return
	}
	outcome := Refused
	if e.Status >= 500 {
		outcome = Failed
	}
	id, err := uuid.NewV7()
	if err == nil {
		row := AuditRow{ID: id, At: now, Actor: cmp.Or(columnText(e.Actor), "anonymous"),
			Role: cmp.Or(e.Role.String(), "none"), Action: e.Op, Target: columnText(e.Target), Outcome: outcome,
			Reason: &e.Reason, RequestID: e.RequestID, Source: addressText(e.Source)}
		err = s.db.InTx(context.WithoutCancel(ctx), func(_ context.Context, tx *pg.Tx) error {
			s.store.insertAudit(tx, row)
			return nil
		})
	}
	if err != nil {
		s.log.Error("audit row of a refused request was lost", zap.String("action", e.Op),
			zap.String("request_id", e.RequestID), zap.Error(err))
	}
}

// maxColumnText is how much of a name or a path is kept, in bytes.
const maxColumnText = 300

// columnText makes a name or a path as it was sent fit for a text column, which
// takes neither NUL nor invalid UTF-8: a row must not be lost to its content.
func columnText(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, text)
	if len(text) > maxColumnText {
		text = strings.ToValidUTF8(text[:maxColumnText], "") // a character may have been cut
	}
	return text
}

// Rows of requests without valid credentials: so many at once, then so many a second.
const (
	anonymousBurst     = 300
	anonymousPerSecond = 1
)

// anonymousLimiter bounds the audit rows of requests without valid credentials:
// the log cannot be shortened, so whoever may not sign in must not fill it.
type anonymousLimiter struct {
	mu      sync.Mutex
	limiter *rate.Limiter
	omitted int
}

func newAnonymousLimiter() *anonymousLimiter {
	return &anonymousLimiter{limiter: rate.NewLimiter(anonymousPerSecond, anonymousBurst)}
}

// allow reports whether one more row may be written. The first that may be
// written again logs how many were not.
func (l *anonymousLimiter) allow(now time.Time, log *zap.Logger) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.limiter.AllowN(now, 1) {
		l.omitted++
		return false
	}
	if l.omitted > 0 {
		log.Warn("refusals of unauthenticated requests were left out of the audit log", zap.Int("count", l.omitted))
		l.omitted = 0
	}
	return true
}

// Audit lists the audit log, newest first.
func (s *Service) Audit(ctx context.Context, f AuditFilter) ([]AuditRow, error) {
	rows, err := s.store.listAudit(ctx, s.db, f)
	if err != nil {
		return nil, fmt.Errorf("list the audit log: %w", err)
	}
	return rows, nil
}

func addressText(a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	return a.String()
}

// encodeJSON keeps nil apart from the JSON null.
func encodeJSON(v any) (json.RawMessage, error) {
	if v == nil {
		return nil, nil
	}
	return json.Marshal(v)
}
