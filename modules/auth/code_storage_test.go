package auth_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/secret"
	"galaxy/backend/platform/smtpsink"
	"galaxy/backend/platform/testkit"
)

// tablesWith lists the tables that have a text somewhere in a row.
func (f *fixture) tablesWith(text string) []string {
	f.Helper()
	tables, err := pg.All[string](f.Context(), f.db,
		`SELECT tablename FROM pg_tables WHERE schemaname = current_schema() ORDER BY 1`)
	require.NoError(f, err)
	var with []string
	for _, table := range tables {
		if f.count(`SELECT count(*) FROM `+table+` AS t WHERE t::text LIKE '%' || $1 || '%'`, text) > 0 {
			with = append(with, table)
		}
	}
	return with
}

// A code is in the database as long as its mail waits, and then nowhere, however
// the mail ends.
func TestACodeIsDeletedOnceItsMailIsDone(t *testing.T) {
	t.Parallel()
	for status, end := range map[string]func(f *fixture){
		"sent": func(f *fixture) { f.inbox.Use(); f.clock.Advance(6 * time.Minute) },
		"dead_lettered": func(f *fixture) {
			f.inbox.Use(smtpsink.Rule{At: smtpsink.Rcpt, Reply: "550 5.1.1 no such user"})
			f.clock.Advance(6 * time.Minute)
		},
		"expired": func(f *fixture) { f.clock.Advance(10 * time.Minute) },
	} {
		t.Run(status, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			f.inbox.Use(smtpsink.Rule{At: smtpsink.Connect, Reply: "421 4.3.2 closing"})
			f.sendCode("ada@example.org")
			text, err := pg.Get[string](t.Context(), f.db, `SELECT body_text FROM mail_payloads`)
			require.NoError(t, err)
			code := codePattern.FindString(text)
			require.NotEmpty(t, code)
			require.Equal(t, []string{"mail_payloads"}, f.tablesWith(code), "the mail waits")
			f.clock.BlockUntil(backgroundLoops)
			end(f)
			require.Eventually(t, func() bool {
				return f.count(`SELECT count(*) FROM mail_deliveries WHERE status = $1`, status) == 1
			}, time.Minute, time.Millisecond)
			require.Empty(t, f.tablesWith(code))
			require.Empty(t, f.tablesWith(strings.ReplaceAll(code, "-", "")))
		})
	}
}

// Restarts with one key after another: a code that was mailed before a change is
// valid as long as its key is configured as the previous one.
func TestTheKeyOfCodesCanBeRotated(t *testing.T) {
	t.Parallel()
	db := testkit.DB(t)
	start := func(key, previous string) *fixture {
		cfg := defaultConfig()
		cfg.CodeKey, cfg.CodeKeyPrevious = secret.New(key), secret.New(previous)
		require.NoError(t, cfg.Validate())
		return newFakeMailFixture(t, cfg, testkit.StandIn(db))
	}
	one, two := strings.Repeat("1", 32), strings.Repeat("2", 32)

	f := start("", "")
	stored, storedCode := f.requestCode("stored@example.org")
	f = start(one, "")
	f.confirm(stored, storedCode, newDevice(t)).Want(200)
	first, firstCode := f.requestCode("first@example.org")
	late, lateCode := f.requestCode("late@example.org")
	f = start(two, one)
	f.confirm(first, firstCode, newDevice(t)).Want(200)
	second, secondCode := f.requestCode("second@example.org")
	f = start(two, "")
	f.confirm(second, secondCode, newDevice(t)).Want(200)
	f.confirm(late, lateCode, newDevice(t)).Refused(400, "code_invalid")
	require.Equal(t, 1, f.count(`SELECT count(*) FROM auth_keys`))
	require.Empty(t, f.tablesWith(one), "a configured key is not kept")
}
