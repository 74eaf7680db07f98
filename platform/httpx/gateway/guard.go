package gateway

import (
	"crypto/sha256"
	"crypto/subtle"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"

	"galaxy/backend/platform/fault"
)

// Header carries the shared secret over HTTP, MetadataKey over gRPC.
const (
	Header      = "X-Galaxy-Gateway-Secret"
	MetadataKey = "x-galaxy-gateway-secret"
)

// ErrUnauthenticated is the answer to a peer that does not prove to be the gateway.
var ErrUnauthenticated = fault.New(fault.Unauthenticated, "gateway_unauthenticated",
	"the gateway credential is missing or wrong")

// Guard decides whether a peer is the gateway. It is safe for concurrent use.
type Guard struct {
	digests [][sha256.Size]byte
	files   TLSConfig
}

// New makes a guard. It reads no file; TLS does.
func New(c Config, files TLSConfig) *Guard {
	g := &Guard{files: files}
	for _, s := range []string{c.Secret.Reveal(), c.SecretPrevious.Reveal()} {
		if s != "" {
			g.digests = append(g.digests, sha256.Sum256([]byte(s)))
		}
	}
	return g
}

// Required reports whether any proof is configured.
func (g *Guard) Required() bool { return len(g.digests) > 0 || g.files.ClientCA != "" }

// Admits reports whether the peer proved to be the gateway, by the secret it
// presented or by the connection it came over (nil without TLS). The time it
// takes does not depend on how much of the secret is right.
func (g *Guard) Admits(presented string, conn *tls.ConnectionState) bool {
	if !g.Required() {
		return true
	}
	if g.files.ClientCA != "" && conn != nil && len(conn.VerifiedChains) > 0 {
		return true
	}
	digest, match := sha256.Sum256([]byte(presented)), 0
	for i := range g.digests {
		match |= subtle.ConstantTimeCompare(digest[:], g.digests[i][:])
	}
	return match == 1
}

// TLS is the configuration of a listener, nil when TLS is off. It reads the
// files, so call it when the listener starts. A client certificate is verified
// when given and not demanded: probes have none.
func (g *Guard) TLS() (*tls.Config, error) {
	if g.files.Cert == "" {
		return nil, nil
	}
	cert, err := tls.LoadX509KeyPair(g.files.Cert, g.files.Key)
	if err != nil {
		return nil, fmt.Errorf("load BACKEND_TLS_CERT and BACKEND_TLS_KEY: %w", err)
	}
	config := &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
	if g.files.ClientCA == "" {
		return config, nil
	}
	pem, err := os.ReadFile(g.files.ClientCA)
	if err != nil {
		return nil, fmt.Errorf("read BACKEND_TLS_CLIENT_CA: %w", err)
	}
	config.ClientCAs = x509.NewCertPool()
	if !config.ClientCAs.AppendCertsFromPEM(pem) {
		return nil, errors.New("BACKEND_TLS_CLIENT_CA holds no certificate")
	}
	config.ClientAuth = tls.VerifyClientCertIfGiven
	return config, nil
}

// Exposed reports whether a listener at addr would take anyone for the
// gateway: no proof is configured and other machines can reach it.
func (g *Guard) Exposed(addr net.Addr) bool {
	if g.Required() {
		return false
	}
	ap, err := netip.ParseAddrPort(addr.String())
	return err != nil || !ap.Addr().Unmap().IsLoopback()
}
