// Package gatewaytest makes the certificates that a gateway proves itself with,
// for tests.
package gatewaytest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"galaxy/backend/platform/httpx/gateway"
)

// Authority signs certificates. Its own may be shown by either side; it is for
// the name "backend" and the address 127.0.0.1.
type Authority struct {
	Pool *x509.CertPool

	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	dir  string
}

// NewAuthority makes an authority whose files last as long as the test.
func NewAuthority(t testing.TB) *Authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
		DNSNames: []string{"backend"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	check(t, err)
	cert, err := x509.ParseCertificate(der)
	check(t, err)
	a := &Authority{Pool: x509.NewCertPool(), cert: cert, key: key, dir: t.TempDir()}
	a.Pool.AddCert(cert)
	return a
}

// Certificate is the authority's own, with its key.
func (a *Authority) Certificate() tls.Certificate {
	return tls.Certificate{Certificate: [][]byte{a.cert.Raw}, PrivateKey: a.key}
}

// Client is the configuration of a peer that trusts this authority and shows
// these certificates.
func (a *Authority) Client(certificates ...tls.Certificate) *tls.Config {
	return &tls.Config{RootCAs: a.Pool, ServerName: "backend", Certificates: certificates, MinVersion: tls.VersionTLS12}
}

// Files is the configuration of a listener with a certificate of this authority
// that takes clients with one for the gateway.
func (a *Authority) Files(t testing.TB) gateway.TLSConfig {
	t.Helper()
	return gateway.TLSConfig{Cert: a.CertFile(t), Key: a.KeyFile(t), ClientCA: a.CertFile(t)}
}

// CertFile is a file with the certificate.
func (a *Authority) CertFile(t testing.TB) string {
	t.Helper()
	return a.write(t, "cert.pem", "CERTIFICATE", a.cert.Raw)
}

// KeyFile is a file with its key.
func (a *Authority) KeyFile(t testing.TB) string {
	t.Helper()
	der, err := x509.MarshalECPrivateKey(a.key)
	check(t, err)
	return a.write(t, "key.pem", "EC PRIVATE KEY", der)
}

func (a *Authority) write(t testing.TB, name, kind string, der []byte) string {
	t.Helper()
	path := filepath.Join(a.dir, name)
	check(t, os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600))
	return path
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
