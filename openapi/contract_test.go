// Package openapi_test checks the rules of the whole document.
package openapi_test

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
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
			require.True(t, open.Has != nil || open.Schema != nil, "%s does not forbid unknown fields", op.OperationID)
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

// faultCode matches the code of a fault in the sources.
var faultCode = regexp.MustCompile(`fault\.New\(fault\.\w+, "(\w+)"`)

// TestEveryCodeOfAFaultIsDocumented searches the sources: no client may get a code
// outside the documented set.
func TestEveryCodeOfAFaultIsDocumented(t *testing.T) {
	t.Parallel()
	documented := map[string]bool{}
	for _, code := range load(t).Components.Schemas["ErrorCode"].Value.Enum {
		documented[code.(string)] = true
	}
	require.NotEmpty(t, documented)
	for _, root := range []string{"../modules", "../platform", "../cmd/backend"} {
		require.NoError(t, filepath.WalkDir(root, func(name string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
				return err
			}
			text, err := os.ReadFile(name)
			for _, m := range faultCode.FindAllStringSubmatch(string(text), -1) {
				require.True(t, documented[m[1]], "%s: %s is not documented", name, m[1])
			}
			return err
		}))
	}
}

// TestEveryListIsPaged checks that every limit parameter has bounds and a default,
// so that no answer is unbounded.
func TestEveryListIsPaged(t *testing.T) {
	t.Parallel()
	for _, item := range load(t).Paths.Map() {
		for _, op := range item.Operations() {
			limit := op.Parameters.GetByInAndName("query", "limit")
			cursor := op.Parameters.GetByInAndName("query", "cursor")
			if limit == nil {
				require.Nil(t, cursor, "%s has a cursor and no limit", op.OperationID)
				continue
			}
			schema := limit.Schema.Value
			require.NotNil(t, schema.Max, op.OperationID)
			require.LessOrEqual(t, *schema.Max, 200.0, op.OperationID)
			require.NotNil(t, schema.Min, op.OperationID)
			require.NotNil(t, schema.Default, op.OperationID)
		}
	}
}
