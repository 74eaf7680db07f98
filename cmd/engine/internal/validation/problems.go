package validation

import (
	"fmt"
	"unicode/utf8"

	enginev1 "galaxy/backend/proto/engine/v1"
)

// Problems collects the fields of a request that are refused.
type Problems []enginev1.FieldError

// Check adds a problem with a field unless holds is true.
func (p *Problems) Check(holds bool, field, format string, args ...any) {
	if !holds {
		*p = append(*p, enginev1.FieldError{Field: field, Message: fmt.Sprintf(format, args...)})
	}
}

// LengthBetween reports whether s has between least and most characters.
func LengthBetween(s string, least, most int) bool {
	n := utf8.RuneCountInString(s)
	return n >= least && n <= most
}

// valueOr is the value behind p, or a default.
func valueOr[T any](p *T, fallback T) T {
	if p == nil {
		return fallback
	}
	return *p
}
