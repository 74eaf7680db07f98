package httpx_test

import (
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"

	backend "galaxy/backend"
)

func TestTheEmbeddedDocumentIsValid(t *testing.T) {
	t.Parallel()
	doc, err := openapi3.NewLoader().LoadFromData(backend.OpenAPI)
	require.NoError(t, err)
	require.NoError(t, doc.Validate(t.Context()))
}
