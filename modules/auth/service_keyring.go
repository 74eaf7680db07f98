package auth

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"fmt"

	"github.com/google/uuid"

	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/secret"
)

// keyring holds the keys of the code MACs: the first one signs, all of them verify,
// so that a key can be replaced while codes are on their way.
type keyring [][]byte

func (k keyring) sign(challenge uuid.UUID, code string) []byte { return mac(k[0], challenge, code) }

// verify compares in constant time under every key.
func (k keyring) verify(challenge uuid.UUID, code string, want []byte) bool {
	ok := false
	for _, key := range k {
		if hmac.Equal(mac(key, challenge, code), want) {
			ok = true
		}
	}
	return ok
}

// loadKeys reads the configured keys and the stored one. The latter is made only
// when the configuration names none; once made it keeps verifying.
func (s *Service) loadKeys(ctx context.Context) (keyring, error) {
	var ring keyring
	for _, configured := range []secret.Secret{s.cfg.CodeKey, s.cfg.CodeKeyPrevious} {
		if configured.IsSet() {
			sum := sha256.Sum256([]byte(configured.Reveal()))
			ring = append(ring, sum[:])
		}
	}
	if !s.cfg.CodeKey.IsSet() {
		fresh := make([]byte, sha256.Size)
		_, _ = rand.Read(fresh) // never fails
		err := s.db.InTx(ctx, func(_ context.Context, tx *pg.Tx) error {
			s.store.insertCodeKey(tx, fresh, s.clock.Now())
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("make the code key: %w", err)
		}
	}
	stored, err := s.store.codeKey(ctx, s.db)
	if err != nil {
		return nil, fmt.Errorf("read the code key: %w", err)
	}
	if stored == nil {
		return ring, nil
	}
	if s.cfg.CodeKey.IsSet() {
		return append(ring, stored), nil
	}
	return append(keyring{stored}, ring...), nil
}
