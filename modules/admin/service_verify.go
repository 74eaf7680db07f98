package admin

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/bcrypt"

	"galaxy/backend/platform/clock"
)

const (
	bcryptCost     = 12
	credentialTTL  = 5 * time.Minute
	maxCredentials = 256 // cached; far more than there are operators
	maxWaiting     = 16  // for bcrypt: about four seconds
)

// verifier checks passwords. bcrypt is expensive on purpose, so it runs one
// comparison at a time and caches which credentials were valid.
type verifier struct {
	clock     clock.Clock
	macKey    []byte        // of this process: cached credentials end with it
	slot      chan struct{} // of the one bcrypt that may run
	waiting   atomic.Int32
	hasher    passwordHasher
	dummyHash []byte // compared with for an unknown user name
	throttle  *loginThrottle

	mu     sync.Mutex
	cached map[credentialMAC]cachedCredential

	comparisons atomic.Int64 // by bcrypt, for tests
}

// passwordHasher is bcrypt; a test that asks thousands of times has a cheaper one.
type passwordHasher struct {
	cost     int // of new hashes
	generate func(password []byte, cost int) ([]byte, error)
	compare  func(hash, password []byte) error
}

// credentialMAC stands for a user name and a password, so that neither the
// password nor an unkeyed hash of it stays in memory.
type credentialMAC [sha256.Size]byte

// cachedCredential was valid for an account with this hash.
type cachedCredential struct {
	hash    string
	expires time.Time
}

// cacheState says what the cache knows of a credential.
type cacheState uint8

const (
	uncached cacheState = iota
	stale               // valid for the present password, but to be compared again
	fresh               // valid without a comparison
)

func newVerifier(clk clock.Clock) (*verifier, error) {
	key := make([]byte, sha256.Size)
	if _, err := rand.Read(key); err != nil {
		return nil, err
	}
	// A constant hash of cost 12 of a random string: making one would cost the
	// start a quarter of a second.
	const dummy = "$2a$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW"
	return &verifier{
		clock: clk, macKey: key, slot: make(chan struct{}, 1), dummyHash: []byte(dummy), throttle: newLoginThrottle(),
		hasher: passwordHasher{bcryptCost, bcrypt.GenerateFromPassword, bcrypt.CompareHashAndPassword},
		cached: map[credentialMAC]cachedCredential{},
	}, nil
}

// verify runs bcrypt for a password and the hash of its account, the empty
// string for an unknown or disabled one.
func (v *verifier) verify(ctx context.Context, mac credentialMAC, password, hash string) error {
	if v.waiting.Add(1) > maxWaiting {
		v.waiting.Add(-1)
		return ErrThrottled.After(time.Second)
	}
	err := v.acquire(ctx)
	v.waiting.Add(-1)
	if err != nil {
		return ErrThrottled.After(time.Second).Because(err)
	}
	defer v.release()
	v.comparisons.Add(1)
	compareWith := []byte(hash)
	if hash == "" {
		compareWith = v.dummyHash
	}
	if v.hasher.compare(compareWith, []byte(password)) != nil || hash == "" {
		return ErrCredentials
	}
	v.cache(mac, hash)
	return nil
}

// acquire waits for the slot of the one bcrypt that may run.
func (v *verifier) acquire(ctx context.Context) error {
	select {
	case v.slot <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (v *verifier) release() { <-v.slot }

// mac prefixes the user name with its length: two credentials never concatenate
// to the same text.
func (v *verifier) mac(username, password string) (mac credentialMAC) {
	h := hmac.New(sha256.New, v.macKey)
	var size [8]byte
	binary.BigEndian.PutUint64(size[:], uint64(len(username)))
	h.Write(size[:])
	h.Write([]byte(username))
	h.Write([]byte(password))
	h.Sum(mac[:0])
	return mac
}

// state looks a credential up. hash is the account's present one: a changed
// password is another hash.
func (v *verifier) state(mac credentialMAC, hash string) cacheState {
	v.mu.Lock()
	defer v.mu.Unlock()
	c, ok := v.cached[mac]
	switch {
	case !ok || c.hash != hash:
		return uncached
	case v.clock.Now().Before(c.expires):
		return fresh
	}
	return stale
}

func (v *verifier) cache(mac credentialMAC, hash string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.cached) >= maxCredentials {
		clear(v.cached)
	}
	v.cached[mac] = cachedCredential{hash: hash, expires: v.clock.Now().Add(credentialTTL)}
}

// hash makes the stored form of a password. It takes about a quarter of a second.
func (v *verifier) hash(ctx context.Context, password string) (string, error) {
	if err := checkPassword(password); err != nil {
		return "", err
	}
	if err := v.acquire(ctx); err != nil {
		return "", err
	}
	defer v.release()
	h, err := v.hasher.generate([]byte(password), v.hasher.cost)
	return string(h), err
}
