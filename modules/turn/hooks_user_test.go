package turn

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

func TestAnExportHoldsTheUsersTurnsAndNobodyElses(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.startGame(hourly(), 2)
	f.submitAll(g)
	f.clock.Advance(time.Hour)
	f.run()
	out, err := newExport().Export(t.Context(), f.db, f.user(g, 0))
	require.NoError(t, err)
	text, err := json.Marshal(out)
	require.NoError(t, err)
	require.JSONEq(t, fmt.Sprintf(`{"submissions":[
		{"game_id":%[1]q,"turn":1,"race_name":"Race0","orders_at":null,"orders":0,"commands":0,"ready_at":null,"outcome":null},
		{"game_id":%[1]q,"turn":0,"race_name":"Race0","orders_at":"2026-05-04T12:00:00Z","orders":1,"commands":0,"ready_at":null,"outcome":"received"}]}`, g.ID), string(text))
}

func TestAnExportOfAUserWhoNeverPlayedIsEmpty(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.submitAll(f.startGame(hourly(), 1))
	out, err := newExport().Export(t.Context(), f.db, uuid.New())
	require.NoError(t, err)
	require.Empty(t, out.(map[string][]exportedSubmission)["submissions"])
}

func TestAnExportHoldsTheNewestGamesWhenThereAreTooMany(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	older, newer := f.startGame(hourly(), 1), f.startGame(hourly(), 1)
	player := f.user(newer, 0)
	f.exec(`UPDATE turn_submissions SET user_id = $1`, player)
	f.exec(`INSERT INTO turn_submissions (game_id, epoch, turn, race_name, user_id, awaited)
SELECT $1, 0, n, 'Race0', $2, true FROM generate_series(1, $3) AS n`, newer.ID, player, maxExported)
	out, err := newExport().Export(t.Context(), f.db, player)
	require.NoError(t, err)
	submissions := out.(map[string][]exportedSubmission)["submissions"]
	require.Len(t, submissions, maxExported)
	require.Equal(t, maxExported, submissions[0].Turn)
	for _, s := range submissions {
		require.NotEqual(t, older.ID, s.GameID)
	}
}
