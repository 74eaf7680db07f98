// Package openapi_test holds the whole document to its rules.
package openapi_test

import (
	"encoding/json"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"

	backend "galaxy/backend"
	"galaxy/backend/openapi/shapes"
)

func load(t *testing.T) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(backend.OpenAPI)
	require.NoError(t, err)
	return doc
}

func TestTheDocumentIsValid(t *testing.T) {
	t.Parallel()
	require.NoError(t, load(t).Validate(t.Context()))
}

func TestEveryOperationHasAnIDATagAndErrors(t *testing.T) {
	t.Parallel()
	for path, item := range load(t).Paths.Map() {
		for method, op := range item.Operations() {
			require.NotEmpty(t, op.OperationID, "%s %s", method, path)
			require.NotEmpty(t, op.Tags, op.OperationID)
			require.Greater(t, op.Responses.Len(), 1, "%s documents no error", op.OperationID)
		}
	}
}

func TestEveryBodyIsClosed(t *testing.T) {
	t.Parallel()
	for _, item := range load(t).Paths.Map() {
		for _, op := range item.Operations() {
			if op.RequestBody == nil {
				continue
			}
			schema := op.RequestBody.Value.Content.Get("application/json").Schema.Value
			if !schema.Type.Is("object") {
				continue
			}
			open := schema.AdditionalProperties
			require.True(t, open.Has != nil || open.Schema != nil, "%s says nothing about further fields", op.OperationID)
		}
	}
}

func TestTheReducedDocumentIsUpToDate(t *testing.T) {
	t.Parallel()
	want, err := shapes.Reduce(backend.OpenAPI)
	require.NoError(t, err)
	text, err := json.Marshal(want)
	require.NoError(t, err)
	require.JSONEq(t, string(text), string(backend.OpenAPIShapes), "run make generate")
}
