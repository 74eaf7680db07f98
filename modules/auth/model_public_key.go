package auth

import (
	"bytes"
	"encoding/base64"

	"filippo.io/edwards25519"
)

const publicKeyLength = 32

// parsePublicKey accepts a device's Ed25519 key in standard, padded base64.
//
// crypto/ed25519 accepts keys that must be refused here: the eight points of small
// order verify signatures that nobody made (one of them any message), and an
// encoding that is not canonical gives one key several forms.
func parsePublicKey(s string) ([]byte, error) {
	if len(s) != base64.StdEncoding.EncodedLen(publicKeyLength) {
		return nil, ErrPublicKey
	}
	key, err := base64.StdEncoding.Strict().DecodeString(s)
	if err != nil || len(key) != publicKeyLength {
		return nil, ErrPublicKey
	}
	point, err := new(edwards25519.Point).SetBytes(key)
	if err != nil || !bytes.Equal(point.Bytes(), key) {
		return nil, ErrPublicKey
	}
	if new(edwards25519.Point).MultByCofactor(point).Equal(edwards25519.NewIdentityPoint()) == 1 {
		return nil, ErrPublicKey
	}
	return key, nil
}

func encodePublicKey(key []byte) string { return base64.StdEncoding.EncodeToString(key) }
