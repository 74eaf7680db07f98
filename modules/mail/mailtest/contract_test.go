package mailtest_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"galaxy/backend/modules/admin/admintest"
	"galaxy/backend/modules/mail"
	"galaxy/backend/modules/mail/mailtest"
	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/testkit"
	"galaxy/backend/platform/worker"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// mailer is what other domains need of mail.
type mailer interface {
	Enqueue(ctx context.Context, tx *pg.Tx, m mail.Message) (uuid.UUID, error)
	EraseAddress(ctx context.Context, tx *pg.Tx, address string) error
	SentTo(ctx context.Context, q pg.Querier, address string, n int) ([]mail.Summary, error)
}

// fixture is mail, the real one or the fake, on a database of its own.
type fixture struct {
	*testing.T
	mailer
	db *pg.DB
}

// onBoth runs a rule against the real mail and the fake.
func onBoth(t *testing.T, rule func(f *fixture)) {
	t.Helper()
	t.Parallel()
	t.Run("service", func(t *testing.T) {
		t.Parallel()
		db := testkit.DB(t)
		clk := clock.NewFake(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
		s, err := mail.NewService(db, clk, zap.NewNop(), &admintest.Auditor{}, worker.NewSignal())
		require.NoError(t, err)
		rule(&fixture{t, s, db})
	})
	t.Run("outbox", func(t *testing.T) {
		t.Parallel()
		rule(&fixture{t, &mailtest.Outbox{}, testkit.DB(t)})
	})
}

// started is a message whose data also fits the template game.paused.
func started(key, to string) mail.Message {
	data := map[string]any{"game_name": "First light", "reason": "generation failed"}
	return mail.Message{Template: "game.started", Key: key, To: to, Data: data}
}

// enqueue enqueues messages in one transaction.
func (f *fixture) enqueue(messages ...mail.Message) []uuid.UUID {
	f.Helper()
	ids := make([]uuid.UUID, len(messages))
	require.NoError(f, f.db.InTx(f.Context(), func(ctx context.Context, tx *pg.Tx) (err error) {
		for i, m := range messages {
			if ids[i], err = f.Enqueue(ctx, tx, m); err != nil {
				return err
			}
		}
		return nil
	}))
	return ids
}

// templates lists the templates of what was sent to an address.
func (f *fixture) templates(address string, n int) []string {
	f.Helper()
	sent, err := f.SentTo(f.Context(), f.db, address, n)
	require.NoError(f, err)
	out := []string{}
	for _, s := range sent {
		out = append(out, s.Template)
	}
	return out
}

var errRolledBack = errors.New("rolled back")

// rollBack runs fn in a transaction that is rolled back.
func (f *fixture) rollBack(fn func(ctx context.Context, tx *pg.Tx) error) {
	f.Helper()
	require.ErrorIs(f, f.db.InTx(f.Context(), func(ctx context.Context, tx *pg.Tx) error {
		require.NoError(f, fn(ctx, tx))
		return errRolledBack
	}), errRolledBack)
}

func TestAMessageExistsOnlyWithItsCommit(t *testing.T) {
	onBoth(t, func(f *fixture) {
		var lost uuid.UUID
		f.rollBack(func(ctx context.Context, tx *pg.Tx) (err error) {
			lost, err = f.Enqueue(ctx, tx, started("k", "ada@example.org"))
			return err
		})
		require.Empty(f, f.templates("ada@example.org", 10))
		kept := f.enqueue(started("k", "ada@example.org"))
		require.NotEqual(f, lost, kept[0], "the key was not taken")
		require.Len(f, f.templates("ada@example.org", 10), 1)
	})
}

func TestATemplateAndKeyIsOneDelivery(t *testing.T) {
	onBoth(t, func(f *fixture) {
		paused := started("k", "ada@example.org")
		paused.Template = "game.paused"
		first := f.enqueue(started("k", "ada@example.org"), started("k", "ada@example.org"), paused)
		again := f.enqueue(started("k", "bob@example.org"), started("other", "ada@example.org"))
		require.Equal(f, first[0], first[1], "in the same transaction")
		require.NotEqual(f, first[0], first[2], "of another template")
		require.Equal(f, first[0], again[0], "in a later transaction")
		require.NotEqual(f, first[0], again[1], "under another key")
		require.Empty(f, f.templates("bob@example.org", 10))
	})
}

func TestMessagesWithoutAKeyAreDeliveriesOfTheirOwn(t *testing.T) {
	onBoth(t, func(f *fixture) {
		ids := f.enqueue(started("", "ada@example.org"), started("", "ada@example.org"))
		require.NotEqual(f, ids[0], ids[1])
		require.Len(f, f.templates("ada@example.org", 10), 2)
	})
}

func TestMailToAnAddressIsListedNewestFirst(t *testing.T) {
	onBoth(t, func(f *fixture) {
		paused := started("", "Ada@example.org")
		paused.Template, paused.Suppressed = "game.paused", true
		f.enqueue(started("", "ada@example.org"))
		f.enqueue(started("", "bob@example.org"))
		f.enqueue(paused)
		require.Equal(f, []string{"game.paused", "game.started"}, f.templates("ADA@example.org", 10))
		require.Equal(f, []string{"game.paused"}, f.templates("ada@example.org", 1))
		require.Empty(f, f.templates("", 10))
		sent, err := f.SentTo(f.Context(), f.db, "ada@example.org", 10)
		require.NoError(f, err)
		require.Equal(f, []mail.Status{mail.Suppressed, mail.Pending}, []mail.Status{sent[0].Status, sent[1].Status})
		require.Equal(f, "Ada@example.org", sent[0].Recipient)
	})
}

func TestAnErasedAddressGotNoMail(t *testing.T) {
	onBoth(t, func(f *fixture) {
		f.enqueue(started("", "Ada@example.org"), started("", "bob@example.org"))
		erase := func(ctx context.Context, tx *pg.Tx) error { return f.EraseAddress(ctx, tx, "ada@EXAMPLE.org") }
		f.rollBack(erase)
		require.Len(f, f.templates("ada@example.org", 10), 1)
		require.NoError(f, f.db.InTx(f.Context(), erase))
		require.Empty(f, f.templates("ada@example.org", 10))
		require.Len(f, f.templates("bob@example.org", 10), 1)
	})
}
