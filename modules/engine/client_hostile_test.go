package engine_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/engine"
	"galaxy/backend/platform/fault"
	enginev1 "galaxy/backend/proto/engine/v1"
)

// respondText answers 200 with the contract's headers and any text.
func respondText(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		headers(w, game.String())
		_, _ = w.Write([]byte(body))
	}
}

func TestAMalformedAnswerIsABadResponse(t *testing.T) {
	t.Parallel()
	good := `{"contract_version":1,"engine_version":"0.1.0","game_id":"` + game.String() + `","state":"running","turn":3,"generating":false,"finished":false,"result":null,"races":[%s]}`
	for name, handler := range map[string]http.HandlerFunc{
		"HTML": func(w http.ResponseWriter, _ *http.Request) {
			headers(w, game.String())
			w.Header().Set("Content-Type", "text/html")
			_, _ = w.Write([]byte("<script>alert(1)</script>"))
		},
		"HTML as JSON":      respondText("<html>"),
		"truncated JSON":    respondText(`{"contract_version":1,"engine_ver`),
		"second value":      respondText(fmt.Sprintf(good, "") + "{}"),
		"unknown field":     respondText(`{"contract_version":1,"state":"uninitialized","extra":1}`),
		"not UTF-8":         respondText(fmt.Sprintf(good, `{"race_name":"`+"\xff"+`"}`)),
		"no object":         respondText(`"running"`),
		"empty":             respondText(""),
		"no turn":           respondText(`{"contract_version":1,"game_id":"` + game.String() + `","state":"running"}`),
		"unknown state":     respondText(`{"contract_version":1,"game_id":"` + game.String() + `","state":"dancing"}`),
		"other contract":    respondText(`{"contract_version":2,"state":"uninitialized"}`),
		"escape codes":      respondText(fmt.Sprintf(good, `{"race_name":"\u001b[31m"}`)),
		"endless name":      respondText(fmt.Sprintf(good, `{"race_name":"`+strings.Repeat("x", 31)+`"}`)),
		"other game's body": respondText(strings.ReplaceAll(fmt.Sprintf(good, ""), game.String(), "0197a3c2-0000-7c3a-9f51-0d6a1e2b3c4d")),
		"other game's header": func(w http.ResponseWriter, r *http.Request) {
			respondText(fmt.Sprintf(good, ""))(&override{w, enginev1.HeaderGameID, "0197a3c2-0000-7c3a-9f51-0d6a1e2b3c4d"}, r)
		},
		"no contract": func(w http.ResponseWriter, r *http.Request) {
			respondText(fmt.Sprintf(good, ""))(&override{w, enginev1.HeaderContract, ""}, r)
		},
	} {
		c, _ := newClient(t, handler)
		_, err := c.Status(t.Context(), game)
		require.ErrorIs(t, err, engine.ErrBadResponse, name)
		require.Equal(t, http.StatusBadGateway, fault.From(err).Code.Status(), name)
		require.NotContains(t, fault.From(err).Message, "script", name)
	}
}

// override sets one header whatever the handler says.
type override struct {
	http.ResponseWriter
	name, value string
}

func (o *override) Write(p []byte) (int, error) {
	o.Header().Set(o.name, o.value)
	return o.ResponseWriter.Write(p)
}

func TestARedirectIsNotFollowed(t *testing.T) {
	t.Parallel()
	var visits atomic.Int32
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { visits.Add(1) }))
	t.Cleanup(elsewhere.Close)
	c, _ := newClient(t, func(w http.ResponseWriter, r *http.Request) {
		headers(w, game.String())
		http.Redirect(w, r, elsewhere.URL, http.StatusFound)
	})
	_, err := c.Status(t.Context(), game)
	require.ErrorIs(t, err, engine.ErrBadResponse)
	require.Zero(t, visits.Load())
}

func TestAnEndlessBodyIsReadUpToTheLimit(t *testing.T) { //nolint:paralleltest // measures memory
	c, _ := newClient(t, func(w http.ResponseWriter, _ *http.Request) {
		headers(w, game.String())
		chunk := []byte(strings.Repeat(" ", 1<<20))
		for {
			if _, err := w.Write(chunk); err != nil {
				return // the client hung up
			}
		}
	})
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := c.Status(t.Context(), game)
	runtime.ReadMemStats(&after)
	require.ErrorIs(t, err, engine.ErrBadResponse)
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(160<<20))
}

func TestASmallBodyCannotDecodeIntoAHugeValue(t *testing.T) { //nolint:paralleltest // measures memory
	status := `{"contract_version":1,"game_id":"` + game.String() + `","state":"running","turn":3,"races":[`
	for _, value := range []string{"{}", "1", "null"} {
		c, _ := newClient(t, respondText(status+strings.Repeat(value+",", 1_000_000)+value+"]}"))
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := c.Status(t.Context(), game)
		runtime.ReadMemStats(&after)
		require.ErrorIs(t, err, engine.ErrBadResponse, value)
		require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(64<<20), value)
	}
}

func TestOnlyAReportMayBeLarge(t *testing.T) {
	t.Parallel()
	large := report()
	c, _ := newClient(t, func(w http.ResponseWriter, r *http.Request) {
		headers(w, game.String())
		_, _ = w.Write([]byte(strings.Repeat(" ", 5<<20)))
		if strings.HasSuffix(r.URL.Path, "report") {
			_ = json.NewEncoder(w).Encode(large)
		} else {
			_ = json.NewEncoder(w).Encode(running(3))
		}
	})
	_, err := c.Report(t.Context(), game, engine.ReportQuery{Race: "Zorg"})
	require.NoError(t, err)
	_, err = c.Status(t.Context(), game)
	require.ErrorIs(t, err, engine.ErrBadResponse)
}

func TestABodyAnnouncedTooLargeIsNotRead(t *testing.T) {
	t.Parallel()
	c, _ := newClient(t, func(w http.ResponseWriter, _ *http.Request) {
		headers(w, game.String())
		w.Header().Set("Content-Length", "10737418240")
		w.WriteHeader(http.StatusOK)
	})
	_, err := c.Status(t.Context(), game)
	require.ErrorIs(t, err, engine.ErrBadResponse)
}

func TestACompressedAnswerIsNotUnpacked(t *testing.T) {
	t.Parallel()
	var bomb bytes.Buffer
	zip := gzip.NewWriter(&bomb)
	_, _ = zip.Write(make([]byte, 16<<20))
	require.NoError(t, zip.Close())
	c, _ := newClient(t, func(w http.ResponseWriter, _ *http.Request) {
		headers(w, game.String())
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write(bomb.Bytes())
	})
	_, err := c.Status(t.Context(), game)
	require.ErrorIs(t, err, engine.ErrBadResponse)
}

func TestHeadersAboveTheLimitAreNoAnswer(t *testing.T) {
	t.Parallel()
	c, _ := newClient(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Padding", strings.Repeat("x", 1<<20))
		respond(http.StatusOK, running(3))(w, r)
	})
	_, err := c.Status(t.Context(), game)
	require.ErrorIs(t, err, engine.ErrUnreachable)
}

func TestASlowAnswerEndsAtTheTimeout(t *testing.T) {
	t.Parallel()
	released := make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		headers(w, game.String())
		_, _ = w.Write([]byte("{"))
		w.(http.Flusher).Flush()
		<-r.Context().Done() // until the client gives up
		close(released)
	}))
	t.Cleanup(srv.Close)
	c := engine.New(engine.Config{CallTimeout: time.Minute, ProbeTimeout: 50 * time.Millisecond},
		fixedDialer{srv.Listener.Addr().String(), make(chan string, 1)})
	_, err := c.Status(t.Context(), game)
	require.ErrorIs(t, err, engine.ErrUnreachable)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	<-released
}

type dialFunc func(ctx context.Context, network, addr string) (net.Conn, error)

func (f dialFunc) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	return f(ctx, network, addr)
}

func TestReadsAndWritesHaveTheirOwnTimeouts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := engine.New(engine.Config{CallTimeout: time.Minute, ProbeTimeout: 5 * time.Second},
			dialFunc(func(context.Context, string, string) (net.Conn, error) {
				here, there := net.Pipe()
				go func() { _, _ = io.Copy(io.Discard, there) }() // ends when the client hangs up
				return here, nil
			}))
		took := func(call func() error) time.Duration {
			begin := time.Now()
			require.ErrorIs(t, call(), engine.ErrUnreachable)
			return time.Since(begin)
		}
		require.Equal(t, 5*time.Second, took(func() error { return c.Health(t.Context(), game) }))
		require.Equal(t, time.Minute, took(func() error { _, err := c.Turn(t.Context(), game, 1); return err }))
	})
}

func TestAHangingDialEndsAfterItsCall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ended := make(chan struct{})
		c := engine.New(engine.Config{CallTimeout: time.Second, ProbeTimeout: time.Second},
			dialFunc(func(ctx context.Context, _, _ string) (net.Conn, error) {
				<-ctx.Done()
				close(ended)
				return nil, ctx.Err()
			}))
		require.ErrorIs(t, c.Health(t.Context(), game), engine.ErrUnreachable)
		<-ended
	})
}

func TestAnEngineThatCannotBeDialledIsUnreachable(t *testing.T) {
	t.Parallel()
	cause := errors.New("the container is not running")
	c := engine.New(engine.Config{CallTimeout: time.Second, ProbeTimeout: time.Second},
		dialFunc(func(context.Context, string, string) (net.Conn, error) { return nil, cause }))
	err := c.Health(t.Context(), game)
	require.ErrorIs(t, err, engine.ErrUnreachable)
	require.ErrorIs(t, err, cause)
}

func TestTheProxyOfTheEnvironmentIsIgnored(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
	c, asked := newClient(t, respond(http.StatusOK, running(3)))
	_, err := c.Status(t.Context(), game)
	require.NoError(t, err)
	require.Equal(t, engine.Host(game)+":8080", <-asked)
}

func TestAReportOfAnotherRaceTurnOrGameIsRefused(t *testing.T) {
	t.Parallel()
	turn := 9
	other := report()
	other.GameID = "0197a3c2-0000-7c3a-9f51-0d6a1e2b3c4d"
	for name, row := range map[string]struct {
		query   engine.ReportQuery
		handler http.HandlerFunc
	}{
		"race": {engine.ReportQuery{Race: "Vogons"}, respond(200, report())},
		"turn": {engine.ReportQuery{Race: "Zorg", Turn: &turn}, respond(200, report())},
		"game": {engine.ReportQuery{Race: "Zorg"}, respond(200, other)},
		"304 unasked": {engine.ReportQuery{Race: "Zorg"}, func(w http.ResponseWriter, _ *http.Request) {
			headers(w, game.String())
			w.WriteHeader(http.StatusNotModified)
		}},
		"JSON as text": {engine.ReportQuery{Race: "Zorg", Accept: engine.TextReport}, respond(200, report())},
		"escape codes": {engine.ReportQuery{Race: "Zorg", Accept: engine.TextReport}, func(w http.ResponseWriter, _ *http.Request) {
			headers(w, game.String())
			w.Header().Set("Content-Type", "text/plain")
			_, _ = w.Write([]byte("\x1b[2J"))
		}},
	} {
		c, _ := newClient(t, row.handler)
		_, err := c.Report(t.Context(), game, row.query)
		require.ErrorIs(t, err, engine.ErrBadResponse, name)
	}
}

func TestHeadersOfAReportAreValidated(t *testing.T) {
	t.Parallel()
	c, _ := newClient(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", "no quotes")
		w.Header().Set("Cache-Control", "public, max-age=31536000")
		respond(http.StatusOK, report())(w, r)
	})
	got, err := c.Report(t.Context(), game, engine.ReportQuery{Race: "Zorg"})
	require.NoError(t, err)
	require.Empty(t, got.ETag)
	require.Equal(t, "private, no-cache", got.CacheControl)
}
