package auth

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"strings"

	"github.com/google/uuid"
)

const (
	codeLength = 8
	crockford  = "0123456789ABCDEFGHJKMNPQRSTVWXYZ" // no I, L, O, U
)

// newCode draws a code. 32 symbols divide a byte evenly.
func newCode() string {
	b := make([]byte, codeLength)
	_, _ = rand.Read(b) // never fails
	for i := range b {
		b[i] = crockford[b[i]%32]
	}
	return string(b)
}

// formatCode is a code as people read it.
func formatCode(code string) string { return code[:4] + "-" + code[4:] }

// normalizeCode undoes what people do to a code: case, spaces, dashes, and the
// letters that Crockford reads as digits. It reports false for anything that
// cannot be a code.
func normalizeCode(s string) (string, bool) {
	code := make([]byte, 0, codeLength)
	for i := range len(s) {
		c := s[i]
		switch {
		case c == ' ' || c == '-':
			continue
		case c >= 'a' && c <= 'z':
			c -= 'a' - 'A'
		}
		switch c {
		case 'O':
			c = '0'
		case 'I', 'L':
			c = '1'
		}
		if len(code) == codeLength || strings.IndexByte(crockford, c) < 0 {
			return "", false
		}
		code = append(code, c)
	}
	return string(code), len(code) == codeLength
}

// mac binds a code to its challenge.
func mac(key []byte, challenge uuid.UUID, code string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write(challenge[:])
	h.Write([]byte(code))
	return h.Sum(nil)
}
