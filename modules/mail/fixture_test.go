package mail

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"galaxy/backend/modules/admin/admintest"
	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/testkit"
	"galaxy/backend/platform/worker"
)

func TestMain(m *testing.M) { testkit.Main(m) }

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// fixture is the domain with a real database and a real SMTP server.
type fixture struct {
	*testing.T
	db      *pg.DB
	clock   *clock.Fake
	service *Service
	worker  *Worker
	inbox   *testkit.Inbox
	audit   *admintest.Auditor
	dead    *deadLetters
	logs    *observer.ObservedLogs
}

// deadLetters is an observer that keeps what it is told, or fails for one delivery.
type deadLetters struct {
	seen  []DeadLetter
	fails uuid.UUID
}

func (*deadLetters) Name() string { return "test" }

func (d *deadLetters) DeadLettered(_ context.Context, _ *pg.Tx, l DeadLetter) error {
	if l.DeliveryID == d.fails {
		return errors.New("the notification was refused")
	}
	d.seen = append(d.seen, l)
	return nil
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	return newFixtureWith(t, testkit.SMTP(t), SMTPConfig{TLSMode: TLSNone})
}

func newFixtureWith(t *testing.T, inbox *testkit.Inbox, smtp SMTPConfig) *fixture {
	t.Helper()
	smtp.Host, smtp.Port, smtp.From = "127.0.0.1", inbox.Port(), "Galaxy <no-reply@galaxy.example>"
	f := &fixture{
		T: t, db: testkit.DB(t), clock: clock.NewFake(noon), inbox: inbox,
		audit: &admintest.Auditor{}, dead: &deadLetters{},
	}
	core, logs := observer.New(zap.InfoLevel)
	f.logs = logs
	due := worker.NewSignal()
	var err error
	f.service, err = NewService(f.db, f.clock, zap.New(core), f.audit, due)
	require.NoError(t, err)
	cfg := Config{WorkerInterval: time.Second, MaxAttempts: 3}
	f.worker, err = NewWorker(f.db, f.clock, zap.New(core), cfg, smtp, due, Observers{f.dead})
	require.NoError(t, err)
	t.Cleanup(f.worker.closeConnections)
	return f
}

// code is a mail with a secret.
func code(to string) Message {
	data := map[string]any{"code": "K7QM-3XZP", "ttl_minutes": 10}
	return Message{Template: "auth.login_code", To: to, Data: data, Secret: true}
}

func (f *fixture) enqueue(m Message) uuid.UUID {
	f.Helper()
	id, err := f.tryEnqueue(m)
	require.NoError(f, err)
	return id
}

func (f *fixture) tryEnqueue(m Message) (id uuid.UUID, err error) {
	err = f.db.InTx(f.Context(), func(ctx context.Context, tx *pg.Tx) (err error) {
		id, err = f.service.Enqueue(ctx, tx, m)
		return err
	})
	return id, err
}

// pass runs the worker once.
func (f *fixture) pass() {
	f.Helper()
	_, err := f.worker.runOnce(f.Context())
	require.NoError(f, err)
}

func (f *fixture) delivery(id uuid.UUID) Delivery {
	f.Helper()
	d, err := f.service.Delivery(f.Context(), id)
	require.NoError(f, err)
	return d
}

// claim claims everything that is due, as a worker does.
func (f *fixture) claim() []claimedDelivery {
	f.Helper()
	claimed, err := f.worker.store.claim(f.Context(), f.db, f.clock.Now(), batchSize, lease)
	require.NoError(f, err)
	return claimed
}

func (f *fixture) outcomes(id uuid.UUID) []Outcome {
	f.Helper()
	attempts, err := f.service.Attempts(f.Context(), id)
	require.NoError(f, err)
	out := make([]Outcome, len(attempts))
	for i, a := range attempts {
		require.Equal(f, i+1, a.No)
		require.NotNil(f, a.Outcome)
		out[i] = *a.Outcome
	}
	return out
}

func (f *fixture) bodies(id uuid.UUID) string {
	f.Helper()
	const query = `SELECT body_text || body_html FROM mail_payloads WHERE delivery_id = $1`
	text, err := pg.Get[string](f.Context(), f.db, query, id)
	require.NoError(f, err)
	return text
}
