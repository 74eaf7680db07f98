// Package secret holds values that must never be shown: DSNs, passwords, keys.
//
// A Secret renders as three asterisks wherever it is printed, logged or
// encoded. The only way to its value is Reveal, which is easy to find in a
// review.
package secret

import (
	"fmt"
	"io"
)

// Mask is what a secret that is set looks like.
const Mask = "***"

// Secret is a string that does not show itself. The zero value is "not set".
type Secret struct{ value string }

// New hides value.
func New(value string) Secret { return Secret{value} }

// Reveal returns the value.
func (s Secret) Reveal() string { return s.value }

// IsSet reports whether there is a value.
func (s Secret) IsSet() bool { return s.value != "" }

// String is Mask, or empty when there is nothing to hide.
func (s Secret) String() string {
	if s.value == "" {
		return ""
	}
	return Mask
}

// GoString keeps %#v from showing the value.
func (s Secret) GoString() string { return fmt.Sprintf("secret.Secret(%q)", s.String()) }

// Format keeps every verb from showing the value.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// MarshalText renders the mask, for JSON and all other encoders.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText takes the value, so that configuration can be read into it.
func (s *Secret) UnmarshalText(text []byte) error {
	s.value = string(text)
	return nil
}
