package game

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	enginev1 "galaxy/backend/proto/engine/v1"
)

func TestCommandsAreCheckedByType(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 3, home(0, 0))
	for name, cmd := range map[string]enginev1.Command{
		"unknown":            {Type: "race.dance"},
		"none":               {},
		"reserved":           {Type: enginev1.CommandVote, Race: "B"},
		"unknown race":       enginev1.SetRelation("Nobody", enginev1.War),
		"case matters":       enginev1.SetRelation("b", enginev1.War),
		"itself":             enginev1.SetRelation("A", enginev1.Peace),
		"unknown relation":   enginev1.SetRelation("B", "love"),
		"self as a relation": enginev1.SetRelation("B", enginev1.Self),
		"to nobody":          enginev1.SendMessage("hi"),
		"to an unknown":      enginev1.SendMessage("hi", "Nobody"),
		"to itself":          enginev1.SendMessage("hi", "A"),
		"all and one":        enginev1.SendMessage("hi", "*", "B"),
		"no text":            enginev1.SendMessage("", "B"),
		"long text":          enginev1.SendMessage(strings.Repeat("ä", 4001), "B"),
		"many receivers":     enginev1.SendMessage("hi", make([]string, 101)...),
		"quit unconfirmed":   {Type: enginev1.CommandQuit},
		"quit another":       enginev1.QuitGame("B"),
	} {
		require.NotEmpty(t, CheckCommand(f.config, f.state, 0, cmd), name)
	}
	for _, cmd := range []enginev1.Command{
		enginev1.SetRelation("B", enginev1.Peace), enginev1.SetRelation("*", enginev1.War), enginev1.QuitGame("A"),
		enginev1.SendMessage("hi", "B", "C"), enginev1.SendMessage(strings.Repeat("ä", 4000), "*"),
	} {
		require.Empty(t, CheckCommand(f.config, f.state, 0, cmd))
	}
}

func TestRelationsAreOneSidedAndHidden(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 3, home(0, 0), home(1, 50), home(2, 100))
	turn := f.nextTurn()
	require.Equal(t, enginev1.CommandApplied, Command(f.config, f.state, 0, enginev1.SetRelation("B", enginev1.Peace)))
	require.Equal(t, enginev1.CommandUnchanged, Command(f.config, f.state, 0, enginev1.SetRelation("B", enginev1.Peace)))
	require.False(t, f.state.AtWar(0, 1))
	require.True(t, f.state.AtWar(1, 0))
	require.Equal(t, enginev1.Peace, f.report(turn, 0).Races[1].Relation)
	require.Equal(t, enginev1.Self, f.report(turn, 0).Races[0].Relation)
	require.Equal(t, enginev1.War, f.report(turn, 1).Races[0].Relation)
	require.Equal(t, enginev1.CommandApplied, Command(f.config, f.state, 0, enginev1.SetRelation("*", enginev1.Peace)))
	require.False(t, f.state.AtWar(0, 2))
	require.Equal(t, enginev1.CommandApplied, Command(f.config, f.state, 0, enginev1.SetRelation("*", enginev1.War)))
	require.True(t, f.state.AtWar(0, 1) && f.state.AtWar(0, 2))
}

func TestMessagesAreReadAtOnceAndInTheNextReport(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 3, home(0, 0), home(1, 50), home(2, 100))
	turn := f.nextTurn()
	Command(f.config, f.state, 0, enginev1.SendMessage("Peace?", "B"))
	secret := enginev1.SendMessage("I know you", "*")
	secret.Anonymous = true
	Command(f.config, f.state, 2, secret)
	require.Equal(t, []enginev1.Message{
		{From: new("A"), To: []string{"B"}, Turn: 2, Text: "Peace?"}, {To: []string{"B"}, Turn: 2, Text: "I know you"},
	}, f.report(turn, 1).Messages)
	require.Len(t, f.report(turn, 2).Messages, 1, "the sender has a copy")
	require.Equal(t, new("C"), f.report(turn, 2).Messages[0].From)
	turn = f.nextTurn()
	require.Len(t, f.report(turn, 1).Messages, 2)
	turn = f.nextTurn()
	require.Empty(t, f.report(turn, 1).Messages)
}

func TestMessagesPerTurnAreBounded(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 2, home(0, 0))
	for range maxMessages {
		require.Empty(t, CheckCommand(f.config, f.state, 0, enginev1.SendMessage("x", "B")))
		Command(f.config, f.state, 0, enginev1.SendMessage("x", "B"))
	}
	require.NotEmpty(t, CheckCommand(f.config, f.state, 0, enginev1.SendMessage("x", "B")))
	require.Empty(t, CheckCommand(f.config, f.state, 1, enginev1.SendMessage("x", "A")))
}
