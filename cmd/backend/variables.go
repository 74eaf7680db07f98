package main

import (
	"encoding"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/kelseyhightower/envconfig"

	"galaxy/backend/platform/secret"
)

// prefix is what every variable begins with.
const prefix = "BACKEND"

// variable is one field of the configuration, and what its tags say of it.
type variable struct {
	Name     string
	Required bool
	Secret   bool // its value is never shown
	Default  string
	Text     string

	field reflect.Value // of the Config that was walked
}

// variables lists what can be configured, by name: one walk over the fields of
// c, by the rules of envconfig for names (TestVariablesAreNamedAsByEnvconfig).
func variables(c *Config) []variable {
	all := walk(prefix, reflect.ValueOf(c).Elem(), nil)
	slices.SortFunc(all, func(a, b variable) int { return strings.Compare(a.Name, b.Name) })
	return all
}

func walk(path string, section reflect.Value, out []variable) []variable {
	for i := range section.NumField() {
		meta, field := section.Type().Field(i), section.Field(i)
		if !field.CanSet() || meta.Tag.Get("ignored") == "true" {
			continue
		}
		name := path
		if !meta.Anonymous {
			name += "_" + nameOf(meta)
		}
		if field.Kind() == reflect.Struct && !decodes(field) {
			out = walk(name, field, out)
			continue
		}
		out = append(out, variable{
			Name: name, Required: meta.Tag.Get("required") == "true", Secret: field.Type() == reflect.TypeFor[secret.Secret](),
			Default: meta.Tag.Get("default"), Text: meta.Tag.Get("desc"), field: field,
		})
	}
	return out
}

var (
	words   = regexp.MustCompile(`[^A-Z]+|[A-Z]+[^A-Z]+|[A-Z]+`)
	acronym = regexp.MustCompile(`^([A-Z]+)([A-Z][^A-Z]+)$`)
)

// nameOf is what a field adds to the name of its variable.
func nameOf(f reflect.StructField) string {
	if f.Tag.Get("split_words") != "true" {
		return strings.ToUpper(f.Name)
	}
	var parts []string
	for _, word := range words.FindAllString(f.Name, -1) {
		if m := acronym.FindStringSubmatch(word); m != nil {
			parts = append(parts, m[1], m[2])
		} else {
			parts = append(parts, word)
		}
	}
	return strings.ToUpper(strings.Join(parts, "_"))
}

// decodes reports whether a struct reads itself from text.
func decodes(field reflect.Value) bool {
	switch field.Addr().Interface().(type) {
	case envconfig.Decoder, envconfig.Setter, encoding.TextUnmarshaler, encoding.BinaryUnmarshaler:
		return true
	}
	return false
}

// set decodes a value into the variable's field. It is envconfig that decodes:
// the text is the default of a configuration of this one field, whose prefix no
// name in the process's environment can have.
func (v variable) set(text string) error {
	one := reflect.New(reflect.StructOf([]reflect.StructField{{
		Name: "Value", Type: v.field.Type(), Tag: reflect.StructTag("default:" + strconv.Quote(text)),
	}}))
	if err := envconfig.Process("=", one.Interface()); err != nil {
		return err
	}
	v.field.Set(one.Elem().Field(0))
	return nil
}
