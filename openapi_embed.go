// Package backend holds the contract of the service, for the binary to embed.
package backend

import _ "embed"

// OpenAPI is openapi.yaml: the source of truth for every route. It is bundled
// from openapi/*.yaml by make generate.
//
//go:embed openapi.yaml
var OpenAPI []byte

// OpenAPIShapes is what the HTTP edge needs of the document, made together
// with it: reading the whole at boot would take longer than the boot.
//
//go:embed openapi/shapes.json
var OpenAPIShapes []byte
