package mail

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/smtpsink"
	"galaxy/backend/platform/testkit"
)

// outboxModel is the model of the outbox: whatever the relay answers, workers
// crash on, operators resend and late workers report, nothing is lost, nothing is
// sent twice but for an answer that was lost, and every delivery is settled. It
// fails on any error that it does not expect.
type outboxModel struct {
	*fixture
	prefix     string // of this run's keys and addresses
	deliveries []*modelDelivery
	abandoned  []claimedDelivery
	late       func(m *outboxModel, d claimedDelivery) error
}

type modelDelivery struct {
	id     uuid.UUID
	status Status
	since  int // attempts before the last resend
}

func ended(s Status) bool { return s == Sent || s == DeadLettered || s == Cancelled || s == Expired }

// faults are what one pass may meet.
var faults = map[string][]smtpsink.Rule{
	"none":                      nil,
	"deferred":                  {{At: smtpsink.Rcpt, Reply: "450 4.2.0 later"}},
	"refused":                   {{At: smtpsink.Rcpt, Reply: "550 5.1.1 no such user", Times: 1}},
	"accepted, the answer lost": {{At: smtpsink.End, Then: smtpsink.Reset, Keep: true, Times: 1}},
	"lost after the dot":        {{At: smtpsink.End, Then: smtpsink.Reset, Times: 1}},
	"accepted, RSET fails":      {{At: smtpsink.Rset, Then: smtpsink.Reset}},
	"cut":                       {{At: smtpsink.Data, Then: smtpsink.Hangup}},
	"relay down":                {{At: smtpsink.Connect, Reply: "421 4.3.2 closing"}, {At: smtpsink.Mail, Reply: "421 4.3.2 closing"}},
}

var faultNames = []string{
	"none", "none", "deferred", "refused", "accepted, the answer lost", "lost after the dot", "accepted, RSET fails",
	"cut", "relay down",
}

func (m *outboxModel) enqueue(t *rapid.T) {
	n := rapid.IntRange(0, len(m.deliveries)).Draw(t, "which") // an old key is an old delivery
	msg := invite(fmt.Sprint(m.prefix, n))
	msg.To = fmt.Sprintf("%sn%d@example.com", m.prefix, n)
	id := m.fixture.enqueue(msg)
	switch {
	case n == len(m.deliveries):
		m.deliveries = append(m.deliveries, &modelDelivery{id: id, status: Pending})
	case id != m.deliveries[n].id:
		t.Fatalf("the same key made another delivery")
	}
}

func (m *outboxModel) pass(t *rapid.T) {
	m.inbox.Use(faults[rapid.SampledFrom(faultNames).Draw(t, "fault")]...)
	if _, err := m.worker.runOnce(m.Context()); err != nil {
		t.Fatalf("pass: %v", err)
	}
	m.inbox.Use()
}

// deferAll has the relay defer everything for a long time.
func (m *outboxModel) deferAll(t *rapid.T) {
	m.inbox.Use(faults["deferred"]...)
	for range rapid.IntRange(2, 5).Draw(t, "tries") {
		m.clock.Advance(backoff.Max)
		if _, err := m.worker.runOnce(m.Context()); err != nil {
			t.Fatalf("pass: %v", err)
		}
	}
	m.inbox.Use()
}

// abandonClaims claims as a worker whose leases run out before it reports.
func (m *outboxModel) abandonClaims(t *rapid.T) {
	n := rapid.IntRange(1, 3).Draw(t, "claims")
	claimed, err := m.worker.store.claim(m.Context(), m.db, m.clock.Now(), n, -time.Second)
	if err != nil {
		t.Fatalf("claim: %v", err)
	}
	m.abandoned = append(m.abandoned, claimed...)
}

// reportLate has such a worker report after all, when others have the delivery.
func (m *outboxModel) reportLate(t *rapid.T) {
	if len(m.abandoned) == 0 {
		t.Skip("nobody abandoned")
	}
	claimed := m.abandoned[0]
	m.abandoned = m.abandoned[1:]
	if d := m.fixture.delivery(claimed.ID); d.Status == Sending && d.Attempts == claimed.Attempt {
		return // no other worker has claimed it yet, so its report counts
	}
	if err := m.late(m, claimed); err != nil {
		t.Fatalf("late report: %v", err)
	}
}

// report is a late report as the worker makes it.
func report(m *outboxModel, d claimedDelivery) error {
	return m.worker.settle(m.Context(), []result{m.worker.resultOf(d, Transient, "late")}, m.clock.Now())
}

func (m *outboxModel) resend(t *rapid.T) {
	if len(m.deliveries) == 0 {
		t.Skip("no delivery")
	}
	d := rapid.SampledFrom(m.deliveries).Draw(t, "delivery")
	before := m.fixture.delivery(d.id)
	_, err := m.service.Resend(m.Context(), d.id)
	switch {
	case before.Status == Sent:
		if !errors.Is(err, ErrAlreadySent) {
			t.Fatalf("resend of what was sent: %v", err)
		}
	case err != nil:
		t.Fatalf("resend: %v", err)
	case before.Status != Sending:
		d.status, d.since = Pending, before.Attempts
	}
}

// history is what the tables hold of a delivery.
type history struct {
	ID       uuid.UUID `db:"delivery_id"`
	Status   Status    `db:"status"`
	Attempts int       `db:"attempts"`
	Rows     int       `db:"rows"`
	Last     int       `db:"last"`
	Open     int       `db:"open"` // attempts without an end, but for the last
	Unknown  int       `db:"unknown"`
	Charged  int       `db:"charged"` // since the last resend, without those that died over it
}

const selectHistory = `
SELECT d.delivery_id, d.status, d.attempts, count(a.attempt_no) AS rows, coalesce(max(a.attempt_no), 0) AS last,
       count(*) FILTER (WHERE a.attempt_no < d.attempts AND a.finished_at IS NULL) AS open,
       count(*) FILTER (WHERE a.outcome = 'unknown') AS unknown,
       count(*) FILTER (WHERE a.attempt_no > asked.since AND a.outcome IN ('delivered', 'rejected', 'transient', 'unknown', 'invalid')
                              AND a.detail <> 'the worker did not report back') AS charged
FROM unnest($1::uuid[], $2::int[]) AS asked (delivery_id, since)
JOIN mail_deliveries d USING (delivery_id) LEFT JOIN mail_attempts a USING (delivery_id)
GROUP BY d.delivery_id`

// histories are in the order of the deliveries' ids, in which they were made.
func (m *outboxModel) histories() ([]history, error) {
	ids, since := make([]uuid.UUID, len(m.deliveries)), make([]int, len(m.deliveries))
	for i, d := range m.deliveries {
		ids[i], since[i] = d.id, d.since
	}
	return pg.All[history](m.Context(), m.db, selectHistory+` ORDER BY d.delivery_id`, ids, since)
}

func (m *outboxModel) check(t *rapid.T) {
	accepted := map[string]int{}
	for _, mail := range m.inbox.All() {
		id, _, _ := strings.Cut(strings.Trim(mail.MessageID, "<>"), "@")
		accepted[id]++
	}
	histories, err := m.histories()
	if err != nil || len(histories) != len(m.deliveries) {
		t.Fatalf("%d of %d deliveries were read: %v", len(histories), len(m.deliveries), err)
	}
	for i, d := range m.deliveries {
		h := histories[i]
		switch n := accepted[d.id.String()]; {
		case h.ID != d.id:
			t.Fatalf("deliveries are not in the order in which they were made")
		case h.Rows != h.Attempts || h.Last != h.Attempts || h.Open > 0:
			t.Fatalf("the log of attempts has holes: %+v", h)
		case ended(d.status) && h.Status != d.status:
			t.Fatalf("%s became %s without a request", d.status, h.Status)
		case h.Status == Sent && n == 0:
			t.Fatalf("sent, but the relay accepted no copy")
		case n > 1+h.Unknown:
			t.Fatalf("%d copies for %d lost answers", n, h.Unknown)
		case h.Charged > m.worker.maxAttempts:
			t.Fatalf("%d attempts, %d are allowed", h.Charged, m.worker.maxAttempts)
		}
		d.status = h.Status
	}
}

// runToTheEnd stops all faults: everything has to be settled soon.
func (m *outboxModel) runToTheEnd(t *rapid.T) {
	for range m.worker.maxAttempts + 2 {
		m.clock.Advance(backoff.Max)
		if _, err := m.worker.runOnce(m.Context()); err != nil {
			t.Fatalf("pass: %v", err)
		}
	}
	m.check(t)
	for _, d := range m.deliveries {
		if !ended(d.status) {
			t.Fatalf("a delivery is never settled: %s", d.status)
		}
	}
}

func checkOutbox(t rapid.TB, f *fixture, late func(*outboxModel, claimedDelivery) error) {
	run := 0
	rapid.Check(t, func(t *rapid.T) {
		run++
		m := &outboxModel{fixture: f, prefix: fmt.Sprintf("run%d", run), late: late}
		t.Repeat(map[string]func(*rapid.T){
			"enqueue": m.enqueue, "pass": m.pass, "defer all": m.deferAll, "abandon claims": m.abandonClaims,
			"report late": m.reportLate, "resend": m.resend,
			"wait": func(t *rapid.T) {
				m.clock.Advance(time.Duration(rapid.IntRange(1, 90).Draw(t, "minutes")) * time.Minute)
			},
			"": m.check,
		})
		m.runToTheEnd(t)
	})
}

func TestTheOutboxBehavesAsItsModel(t *testing.T) {
	t.Parallel()
	checkOutbox(t, newFixture(t), report)
}

func TestTheModelOfTheOutboxDetectsMutants(t *testing.T) {
	trigger := func(body string) string {
		return `CREATE FUNCTION mutate() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN ` + body + ` RETURN NEW; END $$`
	}
	for name, mutant := range map[string]struct {
		sql  string
		late func(*outboxModel, claimedDelivery) error
	}{
		"a late report is believed": {late: func(m *outboxModel, d claimedDelivery) error {
			return m.db.InTx(m.Context(), func(_ context.Context, tx *pg.Tx) error {
				tx.Queue(`UPDATE mail_deliveries SET status = 'retrying', settled_at = NULL WHERE delivery_id = $1`, d.ID)
				return nil
			})
		}},
		"a resend starts the log anew": {sql: trigger(`IF OLD.status = 'dead_lettered' THEN NEW.attempts := 0; END IF;`)},
		"what was accepted is sent again": {sql: trigger(
			`IF NEW.status = 'sent' AND OLD.attempts = 1 THEN NEW.status := 'retrying'; NEW.settled_at := NULL; END IF;`)},
		"a charge is lost":              {sql: trigger(`IF NEW.status = 'sending' THEN NEW.charged := OLD.charged; END IF;`)},
		"a dead worker keeps its claim": {sql: trigger(`IF NEW.status = 'sending' THEN NEW.lease_until := 'infinity'; END IF;`)},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			if mutant.sql != "" {
				require.NoError(t, f.db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
					for _, sql := range []string{mutant.sql, `CREATE TRIGGER mutant BEFORE UPDATE ON mail_deliveries FOR EACH ROW EXECUTE FUNCTION mutate()`} {
						if _, err := tx.Exec(ctx, sql); err != nil {
							return err
						}
					}
					return nil
				}))
			}
			late := mutant.late
			if late == nil {
				late = report
			}
			require.True(t, testkit.DetectsMutant(t, func(t rapid.TB) { checkOutbox(t, f, late) }))
		})
	}
}
