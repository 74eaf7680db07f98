package mail

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
)

func TestAnSMTPSessionIsASpanWithoutRecipientOrContent(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	spans := tracetest.NewSpanRecorder()
	f.worker.relay.tracer = sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans)).Tracer("test")
	f.enqueue(code("ada@example.org"))
	f.pass()
	require.Len(t, spans.Ended(), 1)
	span := spans.Ended()[0]
	require.Equal(t, "smtp send", span.Name())
	require.Equal(t, trace.SpanKindClient, span.SpanKind())
	text := fmt.Sprint(span.Attributes(), span.Events(), span.Status())
	require.Contains(t, text, string(Delivered))
	require.NotContains(t, text, "ada")
	require.NotContains(t, text, "K7QM")
}
