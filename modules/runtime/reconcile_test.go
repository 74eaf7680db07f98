package runtime

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/runtime/driver"
)

func TestTheListFindsWhatDisagrees(t *testing.T) {
	t.Parallel()
	id := func(b byte) uuid.UUID { return uuid.UUID{15: b} }
	list := func(game uuid.UUID, phase driver.Phase) driver.Observed {
		return driver.Observed{GameID: game, Phase: phase}
	}
	rows := []known{
		{GameID: id(1), Observed: Running}, {GameID: id(2), Observed: Running}, {GameID: id(3), Observed: Unreachable},
		{GameID: id(4), Observed: Stopped, Settled: true}, {GameID: id(5), Observed: Stopped, Settled: true},
		{GameID: id(6), Observed: Crashed, Settled: true}, {GameID: id(7), Observed: Starting},
	}
	foreign := list(uuid.Nil, driver.PhaseRunning)
	foreign.Foreign = true
	due, strangers := compare(rows, []driver.Observed{
		list(id(1), driver.PhaseRunning), list(id(2), driver.PhaseExited), // 3 is missing
		list(id(4), driver.PhaseRunning), list(id(5), driver.PhaseExited), list(id(6), driver.PhaseRunning),
		list(id(8), driver.PhaseRunning), foreign,
	})
	require.ElementsMatch(t, []uuid.UUID{id(2), id(3), id(4)}, due)
	require.Equal(t, []driver.Observed{list(id(8), driver.PhaseRunning), foreign}, strangers)
}
