package pgwrite

import "testing"

func TestWritingStatementsAreRecognised(t *testing.T) {
	t.Parallel()
	for statement, want := range map[string]string{
		"INSERT INTO games (game_id) VALUES ($1)":                                  "INSERT",
		"  \n update games SET turn = 1":                                           "UPDATE",
		"WITH gone AS (DELETE FROM invites RETURNING 1) SELECT count(*) FROM gone": "DELETE",
		"MERGE INTO a USING b ON true WHEN MATCHED THEN DO NOTHING":                "MERGE",
		"TRUNCATE games":                                                            "TRUNCATE",
		"CALL rollover()":                                                           "CALL",
		"SELECT nextval('seq')":                                                     "NEXTVAL",
		"SELECT pg_catalog.setval('seq', 1)":                                        "PG_CATALOG.SETVAL",
		"SELECT pg_notify('a', 'b')":                                                "PG_NOTIFY",
		"SELECT pg_try_advisory_lock(1)":                                            "PG_TRY_ADVISORY_LOCK",
		"SELECT 1; DROP TABLE games":                                                "DROP",
		"SELECT * INTO copy FROM games":                                             "INTO",
		"/* quiet */ INSERT /* really */ INTO games DEFAULT VALUES":                 "INSERT",
		"SELECT game_id FROM games WHERE state = $1":                                "",
		"SELECT game_id FROM games FOR UPDATE SKIP LOCKED":                          "",
		"SELECT game_id FROM games FOR NO KEY UPDATE":                               "",
		"SELECT deleted_at, update_count, call FROM games":                          "",
		"SELECT 'INSERT INTO games', \"delete\" FROM games -- UPDATE games SET x\n": "",
		"SELECT $$DELETE FROM games$$":                                              "",
		"SELECT pg_advisory_xact_lock($1)":                                          "",
	} {
		if got := writes(statement); got != want {
			t.Errorf("writes(%q) = %q, want %q", statement, got, want)
		}
	}
}
