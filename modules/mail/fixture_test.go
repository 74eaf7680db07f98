package mail

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"galaxy/backend/modules/admin"
	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// audit keeps what was recorded.
type audit struct{ entries []admin.Entry }

func (a *audit) Record(_ context.Context, _ *pg.Tx, e admin.Entry) error {
	a.entries = append(a.entries, e)
	return nil
}

// post is the domain with a real database and a real SMTP server.
type post struct {
	*testing.T
	db      *pg.DB
	clock   *clock.Fake
	service *Service
	worker  *Worker
	inbox   *testkit.Inbox
	audit   *audit
	dead    *deadLetters
}

// deadLetters is an observer that remembers, or fails for one delivery.
type deadLetters struct {
	seen  []DeadLetter
	fails uuid.UUID
}

func (*deadLetters) Name() string { return "test" }

func (d *deadLetters) DeadLettered(_ context.Context, _ *pg.Tx, l DeadLetter) error {
	if l.DeliveryID == d.fails {
		return errors.New("no room for the notification")
	}
	d.seen = append(d.seen, l)
	return nil
}

func newPost(t *testing.T) *post {
	t.Helper()
	return newPostWith(t, testkit.SMTP(t), SMTPConfig{TLSMode: TLSNone})
}

func newPostWith(t *testing.T, inbox *testkit.Inbox, smtp SMTPConfig) *post {
	t.Helper()
	smtp.Host, smtp.Port, smtp.From = "127.0.0.1", inbox.Port(), "Galaxy <no-reply@galaxy.example>"
	p := &post{T: t, db: testkit.DB(t), clock: clock.NewFake(noon), inbox: inbox, audit: &audit{}, dead: &deadLetters{}}
	var err error
	p.service, err = NewService(p.db, p.clock, zap.NewNop(), p.audit)
	require.NoError(t, err)
	p.worker, err = NewWorker(p.db, p.clock, zap.NewNop(), Config{WorkerInterval: time.Second, MaxAttempts: 3}, smtp, p.service, Observers{p.dead})
	require.NoError(t, err)
	t.Cleanup(p.worker.hangUp)
	return p
}

func code(to string) Message {
	return Message{Template: "auth.login_code", To: to, Data: map[string]any{"code": "K7QM-3XZP", "ttl_minutes": 10}, Secret: true}
}

func (p *post) enqueue(m Message) uuid.UUID {
	p.Helper()
	var id uuid.UUID
	require.NoError(p, p.db.InTx(p.Context(), func(ctx context.Context, tx *pg.Tx) (err error) {
		id, err = p.service.Enqueue(ctx, tx, m)
		return err
	}))
	return id
}

// pass runs the worker once.
func (p *post) pass() {
	p.Helper()
	_, err := p.worker.runOnce(p.Context())
	require.NoError(p, err)
}

func (p *post) delivery(id uuid.UUID) Delivery {
	p.Helper()
	d, err := p.service.Delivery(p.Context(), id)
	require.NoError(p, err)
	return d
}

func (p *post) outcomes(id uuid.UUID) []Outcome {
	p.Helper()
	attempts, err := p.service.Attempts(p.Context(), id)
	require.NoError(p, err)
	out := make([]Outcome, len(attempts))
	for i, a := range attempts {
		require.Equal(p, i+1, a.No)
		require.NotNil(p, a.Outcome)
		out[i] = *a.Outcome
	}
	return out
}

func (p *post) bodies(id uuid.UUID) string {
	p.Helper()
	text, err := pg.Get[string](p.Context(), p.db, `SELECT body_text || body_html FROM mail_payloads WHERE delivery_id = $1`, id)
	require.NoError(p, err)
	return text
}
