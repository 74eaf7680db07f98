package httpx

import (
	"net/http"
	"net/netip"
	"strings"

	"galaxy/backend/platform/httpx/header"
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

// requestID takes the caller's id when it is valid, else makes one.
func requestID(h http.Header) string { return header.RequestID(h["X-Request-Id"]) }
