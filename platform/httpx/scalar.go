package httpx

import (
	"encoding"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
)

// setter puts the text of a parameter into a field. It answers with the code
// of what is wrong, or "".
type setter func(v reflect.Value, text string) (code string)

const (
	badFormat   = "invalid_format"
	badType     = "wrong_type"
	badEncoding = "invalid_encoding"
	badID       = "invalid_id"
	badRange    = "out_of_range"
	missing     = "required"
)

// messages say in words what the codes mean. They never quote a value.
var messages = map[string]string{
	badFormat:           "the value has the wrong format",
	badType:             "the value has the wrong type",
	badEncoding:         "the value holds characters that are not allowed",
	badID:               "the value is not a UUID of 36 lower-case characters",
	badRange:            "the value is out of range",
	missing:             "the value is missing",
	"repeated":          "duplicate value",
	"unknown_parameter": "unknown parameter",
	"unknown_field":     "unknown field",
	"unknown_value":     "the value is not one of those allowed",
	"too_short":         "the value is too short",
	"too_long":          "the value is too long",
	"too_few":           "there are too few values",
	"too_many":          "there are too many values",
	"not_unique":        "the values are not all different",
	"invalid":           "invalid value",
}

var (
	uuidType = reflect.TypeFor[uuid.UUID]()
	timeType = reflect.TypeFor[time.Time]()
	textType = reflect.TypeFor[encoding.TextUnmarshaler]()
)

// setterOf chooses by type: UUID, time, anything that reads text, string,
// bool, integers.
func setterOf(t reflect.Type) (setter, error) {
	switch {
	case t == uuidType:
		return setUUID, nil
	case t == timeType:
		return setTime, nil
	case reflect.PointerTo(t).Implements(textType):
		return setText, nil
	}
	switch t.Kind() {
	case reflect.String:
		return func(v reflect.Value, text string) string { v.SetString(text); return "" }, nil
	case reflect.Bool:
		return setBool, nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return setInt, nil
	}
	return nil, fmt.Errorf("parameters cannot be of type %s", t)
}

func setUUID(v reflect.Value, text string) string {
	id, ok := parseUUID(text)
	if !ok {
		return badID
	}
	*(v.Addr().Interface().(*uuid.UUID)) = id
	return ""
}

func setTime(v reflect.Value, text string) string {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return badFormat
	}
	*(v.Addr().Interface().(*time.Time)) = t.UTC()
	return ""
}

func setText(v reflect.Value, text string) string {
	if err := v.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(text)); err != nil {
		return badFormat
	}
	return ""
}

func setBool(v reflect.Value, text string) string {
	switch text {
	case "true":
		v.SetBool(true)
	case "false":
		v.SetBool(false)
	default:
		return badType
	}
	return ""
}

func setInt(v reflect.Value, text string) string {
	n, err := strconv.ParseInt(text, 10, v.Type().Bits())
	if err != nil {
		if errors.Is(err, strconv.ErrRange) {
			return badRange
		}
		return badType
	}
	v.SetInt(n)
	return ""
}

// parseUUID takes the one spelling the API knows: 36 characters, lower case,
// not nil. uuid.Parse also takes urn:, braces and any two characters around.
func parseUUID(text string) (uuid.UUID, bool) {
	if len(text) != 36 {
		return uuid.Nil, false
	}
	for i := range len(text) {
		c := text[i]
		if c >= 'A' && c <= 'F' {
			return uuid.Nil, false
		}
	}
	id, err := uuid.Parse(text)
	return id, err == nil && id != uuid.Nil
}

// printable refuses what no parameter needs and databases or logs mind.
func printable(text string) bool {
	for _, r := range text {
		if r < ' ' || r == 0x7f {
			return false
		}
	}
	return utf8.ValidString(text)
}
