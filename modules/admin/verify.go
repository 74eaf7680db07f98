package admin

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/bcrypt"
	"golang.org/x/time/rate"

	"galaxy/backend/platform/clock"
)

const (
	bcryptCost     = 12
	rememberFor    = 5 * time.Minute
	rememberAtMost = 256 // credentials; far more than there are operators
)

// verifier checks passwords without letting anybody buy bcrypt at our cost.
type verifier struct {
	clock clock.Clock
	key   []byte        // of this process; remembered credentials die with it
	turn  chan struct{} // one bcrypt at a time
	dummy []byte        // what unknown user names are compared with
	cost  int           // of new hashes

	mu       sync.Mutex
	known    map[[sha256.Size]byte]remembered
	throttle map[string]*rate.Limiter // by "u:" user name and "s:" source; swept when it grows

	hashed atomic.Int64 // how often bcrypt ran; for tests and the overview
}

// remembered is a credential that was right for this hash.
type remembered struct {
	hash  string
	until time.Time
}

func newVerifier(clk clock.Clock) (*verifier, error) {
	key := make([]byte, sha256.Size)
	if _, err := rand.Read(key); err != nil {
		return nil, err
	}
	// A constant hash of cost 12 of a random string: making one would cost the
	// start a quarter of a second.
	const dummy = "$2a$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW"
	return &verifier{clock: clk, key: key, turn: make(chan struct{}, 1), dummy: []byte(dummy), cost: bcryptCost,
		known: map[[sha256.Size]byte]remembered{}, throttle: map[string]*rate.Limiter{}}, nil
}

// verify compares password with hash, the empty string for an unknown user.
func (v *verifier) verify(ctx context.Context, username, password, hash string, source netip.Addr) error {
	if len(password) > 72 {
		return ErrCredentials
	}
	id := v.identify(username, password)
	if v.remembers(id, hash) {
		return nil
	}
	if !v.allowed(username, source) {
		return ErrThrottled.After(12 * time.Second)
	}
	select { // wait for the one that runs, not for ever
	case v.turn <- struct{}{}:
		defer func() { <-v.turn }()
	case <-ctx.Done():
		return ErrThrottled.After(time.Second).Because(ctx.Err())
	}
	v.hashed.Add(1)
	against := []byte(hash)
	if hash == "" {
		against = v.dummy
	}
	if bcrypt.CompareHashAndPassword(against, []byte(password)) != nil || hash == "" {
		return ErrCredentials
	}
	v.remember(id, hash)
	return nil
}

func (v *verifier) identify(username, password string) (id [sha256.Size]byte) {
	mac := hmac.New(sha256.New, v.key)
	var size [8]byte
	binary.BigEndian.PutUint64(size[:], uint64(len(username)))
	mac.Write(size[:])
	mac.Write([]byte(username))
	mac.Write([]byte(password))
	mac.Sum(id[:0])
	return id
}

// remembers also checks the hash: a changed password is another hash.
func (v *verifier) remembers(id [sha256.Size]byte, hash string) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	r, ok := v.known[id]
	return ok && r.hash == hash && v.clock.Now().Before(r.until)
}

func (v *verifier) remember(id [sha256.Size]byte, hash string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.known) >= rememberAtMost {
		clear(v.known)
	}
	v.known[id] = remembered{hash: hash, until: v.clock.Now().Add(rememberFor)}
}

// allowed spends one try of the user name and one of the source. Guesses against
// one account are few a minute; one source may serve several operators.
func (v *verifier) allowed(username string, source netip.Addr) bool {
	now := v.clock.Now()
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.throttle) > 10_000 { // an attacker invents names; forgetting costs little
		clear(v.throttle)
	}
	return v.limiter("u:"+username, 5).AllowN(now, 1) && v.limiter("s:"+source.String(), 20).AllowN(now, 1)
}

func (v *verifier) limiter(key string, perMinute int) *rate.Limiter {
	l, ok := v.throttle[key]
	if !ok {
		l = rate.NewLimiter(rate.Every(time.Minute/time.Duration(perMinute)), perMinute)
		v.throttle[key] = l
	}
	return l
}

// hash makes the stored form of a password. It takes about a quarter of a second.
func (v *verifier) hash(password string) (string, error) {
	if err := checkPassword(password); err != nil {
		return "", err
	}
	h, err := bcrypt.GenerateFromPassword([]byte(password), v.cost)
	return string(h), err
}
