package admin

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"maps"
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
	rememberAtMost = 256    // credentials; far more than there are operators
	queueAtMost    = 16     // who wait for bcrypt: about four seconds
	limitersAtMost = 10_000 // names and sources that guessed within the last minute
)

// verifier checks passwords without letting anybody buy bcrypt at our cost.
type verifier struct {
	clock   clock.Clock
	key     []byte        // of this process; remembered credentials die with it
	turn    chan struct{} // one bcrypt at a time
	waiting atomic.Int32
	bcrypt  hashing
	dummy   []byte // what unknown user names are compared with

	mu       sync.Mutex
	known    map[credential]remembered
	throttle map[string]*rate.Limiter // by "u:" user name and "s:" source
	swept    time.Time

	hashed atomic.Int64 // how many passwords bcrypt compared; for tests and the overview
}

// hashing is bcrypt; a test that asks thousands of times has a cheaper one.
type hashing struct {
	cost    int // of new hashes
	make    func(password []byte, cost int) ([]byte, error)
	compare func(hash, password []byte) error
}

// credential is a user name and a password under a keyed hash.
type credential [sha256.Size]byte

// remembered is a credential that was right for this hash.
type remembered struct {
	hash  string
	until time.Time
}

// acquaintance is how well a credential is known.
type acquaintance uint8

const (
	stranger acquaintance = iota
	stale                 // was right for the account's password; to be checked again
	fresh                 // was right a moment ago
)

func newVerifier(clk clock.Clock) (*verifier, error) {
	key := make([]byte, sha256.Size)
	if _, err := rand.Read(key); err != nil {
		return nil, err
	}
	// A constant hash of cost 12 of a random string: making one would cost the
	// start a quarter of a second.
	const dummy = "$2a$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW"
	return &verifier{clock: clk, key: key, turn: make(chan struct{}, 1), dummy: []byte(dummy),
		bcrypt: hashing{cost: bcryptCost, make: bcrypt.GenerateFromPassword, compare: bcrypt.CompareHashAndPassword},
		known:  map[credential]remembered{}, throttle: map[string]*rate.Limiter{}}, nil
}

// verify runs bcrypt for a password and the hash of its account, the empty
// string for an unknown or disabled one.
func (v *verifier) verify(ctx context.Context, id credential, password, hash string) error {
	if v.waiting.Add(1) > queueAtMost {
		v.waiting.Add(-1)
		return ErrThrottled.After(time.Second)
	}
	err := v.take(ctx)
	v.waiting.Add(-1)
	if err != nil {
		return ErrThrottled.After(time.Second).Because(err)
	}
	defer v.give()
	v.hashed.Add(1)
	against := []byte(hash)
	if hash == "" {
		against = v.dummy
	}
	if v.bcrypt.compare(against, []byte(password)) != nil || hash == "" {
		return ErrCredentials
	}
	v.remember(id, hash)
	return nil
}

// take waits for the one bcrypt that may run.
func (v *verifier) take(ctx context.Context) error {
	select {
	case v.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (v *verifier) give() { <-v.turn }

func (v *verifier) identify(username, password string) (id credential) {
	mac := hmac.New(sha256.New, v.key)
	var size [8]byte
	binary.BigEndian.PutUint64(size[:], uint64(len(username)))
	mac.Write(size[:])
	mac.Write([]byte(username))
	mac.Write([]byte(password))
	mac.Sum(id[:0])
	return id
}

// knows also compares the hash: a changed password is another hash.
func (v *verifier) knows(id credential, hash string) acquaintance {
	v.mu.Lock()
	defer v.mu.Unlock()
	r, ok := v.known[id]
	switch {
	case !ok || r.hash != hash:
		return stranger
	case v.clock.Now().Before(r.until):
		return fresh
	}
	return stale
}

func (v *verifier) remember(id credential, hash string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.known) >= rememberAtMost {
		clear(v.known)
	}
	v.known[id] = remembered{hash: hash, until: v.clock.Now().Add(rememberFor)}
}

// allowed spends one try of the source and one of the user name. Guesses against
// one account are few a minute; one source may serve several operators. The
// source comes first: one that is out of tries spends nobody else's.
func (v *verifier) allowed(username string, source netip.Addr) bool {
	now := v.clock.Now()
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.throttle) >= limitersAtMost && now.Sub(v.swept) >= time.Second {
		v.swept = now
		maps.DeleteFunc(v.throttle, func(_ string, l *rate.Limiter) bool { return l.TokensAt(now) >= float64(l.Burst()) })
	}
	if len(v.throttle) >= limitersAtMost {
		return false // forgetting guesses would give new ones
	}
	return v.limiter("s:"+network(source), 20).AllowN(now, 1) && v.limiter("u:"+username, 5).AllowN(now, 1)
}

// network is what one guesser is likely to have all of.
func network(source netip.Addr) string {
	source = source.Unmap()
	if !source.Is6() {
		return source.String()
	}
	p, err := source.WithZone("").Prefix(64)
	if err != nil {
		return ""
	}
	return p.String()
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
func (v *verifier) hash(ctx context.Context, password string) (string, error) {
	if err := checkPassword(password); err != nil {
		return "", err
	}
	if err := v.take(ctx); err != nil {
		return "", err
	}
	defer v.give()
	h, err := v.bcrypt.make([]byte(password), v.bcrypt.cost)
	return string(h), err
}
