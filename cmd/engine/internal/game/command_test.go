package game

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	enginev1 "galaxy/backend/proto/engine/v1"
)

func TestCommandsAreCheckedByType(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 3, home(0, 0))
	for name, cmd := range map[string]enginev1.Command{
		"unknown":            {Type: "race.dance"},
		"none":               {},
		"stage 2":            {Type: enginev1.CommandVote, Race: "B"},
		"unknown race":       enginev1.SetRelation("Nobody", enginev1.War),
		"case matters":       enginev1.SetRelation("b", enginev1.War),
		"itself":             enginev1.SetRelation("A", enginev1.Peace),
		"unknown relation":   enginev1.SetRelation("B", "love"),
		"self as a relation": enginev1.SetRelation("B", enginev1.Self),
		"to nobody":          enginev1.SendMessage("hi"),
		"to a stranger":      enginev1.SendMessage("hi", "Nobody"),
		"to itself":          enginev1.SendMessage("hi", "A"),
		"all and one":        enginev1.SendMessage("hi", "*", "B"),
		"no text":            enginev1.SendMessage("", "B"),
		"long text":          enginev1.SendMessage(strings.Repeat("ä", 4001), "B"),
		"many receivers":     enginev1.SendMessage("hi", make([]string, 101)...),
		"quit unconfirmed":   {Type: enginev1.CommandQuit},
		"quit another":       enginev1.QuitGame("B"),
	} {
		require.NotEmpty(t, CheckCommand(w.c, w.s, 0, cmd), name)
	}
	for _, cmd := range []enginev1.Command{
		enginev1.SetRelation("B", enginev1.Peace), enginev1.SetRelation("*", enginev1.War), enginev1.QuitGame("A"),
		enginev1.SendMessage("hi", "B", "C"), enginev1.SendMessage(strings.Repeat("ä", 4000), "*"),
	} {
		require.Empty(t, CheckCommand(w.c, w.s, 0, cmd))
	}
}

func TestRelationsAreOneSidedAndHidden(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 3, home(0, 0), home(1, 50), home(2, 100))
	turn := w.turn()
	require.Equal(t, enginev1.CommandApplied, Command(w.c, w.s, 0, enginev1.SetRelation("B", enginev1.Peace)))
	require.Equal(t, enginev1.CommandUnchanged, Command(w.c, w.s, 0, enginev1.SetRelation("B", enginev1.Peace)))
	require.False(t, w.s.AtWar(0, 1))
	require.True(t, w.s.AtWar(1, 0))
	require.Equal(t, enginev1.Peace, w.report(turn, 0).Races[1].Relation)
	require.Equal(t, enginev1.Self, w.report(turn, 0).Races[0].Relation)
	require.Equal(t, enginev1.War, w.report(turn, 1).Races[0].Relation)
	require.Equal(t, enginev1.CommandApplied, Command(w.c, w.s, 0, enginev1.SetRelation("*", enginev1.Peace)))
	require.False(t, w.s.AtWar(0, 2))
	require.Equal(t, enginev1.CommandApplied, Command(w.c, w.s, 0, enginev1.SetRelation("*", enginev1.War)))
	require.True(t, w.s.AtWar(0, 1) && w.s.AtWar(0, 2))
}

func TestMessagesAreReadAtOnceAndInTheNextReport(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 3, home(0, 0), home(1, 50), home(2, 100))
	turn := w.turn()
	Command(w.c, w.s, 0, enginev1.SendMessage("Peace?", "B"))
	secret := enginev1.SendMessage("I know you", "*")
	secret.Anonymous = true
	Command(w.c, w.s, 2, secret)
	require.Equal(t, []enginev1.Message{
		{From: new("A"), To: []string{"B"}, Turn: 2, Text: "Peace?"}, {To: []string{"B"}, Turn: 2, Text: "I know you"},
	}, w.report(turn, 1).Messages)
	require.Len(t, w.report(turn, 2).Messages, 1, "the sender has a copy")
	require.Equal(t, new("C"), w.report(turn, 2).Messages[0].From)
	turn = w.turn()
	require.Len(t, w.report(turn, 1).Messages, 2)
	turn = w.turn()
	require.Empty(t, w.report(turn, 1).Messages)
}

func TestMailIsBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2, home(0, 0))
	for range maxMail {
		require.Empty(t, CheckCommand(w.c, w.s, 0, enginev1.SendMessage("x", "B")))
		Command(w.c, w.s, 0, enginev1.SendMessage("x", "B"))
	}
	require.NotEmpty(t, CheckCommand(w.c, w.s, 0, enginev1.SendMessage("x", "B")))
	require.Empty(t, CheckCommand(w.c, w.s, 1, enginev1.SendMessage("x", "A")))
}
