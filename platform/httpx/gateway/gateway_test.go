package gateway_test

import (
	"crypto/tls"
	"net"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"galaxy/backend/platform/httpx/gateway"
	"galaxy/backend/platform/httpx/gateway/gatewaytest"
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
	ca, other := gatewaytest.NewAuthority(t), gatewaytest.NewAuthority(t)
	g := gateway.New(gateway.Config{}, ca.Files(t))
	config, err := g.TLS()
	require.NoError(t, err)
	for name, c := range map[string]struct {
		certs []tls.Certificate
		want  bool
	}{
		"none": {nil, false}, "ours": {[]tls.Certificate{ca.Certificate()}, true},
	} {
		require.Equal(t, c.want, g.Admits("", handshake(t, config, ca.Client(c.certs...))), name)
	}
	require.Nil(t, handshake(t, config, ca.Client(other.Certificate())), "a stranger's certificate ends the handshake")
	require.False(t, g.Admits("", nil))
}

func TestBrokenCertificateFilesAreNamedByTheirVariable(t *testing.T) {
	t.Parallel()
	ca := gatewaytest.NewAuthority(t)
	none, err := gateway.New(gateway.Config{}, gateway.TLSConfig{}).TLS()
	require.NoError(t, err)
	require.Nil(t, none)
	cert, key := ca.CertFile(t), ca.KeyFile(t)
	_, err = gateway.New(gateway.Config{}, gateway.TLSConfig{Cert: key, Key: key}).TLS()
	require.ErrorContains(t, err, "BACKEND_TLS_CERT")
	_, err = gateway.New(gateway.Config{}, gateway.TLSConfig{Cert: cert, Key: key, ClientCA: key}).TLS()
	require.ErrorContains(t, err, "BACKEND_TLS_CLIENT_CA holds no certificate")
	_, err = gateway.New(gateway.Config{}, gateway.TLSConfig{Cert: cert, Key: key, ClientCA: filepath.Join(t.TempDir(), "none")}).TLS()
	require.ErrorContains(t, err, "read BACKEND_TLS_CLIENT_CA")
}

// handshake connects both ends of a pipe and returns the server's view, nil
// when the server refuses.
func handshake(t *testing.T, config, peer *tls.Config) *tls.ConnectionState {
	t.Helper()
	near, far := net.Pipe()
	client := tls.Client(near, peer)
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
