package conformance_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"galaxy/backend/cmd/engine/conformance"
	enginev1 "galaxy/backend/proto/engine/v1"
)

func (f *fixture) beforeInit(t *testing.T) {
	c := f.For(t)
	health := conformance.Into[enginev1.Health](c.Get(enginev1.PathHealthz), 200)
	require.Equal(t, enginev1.HealthOK, health.Status)
	status := f.status(t)
	require.Equal(t, enginev1.StateUninitialized, status.State, "the engine must be fresh")
	require.Equal(t, 1, status.ContractVersion)
	c.Put(enginev1.PathTurn, enginev1.TurnRequest{Turn: 1}).Refused(409, enginev1.CodeNotInitialized)
	c.Put(enginev1.PathOrder, f.list(ant)).Refused(409, enginev1.CodeNotInitialized)
	c.Put(enginev1.PathCommand, f.command(ant, enginev1.QuitGame(ant))).Refused(409, enginev1.CodeNotInitialized)
	c.Post(enginev1.PathBanish, enginev1.BanishRequest{RaceName: ant}).Refused(409, enginev1.CodeNotInitialized)
	c.Get(conformance.ReportPath(ant)).Refused(409, enginev1.CodeNotInitialized)
}

func (f *fixture) badInit(t *testing.T) {
	c := f.For(t)
	for name, change := range map[string]func(*enginev1.InitRequest){
		"contract":         func(r *enginev1.InitRequest) { r.ContractVersion = 2 },
		"game id":          func(r *enginev1.InitRequest) { r.GameID = "game" },
		"seed":             func(r *enginev1.InitRequest) { r.Seed = "-1" },
		"large seed":       func(r *enginev1.InitRequest) { r.Seed = "18446744073709551616" },
		"no races":         func(r *enginev1.InitRequest) { r.Races = []enginev1.InitRace{} },
		"many races":       func(r *enginev1.InitRequest) { r.Races = make([]enginev1.InitRace, 101) },
		"names alike":      func(r *enginev1.InitRequest) { r.Races[2].RaceName = "aNT" },
		"long name":        func(r *enginev1.InitRequest) { r.Races[0].RaceName = strings.Repeat("x", 31) },
		"control":          func(r *enginev1.InitRequest) { r.Races[0].RaceName = "a\tb" },
		"no user":          func(r *enginev1.InitRequest) { r.Races[0].UserID = "" },
		"topology":         func(r *enginev1.InitRequest) { r.Map = &enginev1.MapRequest{Topology: "flat"} },
		"size":             func(r *enginev1.InitRequest) { r.Map = &enginev1.MapRequest{Size: 5001} },
		"planets":          func(r *enginev1.InitRequest) { r.Map = &enginev1.MapRequest{PlanetsPerRace: new(2)} },
		"ruleset":          func(r *enginev1.InitRequest) { r.Options.Ruleset = "plus-2" },
		"home worlds":      func(r *enginev1.InitRequest) { r.Options.HomeWorlds = []float64{0} },
		"many home worlds": func(r *enginev1.InitRequest) { r.Options.HomeWorlds = []float64{1, 1, 1, 1, 1, 1} },
		"turns":            func(r *enginev1.InitRequest) { r.Options.MaxTurns = 10001 },
		"idle turns":       func(r *enginev1.InitRequest) { r.Options.IdleTurnLimit = new(-1) },
		"vote share":       func(r *enginev1.InitRequest) { r.Options.VoteShare = new(0.4) },
		"battle log":       func(r *enginev1.InitRequest) { r.Options.BattleLog = "film" },
		"shot limit":       func(r *enginev1.InitRequest) { r.Options.BattleShotLimit = new(1) },
	} {
		request := initRequest()
		change(&request)
		answer := c.Post(enginev1.PathInit, request)
		require.Equal(t, 422, answer.Status, name)
		refused := answer.Refused(422, enginev1.CodeValidationFailed)
		require.NotEmpty(t, refused.Details[enginev1.DetailFields], name)
	}
	for _, body := range []string{"", "[]", "{", `{"contract_version":1,"extra":1}`, `{"contract_version":"1"}`, `{"races":null}`} {
		c.Post(enginev1.PathInit, body).Refused(400, enginev1.CodeInvalidRequest)
	}
	c.Post(enginev1.PathInit, "{}").Refused(422, enginev1.CodeValidationFailed)
	c.Post(enginev1.PathInit, strings.Repeat(" ", enginev1.MaxInitBody+1)).Refused(413, enginev1.CodeBodyTooLarge)
	require.Equal(t, enginev1.StateUninitialized, f.status(t).State)
}

func (f *fixture) init(t *testing.T) {
	c := f.For(t)
	first := conformance.Into[enginev1.Status](c.Post(enginev1.PathInit, initRequest()), 201)
	require.Equal(t, enginev1.StateRunning, first.State)
	require.Equal(t, 0, first.At())
	require.Equal(t, gameID, *first.GameID)
	require.Equal(t, initRequest().Seed, first.Seed)
	require.NotEmpty(t, first.StateHash)
	require.Len(t, first.Races, 4)
	for i, race := range first.Races {
		require.Equal(t, initRequest().Races[i].RaceName, race.RaceName)
		require.Equal(t, initRequest().Races[i].UserID, race.UserID)
		require.Equal(t, enginev1.RaceActive, race.State)
		require.Equal(t, 3, race.Planets)
		require.InDelta(t, 2000, race.Population, 1e-9)
		require.InDelta(t, 2, race.Votes, 1e-9)
		require.Equal(t, enginev1.Tech{Drive: 1, Weapons: 1, Shields: 1, Cargo: 1}, race.Tech)
	}
	again := conformance.Into[enginev1.Status](c.Post(enginev1.PathInit, initRequest()), 200)
	require.Equal(t, first.StateHash, again.StateHash)
	explicit := initRequest()
	explicit.Map = &enginev1.MapRequest{Topology: "torus", PlanetsPerRace: new(10)}
	explicit.Options.Ruleset = enginev1.Ruleset
	explicit.Options.LastRaceWins = new(true)
	conformance.Into[enginev1.Status](c.Post(enginev1.PathInit, explicit), 200)
	other := initRequest()
	other.Seed = "1"
	c.Post(enginev1.PathInit, other).Refused(409, enginev1.CodeAlreadyInitialized)
	other = initRequest()
	other.Races = other.Races[:3]
	c.Post(enginev1.PathInit, other).Refused(409, enginev1.CodeAlreadyInitialized)
	require.Equal(t, first.StateHash, f.status(t).StateHash)
}

// start checks the first reports against the ruleset: equal starts, and nothing
// known of others but the positions of planets.
func (f *fixture) start(t *testing.T) {
	for _, race := range []string{ant, bee, cat, dog} {
		r := f.report(t, race)
		require.Equal(t, gameID, r.GameID)
		require.Len(t, r.Races, 4)
		for _, other := range r.Races {
			want := enginev1.War
			if other.Race == race {
				want = enginev1.Self
			}
			require.Equal(t, want, other.Relation)
		}
		var sizes []float64
		for _, p := range r.LocalPlanets {
			sizes = append(sizes, p.Size)
			require.InDelta(t, p.Size, p.Population, 1e-9)
			require.InDelta(t, p.Size, p.Industry, 1e-9)
			require.InDelta(t, p.Size, p.FreeProduction, 1e-9)
			require.InDelta(t, 10, p.Resources, 1e-9)
			require.Equal(t, enginev1.ProduceCapital, p.Production.Kind)
			require.Zero(t, p.Capital+p.Materials+p.Colonists)
		}
		require.ElementsMatch(t, []float64{1000, 500, 500}, sizes)
		require.Empty(t, r.ShipTypes)
		require.Empty(t, r.Groups)
		require.Empty(t, r.OtherPlanets)
		require.Empty(t, r.UninhabitedPlanets)
		require.Len(t, r.UnidentifiedPlanets, r.Galaxy.Planets-3)
		require.Nil(t, r.Pending)
	}
}
