// Package header reads headers that anybody may send: what is not valid is
// replaced or refused, never passed on.
package header

import (
	"encoding/binary"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"
)

// RequestID returns the id that a caller sent, when there is exactly one
// and it is valid, else a new one.
func RequestID(given []string) string {
	if len(given) == 1 && valid(given[0]) {
		return given[0]
	}
	return newID()
}

// newID makes a UUID of version 7. Unlike uuid.NewV7 it takes neither a lock nor
// randomness of the operating system: the id of a request is no secret.
func newID() string {
	var id uuid.UUID
	binary.BigEndian.PutUint64(id[:8], uint64(time.Now().UnixMilli())<<16|7<<12|rand.Uint64()&0xfff)
	binary.BigEndian.PutUint64(id[8:], 1<<63|rand.Uint64()>>2)
	return id.String()
}

// Valid ids are 1 to 128 letters, digits and a few marks: they go into headers,
// logs and rows as they are.
func valid(id string) bool {
	if id == "" || len(id) > 128 {
		return false
	}
	for i := range len(id) {
		c := id[i]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-_.:/+=", c) >= 0) {
			return false
		}
	}
	return true
}

// VisibleASCII reports whether text is 1 to limit visible ASCII characters.
func VisibleASCII(text string, limit int) bool {
	if text == "" || len(text) > limit {
		return false
	}
	for i := range len(text) {
		if text[i] <= ' ' || text[i] > '~' {
			return false
		}
	}
	return true
}

// maxAgent is how much of a User-Agent is kept, in bytes.
const maxAgent = 256

// UserAgent is the client's User-Agent, cut to 256 bytes of valid text.
func UserAgent(h http.Header) string {
	agent := h.Get("User-Agent")
	if len(agent) > maxAgent {
		agent = agent[:maxAgent]
	}
	return strings.ToValidUTF8(agent, "")
}
