package sanitize_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"galaxy/backend/platform/sanitize"
)

func TestALineIsPrintableAndOnOneLine(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                               "",
		"no such image":                  "no such image",
		"no such\nimage":                 "no such image",
		"a\r\n\tb":                       "a   b",
		"no\x00 \x1b[31mcolour\xff":      "no [31mcolour",
		"grüße an \u202eevil\u202c Ünal": "grüße an evil Ünal",
	} {
		require.Equal(t, want, sanitize.Line(text), "%q", text)
	}
}

func TestALineIsCutBetweenCharacters(t *testing.T) {
	t.Parallel()
	for _, text := range []string{strings.Repeat("ü", 4000), "x" + strings.Repeat("ü", 4000), strings.Repeat("🚀", 4000)} {
		line := sanitize.Line(text)
		require.True(t, utf8.ValidString(line))
		require.LessOrEqual(t, len(line), sanitize.MaxLine)
		require.Greater(t, len(line), sanitize.MaxLine-utf8.UTFMax)
	}
	exact := strings.Repeat("x", sanitize.MaxLine)
	require.Equal(t, exact, sanitize.Line(exact))
	require.Equal(t, exact, sanitize.Line(exact+"y"))
}
