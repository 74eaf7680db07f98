package store

import (
	"crypto/sha256"
	"encoding/hex"
)

// HashText is the checksum of a document's body.
func HashText(body string) string {
	sum := sha256.Sum256([]byte(body))
	return hex.EncodeToString(sum[:])
}
