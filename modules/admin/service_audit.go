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

// Record writes the audit row of a mutation that succeeds, in its transaction.
// Who did it comes from the request behind ctx; work without one is the
// system's.
func (s *Service) Record(ctx context.Context, tx *pg.Tx, e Entry) error {
	row := auditRow{At: s.clock.Now(), Action: e.Action, Target: e.Target, Outcome: Succeeded, RequestID: httpx.RequestID(ctx)}
	p := httpx.PrincipalOf(ctx)
	row.Actor, row.Role = cmp.Or(p.Username, "system"), cmp.Or(p.Role.String(), "system")
	row.Source = address(httpx.ClientIP(ctx))
	var err error
	if row.ID, err = uuid.NewV7(); err != nil {
		return fmt.Errorf("make an audit id: %w", err)
	}
	if row.Before, err = encode(e.Before); err != nil {
		return fmt.Errorf("audit %s: %w", e.Action, err)
	}
	if row.After, err = encode(e.After); err != nil {
		return fmt.Errorf("audit %s: %w", e.Action, err)
	}
	s.store.audit(tx, row)
	tx.OnCommit(func() { httpx.Audited(ctx) })
	return nil
}

// Complete implements httpx.Complete.
func (s *Service) Complete() {}

// Refused implements httpx.Auditor: a mutation that the edge turned away or
// that failed leaves a row of its own.
func (s *Service) Refused(ctx context.Context, e httpx.AuditEntry) {
	if e.Role == 0 && !s.nobodies.noted(s.clock.Now(), s.log) {
		return
	}
	outcome := Refused
	if e.Status >= 500 {
		outcome = Failed
	}
	id, err := uuid.NewV7()
	if err == nil {
		row := auditRow{ID: id, At: s.clock.Now(), Actor: cmp.Or(printable(e.Actor), "anonymous"), Role: cmp.Or(e.Role.String(), "none"), Action: e.Op,
			Target: printable(e.Target), Outcome: outcome, Reason: &e.Reason, RequestID: e.RequestID, Source: address(e.Source)}
		err = s.db.InTx(context.WithoutCancel(ctx), func(_ context.Context, tx *pg.Tx) error {
			s.store.audit(tx, row)
			return nil
		})
	}
	if err != nil {
		s.log.Error("audit row of a refused request was lost", zap.String("action", e.Op), zap.String("request_id", e.RequestID), zap.Error(err))
	}
}

// mostText is how much of what a stranger sent is kept, in bytes.
const mostText = 300

// printable makes a path or a name as it was sent fit for a column: a row must not
// be lost to what somebody put into it.
func printable(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, text)
	if len(text) > mostText {
		text = strings.ToValidUTF8(text[:mostText], "") // a character may have been cut
	}
	return text
}

// nobodies keeps those who are not signed in from filling a log that nobody can
// shorten. Everybody else's refusals are all kept.
type nobodies struct {
	mu      sync.Mutex
	limiter *rate.Limiter
	omitted int
}

func newNobodies() *nobodies { return &nobodies{limiter: rate.NewLimiter(1, 300)} }

// noted reports whether one more row may be written, and tells of those that
// were not.
func (n *nobodies) noted(now time.Time, log *zap.Logger) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if !n.limiter.AllowN(now, 1) {
		n.omitted++
		return false
	}
	if n.omitted > 0 {
		log.Warn("refusals of requests that were not signed in were left out of the audit log", zap.Int("count", n.omitted))
		n.omitted = 0
	}
	return true
}

// Audit lists the log, newest first.
func (s *Service) Audit(ctx context.Context, f AuditFilter) ([]AuditRow, error) {
	rows, err := s.store.listAudit(ctx, s.db, f)
	if err != nil {
		return nil, err
	}
	out := make([]AuditRow, len(rows))
	for i, r := range rows {
		out[i] = AuditRow{ID: r.ID, At: r.At, Actor: r.Actor, Role: r.Role, Action: r.Action, Target: r.Target, Outcome: r.Outcome,
			Reason: r.Reason, Before: r.Before, After: r.After, RequestID: r.RequestID, Source: r.Source}
	}
	return out, nil
}

func address(a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	return a.String()
}

func encode(v any) (json.RawMessage, error) {
	if v == nil {
		return nil, nil
	}
	return json.Marshal(v)
}
