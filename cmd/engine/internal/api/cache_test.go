package api

import (
	"testing"

	"github.com/stretchr/testify/require"

	"galaxy/backend/cmd/engine/internal/game"
)

func TestReportCacheEvictsTheLeastRecentlyUsed(t *testing.T) {
	t.Parallel()
	c := newReportCache()
	for turn := range reportCacheSize {
		c.put(reportKey{turn: turn}, &renderedReport{})
	}
	require.NotNil(t, c.get(reportKey{turn: 0}), "asked for again")
	c.put(reportKey{turn: reportCacheSize}, &renderedReport{})
	require.NotNil(t, c.get(reportKey{turn: 0}))
	require.Nil(t, c.get(reportKey{turn: 1}), "the least recently used")
	require.Len(t, c.byKey, reportCacheSize)
}

func TestPastTurnsEvictsTheLeastRecentlyUsed(t *testing.T) {
	t.Parallel()
	var p pastTurns
	for turn := range pastTurnsSize {
		p.put(game.ReportSource{Live: &game.State{Turn: turn}})
	}
	_, has := p.get(0)
	require.True(t, has)
	p.put(game.ReportSource{Live: &game.State{Turn: 99}})
	_, has = p.get(0)
	require.True(t, has)
	_, has = p.get(1)
	require.False(t, has)
	require.Len(t, p.turns, pastTurnsSize)
}
