package api_test

import (
	"fmt"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"galaxy/backend/cmd/engine/conformance"
	"galaxy/backend/cmd/engine/internal/api"
	"galaxy/backend/cmd/engine/internal/store"
	enginev1 "galaxy/backend/proto/engine/v1"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const gameID = "0197a3c2-5f0e-7c3a-9f51-0d6a1e2b3c4d"

// fixture is an engine on a directory, and a client that checks the contract.
type fixture struct {
	*conformance.Client
	t      testing.TB
	dir    string
	hook   store.Hook
	engine *api.Engine
	store  *store.Store
	server *httptest.Server
}

func newFixture(t testing.TB, options api.Options) *fixture {
	t.Helper()
	f := &fixture{t: t, dir: conformance.StateDir(t)}
	f.open(options)
	t.Cleanup(f.close)
	return f
}

func (f *fixture) open(options api.Options) {
	f.t.Helper()
	var err error
	f.store, err = store.Open(f.dir, func(step store.Step, path string) error {
		if f.hook == nil {
			return nil
		}
		return f.hook(step, path)
	})
	require.NoError(f.t, err)
	if options.Version == "" {
		options.Version = "0.1.0"
	}
	f.engine = api.New(f.store, options)
	f.server = httptest.NewServer(f.engine.Handler())
	f.Client = conformance.NewClient(f.t, f.server.URL)
}

// newClient serves an engine that the test has made itself.
func newClient(t *testing.T, e *api.Engine) *conformance.Client {
	t.Helper()
	server := httptest.NewServer(e.Handler())
	t.Cleanup(server.Close)
	return conformance.NewClient(t, server.URL)
}

func (f *fixture) close() {
	f.server.Close()
	require.NoError(f.t, f.store.Close())
}

// restart opens the directory anew, as a restarted container does.
func (f *fixture) restart(options api.Options) {
	f.t.Helper()
	f.close()
	f.open(options)
}

func initRequest(races ...string) enginev1.InitRequest {
	r := enginev1.InitRequest{
		ContractVersion: 1, GameID: gameID, Seed: "42", Options: &enginev1.InitOptions{IdleTurnLimit: new(0)},
	}
	for i, race := range races {
		r.Races = append(r.Races, enginev1.InitRace{UserID: fmt.Sprint("user-", i), UserName: "name", RaceName: race})
	}
	return r
}

// newGameFixture is an engine with a game of the races Zorg and Vogons.
func newGameFixture(t testing.TB) *fixture {
	t.Helper()
	f := newFixture(t, api.Options{})
	conformance.Into[enginev1.Status](f.Post(enginev1.PathInit, initRequest("Zorg", "Vogons")), 201)
	return f
}

func (f *fixture) status() enginev1.Status {
	f.t.Helper()
	return conformance.Into[enginev1.Status](f.Get(enginev1.PathStatus), 200)
}

func (f *fixture) report(race string) enginev1.Report {
	f.t.Helper()
	return conformance.Into[enginev1.Report](f.Get(conformance.ReportPath(race)), 200)
}

func (f *fixture) turn(turn int) enginev1.TurnResponse {
	f.t.Helper()
	return conformance.Into[enginev1.TurnResponse](f.Put(enginev1.PathTurn, enginev1.TurnRequest{Turn: turn}), 200)
}

func commandID(n int) string { return fmt.Sprintf("0197a3c2-aaaa-7c3a-9f51-%012d", n) }

func command(race string, turn, id int, cmd enginev1.Command) enginev1.CommandRequest {
	return enginev1.CommandRequest{RaceName: race, Turn: turn, CommandID: commandID(id), Command: cmd.Raw()}
}

func (f *fixture) command(race string, turn, id int, cmd enginev1.Command) enginev1.CommandResponse {
	f.t.Helper()
	return conformance.Into[enginev1.CommandResponse](f.Put(enginev1.PathCommand, command(race, turn, id, cmd)), 200)
}

func orders(race string, turn int, list ...enginev1.Order) enginev1.OrderRequest {
	if list == nil {
		list = []enginev1.Order{}
	}
	return enginev1.OrderRequest{RaceName: race, Turn: turn, Orders: list}
}

func (f *fixture) order(race string, turn int, list ...enginev1.Order) enginev1.OrderResponse {
	f.t.Helper()
	return conformance.Into[enginev1.OrderResponse](f.Put(enginev1.PathOrder, orders(race, turn, list...)), 200)
}

func fixedTime() time.Time { return time.Date(2026, 5, 8, 19, 0, 0, 0, time.UTC) }
