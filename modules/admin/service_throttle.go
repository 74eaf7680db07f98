package admin

import (
	"maps"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

const (
	attemptsPerSource   = 20 // a minute; one source may serve several operators
	attemptsPerUsername = 5  // a minute
	maxLimiters         = 10_000

	retryAfter = time.Minute / attemptsPerUsername
)

// loginThrottle bounds how often passwords are guessed.
type loginThrottle struct {
	mu       sync.Mutex
	limiters map[string]*rate.Limiter // by "u:" user name and "s:" source
	sweptAt  time.Time
}

func newLoginThrottle() *loginThrottle { return &loginThrottle{limiters: map[string]*rate.Limiter{}} }

// allow spends one attempt of the source and one of the user name. The source
// comes first: one that has no attempts left spends nobody else's.
func (t *loginThrottle) allow(now time.Time, username string, source netip.Addr) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.limiters) >= maxLimiters && now.Sub(t.sweptAt) >= time.Second {
		t.sweptAt = now
		maps.DeleteFunc(t.limiters, func(_ string, l *rate.Limiter) bool { return l.TokensAt(now) >= float64(l.Burst()) })
	}
	if len(t.limiters) >= maxLimiters {
		return false // dropping a limiter in use would give its attempts back
	}
	return t.limiter("s:"+network(source), attemptsPerSource).AllowN(now, 1) &&
		t.limiter("u:"+username, attemptsPerUsername).AllowN(now, 1)
}

func (t *loginThrottle) limiter(key string, perMinute int) *rate.Limiter {
	l, ok := t.limiters[key]
	if !ok {
		l = rate.NewLimiter(rate.Every(time.Minute/time.Duration(perMinute)), perMinute)
		t.limiters[key] = l
	}
	return l
}

// network is what one client is likely to control: an IPv4 address or an IPv6 /64.
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
