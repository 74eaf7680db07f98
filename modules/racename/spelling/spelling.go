package spelling

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/mtibben/confusables"
	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// The bounds of a name, in characters of its display form.
const (
	MinLength = 2
	MaxLength = 20
)

// Name is a valid race name.
type Name struct {
	// Display is how the name is shown.
	Display string
	// Canonical is skeleton(fold(x)), Second is fold(skeleton(x)).
	Canonical, Second string
}

// Keys are the distinct keys the name claims, sorted: the order in which they
// are locked.
func (n Name) Keys() []string {
	keys := []string{n.Canonical, n.Second}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// Problem says why a text is no race name. Its value is a stable token.
type Problem string

// The problems, in the order in which they are looked for.
const (
	TooShort     Problem = "too_short"
	TooLong      Problem = "too_long"
	BadCharacter Problem = "bad_character"
	BadSeparator Problem = "bad_separator"
	MixedScripts Problem = "mixed_scripts"
	Reserved     Problem = "reserved"
)

// Error describes the problem for people.
func (p Problem) Error() string {
	switch p {
	case TooShort, TooLong:
		return "a race name has 2 to 20 characters"
	case BadCharacter:
		return "a race name is made of letters, digits, spaces, hyphens, underscores and dots"
	case BadSeparator:
		return "a separator stands alone between two letters or digits"
	case MixedScripts:
		return "the letters of a race name belong to one script"
	default:
		return "this race name is reserved"
	}
}

// maxBytes bounds the input before any work is done on it.
const maxBytes = 16 * MaxLength

// Parse reads a name, or says what is wrong with it.
func Parse(text string) (Name, error) {
	if len(text) > maxBytes {
		return Name{}, TooLong
	}
	if !utf8.ValidString(text) {
		return Name{}, BadCharacter
	}
	display := norm.NFKC.String(text)
	if p := check(display); p != "" {
		return Name{}, p
	}
	name := Name{Display: display}
	name.Canonical, name.Second = keys(display)
	if reserved[name.Canonical] || reserved[name.Second] {
		return Name{}, Reserved
	}
	return name, nil
}

func check(display string) Problem {
	switch n := utf8.RuneCountInString(display); {
	case n < MinLength:
		return TooShort
	case n > MaxLength:
		return TooLong
	}
	var script *unicode.RangeTable
	alphanumerics := 0
	previous := ' ' // as if a separator stood before the first character
	for _, r := range display {
		switch {
		case separator(r):
			if separator(previous) {
				return BadSeparator
			}
		case r >= '0' && r <= '9':
			alphanumerics++
		case unicode.IsLetter(r):
			alphanumerics++
			if script == nil {
				script = scriptOf(r)
			}
			if script == nil {
				return BadCharacter
			}
			if !unicode.Is(script, r) {
				return MixedScripts
			}
		default:
			return BadCharacter
		}
		previous = r
	}
	if separator(previous) {
		return BadSeparator
	}
	if alphanumerics < MinLength {
		return TooShort
	}
	return ""
}

func separator(r rune) bool { return strings.ContainsRune(" -_.", r) }

// scriptOf is the script of a letter, nil for one that belongs to none or to
// all of them.
func scriptOf(r rune) *unicode.RangeTable {
	if unicode.Is(unicode.Latin, r) {
		return unicode.Latin
	}
	for name, table := range unicode.Scripts {
		if name != "Common" && name != "Inherited" && unicode.Is(table, r) {
			return table
		}
	}
	return nil
}

func keys(display string) (canonical, second string) {
	bare := strings.Map(func(r rune) rune {
		if separator(r) {
			return -1
		}
		return r
	}, display)
	return confusables.Skeleton(fold(bare)), fold(confusables.Skeleton(bare))
}

// fold makes case disappear. Folding can undo composition, so the result is
// normalised again.
func fold(s string) string { return norm.NFKC.String(cases.Fold().String(s)) }

// reserved holds the keys of names that would pass for the platform itself.
var reserved = func() map[string]bool {
	set := map[string]bool{}
	for _, word := range []string{
		"admin", "administrator", "engine", "galaxy", "galaxy plus", "gateway", "host", "moderator", "neutral", "nobody",
		"null", "operator", "platform", "root", "server", "support", "system", "undefined", "unknown", "uninhabited",
	} {
		canonical, second := keys(word)
		set[canonical], set[second] = true, true
	}
	return set
}()
