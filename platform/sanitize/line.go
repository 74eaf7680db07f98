package sanitize

import (
	"strings"
	"unicode"
)

// MaxLine is how much of a text Line keeps, in bytes.
const MaxLine = 1000

// Line makes a text printable: white space becomes a space each, what cannot be
// printed is left out, and what is too long is cut between two characters.
func Line(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsPrint(r):
			return r
		case unicode.IsSpace(r):
			return ' '
		}
		return -1
	}, strings.ToValidUTF8(s, ""))
	if len(s) > MaxLine {
		s = strings.ToValidUTF8(s[:MaxLine], "")
	}
	return s
}
