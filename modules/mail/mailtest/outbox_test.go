package mailtest_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/mail"
	"galaxy/backend/modules/mail/mailtest"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/testkit"
)

func code(to, code string, suppressed bool) mail.Message {
	return mail.Message{Template: "auth.login_code", To: to, Data: map[string]any{"code": code}, Suppressed: suppressed}
}

func TestTheOutboxAnswersWhatWasEnqueued(t *testing.T) {
	t.Parallel()
	o := &mailtest.Outbox{}
	f := &fixture{t, o, testkit.DB(t)}
	require.Empty(t, o.LastCode("ada@example.org"))
	ids := f.enqueue(started("k", "bob@example.org"), code("ada@example.org", "A", false),
		code("ada@example.org", "B", false), code("ada@example.org", "C", true))
	require.Equal(t, ids[0], o.DeliveryID("game.started", "k"))
	require.Equal(t, uuid.Nil, o.DeliveryID("game.paused", "k"))
	require.Equal(t, []string{"A", "B", "C"}, o.Codes("ada@example.org"))
	require.Equal(t, "B", o.LastCode("ada@example.org"), "the newest that was not suppressed")
	require.Equal(t, []mail.Message{started("k", "bob@example.org")}, o.Messages("game.started"))
	require.Len(t, o.Messages("auth.login_code"), 3)
	require.Len(t, o.Recipients(), 4)
	o.Reset()
	require.Empty(t, o.Messages())
}

func TestTheOutboxFailsOnRequest(t *testing.T) {
	t.Parallel()
	o := &mailtest.Outbox{}
	db := testkit.DB(t)
	cause := errors.New("no")
	o.FailWith(cause)
	require.NoError(t, db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
		_, err := o.Enqueue(ctx, tx, started("k", "ada@example.org"))
		require.ErrorIs(t, err, cause)
		require.ErrorIs(t, o.EraseAddress(ctx, tx, "ada@example.org"), cause)
		_, err = o.SentTo(ctx, tx, "ada@example.org", 1)
		require.ErrorIs(t, err, cause)
		return nil
	}))
	require.Empty(t, o.Messages())
	require.Empty(t, o.Erased())
	o.FailWith(nil)
	o.Before(func(_ context.Context, _ *pg.Tx, m mail.Message) error {
		if m.Key == "refused" {
			return cause
		}
		return nil
	})
	require.NoError(t, db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
		_, err := o.Enqueue(ctx, tx, started("refused", "ada@example.org"))
		require.ErrorIs(t, err, cause)
		_, err = o.Enqueue(ctx, tx, started("taken", "bob@example.org"))
		return err
	}))
	require.Equal(t, []string{"bob@example.org"}, o.Recipients())
}

func TestTheOutboxRecordsWhatWasErased(t *testing.T) {
	t.Parallel()
	o := &mailtest.Outbox{}
	f := &fixture{t, o, testkit.DB(t)}
	f.enqueue(started("", "ada@example.org"))
	require.NoError(t, f.db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
		return f.EraseAddress(ctx, tx, "Ada@example.org")
	}))
	require.Equal(t, []string{"Ada@example.org"}, o.Erased())
	require.Equal(t, []string{"erased"}, o.Recipients())
	require.Nil(t, o.Messages()[0].Data)
}
