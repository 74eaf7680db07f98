package plan

import (
	"strings"
	"unicode"
)

// maxReason is how much of an error's text is kept, in bytes.
const maxReason = 1000

// Plain makes text of a daemon fit for a column and a mail: printable, on one
// line, not too long.
func Plain(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsPrint(r):
			return r
		case unicode.IsSpace(r):
			return ' '
		}
		return -1
	}, strings.ToValidUTF8(s, ""))
	if len(s) > maxReason {
		s = strings.ToValidUTF8(s[:maxReason], "") // a character may have been cut
	}
	return s
}
