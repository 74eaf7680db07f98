package auth_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/fx"

	"galaxy/backend/modules/auth"
	"galaxy/backend/modules/user"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/secret"
	"galaxy/backend/platform/smtpsink"
	"galaxy/backend/platform/testkit"
)

// tablesWith is the tables that have a text somewhere in a row.
func (h *house) tablesWith(text string) []string {
	h.Helper()
	tables, err := pg.All[string](h.Context(), h.db, `SELECT tablename FROM pg_tables WHERE schemaname = current_schema() ORDER BY 1`)
	require.NoError(h, err)
	var with []string
	for _, table := range tables {
		if h.count(`SELECT count(*) FROM `+table+` AS t WHERE t::text LIKE '%' || $1 || '%'`, text) > 0 {
			with = append(with, table)
		}
	}
	return with
}

// A code is in the database for as long as its mail waits, and then nowhere,
// however the mail ends.
func TestACodeIsNowhereOnceItsMailIsDone(t *testing.T) {
	t.Parallel()
	for status, end := range map[string]func(h *house){
		"sent": func(h *house) { h.inbox.Use(); h.clock.Advance(6 * time.Minute) },
		"dead_lettered": func(h *house) {
			h.inbox.Use(smtpsink.Rule{At: smtpsink.Rcpt, Reply: "550 5.1.1 no such user"})
			h.clock.Advance(6 * time.Minute)
		},
		"expired": func(h *house) { h.clock.Advance(10 * time.Minute) },
	} {
		t.Run(status, func(t *testing.T) {
			t.Parallel()
			h := open(t)
			h.inbox.Use(smtpsink.Rule{At: smtpsink.Connect, Reply: "421 4.3.2 closing"})
			h.send("ada@example.org")
			text, err := pg.Get[string](t.Context(), h.db, `SELECT body_text FROM mail_payloads`)
			require.NoError(t, err)
			code := codePattern.FindString(text)
			require.NotEmpty(t, code)
			require.Equal(t, []string{"mail_payloads"}, h.tablesWith(code), "the mail waits")
			h.clock.BlockUntil(loops)
			end(h)
			require.Eventually(t, func() bool {
				return h.count(`SELECT count(*) FROM mail_deliveries WHERE status = $1`, status) == 1
			}, time.Minute, time.Millisecond)
			require.Empty(t, h.tablesWith(code))
			require.Empty(t, h.tablesWith(strings.ReplaceAll(code, "-", "")))
		})
	}
}

// Restarts with one key after the other: what was mailed before a change is good
// as long as the key is named as the previous one.
func TestTheKeyOfTheCodesIsRotated(t *testing.T) {
	t.Parallel()
	post := &letters{}
	var db *pg.DB
	start := func(now, previous string) *house {
		cfg := settings()
		cfg.CodeKey, cfg.CodeKeyPrevious = secret.New(now), secret.New(previous)
		require.NoError(t, cfg.Validate())
		again := []fx.Option{testkit.StandIn[auth.Mailer](post), testkit.StandIn[user.Mailer](post)}
		if db != nil {
			again = append(again, testkit.StandIn(db))
		}
		h := openWith(t, cfg, again...)
		db = h.db
		return h
	}
	one, two := strings.Repeat("1", 32), strings.Repeat("2", 32)

	h := start("", "")
	own, ownCode := h.opened(post, "own@example.org")
	h = start(one, "")
	h.confirm(own, ownCode, newDevice(t)).Want(200)
	first, firstCode := h.opened(post, "first@example.org")
	late, lateCode := h.opened(post, "late@example.org")
	h = start(two, one)
	h.confirm(first, firstCode, newDevice(t)).Want(200)
	second, secondCode := h.opened(post, "second@example.org")
	h = start(two, "")
	h.confirm(second, secondCode, newDevice(t)).Want(200)
	h.confirm(late, lateCode, newDevice(t)).Refused(400, "code_invalid")
	require.Equal(t, 1, h.count(`SELECT count(*) FROM auth_keys`))
	require.Empty(t, h.tablesWith(one), "a configured key is not kept")
}

// A sanction is told by mail: what for and until when, and nothing that operators
// keep to themselves.
func TestASanctionIsToldByMail(t *testing.T) {
	t.Parallel()
	h := open(t)
	a := h.quick("ada@example.org")
	h.admin().Post("/api/v1/admin/users/"+a.ID.String()+"/sanctions", map[string]any{"kind": "game_join_block",
		"reason": "three <abandoned> games", "internal_note": "ticket 12", "expires_at": noon.Add(48 * time.Hour)}).Want(201)
	m := h.inbox.Next("ada@example.org", "")
	require.Contains(t, m.Text, "three <abandoned> games")
	require.Contains(t, m.Text, "It ends by itself on")
	require.NotContains(t, string(m.Raw), "ticket 12")
}
