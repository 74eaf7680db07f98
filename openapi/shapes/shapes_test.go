package shapes_test

import (
	"encoding/json"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"

	"galaxy/backend/openapi/shapes"
)

const text = `
paths:
  /games/{game_id}:
    parameters:
      - {name: game_id, in: path, required: true, schema: {type: string, format: uuid, description: prose}}
    patch:
      operationId: patchGame
      parameters: [{$ref: '#/components/parameters/Limit'}]
      requestBody: {$ref: '#/components/requestBodies/Game'}
      responses: {200: {description: a key that is no string}}
    get: {operationId: getGame, responses: {default: {description: x}}}
components:
  parameters:
    Limit: {name: limit, in: query, schema: {$ref: '#/components/schemas/Limit'}}
  requestBodies:
    Game: {required: true, content: {application/json: {schema: {$ref: '#/components/schemas/Game'}}}}
  schemas:
    Limit: {type: integer, default: 50, maximum: 100}
    Game:
      type: object
      title: prose
      description: prose
      example: {since: 2026-01-01}
      properties:
        description: {type: string, description: prose}
        choice: {oneOf: [{type: string, example: prose}, {type: integer}]}
      additionalProperties: false
`

func TestReduceKeepsOnlyWhatValidationNeeds(t *testing.T) {
	t.Parallel()
	got, err := shapes.Reduce([]byte(text))
	require.NoError(t, err)
	require.Equal(t, []shapes.Operation{
		{ID: "getGame", Method: "GET", Path: "/games/{game_id}", Params: got.Operations[0].Params},
		{ID: "patchGame", Method: "PATCH", Path: "/games/{game_id}", BodyRequired: true,
			Body: json.RawMessage(`{"$ref":"#/components/schemas/Game"}`),
			Params: []shapes.Param{
				{Name: "game_id", In: "path", Required: true, Type: "string", Schema: json.RawMessage(`{"format":"uuid","type":"string"}`)},
				{Name: "limit", In: "query", Default: 50, Type: "integer", Schema: json.RawMessage(`{"$ref":"#/components/schemas/Limit"}`)},
			}},
	}, got.Operations)
	require.JSONEq(t, `{"type":"object","additionalProperties":false,"properties":{"description":{"type":"string"},
		"choice":{"oneOf":[{"type":"string"},{"type":"integer"}]}}}`, string(got.Schemas["Game"]), "a property may be called description")
}

func TestAnInvalidDocumentIsRefused(t *testing.T) {
	t.Parallel()
	for want, text := range map[string]string{
		"is empty or taken":  "paths: {/a: {get: {operationId: x}}, /b: {get: {operationId: x}}}",
		`operationId ""`:     "paths: {/a: {get: {summary: none}}}",
		"cannot be":          "paths: {/a: {get: {operationId: x, parameters: [{$ref: '#/components/parameters/X'}]}}}",
		"yaml":               "paths: [",
		"cannot be resolved": "paths: {/a: {get: {operationId: x, requestBody: {$ref: '#/nothing/here'}}}}",
	} {
		_, err := shapes.Reduce([]byte(text))
		require.ErrorContains(t, err, want)
	}
}

func TestASchemaIsCompiledWithWhatItRefersTo(t *testing.T) {
	t.Parallel()
	s := &shapes.Shapes{Schemas: map[string]json.RawMessage{
		"Tree": json.RawMessage(`{"type":"object","properties":{"leaf":{"$ref":"#/components/schemas/Leaf"},"next":{"$ref":"#/components/schemas/Tree"}}}`),
		"Leaf": json.RawMessage(`{"type":"integer"}`),
	}}
	tree := &shapes.Schema{Text: json.RawMessage(`{"$ref":"#/components/schemas/Tree"}`), Compile: s.Compiler()}
	compiled, err := tree.Get()
	require.NoError(t, err)
	require.NoError(t, compiled.VisitJSON(map[string]any{"leaf": 1.0, "next": map[string]any{"leaf": 2.0}}))
	require.Error(t, compiled.VisitJSON(map[string]any{"leaf": "x"}))
	again, err := tree.Get()
	require.NoError(t, err)
	require.Same(t, compiled, again)

	lost := &shapes.Schema{Text: json.RawMessage(`{"$ref":"#/components/schemas/Nowhere"}`), Compile: s.Compiler()}
	_, err = lost.Get()
	require.Error(t, err)
}

func TestProseIsRemovedAtEveryDepthAndNamesAreKept(t *testing.T) {
	t.Parallel()
	got, err := shapes.Reduce([]byte(`
paths: {}
components:
  schemas:
    Deep:
      type: object
      externalDocs: {url: 'https://example.com'}
      properties:
        title: {type: string, title: prose, enum: [description, title]}
        example: {type: array, items: {type: string, description: prose, example: prose}}
      additionalProperties: {type: integer, description: prose}
      allOf: [{type: object, title: prose, properties: {externalDocs: {type: string, title: prose}}}]
      anyOf: [{$ref: '#/components/schemas/Other'}]
    Other: {type: string, pattern: '^title$'}
`))
	require.NoError(t, err)
	require.JSONEq(t, `{"type":"object",
		"properties":{"title":{"type":"string","enum":["description","title"]},"example":{"type":"array","items":{"type":"string"}}},
		"additionalProperties":{"type":"integer"},
		"allOf":[{"type":"object","properties":{"externalDocs":{"type":"string"}}}],
		"anyOf":[{"$ref":"#/components/schemas/Other"}]}`, string(got.Schemas["Deep"]))
	require.JSONEq(t, `{"type":"string","pattern":"^title$"}`, string(got.Schemas["Other"]))
}

func TestReferencesAreFollowedAndLoopsEnd(t *testing.T) {
	t.Parallel()
	got, err := shapes.Reduce([]byte(`
paths:
  /a:
    get:
      operationId: getA
      parameters: [{$ref: '#/components/parameters/First'}, {$ref: '#/components/parameters/Loop'}]
components:
  parameters:
    First: {$ref: '#/components/parameters/Second'}
    Second: {name: cursor, in: query, required: true, schema: {type: string}}
    Loop: {$ref: '#/components/parameters/Loop'}
`))
	require.NoError(t, err)
	params := got.Operations[0].Params
	require.Equal(t, shapes.Param{Name: "cursor", In: "query", Required: true, Type: "string", Schema: json.RawMessage(`{"type":"string"}`)}, params[0])
	require.Empty(t, params[1].Name, "nothing comes of a loop")
}

func TestTheReducedFormDoesNotDependOnTheOrderOfTheText(t *testing.T) {
	t.Parallel()
	one, err := shapes.Reduce([]byte("paths: {/a: {get: {operationId: getA}, put: {operationId: putA}}, /b: {get: {operationId: getB}}}"))
	require.NoError(t, err)
	for range 20 { // maps are shuffled
		other, err := shapes.Reduce([]byte("paths: {/b: {get: {operationId: getB}}, /a: {put: {operationId: putA}, get: {operationId: getA}}}"))
		require.NoError(t, err)
		require.Equal(t, one, other)
	}
}

func TestABodyIsItsJSONAlone(t *testing.T) {
	t.Parallel()
	got, err := shapes.Reduce([]byte(`
paths:
  /a:
    post: {operationId: form, requestBody: {required: true, content: {text/plain: {schema: {type: string}}}}}
    put: {operationId: json, requestBody: {content: {application/json: {schema: {type: object}}, text/plain: {}}}}
`))
	require.NoError(t, err)
	require.Nil(t, got.Operations[0].Body)
	require.JSONEq(t, `{"type":"object"}`, string(got.Operations[1].Body))
	require.False(t, got.Operations[1].BodyRequired)
}

func TestASchemaIsCompiledOnceForEverybody(t *testing.T) {
	t.Parallel()
	s := &shapes.Shapes{Schemas: map[string]json.RawMessage{}}
	var compiled atomic.Int32
	schema := &shapes.Schema{Text: json.RawMessage(`{"type":"integer","maximum":3}`), Compile: func(text json.RawMessage) (*openapi3.Schema, error) {
		compiled.Add(1)
		return s.Compiler()(text)
	}}
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			got, err := schema.Get()
			require.NoError(t, err)
			require.NoError(t, got.VisitJSON(3.0))
			require.Error(t, got.VisitJSON(4.0))
		})
	}
	all.Wait()
	require.EqualValues(t, 1, compiled.Load())
}
