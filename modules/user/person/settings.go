package person

import (
	_ "embed" // zones.txt
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/language"
	"golang.org/x/text/unicode/norm"
)

const (
	maxDisplayName = 40 // runes
	maxLanguage    = 35 // bytes; RFC 5646 recommends to take at least that
)

//go:embed zones.txt
var zoneList string

// zones is the allow-list of IANA zones. time.LoadLocation reads files by name,
// so no name from outside gets there without it.
var zones = sync.OnceValue(func() map[string]bool {
	names := map[string]bool{}
	for name := range strings.Lines(zoneList) {
		names[strings.TrimSpace(name)] = true
	}
	return names
})

// NormalizeTimeZone accepts the names of the IANA database, in their spelling.
func NormalizeTimeZone(s string) (string, error) {
	if !zones()[s] {
		return "", InvalidField("time_zone", "unknown_value", "an IANA time zone such as Europe/Amsterdam is needed")
	}
	return s, nil
}

// NormalizeLanguage accepts BCP 47 tags and returns their canonical spelling.
// field is what a refusal calls the value.
func NormalizeLanguage(field, s string) (string, error) {
	refused := InvalidField(field, "invalid_format", "a BCP 47 language tag such as en or pt-BR is needed")
	if len(s) > maxLanguage {
		return "", refused
	}
	tag, err := language.Parse(s)
	if err != nil || tag == language.Und {
		return "", refused
	}
	return tag.String(), nil
}

// NormalizeDisplayName accepts 1 to 40 visible characters, trimmed and composed.
// Controls and marks that turn the writing direction are refused: a name stands
// in other people's lists.
func NormalizeDisplayName(s string) (string, error) {
	refused := InvalidField("display_name", "invalid_format", "1 to 40 visible characters are needed")
	if !utf8.ValidString(s) {
		return "", refused
	}
	s = norm.NFC.String(strings.TrimSpace(s))
	if n := utf8.RuneCountInString(s); n < 1 || n > maxDisplayName {
		return "", refused
	}
	for _, r := range s {
		if !unicode.IsPrint(r) {
			return "", refused
		}
	}
	return s, nil
}
