package enginev1

import _ "embed"

//go:embed openapi.yaml
var document []byte

// OpenAPI returns a copy of the contract's OpenAPI 3.0 document (YAML).
func OpenAPI() []byte {
	return append([]byte(nil), document...)
}
