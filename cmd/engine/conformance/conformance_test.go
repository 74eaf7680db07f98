package conformance_test

import (
	"flag"
	"fmt"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"galaxy/backend/cmd/engine/bot"
	"galaxy/backend/cmd/engine/conformance"
	"galaxy/backend/cmd/engine/internal/api"
	"galaxy/backend/cmd/engine/internal/store"
	enginev1 "galaxy/backend/proto/engine/v1"
)

var engineURL = flag.String("engine-url", os.Getenv("GALAXY_TEST_ENGINE_URL"), "address of a fresh engine")

// target is the engine that was asked for, or this repository's own.
func target(t *testing.T) string {
	t.Helper()
	if *engineURL != "" {
		return *engineURL
	}
	s, err := store.Open(t.TempDir(), nil)
	require.NoError(t, err)
	server := httptest.NewServer(api.New(s, api.Options{Version: "0.1.0"}).Handler())
	t.Cleanup(func() {
		server.Close()
		require.NoError(t, s.Close())
	})
	return server.URL
}

const gameID = "0197a3c2-5f0e-7c3a-9f51-0d6a1e2b3c4d"

func document() enginev1.InitRequest {
	return enginev1.InitRequest{
		ContractVersion: 1, GameID: gameID, Seed: "8412093847120983471",
		Races: []enginev1.InitRace{
			{UserID: "user-ant", UserName: "player-1", RaceName: "Ant"},
			{UserID: "user-bee", UserName: "player-2", RaceName: "Bée der Zweite"},
			{UserID: "user-cat", RaceName: "Cat"},
		},
		Options: &enginev1.InitOptions{MaxTurns: 30, IdleTurnLimit: new(0)},
	}
}

const (
	ant = "Ant"
	bee = "Bée der Zweite"
	cat = "Cat"
)

// game is the play that the steps of the test go through together.
type game struct {
	*conformance.Client
	turn int
	ids  int
}

func (g *game) status(t *testing.T) enginev1.Status {
	t.Helper()
	return conformance.Into[enginev1.Status](g.For(t).Get(enginev1.PathStatus), 200)
}

func (g *game) command(race string, cmd enginev1.Command) enginev1.CommandRequest {
	g.ids++
	id := fmt.Sprintf("0197a3c2-aaaa-7c3a-9f51-%012d", g.ids)
	return enginev1.CommandRequest{RaceName: race, Turn: g.turn, CommandID: id, Command: cmd.Raw()}
}

func (g *game) list(race string, orders ...enginev1.Order) enginev1.OrderRequest {
	return enginev1.OrderRequest{RaceName: race, Turn: g.turn, Orders: append([]enginev1.Order{}, orders...)}
}

func (g *game) report(t *testing.T, race string) enginev1.Report {
	t.Helper()
	return conformance.Into[enginev1.Report](g.For(t).Get(conformance.ReportPath(race)), 200)
}

// TestConformance plays one game; its steps build on each other.
func TestConformance(t *testing.T) {
	t.Parallel()
	g := &game{Client: conformance.NewClient(t, target(t))}
	for _, step := range []struct {
		name string
		run  func(*game, *testing.T)
	}{
		{"before init", (*game).beforeInit},
		{"init", (*game).init},
		{"the first report", (*game).firstReport},
		{"bad requests", (*game).badRequests},
		{"orders", (*game).orders},
		{"commands", (*game).commands},
		{"turn", (*game).firstTurn},
		{"reports", (*game).reports},
		{"play", (*game).play},
		{"banish", (*game).banish},
		{"the end", (*game).end},
	} {
		if !t.Run(step.name, func(t *testing.T) { step.run(g, t) }) {
			return
		}
	}
}

func (g *game) beforeInit(t *testing.T) {
	c := g.For(t)
	health := conformance.Into[enginev1.Health](c.Get(enginev1.PathHealthz), 200)
	require.Equal(t, enginev1.HealthOK, health.Status)
	status := g.status(t)
	require.Equal(t, enginev1.StateUninitialized, status.State, "the engine must be fresh")
	c.Put(enginev1.PathTurn, enginev1.TurnRequest{Turn: 1}).Refused(409, enginev1.CodeNotInitialized)
	c.Put(enginev1.PathOrder, g.list(ant)).Refused(409, enginev1.CodeNotInitialized)
	c.Put(enginev1.PathCommand, g.command(ant, enginev1.QuitGame(ant))).Refused(409, enginev1.CodeNotInitialized)
	c.Post(enginev1.PathBanish, enginev1.BanishRequest{RaceName: ant}).Refused(409, enginev1.CodeNotInitialized)
	c.Get(conformance.ReportPath(ant)).Refused(409, enginev1.CodeNotInitialized)
}

func (g *game) init(t *testing.T) {
	c := g.For(t)
	twice := document()
	twice.Races[2].RaceName = "aNT"
	c.Post(enginev1.PathInit, twice).Refused(422, enginev1.CodeValidationFailed)
	first := conformance.Into[enginev1.Status](c.Post(enginev1.PathInit, document()), 201)
	require.Equal(t, enginev1.StateRunning, first.State)
	require.Equal(t, 0, first.At())
	require.Equal(t, gameID, *first.GameID)
	require.Equal(t, document().Seed, first.Seed)
	require.Len(t, first.Races, 3)
	for i, race := range first.Races {
		require.Equal(t, document().Races[i].RaceName, race.RaceName)
		require.Equal(t, document().Races[i].UserID, race.UserID)
		require.Positive(t, race.Planets)
	}
	again := conformance.Into[enginev1.Status](c.Post(enginev1.PathInit, document()), 200)
	require.Equal(t, first.StateHash, again.StateHash)
	other := document()
	other.Seed = "1"
	c.Post(enginev1.PathInit, other).Refused(409, enginev1.CodeAlreadyInitialized)
}

func (g *game) firstReport(t *testing.T) {
	for _, race := range []string{ant, bee, cat} {
		r := g.report(t, race)
		require.Equal(t, race, r.Race)
		require.Equal(t, gameID, r.GameID)
		require.Len(t, r.Races, 3)
		known := len(r.LocalPlanets) + len(r.OtherPlanets) + len(r.UninhabitedPlanets) + len(r.UnidentifiedPlanets)
		require.Equal(t, r.Galaxy.Planets, known, "every planet once")
	}
	answer := g.For(t).Get(enginev1.PathStatus)
	require.Equal(t, gameID, answer.Header.Get(enginev1.HeaderGameID))
	require.Equal(t, "0", answer.Header.Get(enginev1.HeaderTurn))
}

func (g *game) badRequests(t *testing.T) {
	c := g.For(t)
	for _, body := range []string{"", "[]", "null", `{"turn":1`, `{"turn":1}{}`, `{"turn":"1"}`, `{"turn":1,"x":1}`, `{"turn":1.5}`} {
		c.Put(enginev1.PathTurn, body).Refused(400, enginev1.CodeInvalidRequest)
	}
	c.Put(enginev1.PathTurn, `{"turn":0}`).Refused(422, enginev1.CodeValidationFailed)
	c.Put(enginev1.PathTurn, "{"+strings.Repeat(" ", enginev1.MaxBody)+"}").Refused(413, enginev1.CodeBodyTooLarge)
	c.With("Content-Type", "text/plain").Put(enginev1.PathTurn, `{"turn":1}`).Refused(415, enginev1.CodeUnsupportedMediaType)
	c.With("Accept", "image/png").Get(conformance.ReportPath(ant)).Refused(406, enginev1.CodeNotAcceptable)
	c.Call("DELETE", enginev1.PathStatus, nil).Refused(405, enginev1.CodeMethodNotAllowed)
	c.Get("/api/v1/nothing").Refused(404, enginev1.CodeNotFound)
	c.Get(conformance.ReportPath("Dog")).Refused(404, enginev1.CodeRaceNotFound)
	c.Get(conformance.ReportPath(ant)+"&turn=9").Refused(404, enginev1.CodeTurnNotFound)
	require.Equal(t, 0, g.status(t).At())
}

func (g *game) orders(t *testing.T) {
	c := g.For(t)
	own := g.report(t, ant).LocalPlanets[0].Number
	good := enginev1.CreateType("Scout", 1, 0, 0, 0, 0)
	bad := enginev1.Send(enginev1.Group(999), own)
	strict := g.list(ant, good, bad)
	strict.Mode = enginev1.ModeStrict
	c.Put(enginev1.PathOrder, strict).Refused(422, enginev1.CodeOrdersRejected)
	require.False(t, g.status(t).Races[0].HasOrders)

	first := conformance.Into[enginev1.OrderResponse](c.Put(enginev1.PathOrder, g.list(ant, good, bad)), 200)
	require.True(t, first.Stored)
	require.Equal(t, 1, first.Accepted)
	require.Equal(t, 1, first.Rejected)
	require.Equal(t, enginev1.OrderUnknownGroup, first.Results[1].Code)
	same := conformance.Into[enginev1.OrderResponse](c.Put(enginev1.PathOrder, g.list(ant, good, bad)), 200)
	require.Equal(t, first.OrderHash, same.OrderHash)
	final := conformance.Into[enginev1.OrderResponse](c.Put(enginev1.PathOrder,
		g.list(ant, good, enginev1.Produce(own, enginev1.ProduceShip, "Scout"), enginev1.Rename(own, "Hill"))), 200)
	require.NotEqual(t, first.OrderHash, final.OrderHash)
	require.Equal(t, 3, final.Accepted)
	require.True(t, g.status(t).Races[0].HasOrders)
	require.Len(t, g.report(t, ant).Pending.Orders, 3)

	late := g.list(ant, good)
	late.Turn = 1
	refused := c.Put(enginev1.PathOrder, late).Refused(409, enginev1.CodeTurnMismatch)
	require.EqualValues(t, 0, refused.Details[enginev1.DetailCurrentTurn])
	c.Put(enginev1.PathOrder, g.list("Dog")).Refused(404, enginev1.CodeRaceNotFound)
	c.Put(enginev1.PathOrder, g.list(ant, enginev1.Order{Type: "nothing"})).Refused(422, enginev1.CodeValidationFailed)
	long := make([]enginev1.Order, enginev1.MaxOrders+1)
	for i := range long {
		long[i] = enginev1.Merge()
	}
	c.Put(enginev1.PathOrder, g.list(ant, long...)).Refused(422, enginev1.CodeValidationFailed)
	require.Len(t, g.report(t, ant).Pending.Orders, 3, "the stored list has not changed")
}

func (g *game) commands(t *testing.T) {
	c := g.For(t)
	request := g.command(ant, enginev1.SetRelation(bee, enginev1.Peace))
	first := conformance.Into[enginev1.CommandResponse](c.Put(enginev1.PathCommand, request), 200)
	require.Equal(t, enginev1.CommandApplied, first.Status)
	again := conformance.Into[enginev1.CommandResponse](c.Put(enginev1.PathCommand, request), 200)
	require.True(t, again.Replayed)
	request.Command = enginev1.SetRelation(bee, enginev1.War).Raw()
	c.Put(enginev1.PathCommand, request).Refused(409, enginev1.CodeCommandConflict)
	repeat := g.command(ant, enginev1.SetRelation(bee, enginev1.Peace))
	require.Equal(t, enginev1.CommandUnchanged, conformance.Into[enginev1.CommandResponse](c.Put(enginev1.PathCommand, repeat), 200).Status)
	message := g.command(bee, enginev1.SendMessage("Ждём мира", ant))
	conformance.Into[enginev1.CommandResponse](c.Put(enginev1.PathCommand, message), 200)
	require.Equal(t, "Ждём мира", g.report(t, ant).Messages[0].Text, "readable at once")
	require.Empty(t, g.report(t, cat).Messages)
	c.Put(enginev1.PathCommand, g.command(ant, enginev1.QuitGame(bee))).Refused(422, enginev1.CodeValidationFailed)
	quit := g.command(cat, enginev1.QuitGame(cat))
	conformance.Into[enginev1.CommandResponse](c.Put(enginev1.PathCommand, quit), 200)
	require.Equal(t, enginev1.RaceQuitting, g.status(t).Races[2].State)
	conformance.Into[enginev1.OrderResponse](c.Put(enginev1.PathOrder, g.list(cat)), 200)
	require.Equal(t, enginev1.RaceActive, g.status(t).Races[2].State, "any order takes a quit back")
}

func (g *game) firstTurn(t *testing.T) {
	c := g.For(t)
	c.Put(enginev1.PathTurn, enginev1.TurnRequest{Turn: 2}).Refused(409, enginev1.CodeTurnMismatch)
	first := conformance.Into[enginev1.TurnResponse](c.Put(enginev1.PathTurn, enginev1.TurnRequest{Turn: 1}), 200)
	require.False(t, first.Replayed)
	require.Equal(t, 1, first.Status.At())
	again := conformance.Into[enginev1.TurnResponse](c.Put(enginev1.PathTurn, enginev1.TurnRequest{Turn: 1}), 200)
	require.True(t, again.Replayed)
	require.Equal(t, first.Events, again.Events)
	require.Equal(t, first.Status, again.Status)
	c.Put(enginev1.PathOrder, g.list(ant)).Refused(409, enginev1.CodeTurnMismatch)
	g.turn = 1
	require.Zero(t, g.status(t).Races[0].IdleTurns, "a list is activity")
}

func (g *game) reports(t *testing.T) {
	r := g.report(t, ant)
	require.Len(t, r.OrderResults, 3)
	require.Nil(t, r.Pending)
	require.Len(t, r.Groups, 1)
	require.Equal(t, "Scout", r.Groups[0].Type)
	c := g.For(t)
	answer := c.Get(conformance.ReportPath(ant))
	tag := answer.Header.Get("ETag")
	require.NotEmpty(t, tag)
	require.Equal(t, 304, c.With("If-None-Match", tag).Get(conformance.ReportPath(ant)).Status)
	text := c.With("Accept", "text/plain").Get(conformance.ReportPath(ant))
	require.Equal(t, 200, text.Status)
	require.Contains(t, text.Header.Get("Content-Type"), "text/plain")
	require.Contains(t, string(text.Body), "Hill")
	past := conformance.Into[enginev1.Report](c.Get(conformance.ReportPath(ant)+"&turn=0"), 200)
	require.Equal(t, 0, past.Turn)
	require.Nil(t, past.Pending)
}

// round lets the bot play for everybody and makes the next turn.
func (g *game) round(t *testing.T) enginev1.TurnResponse {
	t.Helper()
	c := g.For(t)
	for _, race := range g.status(t).Races {
		r := g.report(t, race.RaceName)
		orders, commands := bot.Play(&r)
		for _, cmd := range commands {
			conformance.Into[enginev1.CommandResponse](c.Put(enginev1.PathCommand, g.command(race.RaceName, cmd)), 200)
		}
		if orders != nil {
			conformance.Into[enginev1.OrderResponse](c.Put(enginev1.PathOrder, g.list(race.RaceName, orders...)), 200)
		}
	}
	g.turn++
	return conformance.Into[enginev1.TurnResponse](c.Put(enginev1.PathTurn, enginev1.TurnRequest{Turn: g.turn}), 200)
}

func (g *game) play(t *testing.T) {
	for range 8 {
		turn := g.round(t)
		require.False(t, turn.Status.Finished)
	}
	require.Greater(t, len(g.report(t, ant).LocalPlanets), 3, "the bot has settled something")
}

func (g *game) banish(t *testing.T) {
	c := g.For(t)
	request := enginev1.BanishRequest{RaceName: cat, Reason: "membership_blocked"}
	first := conformance.Into[enginev1.BanishResponse](c.Post(enginev1.PathBanish, request), 200)
	require.Equal(t, enginev1.RaceBanished, first.State)
	require.False(t, first.Replayed)
	require.Positive(t, first.PlanetsReleased)
	again := conformance.Into[enginev1.BanishResponse](c.Post(enginev1.PathBanish, request), 200)
	require.True(t, again.Replayed)
	c.Post(enginev1.PathBanish, enginev1.BanishRequest{RaceName: "Dog"}).Refused(404, enginev1.CodeRaceNotFound)
	c.Put(enginev1.PathOrder, g.list(cat)).Refused(409, enginev1.CodeRaceInactive)
	c.Put(enginev1.PathCommand, g.command(cat, enginev1.QuitGame(cat))).Refused(409, enginev1.CodeRaceInactive)
	require.Empty(t, g.report(t, cat).LocalPlanets, "its reports stay readable")
	turn := g.round(t)
	require.Equal(t, enginev1.EventRaceBanished, turn.Events[0].Type)
}

func (g *game) end(t *testing.T) {
	var turn enginev1.TurnResponse
	for range 30 {
		if turn = g.round(t); turn.Status.Finished {
			break
		}
	}
	require.Equal(t, enginev1.StateFinished, turn.Status.State, "at turn 30 at the latest")
	require.Len(t, turn.Status.Result.Ranking, 3)
	require.NotEmpty(t, turn.Status.Result.Winners)
	require.Equal(t, enginev1.EventGameFinished, turn.Events[len(turn.Events)-1].Type)
	c := g.For(t)
	c.Put(enginev1.PathTurn, enginev1.TurnRequest{Turn: g.turn + 1}).Refused(409, enginev1.CodeGameFinished)
	require.True(t, conformance.Into[enginev1.TurnResponse](c.Put(enginev1.PathTurn, enginev1.TurnRequest{Turn: g.turn}), 200).Replayed)
	c.Put(enginev1.PathOrder, g.list(ant)).Refused(409, enginev1.CodeGameFinished)
	c.Put(enginev1.PathCommand, g.command(ant, enginev1.QuitGame(ant))).Refused(409, enginev1.CodeGameFinished)
	c.Post(enginev1.PathBanish, enginev1.BanishRequest{RaceName: ant}).Refused(409, enginev1.CodeGameFinished)
	require.True(t, g.report(t, ant).Finished)
}
