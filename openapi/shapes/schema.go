package shapes

import (
	"encoding/json"
	"fmt"
	"regexp"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
)

// Compile parses the text of a schema into one that can validate values.
type Compile func(text json.RawMessage) (*openapi3.Schema, error)

// Schema is a schema of the document that is compiled on first use: there are more
// than a hundred, and a test uses two of them.
type Schema struct {
	Text    json.RawMessage
	Compile Compile

	once sync.Once
	done *openapi3.Schema
	err  error
}

// Get compiles the schema, once.
func (s *Schema) Get() (*openapi3.Schema, error) {
	s.once.Do(func() { s.done, s.err = s.Compile(s.Text) })
	return s.done, s.err
}

var reference = regexp.MustCompile(`"#/components/schemas/([^"/]+)`)

// Compiler builds a small document of a schema and the schemas it refers to, and
// has kin-openapi parse it.
func (all *Shapes) Compiler() Compile {
	const root = "-root-" // no component has this name
	return func(text json.RawMessage) (*openapi3.Schema, error) {
		needed := map[string]json.RawMessage{root: text}
		for queue := []json.RawMessage{text}; len(queue) > 0; queue = queue[1:] {
			for _, m := range reference.FindAllSubmatch(queue[0], -1) {
				name := string(m[1])
				if _, known := needed[name]; !known {
					needed[name] = all.Schemas[name]
					queue = append(queue, all.Schemas[name])
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
