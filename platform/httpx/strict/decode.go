package strict

import (
	"cmp"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Decoder puts a value that Parse has read into a Go value. The rules are those
// of encoding/json, but that a name has one spelling.
type Decoder func(v reflect.Value, value any) error

// typeError is a value that does not fit the Go type, although it may fit a
// schema: 1.0 for an int.
func typeError() error { return &Error{Code: "wrong_type", Text: "the value has the wrong type"} }

// within adds to an error where the value stands.
func within(name string, err error) error {
	if e, ok := errors.AsType[*Error](err); ok {
		e.Path = strings.TrimSuffix(name+"."+e.Path, ".")
	}
	return err
}

var (
	jsonType = reflect.TypeFor[json.Unmarshaler]()
	textType = reflect.TypeFor[encoding.TextUnmarshaler]()
)

// DecoderOf makes the decoder of a type. Make it once: a type that JSON cannot
// fill is an error.
func DecoderOf(t reflect.Type) (Decoder, error) {
	switch p := reflect.PointerTo(t); {
	case p.Implements(jsonType):
		return decodeJSON, nil
	case p.Implements(textType):
		return decodeText, nil
	}
	switch t.Kind() {
	case reflect.String:
		return decodeString, nil
	case reflect.Bool:
		return decodeBool, nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Float32, reflect.Float64:
		return decodeNumber, nil
	case reflect.Pointer:
		return pointerDecoder(t)
	case reflect.Slice:
		return sliceDecoder(t)
	case reflect.Map:
		return mapDecoder(t)
	case reflect.Struct:
		return structDecoder(t, nameOf)
	case reflect.Interface:
		if t.NumMethod() == 0 {
			return decodeAny, nil
		}
	}
	return nil, fmt.Errorf("JSON cannot fill a %s", t)
}

// decodeJSON hands a type that reads its own JSON the text of the value, written
// anew: members are sorted, numbers keep their digits.
func decodeJSON(v reflect.Value, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return v.Addr().Interface().(json.Unmarshaler).UnmarshalJSON(text)
}

func decodeText(v reflect.Value, value any) error {
	switch text := value.(type) {
	case nil:
		return nil
	case string:
		return v.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(text))
	}
	return typeError()
}

func decodeString(v reflect.Value, value any) error {
	switch text := value.(type) {
	case nil:
		return nil
	case string:
		v.SetString(text)
		return nil
	}
	return typeError()
}

func decodeBool(v reflect.Value, value any) error {
	switch b := value.(type) {
	case nil:
		return nil
	case bool:
		v.SetBool(b)
		return nil
	}
	return typeError()
}

func decodeNumber(v reflect.Value, value any) error {
	if value == nil {
		return nil
	}
	n, ok := value.(json.Number)
	if !ok {
		return typeError()
	}
	var err error
	switch bits := v.Type().Bits(); {
	case v.CanInt():
		var i int64
		i, err = strconv.ParseInt(n.String(), 10, bits)
		v.SetInt(i)
	case v.CanUint():
		var u uint64
		u, err = strconv.ParseUint(n.String(), 10, bits)
		v.SetUint(u)
	default:
		var f float64
		f, err = strconv.ParseFloat(n.String(), bits)
		v.SetFloat(f)
	}
	if err != nil {
		return typeError()
	}
	return nil
}

// decodeAny fills an any, whose numbers are float64 as everywhere in Go.
func decodeAny(v reflect.Value, value any) error {
	if value == nil {
		v.SetZero()
		return nil
	}
	v.Set(reflect.ValueOf(plain(value)))
	return nil
}

func plain(value any) any {
	switch value := value.(type) {
	case json.Number:
		f, _ := value.Float64() // strict.Parse has refused what is out of range
		return f
	case []any:
		for i := range value {
			value[i] = plain(value[i])
		}
	case map[string]any:
		for name := range value {
			value[name] = plain(value[name])
		}
	}
	return value
}

func pointerDecoder(t reflect.Type) (Decoder, error) {
	decode, err := DecoderOf(t.Elem())
	return func(v reflect.Value, value any) error {
		if value == nil {
			v.SetZero()
			return nil
		}
		v.Set(reflect.New(t.Elem()))
		return decode(v.Elem(), value)
	}, err
}

func sliceDecoder(t reflect.Type) (Decoder, error) {
	if t.Elem().Kind() == reflect.Uint8 {
		return nil, fmt.Errorf("JSON cannot fill a %s: bytes have no one spelling in JSON", t)
	}
	decode, err := DecoderOf(t.Elem())
	return func(v reflect.Value, value any) error {
		if value == nil {
			v.SetZero()
			return nil
		}
		items, ok := value.([]any)
		if !ok {
			return typeError()
		}
		v.Set(reflect.MakeSlice(t, len(items), len(items)))
		for i, item := range items {
			if err := decode(v.Index(i), item); err != nil {
				return within(strconv.Itoa(i), err)
			}
		}
		return nil
	}, err
}

func mapDecoder(t reflect.Type) (Decoder, error) {
	if t.Key().Kind() != reflect.String || reflect.PointerTo(t.Key()).Implements(textType) {
		return nil, fmt.Errorf("JSON cannot fill a %s: its keys are no plain strings", t)
	}
	decode, err := DecoderOf(t.Elem())
	return func(v reflect.Value, value any) error {
		if value == nil {
			v.SetZero()
			return nil
		}
		members, ok := value.(map[string]any)
		if !ok {
			return typeError()
		}
		v.Set(reflect.MakeMapWithSize(t, len(members)))
		for name, member := range members {
			into := reflect.New(t.Elem()).Elem()
			if err := decode(into, member); err != nil {
				return within(name, err)
			}
			v.SetMapIndex(reflect.ValueOf(name).Convert(t.Key()), into)
		}
		return nil
	}, err
}

// member is a field of a struct that a member of an object reaches.
type member struct {
	name   string
	index  []int
	decode Decoder
}

// structDecoder fills the fields that name has a name for.
func structDecoder(t reflect.Type, name func(reflect.StructField) (string, bool)) (Decoder, error) {
	members, err := membersOf(t, nil, name)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", t, err)
	}
	slices.SortFunc(members, func(a, b member) int { return cmp.Compare(a.name, b.name) })
	for i := 1; i < len(members); i++ {
		if members[i].name == members[i-1].name {
			return nil, fmt.Errorf("%s: two fields are called %q", t, members[i].name)
		}
	}
	return func(v reflect.Value, value any) error {
		if value == nil {
			return nil
		}
		given, ok := value.(map[string]any)
		if !ok {
			return typeError()
		}
		for _, m := range members {
			if value, ok := given[m.name]; ok {
				if err := m.decode(v.FieldByIndex(m.index), value); err != nil {
					return within(m.name, err)
				}
			}
		}
		return nil
	}, nil
}

func membersOf(t reflect.Type, at []int, name func(reflect.StructField) (string, bool)) ([]member, error) {
	var members []member
	for f := range t.Fields() {
		index := append(slices.Clone(at), f.Index...)
		if f.Anonymous && f.Type.Kind() == reflect.Struct && f.Tag == "" {
			inner, err := membersOf(f.Type, index, name)
			if err != nil {
				return nil, err
			}
			members = append(members, inner...)
			continue
		}
		named, ok := name(f)
		if !ok || !f.IsExported() {
			continue
		}
		decode, err := DecoderOf(f.Type)
		if err != nil {
			return nil, fmt.Errorf("field %s: %w", f.Name, err)
		}
		members = append(members, member{named, index, decode})
	}
	return members, nil
}

// nameOf is how encoding/json calls a field: by its tag, else by its own name.
func nameOf(f reflect.StructField) (string, bool) {
	name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
	return cmp.Or(name, f.Name), name != "-" || options != ""
}

// TaggedDecoderOf makes a decoder that fills only the fields of a struct that
// have a json tag, and leaves the others alone.
func TaggedDecoderOf(t reflect.Type) (Decoder, error) {
	return structDecoder(t, func(f reflect.StructField) (string, bool) {
		if _, ok := f.Tag.Lookup("json"); !ok {
			return "", false
		}
		return nameOf(f)
	})
}
