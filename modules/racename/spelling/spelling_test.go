package spelling

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func parse(t testing.TB, text string) Name {
	t.Helper()
	n, err := Parse(text)
	require.NoError(t, err, "%q", text)
	return n
}

// same reports whether the second name would find one of its keys taken.
func same(a, b Name) bool {
	return slices.ContainsFunc(a.Keys(), func(k string) bool { return slices.Contains(b.Keys(), k) })
}

func TestLookAlikesShareAKey(t *testing.T) {
	t.Parallel()
	for _, pair := range [][2]string{
		{"Zerg", "zERG"}, {"Zerg", "Z.e r-g"}, {"Zerg", "Ｚｅｒｇ"}, {"Straße", "STRASSE"}, {"ﬁsh", "fish"},
		{"modern", "modem"}, {"Zer0", "ZerO"}, {"Illia", "llIia"}, {"Kira 1", "KiraI"}, {"О0", "OO"},
		{"Кира", "КИРА"}, {"Zorg_X", "Zorg X"}, {"РАХ", "PAX"}, {"АВЕ", "abe"}, {"АВЕ", "ABE"},
	} {
		require.True(t, same(parse(t, pair[0]), parse(t, pair[1])), "%q and %q", pair[0], pair[1])
	}
}

func TestDifferentNamesShareNoKey(t *testing.T) {
	t.Parallel()
	for _, pair := range [][2]string{{"Zorg", "Zerg"}, {"Vogons", "Vogon"}, {"Кира", "Кора"}, {"Klingon", "Romulan"}} {
		require.False(t, same(parse(t, pair[0]), parse(t, pair[1])), "%q and %q", pair[0], pair[1])
	}
}

func TestWhatIsNoRaceName(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Problem{
		"": TooShort, "Z": TooShort, "Z.": BadSeparator, "abcdefghijklmnopqrstu": TooLong,
		" Zorg": BadSeparator, "Zorg ": BadSeparator, "Zo--rg": BadSeparator, "Zo. rg": BadSeparator,
		"Zo\u200brg": BadCharacter, "\u202eZorg": BadCharacter, "Zo\u00a0\u00a0rg": BadSeparator, "Zorg\x00": BadCharacter,
		"Z\u0489rg": BadCharacter, "Zorg!": BadCharacter, "Zo\nrg": BadCharacter, "👾👾": BadCharacter, "\xffZorg": BadCharacter,
		"Zеrg": MixedScripts, "Кira": MixedScripts, "Zoрg": MixedScripts,
		"admin": Reserved, "Sys-tem": Reserved, "GALAXY": Reserved, "Ga1axy": Reserved, "r00t": Reserved,
	} {
		_, err := Parse(text)
		require.ErrorIs(t, err, want, "%q", text)
		require.NotEmpty(t, err.Error())
	}
}

func TestTheFirstOfSeveralProblemsIsTold(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Problem{
		"!": TooShort, "!!!!!!!!!!!!!!!!!!!!!": TooLong, "-!": BadSeparator, "Zo!--rg": BadCharacter,
		"Zо--rg": MixedScripts, "a-": BadSeparator, "7": TooShort, "\xff": BadCharacter,
	} {
		_, err := Parse(text)
		require.ErrorIs(t, err, want, "%q", text)
	}
}

func TestEveryProblemIsExplainedToPeople(t *testing.T) {
	t.Parallel()
	texts := map[string]bool{}
	for _, p := range []Problem{TooShort, TooLong, BadCharacter, BadSeparator, MixedScripts, Reserved} {
		require.Contains(t, p.Error(), " ", "a sentence, not a token")
		texts[p.Error()] = true
	}
	require.Len(t, texts, 5, "both bounds are one sentence")
}

func TestLengthsAreCountedInCharactersOfTheDisplayForm(t *testing.T) {
	t.Parallel()
	require.Equal(t, "ЖЖЖЖЖЖЖЖЖЖЖЖЖЖЖЖЖЖЖЖ", parse(t, "ЖЖЖЖЖЖЖЖЖЖЖЖЖЖЖЖЖЖЖЖ").Display, "forty bytes")
	require.Equal(t, "fish", parse(t, "\ufb01sh").Display)
	require.Equal(t, "fi", parse(t, "\ufb01").Display, "one character that becomes two")
}

func TestLettersOfManyScriptsAndDigitsMakeNames(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"42", "7 of 9", "Ζευς", "火星人", "クリンゴン", "Straße_2"} {
		n := parse(t, text)
		require.NotEmpty(t, n.Canonical)
		require.NotEmpty(t, n.Second)
		require.LessOrEqual(t, len(n.Keys()), 2)
	}
}

func TestTheLongestNameIsAccepted(t *testing.T) {
	t.Parallel()
	require.Equal(t, "abcdefghijklmnopqrst", parse(t, "abcdefghijklmnopqrst").Display)
	require.Equal(t, "Zo rg", parse(t, "Zo\u00a0rg").Display)
	_, err := Parse(string(make([]byte, 1<<20)))
	require.ErrorIs(t, err, TooLong)
}

func TestADisplayFormIsItsOwnDisplayForm(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n, err := Parse(rapid.StringMatching(`[A-Za-zА-Яа-яßﬁ0-9 ._-]{0,24}`).Draw(t, "text"))
		if err != nil {
			return
		}
		again, err := Parse(n.Display)
		if err != nil || again != n {
			t.Fatalf("%+v parsed again is %+v, %v", n, again, err)
		}
		if !slices.IsSorted(n.Keys()) || slices.Contains(n.Keys(), "") {
			t.Fatalf("keys %q", n.Keys())
		}
	})
}

func FuzzParseNeverPanics(f *testing.F) {
	for _, seed := range []string{"Zorg", "Zеrg", "Z\u200b", "\xff", "İstanbul", "ẞß"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		n, err := Parse(text)
		if err == nil && (len(n.Keys()) == 0 || n.Keys()[0] == "") {
			t.Fatalf("%q has no key: %+v", text, n)
		}
	})
}
