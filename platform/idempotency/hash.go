// Package idempotency tells a request that is repeated under its key from
// another one under the same key.
package idempotency

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
)

// Hash identifies the content of a request, which has been decoded from JSON:
// equal requests have equal hashes. It panics for what JSON cannot encode.
func Hash(request any) []byte {
	text, err := json.Marshal(request)
	if err != nil {
		panic(fmt.Sprintf("idempotency: a request that was decoded does not encode: %v", err))
	}
	sum := sha256.Sum256(text)
	return sum[:]
}
