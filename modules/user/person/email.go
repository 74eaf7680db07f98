package person

import (
	"strings"

	"golang.org/x/net/idna"
)

const (
	maxEmail = 254 // RFC 5321, the whole address
	maxLocal = 64
	atext    = "!#$%&'*+-/=?^_`{|}~"
)

// hostnames is idna.Lookup, but for hyphens in the third and fourth place: such
// names are registered, and mail reaches them (RFC 5321 knows no such rule).
var hostnames = idna.New(idna.MapForLookup(), idna.BidiRule(), idna.CheckHyphens(false))

// NormalizeEmail returns the canonical form of a plain address, which decides
// whether two addresses are one: lower case. It refuses, with ErrEmail, quoted
// local parts, comments, display names, address literals, anything outside
// ASCII, and hosts without a dot.
func NormalizeEmail(s string) (string, error) {
	local, domain, ok := strings.Cut(s, "@")
	if !ok || len(s) > maxEmail || !plainLocal(local) {
		return "", ErrEmail
	}
	domain = strings.ToLower(domain)
	for i := range len(domain) {
		if domain[i] >= 0x80 { // an IDN is written in its ASCII form
			return "", ErrEmail
		}
	}
	ascii, err := hostnames.ToASCII(domain)
	if err != nil || ascii != domain || !plainDomain(domain) {
		return "", ErrEmail
	}
	return strings.ToLower(local) + "@" + domain, nil
}

// plainLocal accepts dot-separated words of atext.
func plainLocal(s string) bool {
	if len(s) > maxLocal {
		return false
	}
	for word := range strings.SplitSeq(s, ".") {
		if word == "" {
			return false
		}
		for i := range len(word) {
			if c := word[i]; !alphanumeric(c) && strings.IndexByte(atext, c) < 0 {
				return false
			}
		}
	}
	return true
}

// plainDomain accepts at least two labels of letters, digits and inner hyphens,
// the last of which is not a number.
func plainDomain(s string) bool {
	labels := strings.Split(s, ".")
	if len(labels) < 2 {
		return false
	}
	for _, label := range labels {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for i := range len(label) {
			if c := label[i]; !alphanumeric(c) && c != '-' {
				return false
			}
		}
	}
	return strings.Trim(labels[len(labels)-1], "0123456789") != ""
}

func alphanumeric(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

// MaskEmail shows enough of an address for its owner to recognise it.
func MaskEmail(s string) string {
	local, domain, ok := strings.Cut(s, "@")
	if !ok || local == "" {
		return "***"
	}
	return local[:1] + "***@" + domain
}
