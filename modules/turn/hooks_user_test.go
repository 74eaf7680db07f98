package turn

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

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
