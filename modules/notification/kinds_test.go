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
	got, seen := map[string]recorded{}, map[Kind]bool{}
	for name, payload := range examples {
		seen[payload.Kind()] = true
		got[name] = record(t, Intent{Key: name, Typed: payload})
		untyped := record(t, Intent{Key: name, Kind: untypedExamples[name].kind, Payload: untypedExamples[name].payload})
		require.Equal(t, got[name], untyped, name)
	}
	require.Len(t, seen, len(catalog), "every kind has an example")
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

// record submits the intent, has its mail made by the real mail domain and reads
// everything back.
func record(t *testing.T, in Intent) recorded {
	t.Helper()
	b := newBureau(t, Config{AdminEmail: "ops@example.com"})
	mailer, err := mail.NewService(b.db, b.clock, zap.NewNop(), auditor{})
	require.NoError(t, err)
	b.worker.mail = mailer
	if !catalog[in.kind()].operator {
		in.Recipients = []uuid.UUID{b.member("anna")}
	}
	b.submit(in)
	b.pass()
	require.Zero(t, b.count(`SELECT count(*) FROM notification_malformed`), in.kind())
	out := recorded{}
	out.Stored, err = pg.Get[json.RawMessage](t.Context(), b.db, `SELECT payload FROM notifications`)
	require.NoError(t, err)
	for _, o := range b.pushed {
		table, err := o.Event.Marshal()
		require.NoError(t, err)
		out.Pushed = hex.EncodeToString(table)
	}
	mails, err := pg.All[struct {
		Subject string `db:"subject"`
		Text    string `db:"body_text"`
	}](t.Context(), b.db, `SELECT subject, body_text FROM mail_payloads`)
	require.NoError(t, err)
	for _, m := range mails {
		out.Subject, out.Text = m.Subject, m.Text
	}
	return out
}

// auditor keeps nothing.
type auditor struct{}

func (auditor) Record(context.Context, *pg.Tx, admin.Entry) error { return nil }
