package textreport_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"galaxy/backend/cmd/engine/internal/textreport"
	enginev1 "galaxy/backend/proto/engine/v1"
)

// fullReport is a report without an empty section.
func fullReport(t *testing.T) *enginev1.Report {
	t.Helper()
	raw, err := os.ReadFile("testdata/report.json")
	require.NoError(t, err)
	r := &enginev1.Report{}
	require.NoError(t, json.Unmarshal(raw, r))
	return r
}

func TestReportIsRenderedAsText(t *testing.T) {
	t.Parallel()
	text := textreport.Render(fullReport(t))
	const golden = "testdata/report.txt"
	if os.Getenv("GALAXY_TEST_UPDATE") != "" {
		require.NoError(t, os.WriteFile(golden, []byte(text), 0o600))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, string(want), text)
}

func TestSectionsComeInTheClassicOrder(t *testing.T) {
	t.Parallel()
	text, at := textreport.Render(fullReport(t)), 0
	for _, section := range []string{
		"-- message from B", "Mistakes in your orders", "Status of players", "Your ship types", "Ship types of others", "Battle at",
		"Bombings", "Incoming groups", "Your planets", "Ships in production", "Your routes", "Planets of others",
		"Uninhabited planets", "Unidentified planets", "Your groups", "Groups of others", "Unidentified groups",
	} {
		next := strings.Index(text[at:], section)
		require.GreaterOrEqual(t, next, 0, section)
		at += next
	}
}

func TestNewsListsTheEventsOfRacesAndPlanets(t *testing.T) {
	t.Parallel()
	text := textreport.Render(&enginev1.Report{Race: "A", Events: []enginev1.Event{
		{Type: enginev1.EventRaceEliminated, Race: "B", By: []string{"A", "C"}}, {Type: enginev1.EventRaceBanished, Race: "C"},
		{Type: enginev1.EventRaceQuit, Race: "D"}, {Type: enginev1.EventRaceIdleWarning, Race: "A", Reason: "5 turns left"},
		{Type: enginev1.EventRaceIdleRemoved, Race: "E"}, {Type: enginev1.EventPlanetColonised, Planet: 7, Race: "A"},
		{Type: enginev1.EventPlanetWiped, Planet: 8, Race: "B", By: []string{"A"}}, {Type: enginev1.EventBattle, Planet: 8},
	}})
	require.Contains(t, text, strings.Join([]string{
		"\n\tNews\n", "B has been eliminated by A, C", "C has been banished", "D has left the game",
		"A will be removed for doing nothing: 5 turns left", "E has been removed for doing nothing",
		"#7 has been colonised by A", "#8 of B has been wiped out by A", "",
	}, "\n"))
}

func TestMessagesCannotContainTerminalCodes(t *testing.T) {
	t.Parallel()
	r := fullReport(t)
	require.Contains(t, r.Messages[0].Text, "\x1b")
	require.NotContains(t, textreport.Render(r), "\x1b")
}

func TestEmptySectionsAreLeftOut(t *testing.T) {
	t.Parallel()
	text := textreport.Render(&enginev1.Report{Race: "A", Turn: 3})
	require.NotContains(t, text, "Your groups")
	require.Contains(t, text, "Galaxy report for A, turn 3")
}

func TestColumnsLineUpForEveryAlphabet(t *testing.T) {
	t.Parallel()
	text := textreport.Render(&enginev1.Report{Races: []enginev1.ReportRace{
		{Race: "Bée", State: enginev1.RaceActive, Relation: enginev1.War}, {Race: "Зорг и ко", State: enginev1.RaceQuit, Relation: enginev1.War},
	}})
	var widths []int
	for line := range strings.Lines(text) {
		if at := strings.Index(line, "war"); at >= 0 {
			widths = append(widths, len([]rune(line[:at])))
		}
	}
	require.Len(t, widths, 2)
	require.Equal(t, widths[0], widths[1])
}
