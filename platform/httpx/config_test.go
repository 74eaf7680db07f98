package httpx_test

import (
	"testing"
	"time"

	"github.com/kelseyhightower/envconfig"
	"github.com/stretchr/testify/require"

	"galaxy/backend/platform/httpx"
)

func TestVariablesHaveTheirDocumentedNamesAndDefaults(t *testing.T) {
	type root struct {
		HTTP    httpx.Config
		Gateway httpx.GatewayConfig
		TLS     httpx.TLSConfig
	}
	var c root
	require.NoError(t, envconfig.Process("HTTPXTEST", &c))
	require.Equal(t, httpx.Config{ListenAddr: ":8080", ReadTimeout: 30 * time.Second, WriteTimeout: 30 * time.Second, ShutdownTimeout: 15 * time.Second}, c.HTTP)
	require.NoError(t, c.HTTP.Validate())

	for name, value := range map[string]string{
		"HTTP_LISTEN_ADDR": "127.0.0.1:1", "HTTP_READ_TIMEOUT": "1s", "HTTP_WRITE_TIMEOUT": "2s", "HTTP_SHUTDOWN_TIMEOUT": "3s",
		"HTTP_TRUSTED_PROXIES": "10.0.0.0/8", "GATEWAY_SECRET": "now", "GATEWAY_SECRET_PREVIOUS": "then",
		"TLS_CERT": "c", "TLS_KEY": "k", "TLS_CLIENT_CA": "a",
	} {
		t.Setenv("HTTPXTEST_"+name, value)
	}
	require.NoError(t, envconfig.Process("HTTPXTEST", &c))
	require.Equal(t, "127.0.0.1:1", c.HTTP.ListenAddr)
	require.Equal(t, 3*time.Second, c.HTTP.ShutdownTimeout)
	require.Len(t, c.HTTP.TrustedProxies, 1)
	require.Equal(t, "now then", c.Gateway.Secret.Reveal()+" "+c.Gateway.SecretPrevious.Reveal())
	require.Equal(t, httpx.TLSConfig{Cert: "c", Key: "k", ClientCA: "a"}, c.TLS)
}

func TestEveryWrongVariableIsNamed(t *testing.T) {
	t.Parallel()
	err := httpx.Config{ListenAddr: "8080"}.Validate()
	for _, name := range []string{"LISTEN_ADDR", "READ_TIMEOUT", "WRITE_TIMEOUT", "SHUTDOWN_TIMEOUT"} {
		require.ErrorContains(t, err, "BACKEND_HTTP_"+name)
	}
}
