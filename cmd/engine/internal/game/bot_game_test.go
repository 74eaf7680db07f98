package game_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"galaxy/backend/cmd/engine/bot"
	"galaxy/backend/cmd/engine/internal/game"
	"galaxy/backend/cmd/engine/internal/validation"
	enginev1 "galaxy/backend/proto/engine/v1"
)

// request is an init document for so many races.
func request(races, planets int, seed uint64) enginev1.InitRequest {
	r := enginev1.InitRequest{
		ContractVersion: 1, GameID: "0197a3c2-5f0e-7c3a-9f51-0d6a1e2b3c4d", Seed: fmt.Sprint(seed),
		Map: &enginev1.MapRequest{PlanetsPerRace: &planets}, Options: &enginev1.InitOptions{IdleTurnLimit: new(0)},
	}
	for i := range races {
		r.Races = append(r.Races, enginev1.InitRace{UserID: fmt.Sprint("user-", i), RaceName: fmt.Sprint("Race", i)})
	}
	return r
}

func newGame(races, planets int, seed uint64) (*game.Config, *game.Turn) {
	c := game.NewConfig(request(races, planets, seed), nil)
	return &c, game.InitialTurn(&c)
}

// botTurn lets the bot play for every race and generates the next turn.
func botTurn(t testing.TB, c *game.Config, turn *game.Turn) *game.Turn {
	live := turn.State.Clone()
	lists := make(game.Lists, len(live.Races))
	for race := range live.Races {
		orders, commands := bot.Play(game.Report(game.ReportSource{Config: c, Turn: turn, Live: live}, race))
		for _, cmd := range commands {
			require.Empty(t, game.CheckCommand(c, live, race, cmd))
			game.Command(c, live, race, cmd)
		}
		if orders != nil {
			require.Empty(t, validation.Orders(orders))
			lists[race] = orders
		}
	}
	return game.Advance(c, live, lists)
}

// playOut lets bots play until the game ends or reaches a turn limit.
func playOut(t testing.TB, races, planets int, seed uint64, limit int) (*game.Config, *game.Turn) {
	c, turn := newGame(races, planets, seed)
	for turn.State.Result == nil && turn.State.Turn < limit {
		turn = botTurn(t, c, turn)
	}
	return c, turn
}

func encoded(t testing.TB, turn *game.Turn) string {
	raw, err := json.Marshal(turn)
	require.NoError(t, err)
	return string(raw)
}

func TestBotGamesEndByVoteAndRepeatExactly(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ races, planets, limit int }{{2, 10, 40}, {4, 10, 60}, {10, 10, 80}} {
		t.Run(fmt.Sprint(c.races, "x", c.planets), func(t *testing.T) {
			t.Parallel()
			_, first := playOut(t, c.races, c.planets, 7, c.limit)
			require.NotNil(t, first.State.Result, "still open at turn %d", first.State.Turn)
			require.Equal(t, enginev1.ResultVoteMajority, first.State.Result.Reason)
			require.Len(t, first.State.Result.Winners, 1)
			require.GreaterOrEqual(t, first.State.Turn, 10)
			_, second := playOut(t, c.races, c.planets, 7, c.limit)
			require.Equal(t, encoded(t, first), encoded(t, second))
		})
	}
}

func TestBotGamesOfTwoAreShort(t *testing.T) {
	t.Parallel()
	for seed := range uint64(8) {
		_, turn := playOut(t, 2, 10, 100+seed, 41)
		require.NotNil(t, turn.State.Result, "seed %d", seed)
		require.GreaterOrEqual(t, turn.State.Turn, 12, "seed %d", seed)
	}
}

func TestAnotherSeedGivesAnotherGalaxy(t *testing.T) {
	t.Parallel()
	_, a := newGame(2, 10, 1)
	_, b := newGame(2, 10, 2)
	require.NotEqual(t, a.State.Planets, b.State.Planets)
}
