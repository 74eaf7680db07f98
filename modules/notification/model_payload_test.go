package notification

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"flag"
	"os"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"galaxy/backend/modules/admin"
	"galaxy/backend/modules/mail"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/worker"
)

var update = flag.Bool("update", false, "write testdata/kinds.json anew")

// recorded is what an example comes to, column by column.
type recorded struct {
	Stored  json.RawMessage `json:"stored"`
	Pushed  string          `json:"pushed,omitempty"` // hexadecimal
	Subject string          `json:"subject,omitempty"`
	Text    string          `json:"text,omitempty"`
}

// Clients in the field decode the stored and the pushed form, and people read
// the mails: none of the three may change with the code that makes them.
func TestEveryKindIsStoredPushedAndMailedAsEver(t *testing.T) {
	t.Parallel()
	f := newFixtureWith(t, Config{AdminEmail: "ops@example.com"})
	mailer, err := mail.NewService(f.db, f.clock, zap.NewNop(), auditor{}, worker.NewSignal())
	require.NoError(t, err)
	f.worker.mail = mailer
	anna := f.newUser("anna")
	seen := map[Kind]bool{}
	for name, payload := range examples {
		seen[payload.Kind()] = true
		in := Intent{Key: name, Payload: payload}
		if !catalog[payload.Kind()].operator {
			in.Recipients = []uuid.UUID{anna}
		}
		f.submit(in)
	}
	require.Len(t, seen, len(catalog), "every kind has an example")
	f.pass()
	require.Zero(t, f.count(`SELECT count(*) FROM notification_malformed`))
	got := f.recorded()
	const golden = "testdata/kinds.json"
	if *update {
		text, err := json.MarshalIndent(got, "", "  ")
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(golden, append(text, '\n'), 0o600))
	}
	text, err := os.ReadFile(golden)
	require.NoError(t, err)
	want := map[string]recorded{}
	require.NoError(t, json.Unmarshal(text, &want))
	require.Len(t, got, len(want))
	for name := range want {
		require.JSONEq(t, string(want[name].Stored), string(got[name].Stored), name)
		g, w := got[name], want[name]
		g.Stored, w.Stored = nil, nil
		require.Equal(t, w, g, name)
	}
}

const selectRecorded = `
SELECT n.idempotency_key AS key, n.payload AS stored,
       coalesce(p.subject, '') AS subject, coalesce(p.body_text, '') AS text
FROM notifications n
LEFT JOIN notification_routes r ON r.notification_id = n.notification_id AND r.channel <> 'push'
LEFT JOIN mail_payloads p USING (delivery_id)`

// recorded reads by key what was stored, pushed and mailed.
func (f *fixture) recorded() map[string]recorded {
	f.t.Helper()
	rows, err := pg.All[struct {
		Key     string          `db:"key"`
		Stored  json.RawMessage `db:"stored"`
		Subject string          `db:"subject"`
		Text    string          `db:"text"`
	}](f.t.Context(), f.db, selectRecorded)
	require.NoError(f.t, err)
	out := map[string]recorded{}
	for _, r := range rows {
		out[r.Key] = recorded{Stored: r.Stored, Subject: r.Subject, Text: r.Text}
	}
	for _, o := range f.pusher.Published() {
		table, err := o.Event.Marshal()
		require.NoError(f.t, err)
		r := out[o.RequestID]
		r.Pushed = hex.EncodeToString(table)
		out[o.RequestID] = r
	}
	return out
}

// auditor keeps nothing.
type auditor struct{}

func (auditor) Record(context.Context, *pg.Tx, admin.Entry) error { return nil }
