package engine_test

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/modules/engine"
	enginev1 "galaxy/backend/proto/engine/v1"
)

var game = uuid.MustParse("0197a3c2-5f0e-7c3a-9f51-0d6a1e2b3c4d")

// fixedDialer reaches one server whatever the name, and remembers what was asked for.
type fixedDialer struct {
	addr  string
	asked chan string
}

func (d fixedDialer) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	select {
	case d.asked <- addr:
	default:
	}
	return (&net.Dialer{}).DialContext(ctx, network, d.addr)
}

// newClient returns a client of an engine that answers with handler, and what the
// dialer was asked for.
func newClient(t *testing.T, handler http.HandlerFunc) (*engine.Client, chan string) {
	t.Helper()
	srv := httptest.NewServer(handler)
	t.Cleanup(srv.Close)
	asked := make(chan string, 8)
	c := engine.New(engine.Config{CallTimeout: 10 * time.Second, ProbeTimeout: 10 * time.Second},
		fixedDialer{srv.Listener.Addr().String(), asked})
	t.Cleanup(func() { _ = c.Stop(context.Background()) })
	return c, asked
}

// respond answers as an engine of the game: the contract's headers, a status, a
// value.
func respond(status int, body any) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		headers(w, game.String())
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(body)
	}
}

func headers(w http.ResponseWriter, id string) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set(enginev1.HeaderContract, "1")
	w.Header().Set(enginev1.HeaderGameID, id)
}

func refuses(status int, code enginev1.ErrorCode, details map[string]any) http.HandlerFunc {
	refusal := enginev1.Error{Code: code, Message: "text of the engine", Details: details}
	return respond(status, enginev1.ErrorResponse{Error: refusal})
}

// running is a valid status of the game.
func running(turn int) enginev1.Status {
	id := game.String()
	return enginev1.Status{
		ContractVersion: 1, EngineVersion: "0.1.0", Ruleset: enginev1.Ruleset, GameID: &id,
		State: enginev1.StateRunning, Turn: &turn, StateHash: "9d1c5a0b7e44f2aa",
		Races: []enginev1.RaceStatus{{RaceName: "Zorg", State: enginev1.RaceActive}},
	}
}

func report() enginev1.Report {
	return enginev1.Report{ContractVersion: 1, GameID: game.String(), Turn: 3, Race: "Zorg"}
}
