package shapes_test

import (
	"encoding/json"
	"testing"

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

func TestOnlyWhatServingNeedsIsLeft(t *testing.T) {
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

func TestADocumentThatCannotBeServedIsRefused(t *testing.T) {
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
