package game_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"galaxy/backend/cmd/engine/internal/game"
	"galaxy/backend/cmd/engine/internal/validation"
	enginev1 "galaxy/backend/proto/engine/v1"
)

// generatedOrders is a deterministic list of a race that designs, builds, loads,
// sends, scraps and routes.
func generatedOrders(race, turn, planets int) []enginev1.Order {
	orders := []enginev1.Order{
		enginev1.CreateType("Scout", 1, 0, 0, 0, 0), enginev1.CreateType("Ark", 8, 0, 0, 0, 4), enginev1.CreateType("Gun", 6, 2, 4, 5, 0),
	}
	kinds := []string{enginev1.ProduceDrive, enginev1.ProduceShip, enginev1.ProduceShip, enginev1.ProduceMaterials, enginev1.ProduceShip, enginev1.ProduceCapital}
	names := []string{"Scout", "Ark", "Gun"}
	for planet := 1; planet <= planets; planet++ {
		name := ""
		kind := kinds[(planet+turn/3)%len(kinds)]
		if kind == enginev1.ProduceShip {
			name = names[(planet+turn)%3]
		}
		orders = append(orders, enginev1.Produce(planet, kind, name), enginev1.Route(planet, enginev1.Cargos()[(planet+turn)%4], 1+(planet*7+turn)%planets))
	}
	for group := 1; group <= 90; group++ {
		ref := enginev1.Group(group)
		orders = append(orders, enginev1.Load(ref, enginev1.Cargos()[(group+turn)%3]), enginev1.Send(ref, 1+(group*5+turn*3+race)%planets).OnlyShips(1+group%4))
	}
	return append(orders, enginev1.Unload(enginev1.Group(1+turn%9)), enginev1.Scrap(enginev1.Group(2+turn%7)).OnlyShips(1), enginev1.Merge())
}

// A game that continues under a newer engine of the same minor version must give
// the same turns. Another hash means a changed rule, or a changed message of an
// order's result, which is part of the state.
func TestTheGoldenGameIsUnchanged(t *testing.T) {
	t.Parallel()
	c, turn := newGame(4, 8, 20_260_508)
	battles, bombings, groups := 0, 0, 0
	hash := sha256.New()
	for range 24 {
		live := turn.State.Clone()
		lists := make(game.Lists, 4)
		for race := range lists {
			lists[race] = generatedOrders(race, turn.State.Turn, len(turn.State.Planets))
			require.Empty(t, validation.Orders(lists[race]))
		}
		if turn.State.Turn == 9 {
			game.Command(c, live, 2, enginev1.SetRelation("*", enginev1.Peace))
			game.Banish(c, live, 3)
		}
		turn = game.Advance(c, live, lists)
		battles += len(turn.Battles)
		bombings += len(turn.Bombings)
		groups = max(groups, len(turn.State.Groups))
		fmt.Fprintln(hash, encoded(t, turn))
	}
	require.Positive(t, min(battles, bombings, groups-200), "the game has battles, bombings and many groups")
	require.Equal(t, "157f268badb5ecc0e45e45feb9c3f9c6b91570c3552e7829cc01d0aacdebe628", hex.EncodeToString(hash.Sum(nil)))
}
