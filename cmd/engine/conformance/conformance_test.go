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

// TestMain holds an engine that was named against the contract, and nothing else;
// without one it tests the test, too.
func TestMain(m *testing.M) {
	flag.Parse()
	if *engineURL != "" {
		if err := flag.Set("test.run", "^TestConformance$"); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}

// reference is the address of this repository's own engine on an empty directory.
func reference(t *testing.T, options api.Options) *httptest.Server {
	t.Helper()
	s, err := store.Open(conformance.Directory(t), nil)
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

func document() enginev1.InitRequest {
	return enginev1.InitRequest{
		ContractVersion: 1, GameID: gameID, Seed: "8412093847120983471",
		Races: []enginev1.InitRace{
			{UserID: "user-ant", UserName: "player-1", RaceName: ant}, {UserID: "user-bee", UserName: "player-2", RaceName: bee},
			{UserID: "user-cat", RaceName: cat}, {UserID: "user-dog", RaceName: dog},
		},
		Options: &enginev1.InitOptions{MaxTurns: 40, IdleTurnLimit: new(0)},
	}
}

// match is the play that the steps of the test go through together.
type match struct {
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
		base = reference(t, api.Options{}).URL
	}
	g := &match{Client: conformance.NewClient(t, base), codes: map[enginev1.OrderCode]bool{}}
	for _, step := range []struct {
		name string
		run  func(*match, *testing.T)
	}{
		{"before init", (*match).beforeInit},
		{"bad init", (*match).badInit},
		{"init", (*match).init},
		{"the start", (*match).start},
		{"bad requests", (*match).badRequests},
		{"bad orders", (*match).badOrders},
		{"bad commands", (*match).badCommands},
		{"order codes", (*match).orderCodes},
		{"orders", (*match).orders},
		{"commands", (*match).commands},
		{"first turn", (*match).firstTurn},
		{"first ships", (*match).firstShips},
		{"reports", (*match).reports},
		{"ships", (*match).shipCodes},
		{"flight", (*match).flight},
		{"quitting", (*match).quitting},
		{"play", (*match).play},
		{"banish", (*match).banish},
		{"the end", (*match).end},
	} {
		if !t.Run(step.name, func(t *testing.T) { step.run(g, t) }) {
			return
		}
	}
	if *engineURL == "" {
		g.everyCodeSeen(t)
	}
}

// everyCodeSeen holds the steps, not an engine: in another engine's galaxy some
// codes may have no occasion.
func (g *match) everyCodeSeen(t *testing.T) {
	for _, code := range enginev1.OrderCodes() {
		require.True(t, g.codes[code], code)
	}
}

// status also compares the headers, which every answer has once there is a game.
func (g *match) status(t *testing.T) enginev1.Status {
	t.Helper()
	answer := g.For(t).Get(enginev1.PathStatus)
	status := conformance.Into[enginev1.Status](answer, 200)
	if status.State != enginev1.StateUninitialized {
		require.Equal(t, gameID, answer.Header.Get(enginev1.HeaderGameID))
		require.Equal(t, strconv.Itoa(status.At()), answer.Header.Get(enginev1.HeaderTurn))
	}
	return status
}

// race is the state of one race.
func (g *match) race(t *testing.T, name string) enginev1.RaceStatus {
	t.Helper()
	for _, race := range g.status(t).Races {
		if race.RaceName == name {
			return race
		}
	}
	require.Failf(t, "no such race", "%s", name)
	return enginev1.RaceStatus{}
}

func (g *match) command(race string, cmd enginev1.Command) enginev1.CommandRequest {
	g.ids++
	id := fmt.Sprintf("0197a3c2-aaaa-7c3a-9f51-%012d", g.ids)
	return enginev1.CommandRequest{RaceName: race, Turn: g.turn, CommandID: id, Command: cmd.Raw()}
}

// do carries a command out.
func (g *match) do(t *testing.T, race string, cmd enginev1.Command) enginev1.CommandResponse {
	t.Helper()
	return conformance.Into[enginev1.CommandResponse](g.For(t).Put(enginev1.PathCommand, g.command(race, cmd)), 200)
}

func (g *match) list(race string, orders ...enginev1.Order) enginev1.OrderRequest {
	return enginev1.OrderRequest{RaceName: race, Turn: g.turn, Orders: append([]enginev1.Order{}, orders...)}
}

// hand hands a list in and looks at its results.
func (g *match) hand(t *testing.T, race string, orders ...enginev1.Order) enginev1.OrderResponse {
	t.Helper()
	answer := conformance.Into[enginev1.OrderResponse](g.For(t).Put(enginev1.PathOrder, g.list(race, orders...)), 200)
	require.True(t, answer.Stored)
	require.Equal(t, g.turn, answer.Turn)
	require.Len(t, answer.Results, len(orders))
	rejected := 0
	for i, result := range answer.Results {
		require.Equal(t, i, result.Index)
		if result.Status == enginev1.ResultError {
			rejected++
			require.Contains(t, enginev1.OrderCodes(), result.Code)
			require.NotEmpty(t, result.Message)
			g.codes[result.Code] = true
		}
	}
	require.Equal(t, rejected, answer.Rejected)
	require.Equal(t, len(orders)-rejected, answer.Accepted)
	return answer
}

// refuses hands in one order and checks why it is refused.
func (g *match) refuses(t *testing.T, race string, code enginev1.OrderCode, order enginev1.Order) {
	t.Helper()
	result := g.hand(t, race, order).Results[0]
	require.Equal(t, enginev1.ResultError, result.Status, "%+v", order)
	require.Equal(t, code, result.Code, "%s", result.Message)
}

func (g *match) report(t *testing.T, race string) enginev1.Report {
	t.Helper()
	r := conformance.Into[enginev1.Report](g.For(t).Get(conformance.ReportPath(race)), 200)
	require.Equal(t, race, r.Race)
	require.Equal(t, g.turn, r.Turn)
	known := len(r.LocalPlanets) + len(r.OtherPlanets) + len(r.UninhabitedPlanets) + len(r.UnidentifiedPlanets)
	require.Equal(t, r.Galaxy.Planets, known, "every planet is in exactly one section")
	return r
}

// next makes the next turn.
func (g *match) next(t *testing.T) enginev1.TurnResponse {
	t.Helper()
	g.turn++
	answer := conformance.Into[enginev1.TurnResponse](g.For(t).Put(enginev1.PathTurn, enginev1.TurnRequest{Turn: g.turn}), 200)
	require.Equal(t, g.turn, answer.Turn)
	require.Equal(t, g.turn, answer.Status.At())
	require.False(t, answer.Replayed)
	return answer
}

// round lets the bot play for everybody and makes the next turn.
func (g *match) round(t *testing.T) enginev1.TurnResponse {
	t.Helper()
	for _, race := range g.status(t).Races {
		r := g.report(t, race.RaceName)
		orders, commands := bot.Play(&r)
		for _, cmd := range commands {
			g.do(t, race.RaceName, cmd)
		}
		if orders != nil {
			g.hand(t, race.RaceName, orders...)
		}
	}
	return g.next(t)
}
