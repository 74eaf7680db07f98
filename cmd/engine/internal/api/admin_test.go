package api_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"galaxy/backend/cmd/engine/conformance"
	"galaxy/backend/cmd/engine/internal/api"
	enginev1 "galaxy/backend/proto/engine/v1"
)

func TestBeforeInitOnlyStatusAndHealthAnswer(t *testing.T) {
	t.Parallel()
	f := newFixture(t, api.Options{})
	require.JSONEq(t, `{"contract_version":1,"engine_version":"0.1.0","state":"uninitialized"}`, string(f.Get(enginev1.PathStatus).Body))
	require.JSONEq(t, `{"status":"ok","engine_version":"0.1.0"}`, string(f.Get(enginev1.PathHealthz).Body))
	f.Put(enginev1.PathTurn, enginev1.TurnRequest{Turn: 1}).Refused(409, enginev1.CodeNotInitialized)
	f.Put(enginev1.PathOrder, orders("Zorg", 0)).Refused(409, enginev1.CodeNotInitialized)
	f.Put(enginev1.PathCommand, command("Zorg", 0, 1, enginev1.QuitGame("Zorg"))).Refused(409, enginev1.CodeNotInitialized)
	f.Post(enginev1.PathBanish, enginev1.BanishRequest{RaceName: "Zorg"}).Refused(409, enginev1.CodeNotInitialized)
	f.Get(conformance.ReportPath("Zorg")).Refused(409, enginev1.CodeNotInitialized)
}

func TestInitIsIdempotentByItsDocument(t *testing.T) {
	t.Parallel()
	f := newFixture(t, api.Options{Now: fixedTime})
	first := f.Post(enginev1.PathInit, initRequest("Zorg", "Vogons"))
	status := conformance.Into[enginev1.Status](first, 201)
	require.Equal(t, "42", status.Seed)
	require.Equal(t, enginev1.StateRunning, status.State)
	require.Equal(t, 0, status.At())
	require.Equal(t, fixedTime(), *status.TurnCreatedAt)
	require.Equal(t, enginev1.MapInfo{Topology: "torus", Size: 100, Planets: 20}, *status.Map)
	require.Equal(t, enginev1.RaceStatus{
		RaceName: "Zorg", UserID: "user-0", State: enginev1.RaceActive, Planets: 3, Population: 2000, Industry: 2000, Votes: 2,
		Tech: enginev1.Tech{Drive: 1, Weapons: 1, Shields: 1, Cargo: 1},
	}, status.Races[0])
	require.Equal(t, gameID, first.Header.Get(enginev1.HeaderGameID))
	require.Equal(t, "0", first.Header.Get(enginev1.HeaderTurn))

	explicit := initRequest("Zorg", "Vogons")
	explicit.Seed = "0042"
	explicit.Map = &enginev1.MapRequest{Topology: "torus", Size: 100, PlanetsPerRace: new(10)}
	explicit.Options = &enginev1.InitOptions{
		Ruleset: "plus-1", HomeWorlds: []float64{1000, 500, 500}, IdleTurnLimit: new(0), VoteShare: new(0.666667),
		LastRaceWins: new(true), BattleLog: "summary", BattleShotLimit: new(5_000_000),
	}
	again := conformance.Into[enginev1.Status](f.Post(enginev1.PathInit, explicit), 200)
	require.Equal(t, status, again, "defaults written out are the same document")
	require.Empty(t, f.status().Seed, "only init returns the seed")

	for name, change := range map[string]func(*enginev1.InitRequest){
		"other seed":   func(r *enginev1.InitRequest) { r.Seed = "43" },
		"no seed":      func(r *enginev1.InitRequest) { r.Seed = "" },
		"other order":  func(r *enginev1.InitRequest) { r.Races[0], r.Races[1] = r.Races[1], r.Races[0] },
		"other option": func(r *enginev1.InitRequest) { r.Options.MaxTurns = 9 },
		"other user":   func(r *enginev1.InitRequest) { r.Races[0].UserID = "x" },
	} {
		other := initRequest("Zorg", "Vogons")
		change(&other)
		answer := f.Post(enginev1.PathInit, other)
		require.Equal(t, 409, answer.Status, name)
		answer.Refused(409, enginev1.CodeAlreadyInitialized)
	}
}

func TestADrawnSeedIsNotPartOfTheDocument(t *testing.T) {
	t.Parallel()
	f := newFixture(t, api.Options{})
	request := initRequest("Zorg")
	request.Seed = ""
	first := conformance.Into[enginev1.Status](f.Post(enginev1.PathInit, request), 201)
	require.NotEmpty(t, first.Seed)
	f.restart(api.Options{})
	again := conformance.Into[enginev1.Status](f.Post(enginev1.PathInit, request), 200)
	require.Equal(t, first, again)
}

func TestInitChecksItsDocument(t *testing.T) {
	t.Parallel()
	f := newFixture(t, api.Options{})
	for field, change := range map[string]func(*enginev1.InitRequest){
		"contract_version":          func(r *enginev1.InitRequest) { r.ContractVersion = 2 },
		"game_id":                   func(r *enginev1.InitRequest) { r.GameID = "game" },
		"seed":                      func(r *enginev1.InitRequest) { r.Seed = "18446744073709551616" },
		"map.topology":              func(r *enginev1.InitRequest) { r.Map = &enginev1.MapRequest{Topology: "flat"} },
		"map.size":                  func(r *enginev1.InitRequest) { r.Map = &enginev1.MapRequest{Size: 1} },
		"map.planets_per_race":      func(r *enginev1.InitRequest) { r.Map = &enginev1.MapRequest{PlanetsPerRace: new(41)} },
		"races":                     func(r *enginev1.InitRequest) { r.Races = []enginev1.InitRace{} },
		"races[0].race_name":        func(r *enginev1.InitRequest) { r.Races[0].RaceName = "a\x00b" },
		"races[1].race_name":        func(r *enginev1.InitRequest) { r.Races[1].RaceName = "zORG" },
		"races[0].user_id":          func(r *enginev1.InitRequest) { r.Races[0].UserID = "" },
		"options.ruleset":           func(r *enginev1.InitRequest) { r.Options.Ruleset = "plus-2" },
		"options.home_worlds":       func(r *enginev1.InitRequest) { r.Options.HomeWorlds = make([]float64, 6) },
		"options.home_worlds[0]":    func(r *enginev1.InitRequest) { r.Options.HomeWorlds = []float64{0.5} },
		"options.max_turns":         func(r *enginev1.InitRequest) { r.Options.MaxTurns = -1 },
		"options.idle_turn_limit":   func(r *enginev1.InitRequest) { r.Options.IdleTurnLimit = new(1001) },
		"options.vote_share":        func(r *enginev1.InitRequest) { r.Options.VoteShare = new(0.4) },
		"options.battle_log":        func(r *enginev1.InitRequest) { r.Options.BattleLog = "film" },
		"options.battle_shot_limit": func(r *enginev1.InitRequest) { r.Options.BattleShotLimit = new(999) },
		"races[0].user_name":        func(r *enginev1.InitRequest) { r.Races[0].UserName = string(make([]byte, 65)) },
	} {
		request := initRequest("Zorg", "Vogons")
		change(&request)
		answer := f.Post(enginev1.PathInit, request)
		if field == "races[0].race_name" || field == "races[0].user_name" {
			answer.Refused(400, enginev1.CodeInvalidRequest) // NUL is no text at all
			continue
		}
		refused := answer.Refused(422, enginev1.CodeValidationFailed)
		require.Equal(t, field, refused.Details["fields"].([]any)[0].(map[string]any)["field"])
	}
	require.Equal(t, enginev1.StateUninitialized, f.status().State)
}

func TestAnEngineWithAGameIDAcceptsNoOtherGame(t *testing.T) {
	t.Parallel()
	f := newFixture(t, api.Options{GameID: "0197a3c2-5f0e-7c3a-9f51-000000000000"})
	f.Post(enginev1.PathInit, initRequest("Zorg")).Refused(422, enginev1.CodeValidationFailed)
	f.restart(api.Options{GameID: gameID})
	conformance.Into[enginev1.Status](f.Post(enginev1.PathInit, initRequest("Zorg")), 201)
	f.restart(api.Options{GameID: "0197a3c2-5f0e-7c3a-9f51-000000000000"})
	require.Equal(t, enginev1.StateFailed, f.status().State, "the directory is another game's")
}

func TestTurnIsGeneratedOnceAndReplayed(t *testing.T) {
	t.Parallel()
	f := newGameFixture(t)
	first := f.turn(1)
	require.False(t, first.Replayed)
	require.Equal(t, 1, first.Status.At())
	f.order("Zorg", 1)
	f.command("Zorg", 1, 1, enginev1.SetRelation("Vogons", enginev1.Peace))
	again := f.turn(1)
	require.True(t, again.Replayed)
	again.Replayed = false
	require.Equal(t, first, again, "the same events and status, whatever came since")
	require.True(t, f.status().Races[0].HasOrders)
	for _, wrong := range []int{3, 99} {
		refused := f.Put(enginev1.PathTurn, enginev1.TurnRequest{Turn: wrong}).Refused(409, enginev1.CodeTurnMismatch)
		require.InDelta(t, 1, refused.Details[enginev1.DetailCurrentTurn], 0)
	}
	f.turn(2)
	f.Put(enginev1.PathTurn, enginev1.TurnRequest{Turn: 1}).Refused(409, enginev1.CodeTurnMismatch)
	f.Put(enginev1.PathTurn, enginev1.TurnRequest{Turn: 0}).Refused(422, enginev1.CodeValidationFailed)
	require.Zero(t, f.status().Races[0].IdleTurns)
	require.Equal(t, 2, f.status().Races[1].IdleTurns)
}

func TestBanishIsImmediateAndIdempotent(t *testing.T) {
	t.Parallel()
	f := newGameFixture(t)
	f.turn(1)
	request := enginev1.BanishRequest{RaceName: "Vogons", Reason: "membership_blocked"}
	first := conformance.Into[enginev1.BanishResponse](f.Post(enginev1.PathBanish, request), 200)
	require.Equal(t, enginev1.BanishResponse{RaceName: "Vogons", State: enginev1.RaceBanished, Turn: 1, PlanetsReleased: 3}, first)
	f.restart(api.Options{})
	again := conformance.Into[enginev1.BanishResponse](f.Post(enginev1.PathBanish, request), 200)
	first.Replayed = true
	require.Equal(t, first, again, "durable")
	f.Post(enginev1.PathBanish, enginev1.BanishRequest{RaceName: "Nobody"}).Refused(404, enginev1.CodeRaceNotFound)
	f.Post(enginev1.PathBanish, enginev1.BanishRequest{RaceName: ""}).Refused(422, enginev1.CodeValidationFailed)
	require.Equal(t, enginev1.RaceBanished, f.status().Races[1].State)
	f.Put(enginev1.PathOrder, orders("Vogons", 1)).Refused(409, enginev1.CodeRaceInactive)
	f.Put(enginev1.PathCommand, command("Vogons", 1, 1, enginev1.QuitGame("Vogons"))).Refused(409, enginev1.CodeRaceInactive)
	require.Equal(t, enginev1.RaceBanished, f.report("Vogons").Races[1].State, "reports of the banished stay readable")

	turn := f.turn(2)
	require.Equal(t, enginev1.EventRaceBanished, turn.Events[0].Type)
	require.Equal(t, 1, turn.Events[0].Turn)
	require.Equal(t, enginev1.ResultLastRace, turn.Status.Result.Reason)
	require.Equal(t, enginev1.StateFinished, turn.Status.State)
}

func TestAFinishedGameAcceptsNoWrites(t *testing.T) {
	t.Parallel()
	f := newGameFixture(t)
	conformance.Into[enginev1.BanishResponse](f.Post(enginev1.PathBanish, enginev1.BanishRequest{RaceName: "Vogons"}), 200)
	f.turn(1)
	f.Put(enginev1.PathTurn, enginev1.TurnRequest{Turn: 2}).Refused(409, enginev1.CodeGameFinished)
	f.Put(enginev1.PathOrder, orders("Zorg", 1)).Refused(409, enginev1.CodeGameFinished)
	f.Put(enginev1.PathCommand, command("Zorg", 1, 1, enginev1.QuitGame("Zorg"))).Refused(409, enginev1.CodeGameFinished)
	f.Post(enginev1.PathBanish, enginev1.BanishRequest{RaceName: "Zorg"}).Refused(409, enginev1.CodeGameFinished)
	require.True(t, f.turn(1).Replayed)
	f.Put(enginev1.PathOrder, orders("Nobody", 1)).Refused(404, enginev1.CodeRaceNotFound)
	require.True(t, f.report("Zorg").Finished)
}

func TestAdminTokenGuardsTheAdminSurface(t *testing.T) {
	t.Parallel()
	f := newFixture(t, api.Options{AdminToken: "secret"})
	for _, header := range []string{"", "Bearer wrong", "secret", "Basic secret"} {
		c := f.With("Authorization", header)
		answer := c.Get(enginev1.PathStatus)
		answer.Refused(http.StatusUnauthorized, enginev1.CodeInvalidRequest)
		require.Equal(t, "Bearer", answer.Header.Get("WWW-Authenticate"))
	}
	c := f.With("Authorization", "Bearer secret")
	conformance.Into[enginev1.Status](c.Post(enginev1.PathInit, initRequest("Zorg")), 201)
	require.Equal(t, 200, f.Get(enginev1.PathHealthz).Status)
	require.Equal(t, 200, f.Get(conformance.ReportPath("Zorg")).Status, "players' operations need no token")
}
