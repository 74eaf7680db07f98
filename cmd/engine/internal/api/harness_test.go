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

// bench is an engine on a directory, and a client that checks the contract.
type bench struct {
	*conformance.Client
	t      testing.TB
	dir    string
	hook   store.Hook
	engine *api.Engine
	store  *store.Store
	server *httptest.Server
}

func start(t testing.TB, options api.Options) *bench {
	t.Helper()
	b := &bench{t: t, dir: conformance.Directory(t)}
	b.open(options)
	t.Cleanup(b.shut)
	return b
}

func (b *bench) open(options api.Options) {
	b.t.Helper()
	var err error
	b.store, err = store.Open(b.dir, func(step store.Step, path string) error {
		if b.hook == nil {
			return nil
		}
		return b.hook(step, path)
	})
	require.NoError(b.t, err)
	if options.Version == "" {
		options.Version = "0.1.0"
	}
	b.engine = api.New(b.store, options)
	b.server = httptest.NewServer(b.engine.Handler())
	b.Client = conformance.NewClient(b.t, b.server.URL)
}

// serving is a client of an engine that was made elsewhere.
func serving(t *testing.T, e *api.Engine) *conformance.Client {
	t.Helper()
	server := httptest.NewServer(e.Handler())
	t.Cleanup(server.Close)
	return conformance.NewClient(t, server.URL)
}

func (b *bench) shut() {
	b.server.Close()
	require.NoError(b.t, b.store.Close())
}

// restart is what a host does to a container.
func (b *bench) restart(options api.Options) {
	b.t.Helper()
	b.shut()
	b.open(options)
}

func document(races ...string) enginev1.InitRequest {
	r := enginev1.InitRequest{
		ContractVersion: 1, GameID: gameID, Seed: "42", Options: &enginev1.InitOptions{IdleTurnLimit: new(0)},
	}
	for i, race := range races {
		r.Races = append(r.Races, enginev1.InitRace{UserID: fmt.Sprint("user-", i), UserName: "name", RaceName: race})
	}
	return r
}

// founded is an engine with the game of Zorg and Vogons.
func founded(t testing.TB) *bench {
	t.Helper()
	b := start(t, api.Options{})
	conformance.Into[enginev1.Status](b.Post(enginev1.PathInit, document("Zorg", "Vogons")), 201)
	return b
}

func (b *bench) status() enginev1.Status {
	b.t.Helper()
	return conformance.Into[enginev1.Status](b.Get(enginev1.PathStatus), 200)
}

func (b *bench) report(race string) enginev1.Report {
	b.t.Helper()
	return conformance.Into[enginev1.Report](b.Get(conformance.ReportPath(race)), 200)
}

func (b *bench) turn(turn int) enginev1.TurnResponse {
	b.t.Helper()
	return conformance.Into[enginev1.TurnResponse](b.Put(enginev1.PathTurn, enginev1.TurnRequest{Turn: turn}), 200)
}

func commandID(n int) string { return fmt.Sprintf("0197a3c2-aaaa-7c3a-9f51-%012d", n) }

func command(race string, turn, id int, cmd enginev1.Command) enginev1.CommandRequest {
	return enginev1.CommandRequest{RaceName: race, Turn: turn, CommandID: commandID(id), Command: cmd.Raw()}
}

func (b *bench) command(race string, turn, id int, cmd enginev1.Command) enginev1.CommandResponse {
	b.t.Helper()
	return conformance.Into[enginev1.CommandResponse](b.Put(enginev1.PathCommand, command(race, turn, id, cmd)), 200)
}

func orders(race string, turn int, list ...enginev1.Order) enginev1.OrderRequest {
	if list == nil {
		list = []enginev1.Order{}
	}
	return enginev1.OrderRequest{RaceName: race, Turn: turn, Orders: list}
}

func (b *bench) order(race string, turn int, list ...enginev1.Order) enginev1.OrderResponse {
	b.t.Helper()
	return conformance.Into[enginev1.OrderResponse](b.Put(enginev1.PathOrder, orders(race, turn, list...)), 200)
}

func instant() time.Time { return time.Date(2026, 5, 8, 19, 0, 0, 0, time.UTC) }
