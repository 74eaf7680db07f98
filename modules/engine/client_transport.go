package engine

import (
	"context"
	"net"
	"net/http"
	"time"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/metric/noop"
)

const (
	// maxReport is far above the largest report of a game with 100 races.
	maxReport = 16 << 20
	// maxAnswer is the same for everything else: a status of 100 races, the
	// events of a turn, the results of 2000 orders.
	maxAnswer = 4 << 20
	// maxValues bounds what an answer may decode into: two bytes of text can
	// become a struct of hundreds.
	maxValues = 500_000
	maxHeader = 32 << 10
	// connsPerGame keeps the players of one game from exhausting sockets.
	connsPerGame = 32
	idleTimeout  = 30 * time.Second
	// dialTimeout is needed although calls have a deadline: net/http lets a
	// connection attempt outlive the call it was made for.
	dialTimeout = 5 * time.Second
)

// newTransport makes a transport that leaves the engines' network only through
// the dialer: the environment's proxy settings would lead elsewhere.
func newTransport(d Dialer) *http.Transport {
	return &http.Transport{
		Proxy: nil,
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			ctx, cancel := context.WithTimeout(ctx, dialTimeout)
			defer cancel()
			return d.DialContext(ctx, network, addr)
		},
		DisableCompression:     true, // a compressed answer is refused and never decompressed
		MaxResponseHeaderBytes: maxHeader,
		MaxConnsPerHost:        connsPerGame,
		MaxIdleConnsPerHost:    4,
		MaxIdleConns:           512,
		IdleConnTimeout:        idleTimeout,
	}
}

// newHTTPClient adds spans and traceparent, and follows no redirect: those are
// answers that the contract does not have. The metrics of otelhttp name the
// host, which here is the game: too many series, so the client has its own.
func newHTTPClient(t *http.Transport) *http.Client {
	return &http.Client{
		Transport: otelhttp.NewTransport(t, otelhttp.WithMeterProvider(noop.NewMeterProvider()),
			otelhttp.WithSpanNameFormatter(func(_ string, r *http.Request) string { return "engine " + r.URL.Path })),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
