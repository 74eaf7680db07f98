package main

import (
	"context"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// signUpsPerSecond is an upper bound of the rate of sign-ups.
const signUpsPerSecond = 5000

// The code of all challenges, and the key of its HMAC.
const (
	knownCode = "K7QM3XZP"
	codeKey   = "bench-key-of-the-sign-in-codes-0001"
)

// pendingSignUps are challenges whose codes can be confirmed.
type pendingSignUps struct {
	challenges []uuid.UUID
	keys       [][]byte // Ed25519, public
}

// seedSignUps writes n challenges of addresses that have no account. Their mail
// counts as sent, which a confirmation does not check.
func (s *testbed) seedSignUps(ctx context.Context, n int) (*pendingSignUps, error) {
	all := &pendingSignUps{challenges: make([]uuid.UUID, n), keys: make([][]byte, n)}
	for i := range n {
		public, _, err := ed25519.GenerateKey(nil)
		if err != nil {
			return nil, err
		}
		all.challenges[i], all.keys[i] = newID(), public
	}
	now := time.Now().UTC()
	columns := []string{"challenge_id", "purpose", "email", "email_canonical", "language", "source", "mailed", "code_mac", "created_at", "expires_at"}
	rows := pgx.CopyFromSlice(n, func(i int) ([]any, error) {
		email := fmt.Sprintf("newcomer-%d@example.com", i)
		id := all.challenges[i]
		return []any{id, "sign_in", email, email, "en", "", true, codeMAC(id), now, now.Add(time.Hour)}, nil
	})
	if _, err := s.product.CopyFrom(ctx, pgx.Identifier{"auth_challenges"}, columns, rows); err != nil {
		return nil, fmt.Errorf("seed challenges: %w", err)
	}
	return all, nil
}

// codeMAC is what the product stores of knownCode.
func codeMAC(challenge uuid.UUID) []byte {
	key := sha256.Sum256([]byte(codeKey))
	h := hmac.New(sha256.New, key[:])
	h.Write(challenge[:])
	h.Write([]byte(knownCode))
	return h.Sum(nil)
}

const confirmPath = "/api/v1/public/auth/confirm-email-code"

// confirmation is the request that confirms challenge i, sent to path.
func (n *pendingSignUps) confirmation(path string) func([]byte, uint64) []byte {
	return func(buf []byte, i uint64) []byte {
		who := i % uint64(len(n.challenges))
		body := append(make([]byte, 0, 256), `{"challenge_id":"`...)
		body = append(appendID(body, n.challenges[who]), `","code":"`+knownCode+`","client_public_key":"`...)
		body = base64.StdEncoding.AppendEncode(body, n.keys[who])
		body = append(body, `","time_zone":"Europe/Amsterdam","language":"en","device":{"name":"Pixel 9"}}`...)
		return post(buf, path, uuid.Nil, body)
	}
}

const countSignUps = `SELECT (SELECT count(*) FROM accounts WHERE email LIKE 'newcomer-%'),
	(SELECT count(*) FROM device_sessions JOIN accounts USING (user_id) WHERE email LIKE 'newcomer-%' AND status = 'active')`

// countSignedUp counts the accounts that were created, and checks that each has
// one session.
func (s *testbed) countSignedUp(ctx context.Context) (accounts int, err error) {
	var sessions int
	if err := s.product.QueryRow(ctx, countSignUps).Scan(&accounts, &sessions); err != nil {
		return 0, err
	}
	if accounts != sessions {
		return accounts, fmt.Errorf("%d accounts have %d sessions", accounts, sessions)
	}
	return accounts, nil
}
