package telemetry

import (
	"context"
	"os"
	"time"

	"go.opentelemetry.io/otel/trace"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// NewLogger returns the process's logger: JSON lines on stdout.
func NewLogger(c LoggingConfig, service ServiceName) (*zap.Logger, error) {
	level, err := zapcore.ParseLevel(c.Level)
	if err != nil {
		return nil, err
	}
	return logger(level, service, zapcore.Lock(os.Stdout)), nil
}

func logger(level zapcore.LevelEnabler, service ServiceName, out zapcore.WriteSyncer) *zap.Logger {
	encoder := zap.NewProductionEncoderConfig()
	encoder.EncodeTime = func(t time.Time, e zapcore.PrimitiveArrayEncoder) {
		e.AppendString(t.UTC().Format(time.RFC3339Nano))
	}
	encoder.EncodeDuration = zapcore.StringDurationEncoder
	core := zapcore.NewCore(zapcore.NewJSONEncoder(encoder), out, level)
	return zap.New(core, zap.AddCaller(), zap.Fields(zap.String("service", string(service))),
		zap.ErrorOutput(zapcore.Lock(os.Stderr)))
}

// Trace is the fields otel_trace_id and otel_span_id of the span in ctx, or
// nothing when there is none.
func Trace(ctx context.Context) zap.Field {
	sc := trace.SpanContextFromContext(ctx)
	if !sc.IsValid() {
		return zap.Skip()
	}
	return zap.Inline(spanFields(sc))
}

type spanFields trace.SpanContext

func (s spanFields) MarshalLogObject(e zapcore.ObjectEncoder) error {
	sc := trace.SpanContext(s)
	e.AddString("otel_trace_id", sc.TraceID().String())
	e.AddString("otel_span_id", sc.SpanID().String())
	return nil
}

// OncePerMinute returns a logger that passes each message once a minute: for what a
// stranger or a dead neighbour can cause without end.
func OncePerMinute(log *zap.Logger) *zap.Logger {
	return log.WithOptions(zap.WrapCore(func(core zapcore.Core) zapcore.Core {
		return zapcore.NewSamplerWithOptions(core, time.Minute, 1, 0)
	}))
}
