package httpx_test

import (
	"context"
	"crypto/tls"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.uber.org/zap/zapcore"

	"galaxy/backend/platform/httpx/gateway"
	"galaxy/backend/platform/httpx/gateway/gatewaytest"
	"galaxy/backend/platform/secret"
)

// over sends with a connection of this configuration.
func (f *fixture) over(t *testing.T, config *tls.Config, headers ...string) (reply, error) {
	t.Helper()
	transport := &http.Transport{TLSClientConfig: config}
	defer transport.CloseIdleConnections()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, f.base+accountPath, nil)
	require.NoError(t, err)
	r.Header.Set("X-User-ID", goodID)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	resp, err := (&http.Client{Transport: transport}).Do(r)
	if err != nil {
		return reply{}, err
	}
	return reply{resp, readAll(t, resp)}, nil
}

func TestACertificateOrTheSecretProvesTheGateway(t *testing.T) {
	t.Parallel()
	ca, stranger := gatewaytest.NewAuthority(t), gatewaytest.NewAuthority(t)
	f := newFixture(t, func(s *setup) {
		s.guard = gateway.New(gateway.Config{Secret: secret.New(gatewaySecret)}, ca.Files(t))
	})
	r, err := f.over(t, ca.Client())
	require.NoError(t, err)
	require.Equal(t, "gateway_unauthenticated", r.code(t), "neither")
	for name, proof := range map[string]struct {
		config  *tls.Config
		headers []string
	}{
		"certificate": {ca.Client(ca.Certificate()), nil}, "secret": {ca.Client(), []string{gateway.Header, gatewaySecret}},
		"certificate, wrong secret": {ca.Client(ca.Certificate()), []string{gateway.Header, "another"}},
	} {
		r, err := f.over(t, proof.config, proof.headers...)
		require.NoError(t, err, name)
		require.Equal(t, http.StatusOK, r.StatusCode, name)
		require.Equal(t, "HTTP/1.1", r.Proto)
	}
	_, err = f.over(t, ca.Client(stranger.Certificate()), gateway.Header, gatewaySecret)
	require.Error(t, err, "the handshake ends")
	require.Empty(t, f.logs.FilterLevelExact(zapcore.ErrorLevel).All(), "strangers fill no log")
}

func TestABrokenCertificateFailsTheStart(t *testing.T) {
	t.Parallel()
	f, _ := newStoppedFixture(t, func(s *setup) {
		s.guard = gateway.New(gateway.Config{}, gateway.TLSConfig{Cert: "/nowhere/cert.pem", Key: "/nowhere/key.pem"})
	})
	require.ErrorContains(t, f.Start(t.Context()), "load BACKEND_TLS_CERT and BACKEND_TLS_KEY")
	require.Nil(t, f.Addr())
	require.NoError(t, f.Stop(t.Context()))
}

func TestAListenerThatAnybodyMayReachIsWarnedAbout(t *testing.T) {
	t.Parallel()
	for addr, exposed := range map[string]int64{"127.0.0.1:0": 0, "0.0.0.0:0": 1} {
		reader := sdkmetric.NewManualReader()
		f := newFixture(t, func(s *setup) {
			s.config.ListenAddr = addr
			s.tel.Meters = sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader))
		})
		require.NoError(t, f.Start(context.Background()), "a second start does nothing")
		require.Equal(t, exposed, counts(t, reader)["http_gateway_unguarded"], addr)
		require.EqualValues(t, exposed, f.logs.FilterLevelExact(zapcore.WarnLevel).Len(), addr)
	}
	f := newFixture(t, guarded, func(s *setup) { s.config.ListenAddr = "0.0.0.0:0" })
	require.Zero(t, f.logs.FilterLevelExact(zapcore.WarnLevel).Len(), "a secret is set")
}
