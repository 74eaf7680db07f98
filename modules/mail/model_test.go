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

// The model of the outbox: whatever the relay does, workers die of, operators
// ask for and late workers report, nothing is lost, nothing is sent twice but
// for an answer that was lost, and every delivery comes to an end. It fails on
// any error that it does not foresee.
type outboxModel struct {
	*post
	prefix     string // of this run's keys and addresses
	deliveries []*modelDelivery
	overslept  []parcel
	late       func(m *outboxModel, p parcel) error
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
	"put off":                   {{At: smtpsink.Rcpt, Reply: "450 4.2.0 later"}},
	"refused":                   {{At: smtpsink.Rcpt, Reply: "550 5.1.1 no such user", Times: 1}},
	"accepted, the answer lost": {{At: smtpsink.End, Then: smtpsink.Reset, Keep: true, Times: 1}},
	"lost after the dot":        {{At: smtpsink.End, Then: smtpsink.Reset, Times: 1}},
	"accepted, RSET fails":      {{At: smtpsink.Rset, Then: smtpsink.Reset}},
	"cut":                       {{At: smtpsink.Data, Then: smtpsink.Hangup}},
	"relay away":                {{At: smtpsink.Connect, Reply: "421 4.3.2 closing"}, {At: smtpsink.Mail, Reply: "421 4.3.2 closing"}},
}

var faultNames = []string{"none", "none", "put off", "refused", "accepted, the answer lost", "lost after the dot", "accepted, RSET fails", "cut", "relay away"}

func (m *outboxModel) enqueue(t *rapid.T) {
	n := rapid.IntRange(0, len(m.deliveries)).Draw(t, "which") // an old key is an old delivery
	msg := invite(fmt.Sprint(m.prefix, n))
	msg.To = fmt.Sprintf("%sn%d@example.com", m.prefix, n)
	id := m.post.enqueue(msg)
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

// badDays has a relay that puts everything off for a long time.
func (m *outboxModel) badDays(t *rapid.T) {
	m.inbox.Use(faults["put off"]...)
	for range rapid.IntRange(2, 5).Draw(t, "tries") {
		m.clock.Advance(backoff.Max)
		if _, err := m.worker.runOnce(m.Context()); err != nil {
			t.Fatalf("pass: %v", err)
		}
	}
	m.inbox.Use()
}

// die claims as a worker that is not heard of again in time.
func (m *outboxModel) die(t *rapid.T) {
	claimed, err := m.worker.store.claim(m.Context(), m.db, m.clock.Now(), rapid.IntRange(1, 3).Draw(t, "claims"), -time.Second)
	if err != nil {
		t.Fatalf("claim: %v", err)
	}
	m.overslept = append(m.overslept, claimed...)
}

// wake has such a worker report after all, when others have the delivery.
func (m *outboxModel) wake(t *rapid.T) {
	if len(m.overslept) == 0 {
		t.Skip("nobody overslept")
	}
	p := m.overslept[0]
	m.overslept = m.overslept[1:]
	if d := m.post.delivery(p.ID); d.Status == Sending && d.Attempts == p.Attempt {
		return // nobody else has it yet, so its report counts
	}
	if err := m.late(m, p); err != nil {
		t.Fatalf("late report: %v", err)
	}
}

func report(m *outboxModel, p parcel) error {
	return m.worker.settle(m.Context(), []result{m.worker.judge(result{parcel: p}, Transient, "late")}, m.clock.Now())
}

func (m *outboxModel) resend(t *rapid.T) {
	if len(m.deliveries) == 0 {
		t.Skip("no delivery")
	}
	d := rapid.SampledFrom(m.deliveries).Draw(t, "delivery")
	before := m.post.delivery(d.id)
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

// histories are in the order of the deliveries' ids, which is that of their birth.
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
			t.Fatalf("deliveries are not in the order of their birth")
		case h.Rows != h.Attempts || h.Last != h.Attempts || h.Open > 0:
			t.Fatalf("the log of attempts has holes: %+v", h)
		case ended(d.status) && h.Status != d.status:
			t.Fatalf("%s became %s by itself", d.status, h.Status)
		case h.Status == Sent && n == 0:
			t.Fatalf("sent, and nobody has it")
		case n > 1+h.Unknown:
			t.Fatalf("%d copies for %d lost answers", n, h.Unknown)
		case h.Charged > m.worker.maxAttempts:
			t.Fatalf("%d attempts, %d are allowed", h.Charged, m.worker.maxAttempts)
		}
		d.status = h.Status
	}
}

// settleDown stops all faults: everything has to end soon.
func (m *outboxModel) settleDown(t *rapid.T) {
	for range m.worker.maxAttempts + 2 {
		m.clock.Advance(backoff.Max)
		if _, err := m.worker.runOnce(m.Context()); err != nil {
			t.Fatalf("pass: %v", err)
		}
	}
	m.check(t)
	for _, d := range m.deliveries {
		if !ended(d.status) {
			t.Fatalf("a delivery does not come to an end: %s", d.status)
		}
	}
}

func followOutbox(t rapid.TB, p *post, late func(*outboxModel, parcel) error) {
	run := 0
	rapid.Check(t, func(t *rapid.T) {
		run++
		m := &outboxModel{post: p, prefix: fmt.Sprintf("run%d", run), late: late}
		t.Repeat(map[string]func(*rapid.T){
			"enqueue": m.enqueue, "pass": m.pass, "bad days": m.badDays, "die": m.die, "wake": m.wake, "resend": m.resend,
			"wait": func(t *rapid.T) {
				m.clock.Advance(time.Duration(rapid.IntRange(1, 90).Draw(t, "minutes")) * time.Minute)
			},
			"": m.check,
		})
		m.settleDown(t)
	})
}

func TestTheOutboxBehavesAsItsModel(t *testing.T) {
	t.Parallel()
	followOutbox(t, newPost(t), report)
}

func TestTheModelOfTheOutboxKillsItsMutants(t *testing.T) {
	trigger := func(body string) string {
		return `CREATE FUNCTION mutate() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN ` + body + ` RETURN NEW; END $$`
	}
	for name, mutant := range map[string]struct {
		sql  string
		late func(*outboxModel, parcel) error
	}{
		"a late report is believed": {late: func(m *outboxModel, p parcel) error {
			return m.db.InTx(m.Context(), func(_ context.Context, tx *pg.Tx) error {
				tx.Queue(`UPDATE mail_deliveries SET status = 'retrying', settled_at = NULL WHERE delivery_id = $1`, p.ID)
				return nil
			})
		}},
		"a resend starts the log anew": {sql: trigger(`IF OLD.status = 'dead_lettered' THEN NEW.attempts := 0; END IF;`)},
		"what was accepted is sent again": {sql: trigger(
			`IF NEW.status = 'sent' AND OLD.attempts = 1 THEN NEW.status := 'retrying'; NEW.settled_at := NULL; END IF;`)},
		"a charge is lost":             {sql: trigger(`IF NEW.status = 'sending' THEN NEW.charged := OLD.charged; END IF;`)},
		"a dead worker keeps its mail": {sql: trigger(`IF NEW.status = 'sending' THEN NEW.lease_until := 'infinity'; END IF;`)},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPost(t)
			if mutant.sql != "" {
				require.NoError(t, p.db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
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
			require.True(t, testkit.DetectsMutant(t, func(t rapid.TB) { followOutbox(t, p, late) }))
		})
	}
}
