package httpx

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"

	"galaxy/backend/platform/httpx/gateway"
)

// GatewayConfig is the section BACKEND_GATEWAY_*.
type GatewayConfig = gateway.Config

// TLSConfig is the section BACKEND_TLS_*.
type TLSConfig = gateway.TLSConfig

// Config is the section BACKEND_HTTP_*.
type Config struct {
	ListenAddr      string        `split_words:"true" default:":8080" desc:"HTTP listener for REST surfaces and probes"`
	ReadTimeout     time.Duration `split_words:"true" default:"30s" desc:"HTTP read timeout"`
	WriteTimeout    time.Duration `split_words:"true" default:"30s" desc:"HTTP write timeout"`
	ShutdownTimeout time.Duration `split_words:"true" default:"15s" desc:"graceful shutdown budget for the HTTP server"`
	TrustedProxies  Proxies       `split_words:"true" desc:"comma-separated networks whose X-Forwarded-For is believed"`
}

// Validate names every variable that does not fit.
func (c Config) Validate() error {
	var errs []error
	if _, _, err := net.SplitHostPort(c.ListenAddr); err != nil {
		errs = append(errs, errors.New("BACKEND_HTTP_LISTEN_ADDR is not host:port"))
	}
	for name, d := range map[string]time.Duration{
		"READ_TIMEOUT": c.ReadTimeout, "WRITE_TIMEOUT": c.WriteTimeout, "SHUTDOWN_TIMEOUT": c.ShutdownTimeout,
	} {
		if d <= 0 {
			errs = append(errs, fmt.Errorf("BACKEND_HTTP_%s has to be positive", name))
		}
	}
	return errors.Join(errs...)
}

// Proxies is a list of networks, written as addresses or CIDRs with commas
// between them.
type Proxies []netip.Prefix

// UnmarshalText reads the list.
func (p *Proxies) UnmarshalText(text []byte) error {
	*p = nil
	for item := range strings.SplitSeq(string(text), ",") {
		item = strings.TrimSpace(item)
		if item == "" {
			continue
		}
		prefix, err := netip.ParsePrefix(item)
		if addr, plain := netip.ParseAddr(item); plain == nil {
			prefix, err = addr.Prefix(addr.BitLen())
		}
		if err != nil {
			return fmt.Errorf("%q is neither an address nor a CIDR", item)
		}
		*p = append(*p, prefix.Masked())
	}
	return nil
}

// MarshalText renders the list as it is read.
func (p Proxies) MarshalText() ([]byte, error) {
	texts := make([]string, len(p))
	for i, prefix := range p {
		texts[i] = prefix.String()
	}
	return []byte(strings.Join(texts, ",")), nil
}

func (p Proxies) contain(addr netip.Addr) bool {
	for _, prefix := range p {
		if prefix.Contains(addr) {
			return true
		}
	}
	return false
}
