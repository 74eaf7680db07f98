package gateway_test

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

	"github.com/stretchr/testify/require"

	"galaxy/backend/platform/httpx/gateway"
	"galaxy/backend/platform/secret"
)

func TestEitherOfTwoSecretsIsEnough(t *testing.T) {
	t.Parallel()
	g := gateway.New(gateway.Config{Secret: secret.New("new"), SecretPrevious: secret.New("old")}, gateway.TLSConfig{})
	require.True(t, g.Required())
	for presented, want := range map[string]bool{"new": true, "old": true, "": false, "ne": false, "newer": false, "new\x00": false} {
		require.Equal(t, want, g.Admits(presented, nil), presented)
	}
	require.True(t, gateway.New(gateway.Config{}, gateway.TLSConfig{}).Admits("", nil), "nothing is configured")
}

func TestOnlyAnUnguardedListenerThatOthersReachIsExposed(t *testing.T) {
	t.Parallel()
	open := gateway.New(gateway.Config{}, gateway.TLSConfig{})
	for addr, want := range map[string]bool{"127.0.0.1:80": false, "[::1]:80": false, "0.0.0.0:80": true, "[::]:80": true, "10.0.0.7:80": true} {
		tcp, err := net.ResolveTCPAddr("tcp", addr)
		require.NoError(t, err)
		require.Equal(t, want, open.Exposed(tcp), addr)
		require.False(t, gateway.New(gateway.Config{Secret: secret.New("s")}, gateway.TLSConfig{}).Exposed(tcp))
	}
}

func TestConfigurationIsCheckedWithoutShowingSecrets(t *testing.T) {
	t.Parallel()
	require.NoError(t, gateway.Config{}.Validate())
	require.NoError(t, gateway.Config{Secret: secret.New("0123456789abcdef")}.Validate())
	err := gateway.Config{SecretPrevious: secret.New("hunter2")}.Validate()
	require.ErrorContains(t, err, "BACKEND_GATEWAY_SECRET_PREVIOUS needs BACKEND_GATEWAY_SECRET")
	require.ErrorContains(t, err, "BACKEND_GATEWAY_SECRET_PREVIOUS is shorter")
	require.ErrorContains(t, gateway.Config{Secret: secret.New("hunter2")}.Validate(), "BACKEND_GATEWAY_SECRET is shorter")
	require.NotContains(t, err.Error(), "hunter2")
	require.NoError(t, gateway.TLSConfig{Cert: "c", Key: "k", ClientCA: "a"}.Validate())
	err = gateway.TLSConfig{Key: "k", ClientCA: "a"}.Validate()
	require.ErrorContains(t, err, "BACKEND_TLS_CERT and BACKEND_TLS_KEY need each other")
	require.ErrorContains(t, err, "BACKEND_TLS_CLIENT_CA needs BACKEND_TLS_CERT")
}

func TestACertificateOfTheAuthorityProvesTheGateway(t *testing.T) {
	t.Parallel()
	ca, other := authority(t), authority(t)
	g := gateway.New(gateway.Config{}, gateway.TLSConfig{Cert: ca.file(t, "server", true), Key: ca.file(t, "server", false), ClientCA: ca.root(t)})
	config, err := g.TLS()
	require.NoError(t, err)
	for name, c := range map[string]struct {
		certs []tls.Certificate
		want  bool
	}{
		"none": {nil, false}, "ours": {[]tls.Certificate{ca.pair(t)}, true},
	} {
		require.Equal(t, c.want, g.Admits("", handshake(t, config, ca.pool, c.certs)), name)
	}
	require.Nil(t, handshake(t, config, ca.pool, []tls.Certificate{other.pair(t)}), "a stranger's certificate ends the handshake")
	require.False(t, g.Admits("", nil))
}

func TestBrokenCertificateFilesAreNamedByTheirVariable(t *testing.T) {
	t.Parallel()
	ca := authority(t)
	none, err := gateway.New(gateway.Config{}, gateway.TLSConfig{}).TLS()
	require.NoError(t, err)
	require.Nil(t, none)
	cert, key := ca.file(t, "server", true), ca.file(t, "server", false)
	_, err = gateway.New(gateway.Config{}, gateway.TLSConfig{Cert: key, Key: key}).TLS()
	require.ErrorContains(t, err, "BACKEND_TLS_CERT")
	_, err = gateway.New(gateway.Config{}, gateway.TLSConfig{Cert: cert, Key: key, ClientCA: key}).TLS()
	require.ErrorContains(t, err, "BACKEND_TLS_CLIENT_CA holds no certificate")
	_, err = gateway.New(gateway.Config{}, gateway.TLSConfig{Cert: cert, Key: key, ClientCA: filepath.Join(t.TempDir(), "none")}).TLS()
	require.ErrorContains(t, err, "read BACKEND_TLS_CLIENT_CA")
}

// handshake connects both ends of a pipe and returns the server's view, nil
// when the server refuses.
func handshake(t *testing.T, config *tls.Config, roots *x509.CertPool, certs []tls.Certificate) *tls.ConnectionState {
	t.Helper()
	near, far := net.Pipe()
	client := tls.Client(near, &tls.Config{RootCAs: roots, ServerName: "backend", Certificates: certs})
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = client.HandshakeContext(t.Context())
		_, _ = client.Read(make([]byte, 1))
	}()
	server := tls.Server(far, config)
	err := server.HandshakeContext(t.Context())
	state := server.ConnectionState()
	_ = far.Close()
	_ = near.Close()
	<-done
	if err != nil {
		return nil
	}
	return &state
}

type ca struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pool *x509.CertPool
	dir  string
}

func authority(t *testing.T) *ca {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
		DNSNames: []string{"backend"}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	cert, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	pool := x509.NewCertPool()
	pool.AddCert(cert)
	return &ca{cert, key, pool, t.TempDir()}
}

// pair is the authority's own certificate: it may sign and be shown.
func (c *ca) pair(*testing.T) tls.Certificate {
	return tls.Certificate{Certificate: [][]byte{c.cert.Raw}, PrivateKey: c.key}
}

func (c *ca) root(t *testing.T) string { return c.file(t, "root", true) }

func (c *ca) file(t *testing.T, name string, public bool) string {
	t.Helper()
	block := &pem.Block{Type: "CERTIFICATE", Bytes: c.cert.Raw}
	if !public {
		name += "-key"
		der, err := x509.MarshalECPrivateKey(c.key)
		require.NoError(t, err)
		block = &pem.Block{Type: "EC PRIVATE KEY", Bytes: der}
	}
	path := filepath.Join(c.dir, name+".pem")
	require.NoError(t, os.WriteFile(path, pem.EncodeToMemory(block), 0o600))
	return path
}
