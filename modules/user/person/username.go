package person

import "crypto/rand"

const nameAlphabet = "abcdefghijklmnopqrstuvwxyz012345" // 32 letters: a byte's low bits choose evenly

// NewUserName draws one of 2^40 user names.
func NewUserName() string {
	b := make([]byte, 8)
	_, _ = rand.Read(b) // never fails
	for i := range b {
		b[i] = nameAlphabet[b[i]%32]
	}
	return "player-" + string(b)
}
