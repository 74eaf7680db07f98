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
	w := newTable(t)
	g := w.game(hourly(), 2)
	w.moves(g)
	w.clock.Advance(time.Hour)
	w.settle()
	out, err := newExport().Export(t.Context(), w.db, w.user(g, 0))
	require.NoError(t, err)
	text, err := json.Marshal(out)
	require.NoError(t, err)
	require.JSONEq(t, fmt.Sprintf(`{"submissions":[
		{"game_id":%[1]q,"turn":1,"race_name":"Race0","orders_at":null,"orders":0,"commands":0,"ready_at":null,"outcome":null},
		{"game_id":%[1]q,"turn":0,"race_name":"Race0","orders_at":"2026-05-04T12:00:00Z","orders":0,"commands":0,"ready_at":null,"outcome":"received"}]}`, g.ID), string(text))
}
