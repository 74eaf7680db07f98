package bot_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"galaxy/backend/cmd/engine/bot"
	enginev1 "galaxy/backend/proto/engine/v1"
)

// openingReport is the report of a race with one planet and one unknown neighbour.
func openingReport() *enginev1.Report {
	return &enginev1.Report{
		Galaxy: enginev1.MapInfo{Size: 100},
		Races: []enginev1.ReportRace{
			{Race: "A", State: enginev1.RaceActive, Relation: enginev1.Self, Drive: 1, Weapons: 1, Shields: 1, Votes: 1},
			{Race: "B", State: enginev1.RaceActive, Relation: enginev1.War, Votes: 1},
			{Race: "C", State: enginev1.RaceActive, Relation: enginev1.War, Votes: 9},
		},
		LocalPlanets: []enginev1.LocalPlanet{{
			PlanetFacts: enginev1.PlanetFacts{Number: 1, Size: 1000},
			Economy:     enginev1.Economy{Population: 1000, Industry: 1000, FreeProduction: 1000, Production: enginev1.Product{Kind: "capital"}},
		}},
		UnidentifiedPlanets: []enginev1.UnidentifiedPlanet{{Number: 2, X: 20}},
	}
}

func TestTheSameReportGivesTheSameOrders(t *testing.T) {
	t.Parallel()
	orders, commands := bot.Play(openingReport())
	again, same := bot.Play(openingReport())
	require.Equal(t, orders, again)
	require.Equal(t, commands, same)
	require.Equal(t, enginev1.OrderCreateType, orders[0].Type)
	require.Equal(t, []enginev1.Command{enginev1.SetRelation("C", enginev1.Peace)}, commands, "peace with stronger races")
}

func TestDronesAreSentToUnknownPlanets(t *testing.T) {
	t.Parallel()
	r := openingReport()
	r.Groups = []enginev1.OwnGroup{{Number: 4, Ships: 9, Type: "Drone", Planet: 1}}
	orders, _ := bot.Play(r)
	require.Contains(t, orders, enginev1.Send(enginev1.Group(4), 2).OnlyShips(1))
	r.Galaxy.Size, r.UnidentifiedPlanets[0].X = 200, 41
	orders, _ = bot.Play(r)
	require.NotContains(t, orders, enginev1.Send(enginev1.Group(4), 2).OnlyShips(1), "never out of reach")
}

func TestColonistsAreSentToFreePlanets(t *testing.T) {
	t.Parallel()
	r := openingReport()
	r.UnidentifiedPlanets = nil
	r.UninhabitedPlanets = []enginev1.UninhabitedPlanet{{PlanetFacts: enginev1.PlanetFacts{Number: 2, X: 20, Size: 500}}}
	r.LocalPlanets[0].Colonists = 10
	r.Groups = []enginev1.OwnGroup{{Number: 4, Ships: 2, Type: "Ark", Planet: 1}}
	orders, _ := bot.Play(r)
	require.Contains(t, orders, enginev1.Load(enginev1.Group(4), enginev1.Colonists).OnlyShips(1).Named("$1"))
	require.Contains(t, orders, enginev1.Send(enginev1.Alias("$1"), 2))
}

func TestARaceWithoutPlanetsResigns(t *testing.T) {
	t.Parallel()
	r := openingReport()
	r.UnidentifiedPlanets = append(r.UnidentifiedPlanets, enginev1.UnidentifiedPlanet{Number: 1})
	r.LocalPlanets = nil
	orders, commands := bot.Play(r)
	require.Nil(t, orders)
	require.Equal(t, []enginev1.Command{enginev1.QuitGame("A")}, commands)
	r.Races[0].State = enginev1.RaceBanished
	orders, commands = bot.Play(r)
	require.Nil(t, orders)
	require.Empty(t, commands)
}

func TestAFinishedGameGetsNoOrders(t *testing.T) {
	t.Parallel()
	r := openingReport()
	r.Finished = true
	orders, commands := bot.Play(r)
	require.Nil(t, orders)
	require.Nil(t, commands)
}
