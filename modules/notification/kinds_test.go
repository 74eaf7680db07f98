package notification

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"flag"
	"os"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"galaxy/backend/modules/admin"
	"galaxy/backend/modules/mail"
	"galaxy/backend/platform/pg"
)

var update = flag.Bool("update", false, "write testdata/kinds.json anew")

var (
	gameID   = uuid.MustParse("019aa000-0000-7000-8000-000000000001")
	inviteID = uuid.MustParse("019aa000-0000-7000-8000-000000000002")
	userID   = uuid.MustParse("019aa000-0000-7000-8000-000000000003")
	deadline = time.Date(2026, 3, 2, 18, 30, 0, 123_456_000, time.UTC)
)

// examples are the payloads as the producers make them, by kind or, where a kind
// has several shapes, by kind and shape.
var examples = map[string]struct {
	kind    Kind
	payload map[string]any
}{
	"lobby.invite.received": {KindInviteReceived, map[string]any{"game_id": gameID.String(), "game_name": "First <light>", "invite_id": inviteID.String(),
		"inviter_user_id": userID.String(), "inviter_name": "Ада & Co", "expires_at": deadline}},
	"lobby.invite.revoked": {KindInviteRevoked, map[string]any{"game_id": gameID.String(), "game_name": "First light", "invite_id": inviteID.String()}},
	"lobby.application.submitted": {KindApplicationSubmitted, map[string]any{"game_id": gameID.String(), "game_name": "First light",
		"application_id": inviteID.String(), "applicant_user_id": userID.String()}},
	"lobby.application.approved": {KindApplicationApproved, map[string]any{"game_id": gameID.String(), "game_name": "First light", "application_id": inviteID.String()}},
	"lobby.application.rejected": {KindApplicationRejected, map[string]any{"game_id": gameID.String(), "game_name": "First light",
		"application_id": inviteID.String(), "reason": "the game is full"}},
	"lobby.application.rejected without a reason": {KindApplicationRejected, map[string]any{"game_id": gameID.String(), "game_name": "First light",
		"application_id": inviteID.String(), "reason": ""}},
	"lobby.membership.removed":              {KindMembershipRemoved, map[string]any{"game_id": gameID.String(), "game_name": "First light", "reason": "idle"}},
	"lobby.membership.blocked":              {KindMembershipBlocked, map[string]any{"game_id": gameID.String(), "game_name": "First light", "reason": "spam"}},
	"lobby.race_name.registered":            {KindRaceNameRegistered, map[string]any{"race_name": "Zorg"}},
	"lobby.race_name.pending":               {KindRaceNamePending, map[string]any{"race_name": "Zorg", "expires_at": deadline}},
	"lobby.race_name.expired":               {KindRaceNameExpired, map[string]any{"race_name": "Zorg"}},
	"runtime.image_pull_failed":             {KindImagePullFailed, map[string]any{"game_id": gameID.String(), "reason": "no route", "image_ref": "galaxy/engine:1"}},
	"runtime.container_start_failed":        {KindContainerStartFailed, map[string]any{"game_id": gameID.String(), "reason": "exit code 1", "image_ref": "galaxy/engine:1"}},
	"runtime.start_config_invalid":          {KindStartConfigInvalid, map[string]any{"game_id": gameID.String(), "reason": "the state was lost", "image_ref": ""}},
	"runtime.container_crashed":             {KindContainerCrashed, map[string]any{"game_id": gameID.String(), "exit_code": 137, "oom": true}},
	"runtime.container_crashed with code 0": {KindContainerCrashed, map[string]any{"game_id": gameID.String(), "exit_code": 0, "oom": false}},
	"runtime.container_missing":             {KindContainerMissing, map[string]any{"game_id": gameID.String()}},
	"runtime.container_foreign":             {KindContainerForeign, map[string]any{"container": "galaxy-game-x", "container_id": "0123abcd"}},
	"runtime.container_foreign of a game":   {KindContainerForeign, map[string]any{"game_id": gameID.String(), "container": "galaxy-game-x"}},
	"runtime.patch_rolled_back":             {KindPatchRolledBack, map[string]any{"game_id": gameID.String(), "reason": "no healthy answer in time"}},
	"game.started": {KindGameStarted, map[string]any{"game_id": gameID.String(), "game_name": "First light", "turn": 0, "next_turn_at": deadline,
		"race_name": "Zorg"}},
	"game.turn.ready": {KindGameTurnReady, map[string]any{"game_id": gameID.String(), "game_name": "First light", "turn": 3, "next_turn_at": deadline,
		"eliminated": []string{"Zorg", "Kree"}}},
	"game.turn.ready without a schedule": {KindGameTurnReady, map[string]any{"game_id": gameID.String(), "game_name": "First light", "turn": 3,
		"eliminated": []string{}}},
	"game.finished": {KindGameFinished, map[string]any{"game_id": gameID.String(), "game_name": "First light", "turn": 40, "next_turn_at": deadline,
		"winners": []string{"Zorg", "Kree"}}},
	"game.finished without a winner": {KindGameFinished, map[string]any{"game_id": gameID.String(), "game_name": "First light", "turn": 40, "winners": []string{}}},
	"game.paused":                    {KindGamePaused, map[string]any{"game_id": gameID.String(), "game_name": "First light", "reason": "generation_failed", "turn": 3}},
	"game.resumed":                   {KindGameResumed, map[string]any{"game_id": gameID.String(), "game_name": "First light", "turn": 3}},
	"game.cancelled":                 {KindGameCancelled, map[string]any{"game_id": gameID.String(), "game_name": "First light", "reason": "too few players"}},
	"game.turn.reminder":             {KindGameTurnReminder, map[string]any{"game_id": gameID.String(), "game_name": "First light", "turn": 3, "deadline": deadline}},
	"game.seat.offered":              {KindGameSeatOffered, map[string]any{"game_id": gameID.String(), "game_name": "First light", "race_name": "Zorg"}},
	"game.generation.failed":         {KindGenerationFailed, map[string]any{"game_id": gameID.String(), "turn": 3, "reason": "turn_failed"}},
	"game.turn.overdue":              {KindTurnOverdue, map[string]any{"game_id": gameID.String(), "turn": 3}},
	"game.state_mismatch":            {KindStateMismatch, map[string]any{"game_id": gameID.String(), "engine_turn": 5, "turn": 3}},
	"mail.dead_lettered":             {KindMailDeadLettered, map[string]any{"delivery_id": inviteID, "template": "game.started", "reason": "550 no such user"}},
	"platform.broadcast":             {KindBroadcast, map[string]any{"subject": "Maintenance", "text": "The platform is away on Sunday."}},
}

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
	for name, example := range examples {
		seen[example.kind] = true
		got[name] = record(t, Intent{Kind: example.kind, Key: name, Payload: example.payload})
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

const storedForms = `SELECT payload FROM notifications`

// record submits the intent, has its mail made by the real mail domain and reads
// everything back.
func record(t *testing.T, in Intent) recorded {
	t.Helper()
	b := newBureau(t, Config{AdminEmail: "ops@example.com"})
	mailer, err := mail.NewService(b.db, b.clock, zap.NewNop(), auditor{})
	require.NoError(t, err)
	b.worker.mail = mailer
	if !catalog[in.Kind].operator {
		in.Recipients = []uuid.UUID{b.member("anna")}
	}
	b.submit(in)
	b.pass()
	require.Zero(t, b.count(`SELECT count(*) FROM notification_malformed`), in.Kind)
	out := recorded{}
	out.Stored, err = pg.Get[json.RawMessage](t.Context(), b.db, storedForms)
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
