package telemetry

import (
	"bytes"
	"context"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/trace"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
)

func TestAMessageIsPassedOnceAMinuteAndOthersBesideIt(t *testing.T) {
	t.Parallel()
	core, logs := observer.New(zap.InfoLevel)
	log := OncePerMinute(zap.New(core))
	for range 50 {
		log.Warn("collector away", zap.Int("attempt", 1))
		log.Warn("anomaly noticed")
		log.Error("anomaly noticed")
		log.Debug("never shown")
	}
	require.Equal(t, 1, logs.FilterMessage("collector away").Len())
	require.Equal(t, 2, logs.FilterMessage("anomaly noticed").Len(), "levels count apart")
	require.Equal(t, 3, logs.Len())
}

func TestALineKeepsItsLevel(t *testing.T) {
	t.Parallel()
	for level, want := range map[string]int{"debug": 4, "info": 3, "warn": 2, "error": 1} {
		parsed, err := zapcore.ParseLevel(level)
		require.NoError(t, err)
		var out bytes.Buffer
		log := logger(parsed, "galaxy", zapcore.AddSync(&out))
		log.Debug("x")
		log.Info("x")
		log.Warn("x")
		log.Error("x")
		require.Equal(t, want, bytes.Count(out.Bytes(), []byte("\n")), level)
	}
	log, err := NewLogger(LoggingConfig{Level: "warn"}, "galaxy")
	require.NoError(t, err)
	require.False(t, log.Core().Enabled(zap.InfoLevel))
	require.True(t, log.Core().Enabled(zap.WarnLevel))
}

func TestTextFromOutsideStaysOneLine(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log := logger(zap.InfoLevel, "galaxy", zapcore.AddSync(&out))
	for _, text := range []string{"a\nb", "\x00\x1b[31m", "\xff\xfe", `"}{"level":"error"`, "\u2028"} {
		out.Reset()
		log.Info("request failed", zap.String("user_agent", text), zap.String(text, "x"))
		require.Equal(t, 1, bytes.Count(out.Bytes(), []byte("\n")), "%q", text)
		var line map[string]any
		require.NoError(t, json.Unmarshal(out.Bytes(), &line), "%q", text)
		require.Equal(t, "info", line["level"])
	}
}

func TestOnlyAValidSpanIsNamed(t *testing.T) {
	t.Parallel()
	core, logs := observer.New(zap.InfoLevel)
	sc := trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{1}, SpanID: trace.SpanID{2}})
	for _, ctx := range []context.Context{
		t.Context(), trace.ContextWithSpanContext(t.Context(), trace.SpanContext{}), trace.ContextWithSpanContext(t.Context(), sc),
	} {
		zap.New(core).Info("x", Trace(ctx))
	}
	require.Empty(t, logs.All()[0].ContextMap())
	require.Empty(t, logs.All()[1].ContextMap())
	require.Equal(t, map[string]any{"otel_trace_id": sc.TraceID().String(), "otel_span_id": sc.SpanID().String()}, logs.All()[2].ContextMap())
}
