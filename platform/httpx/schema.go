package httpx

import (
	"encoding/json"
	"fmt"
	"regexp"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
)

type compileFunc func(text json.RawMessage) (*openapi3.Schema, error)

// schema is a schema of the document that is compiled when it is first needed:
// a boot has more than a hundred of them and a test needs two.
type schema struct {
	text    json.RawMessage
	compile compileFunc

	once sync.Once
	done *openapi3.Schema
	err  error
}

func (s *schema) get() (*openapi3.Schema, error) {
	s.once.Do(func() { s.done, s.err = s.compile(s.text) })
	return s.done, s.err
}

// check holds a decoded value against the schema. An error that is none of the
// value's is a mistake in the document.
func (s *schema) check(value any) error {
	compiled, err := s.get()
	if err != nil {
		return err
	}
	return compiled.VisitJSON(value, schemaOptions...)
}

var reference = regexp.MustCompile(`"#/components/schemas/([^"/]+)`)

// compiler makes a small document of a schema and what it refers to, and has
// kin-openapi read that.
func compiler(all map[string]json.RawMessage) compileFunc {
	const root = "-root-" // no component has this name
	return func(text json.RawMessage) (*openapi3.Schema, error) {
		needed := map[string]json.RawMessage{root: text}
		for todo := []json.RawMessage{text}; len(todo) > 0; todo = todo[1:] {
			for _, m := range reference.FindAllSubmatch(todo[0], -1) {
				name := string(m[1])
				if _, known := needed[name]; !known {
					needed[name] = all[name]
					todo = append(todo, all[name])
				}
			}
		}
		doc, err := json.Marshal(map[string]any{
			"openapi": "3.0.3", "info": map[string]string{"title": root, "version": "1"}, "paths": map[string]any{},
			"components": map[string]any{"schemas": needed},
		})
		if err != nil {
			return nil, fmt.Errorf("schema: %w", err)
		}
		loaded, err := openapi3.NewLoader().LoadFromData(doc)
		if err != nil {
			return nil, fmt.Errorf("schema: %w", err)
		}
		return loaded.Components.Schemas[root].Value, nil
	}
}
