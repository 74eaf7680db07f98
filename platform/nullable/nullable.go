// Package nullable tells what is null from what is empty or not there.
package nullable

import "encoding/json"

// Text is nil for an empty text: null in the database and in JSON.
func Text(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// Field tells a field of a JSON object that is null (Given, Value nil) from one
// that is not there (not Given).
type Field[T any] struct {
	Given bool
	Value *T
}

// UnmarshalJSON implements json.Unmarshaler.
func (f *Field[T]) UnmarshalJSON(text []byte) error {
	f.Given = true
	return json.Unmarshal(text, &f.Value)
}
