package grpcx

import (
	"context"
	"crypto/tls"
	"fmt"
	"runtime/debug"
	"strings"

	"github.com/google/uuid"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"

	"galaxy/backend/platform/httpx"
	"galaxy/backend/platform/httpx/gateway"
	"galaxy/backend/platform/httpx/header"
	"galaxy/backend/platform/telemetry"
)

const requestIDKey = "x-request-id"

// interceptor is what every call passes.
type interceptor struct {
	guard     *gateway.Guard
	log       *zap.Logger
	panics    metric.Int64Counter
	unguarded metric.Int64Gauge
	closing   context.Context // done once the listener has closed
}

func newInterceptor(
	closing context.Context, guard *gateway.Guard, log *zap.Logger, meters metric.MeterProvider,
) *interceptor {
	if meters == nil {
		meters = otel.GetMeterProvider()
	}
	// Constant names: the SDK has nothing to object to.
	m := meters.Meter("galaxy/backend/platform/grpcx")
	panics, _ := m.Int64Counter("panics_total", metric.WithDescription("Panics recovered."))
	unguarded, _ := m.Int64Gauge("grpc_gateway_unguarded", metric.WithDescription("1: any peer is taken for the gateway."))
	return &interceptor{guard: guard, log: log, panics: panics, unguarded: unguarded, closing: closing}
}

func (i *interceptor) unary(
	ctx context.Context, req any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler,
) (resp any, err error) {
	err = i.intercept(ctx, info.FullMethod, func(ctx context.Context) error {
		resp, err = next(ctx, req)
		return err
	})
	return resp, err
}

func (i *interceptor) stream(srv any, s grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) error {
	return i.intercept(s.Context(), info.FullMethod, func(ctx context.Context) error {
		if strings.HasPrefix(info.FullMethod, "/grpc.") {
			// Whoever watches the health service would hold up the stop.
			var cancel context.CancelFunc
			ctx, cancel = context.WithCancel(ctx)
			defer cancel()
			defer context.AfterFunc(i.closing, cancel)()
		}
		return next(srv, &callStream{ServerStream: s, ctx: ctx})
	})
}

// intercept checks the credential, names the call, recovers and reports.
func (i *interceptor) intercept(ctx context.Context, method string, call func(context.Context) error) (err error) {
	id := header.RequestID(metadata.ValueFromIncomingContext(ctx, requestIDKey))
	ctx = httpx.WithCall(ctx, id, uuid.Nil, httpx.Principal{})
	_ = grpc.SetHeader(ctx, metadata.Pairs(requestIDKey, id))
	defer func() {
		if p := recover(); p != nil {
			i.panics.Add(ctx, 1, metric.WithAttributes(attribute.String("component", "grpc")))
			err = fmt.Errorf("panicked: %v\n%s", p, debug.Stack())
		}
		seen := statusOf(err)
		i.logFailure(ctx, method, id, err, status.Code(seen))
		err = seen
	}()
	if !i.guard.Admits(secretOf(ctx), connectionOf(ctx)) {
		return gateway.ErrUnauthenticated
	}
	return call(ctx)
}

func secretOf(ctx context.Context) string {
	if values := metadata.ValueFromIncomingContext(ctx, gateway.MetadataKey); len(values) == 1 {
		return values[0]
	}
	return ""
}

func connectionOf(ctx context.Context) *tls.ConnectionState {
	if p, ok := peer.FromContext(ctx); ok {
		if info, ok := p.AuthInfo.(credentials.TLSInfo); ok {
			return &info.State
		}
	}
	return nil
}

// logFailure writes the one line of a failed call: an error when it is our fault,
// nothing but a debug line when it is the peer's.
func (i *interceptor) logFailure(ctx context.Context, method, id string, err error, code codes.Code) {
	if err == nil {
		return
	}
	level := zap.DebugLevel
	if code == codes.Internal || code == codes.Unknown || code == codes.DataLoss {
		level = zap.ErrorLevel
	}
	if line := i.log.Check(level, "call failed"); line != nil {
		line.Write(zap.String("request_id", id), zap.String("method", method), zap.Stringer("code", code), zap.Error(err),
			telemetry.Trace(ctx))
	}
}

type callStream struct {
	grpc.ServerStream
	ctx context.Context
}

func (s *callStream) Context() context.Context { return s.ctx }
