package conformance_test

import (
	"flag"
	"fmt"
	"net/http/httptest"
	"os"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"galaxy/backend/cmd/engine/bot"
	"galaxy/backend/cmd/engine/conformance"
	"galaxy/backend/cmd/engine/internal/api"
	"galaxy/backend/cmd/engine/internal/store"
	enginev1 "galaxy/backend/proto/engine/v1"
)

var engineURL = flag.String("engine-url", os.Getenv("GALAXY_TEST_ENGINE_URL"), "address of a fresh engine")

// TestMain runs only the conformance test when an engine's address is given;
// without one it runs the tests of the conformance test, too.
func TestMain(m *testing.M) {
	flag.Parse()
	if *engineURL != "" {
		if err := flag.Set("test.run", "^TestConformance$"); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}

// newReferenceEngine serves this repository's own engine on an empty directory.
func newReferenceEngine(t *testing.T, options api.Options) *httptest.Server {
	t.Helper()
	s, err := store.Open(conformance.StateDir(t), nil)
	require.NoError(t, err)
	options.Version = "0.1.0"
	server := httptest.NewServer(api.New(s, options).Handler())
	t.Cleanup(func() {
		server.Close()
		require.NoError(t, s.Close())
	})
	return server
}

const gameID = "0197a3c2-5f0e-7c3a-9f51-0d6a1e2b3c4d"

const (
	ant = "Ant"
	bee = "Bée der Zweite"
	cat = "Cat"
	dog = "Dog"
)

func initRequest() enginev1.InitRequest {
	return enginev1.InitRequest{
		ContractVersion: 1, GameID: gameID, Seed: "8412093847120983471",
		Races: []enginev1.InitRace{
			{UserID: "user-ant", UserName: "player-1", RaceName: ant}, {UserID: "user-bee", UserName: "player-2", RaceName: bee},
			{UserID: "user-cat", RaceName: cat}, {UserID: "user-dog", RaceName: dog},
		},
		Options: &enginev1.InitOptions{MaxTurns: 40, IdleTurnLimit: new(0)},
	}
}

// fixture is the game that the steps of the test share.
type fixture struct {
	*conformance.Client
	turn  int
	ids   int
	codes map[enginev1.OrderCode]bool // per-order codes that were seen
}

// TestConformance plays one game; its steps build on each other.
func TestConformance(t *testing.T) {
	t.Parallel()
	base := *engineURL
	if base == "" {
		base = newReferenceEngine(t, api.Options{}).URL
	}
	f := &fixture{Client: conformance.NewClient(t, base), codes: map[enginev1.OrderCode]bool{}}
	for _, step := range []struct {
		name string
		run  func(*fixture, *testing.T)
	}{
		{"before init", (*fixture).beforeInit},
		{"bad init", (*fixture).badInit},
		{"init", (*fixture).init},
		{"the start", (*fixture).start},
		{"bad requests", (*fixture).badRequests},
		{"bad orders", (*fixture).badOrders},
		{"bad commands", (*fixture).badCommands},
		{"order codes", (*fixture).orderCodes},
		{"orders", (*fixture).orders},
		{"commands", (*fixture).commands},
		{"first turn", (*fixture).firstTurn},
		{"first ships", (*fixture).firstShips},
		{"reports", (*fixture).reports},
		{"ships", (*fixture).shipCodes},
		{"flight", (*fixture).flight},
		{"quitting", (*fixture).quitting},
		{"play", (*fixture).play},
		{"banish", (*fixture).banish},
		{"the end", (*fixture).end},
	} {
		if !t.Run(step.name, func(t *testing.T) { step.run(f, t) }) {
			return
		}
	}
	if *engineURL == "" {
		f.requireEveryCode(t)
	}
}

// requireEveryCode checks the steps, not an engine: in another engine's galaxy
// some codes may not be provoked.
func (f *fixture) requireEveryCode(t *testing.T) {
	for _, code := range enginev1.OrderCodes() {
		require.True(t, f.codes[code], code)
	}
}

// status also compares the headers, which every answer has once there is a game.
func (f *fixture) status(t *testing.T) enginev1.Status {
	t.Helper()
	answer := f.For(t).Get(enginev1.PathStatus)
	status := conformance.Into[enginev1.Status](answer, 200)
	if status.State != enginev1.StateUninitialized {
		require.Equal(t, gameID, answer.Header.Get(enginev1.HeaderGameID))
		require.Equal(t, strconv.Itoa(status.At()), answer.Header.Get(enginev1.HeaderTurn))
	}
	return status
}

// race is the state of one race.
func (f *fixture) race(t *testing.T, name string) enginev1.RaceStatus {
	t.Helper()
	for _, race := range f.status(t).Races {
		if race.RaceName == name {
			return race
		}
	}
	require.Failf(t, "no such race", "%s", name)
	return enginev1.RaceStatus{}
}

func (f *fixture) command(race string, cmd enginev1.Command) enginev1.CommandRequest {
	f.ids++
	id := fmt.Sprintf("0197a3c2-aaaa-7c3a-9f51-%012d", f.ids)
	return enginev1.CommandRequest{RaceName: race, Turn: f.turn, CommandID: id, Command: cmd.Raw()}
}

// execute runs a command.
func (f *fixture) execute(t *testing.T, race string, cmd enginev1.Command) enginev1.CommandResponse {
	t.Helper()
	return conformance.Into[enginev1.CommandResponse](f.For(t).Put(enginev1.PathCommand, f.command(race, cmd)), 200)
}

func (f *fixture) list(race string, orders ...enginev1.Order) enginev1.OrderRequest {
	return enginev1.OrderRequest{RaceName: race, Turn: f.turn, Orders: append([]enginev1.Order{}, orders...)}
}

// submit stores an order list and checks its results.
func (f *fixture) submit(t *testing.T, race string, orders ...enginev1.Order) enginev1.OrderResponse {
	t.Helper()
	answer := conformance.Into[enginev1.OrderResponse](f.For(t).Put(enginev1.PathOrder, f.list(race, orders...)), 200)
	require.True(t, answer.Stored)
	require.Equal(t, f.turn, answer.Turn)
	require.Len(t, answer.Results, len(orders))
	rejected := 0
	for i, result := range answer.Results {
		require.Equal(t, i, result.Index)
		if result.Status == enginev1.ResultError {
			rejected++
			require.Contains(t, enginev1.OrderCodes(), result.Code)
			require.NotEmpty(t, result.Message)
			f.codes[result.Code] = true
		}
	}
	require.Equal(t, rejected, answer.Rejected)
	require.Equal(t, len(orders)-rejected, answer.Accepted)
	return answer
}

// requireRefused submits one order and checks the code it is refused with.
func (f *fixture) requireRefused(t *testing.T, race string, code enginev1.OrderCode, order enginev1.Order) {
	t.Helper()
	result := f.submit(t, race, order).Results[0]
	require.Equal(t, enginev1.ResultError, result.Status, "%+v", order)
	require.Equal(t, code, result.Code, "%s", result.Message)
}

func (f *fixture) report(t *testing.T, race string) enginev1.Report {
	t.Helper()
	r := conformance.Into[enginev1.Report](f.For(t).Get(conformance.ReportPath(race)), 200)
	require.Equal(t, race, r.Race)
	require.Equal(t, f.turn, r.Turn)
	known := len(r.LocalPlanets) + len(r.OtherPlanets) + len(r.UninhabitedPlanets) + len(r.UnidentifiedPlanets)
	require.Equal(t, r.Galaxy.Planets, known, "every planet is in exactly one section")
	return r
}

// nextTurn generates the next turn.
func (f *fixture) nextTurn(t *testing.T) enginev1.TurnResponse {
	t.Helper()
	f.turn++
	answer := conformance.Into[enginev1.TurnResponse](f.For(t).Put(enginev1.PathTurn, enginev1.TurnRequest{Turn: f.turn}), 200)
	require.Equal(t, f.turn, answer.Turn)
	require.Equal(t, f.turn, answer.Status.At())
	require.False(t, answer.Replayed)
	return answer
}

// playRound lets the bot play for every race and generates the next turn.
func (f *fixture) playRound(t *testing.T) enginev1.TurnResponse {
	t.Helper()
	for _, race := range f.status(t).Races {
		r := f.report(t, race.RaceName)
		orders, commands := bot.Play(&r)
		for _, cmd := range commands {
			f.execute(t, race.RaceName, cmd)
		}
		if orders != nil {
			f.submit(t, race.RaceName, orders...)
		}
	}
	return f.nextTurn(t)
}
