package validation_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"galaxy/backend/cmd/engine/internal/validation"
	enginev1 "galaxy/backend/proto/engine/v1"
)

func TestOrderFormIsCheckedByType(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 21)
	for name, c := range map[string]struct {
		order enginev1.Order
		field string
	}{
		"no type":          {enginev1.Order{}, "orders[0].type"},
		"unknown type":     {enginev1.Order{Type: "planet.explode"}, "orders[0].type"},
		"missing field":    {enginev1.Order{Type: enginev1.OrderSend, Group: enginev1.Group(1)}, "orders[0]"},
		"foreign field":    {enginev1.Merge().OnlyShips(2), "orders[0]"},
		"route unclear":    {enginev1.Order{Type: enginev1.OrderRoute, Planet: new(1), Cargo: enginev1.CargoKind("COL")}, "orders[0]"},
		"long name":        {enginev1.Rename(1, long), "orders[0].name"},
		"negative block":   {enginev1.CreateType("X", -1, 0, 0, 0, 0), "orders[0].drive"},
		"huge block":       {enginev1.CreateType("X", 1, 0, 0, 1e9, 0), "orders[0].shields"},
		"huge bay":         {enginev1.CreateType("X", 1, 0, 0, 0, 1e9), "orders[0].cargo"},
		"negative guns":    {enginev1.CreateType("X", 1, -1, 0, 0, 0), "orders[0].armament"},
		"many guns":        {enginev1.CreateType("X", 1, 1001, 1, 0, 0), "orders[0].armament"},
		"bay as a kind":    {enginev1.Order{Type: enginev1.OrderCreateType, Name: new("X"), Drive: new(1.0), Armament: new(0), Weapons: new(0.0), Shields: new(0.0), Cargo: enginev1.CargoKind("COL")}, "orders[0].cargo"},
		"kind as a number": {enginev1.Order{Type: enginev1.OrderLoad, Group: enginev1.Group(1), Cargo: enginev1.CargoMass(3)}, "orders[0].cargo"},
		"unknown kind":     {enginev1.Load(enginev1.Group(1), "GLD"), "orders[0].cargo"},
		"planet zero":      {enginev1.Send(enginev1.Group(1), 0), "orders[0].planet"},
		"route to zero":    {enginev1.Route(1, enginev1.Capital, -1), "orders[0].destination"},
		"no ships":         {enginev1.Split(enginev1.Group(1), 0), "orders[0].ships"},
		"negative ships":   {enginev1.Split(enginev1.Group(1), -5), "orders[0].ships"},
		"no amount":        {enginev1.Unload(enginev1.Group(1)).OnlyAmount(0), "orders[0].amount"},
		"bad alias":        {enginev1.Split(enginev1.Group(1), 1).Named("A"), "orders[0].as"},
		"bad reference":    {enginev1.Unload(enginev1.Alias("a")), "orders[0].group"},
		"negative group":   {enginev1.Unload(enginev1.Group(-1)), "orders[0].group"},
		"product":          {enginev1.Produce(1, "gold", ""), "orders[0].product.kind"},
		"product name":     {enginev1.Produce(1, enginev1.ProduceShip, long), "orders[0].product.name"},
		"technology":       {enginev1.Order{Type: enginev1.OrderUpgrade, Technology: new("magic")}, "orders[0].technology"},
	} {
		fields := validation.Orders([]enginev1.Order{c.order})
		require.NotEmpty(t, fields, name)
		require.Equal(t, c.field, fields[0].Field, name)
	}
	require.NotEmpty(t, validation.Orders(nil))
	require.NotEmpty(t, validation.Orders(make([]enginev1.Order, enginev1.MaxOrders+1)))
	require.LessOrEqual(t, len(validation.Orders(make([]enginev1.Order, enginev1.MaxOrders))), 200)
	require.Empty(t, validation.Orders([]enginev1.Order{}))
}

func TestRaceNamesAreUniqueIgnoringCase(t *testing.T) {
	t.Parallel()
	for _, pair := range [][2]string{{"Zorg", "zORG"}, {"Зорг", "зОРГ"}, {"ΣΑΣ", "σας"}, {"MASS", "maſs"}} {
		request := enginev1.InitRequest{ContractVersion: 1, GameID: "0197a3c2-5f0e-7c3a-9f51-0d6a1e2b3c4d"}
		for _, name := range pair {
			request.Races = append(request.Races, enginev1.InitRace{UserID: "u", RaceName: name})
		}
		fields := validation.Init(request)
		require.Len(t, fields, 1, pair)
		require.Equal(t, "races[1].race_name", fields[0].Field)
	}
}

func TestCommandKeysAreThoseOfTheType(t *testing.T) {
	t.Parallel()
	require.Empty(t, validation.Command(enginev1.CommandRelation, []string{"race", "relation", "type"}))
	require.Empty(t, validation.Command(enginev1.CommandMessage, []string{"anonymous", "text", "to", "type"}))
	require.NotEmpty(t, validation.Command(enginev1.CommandRelation, []string{"race", "type"}))
	require.NotEmpty(t, validation.Command(enginev1.CommandQuit, []string{"confirm", "text", "type"}))
	require.NotEmpty(t, validation.Command("", nil))
}
