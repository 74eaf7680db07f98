package httpx

import (
	"testing"

	backend "galaxy/backend"
)

func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		if _, err := (Document{Text: backend.OpenAPI, Shapes: backend.OpenAPIShapes}).load(); err != nil {
			b.Fatal(err)
		}
	}
}
