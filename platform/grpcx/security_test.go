package grpcx_test

import (
	"crypto/tls"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap/zapcore"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"galaxy/backend/platform/grpcx"
	"galaxy/backend/platform/httpx/gateway"
	"galaxy/backend/platform/httpx/gateway/gatewaytest"
	"galaxy/backend/platform/secret"
)

// callOver calls over a connection of this configuration.
func (f *fixture) callOver(t *testing.T, config *tls.Config, pairs ...string) error {
	t.Helper()
	conn, err := grpc.NewClient("passthrough:///"+f.Addr().String(), grpc.WithTransportCredentials(credentials.NewTLS(config)))
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	ctx := metadata.AppendToOutgoingContext(t.Context(), pairs...)
	return conn.Invoke(ctx, "/test.v1.Hub/Echo", wrapperspb.String("x"), &wrapperspb.StringValue{})
}

func TestACertificateOrTheSecretProvesTheGateway(t *testing.T) {
	t.Parallel()
	ca, stranger := gatewaytest.NewAuthority(t), gatewaytest.NewAuthority(t)
	f := newFixture(t, gateway.New(gateway.Config{Secret: secret.New("now")}, ca.Files(t)), grpcx.Telemetry{})
	require.Equal(t, codes.Unauthenticated, status.Code(f.callOver(t, ca.Client())), "neither")
	require.NoError(t, f.callOver(t, ca.Client(ca.Certificate())))
	require.NoError(t, f.callOver(t, ca.Client(), gateway.MetadataKey, "now"))
	require.Equal(t, codes.Unavailable, status.Code(f.callOver(t, ca.Client(stranger.Certificate()), gateway.MetadataKey, "now")), "the handshake ends")
	require.Equal(t, codes.Unavailable, status.Code(f.call(t.Context(), "x")), "nothing is answered without TLS")
	require.Empty(t, f.logs.FilterLevelExact(zapcore.ErrorLevel).All())
}

func TestABrokenCertificateFailsTheStart(t *testing.T) {
	t.Parallel()
	guard := gateway.New(gateway.Config{}, gateway.TLSConfig{Cert: "/nowhere/cert.pem", Key: "/nowhere/key.pem"})
	s := grpcx.New(grpcx.Config{ListenAddr: "127.0.0.1:0"}, guard, grpcx.Telemetry{}, nil)
	require.ErrorContains(t, s.Start(t.Context()), "load BACKEND_TLS_CERT and BACKEND_TLS_KEY")
	require.Error(t, s.Ready(t.Context()))
	require.NoError(t, s.Drain(t.Context()))
}
