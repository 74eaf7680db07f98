package httpx

import (
	"net/http"
	"net/netip"
	"strings"

	"github.com/google/uuid"
)

// maxForwarded is the longest X-Forwarded-For that is looked at, in bytes.
const maxForwarded = 1024

// clientIP is the peer's address or, when the peer is a trusted proxy, the
// nearest address to the left that is none. What cannot be read is unknown:
// the zero Addr.
func (p Proxies) clientIP(r *http.Request) netip.Addr {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	addr := peer.Addr().Unmap()
	if len(p) == 0 || !p.contain(addr) {
		return addr
	}
	forwarded := r.Header["X-Forwarded-For"]
	if len(forwarded) == 0 {
		return addr
	}
	list := strings.Join(forwarded, ",")
	if len(list) > maxForwarded {
		return netip.Addr{}
	}
	for rest, last := list, ""; rest != ""; {
		if i := strings.LastIndexByte(rest, ','); i >= 0 {
			rest, last = rest[:i], rest[i+1:]
		} else {
			rest, last = "", rest
		}
		addr, err = netip.ParseAddr(strings.TrimSpace(last))
		if err != nil || addr.Zone() != "" {
			return netip.Addr{}
		}
		if addr = addr.Unmap(); !p.contain(addr) {
			return addr
		}
	}
	return addr // proxies all the way: the outermost one spoke for itself
}

// requestID takes the caller's id when it is sane, else makes one.
func requestID(h http.Header) string { return TakeRequestID(h["X-Request-Id"]) }

// TakeRequestID returns the id that a caller sent, when there is exactly one
// and it is sane, else a new one.
func TakeRequestID(given []string) string {
	if len(given) == 1 && sane(given[0]) {
		return given[0]
	}
	return uuid.Must(uuid.NewV7()).String()
}

// sane ids are 1 to 128 letters, digits and a few marks: they go into headers,
// logs and rows as they are.
func sane(id string) bool {
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

// visible reports whether text is 1 to limit visible ASCII characters.
func visible(text string, limit int) bool {
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

func userAgent(h http.Header) string {
	agent := h.Get("User-Agent")
	if len(agent) > maxAgent {
		agent = agent[:maxAgent]
	}
	return strings.ToValidUTF8(agent, "")
}
