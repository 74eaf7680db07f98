package game

import (
	"testing"

	"github.com/stretchr/testify/require"

	"galaxy/backend/cmd/engine/internal/rules"
	enginev1 "galaxy/backend/proto/engine/v1"
)

func create(name string, d float64, a int, w, s, c float64) enginev1.Order {
	return enginev1.CreateType(name, d, a, w, s, c)
}

// refusal is an order that fails in the state of newOrderFixture, and its code.
type refusal struct {
	want  enginev1.OrderCode
	order enginev1.Order
}

func refusals() map[string]refusal {
	return map[string]refusal{
		"group":           {enginev1.OrderUnknownGroup, enginev1.Send(enginev1.Group(99), 2)},
		"foreign group":   {enginev1.OrderUnknownGroup, enginev1.Send(enginev1.Group(7), 2)},
		"alias":           {enginev1.OrderUnknownAlias, enginev1.Unload(enginev1.Alias("$x"))},
		"planet":          {enginev1.OrderUnknownPlanet, enginev1.Send(enginev1.Group(1), 99)},
		"route to itself": {enginev1.OrderUnknownPlanet, enginev1.Route(1, enginev1.Capital, 1)},
		"own planet":      {enginev1.OrderUnknownPlanet, enginev1.Rename(99, "X")},
		"type":            {enginev1.OrderUnknownShipType, enginev1.RemoveType("Nothing")},
		"type to build":   {enginev1.OrderUnknownShipType, enginev1.Produce(1, enginev1.ProduceShip, "Nothing")},
		"foreign type":    {enginev1.OrderUnknownShipType, enginev1.Produce(1, enginev1.ProduceShip, "Theirs")},
		"foreign planet":  {enginev1.OrderNotYourPlanet, enginev1.Produce(3, enginev1.ProduceCapital, "")},
		"free planet":     {enginev1.OrderNotYourPlanet, enginev1.Rename(2, "Mine")},
		"loading abroad":  {enginev1.OrderNotYourPlanet, enginev1.Load(enginev1.Group(6), enginev1.Capital)},
		"in space":        {enginev1.OrderGroupInSpace, enginev1.Send(enginev1.Group(3), 1)},
		"launched":        {enginev1.OrderGroupInSpace, enginev1.Split(enginev1.Group(4), 1)},
		"far away":        {enginev1.OrderOutOfReach, enginev1.Send(enginev1.Group(1), 4)},
		"route far away":  {enginev1.OrderOutOfReach, enginev1.Route(1, enginev1.Empty, 4)},
		"no drive":        {enginev1.OrderNoDrive, enginev1.Send(enginev1.Group(5), 2)},
		"no bay":          {enginev1.OrderNoCargoBay, enginev1.Load(enginev1.Group(5), enginev1.Colonists)},
		"other cargo":     {enginev1.OrderWrongCargo, enginev1.Load(enginev1.Group(2), enginev1.Capital)},
		"empty cargo":     {enginev1.OrderWrongCargo, enginev1.Load(enginev1.Group(1), enginev1.Empty)},
		"nothing there":   {enginev1.OrderNotEnoughCargo, enginev1.Load(enginev1.Group(1), enginev1.Materials)},
		"full":            {enginev1.OrderNotEnoughCargo, enginev1.Load(enginev1.Group(2), enginev1.Colonists)},
		"nothing aboard":  {enginev1.OrderNotEnoughCargo, enginev1.Unload(enginev1.Group(1))},
		"too many ships":  {enginev1.OrderNotEnoughShips, enginev1.Split(enginev1.Group(1), 11)},
		"colonists":       {enginev1.OrderColonistsNotAllowed, enginev1.Unload(enginev1.Group(6))},
		"scrapping":       {enginev1.OrderColonistsNotAllowed, enginev1.Scrap(enginev1.Group(6))},
		"design":          {enginev1.OrderInvalidDesign, create("New", 0.5, 0, 0, 0, 0)},
		"guns":            {enginev1.OrderInvalidDesign, create("New", 1, 1, 0, 0, 0)},
		"name":            {enginev1.OrderInvalidName, create("two words", 1, 0, 0, 0, 0)},
		"empty name":      {enginev1.OrderInvalidName, enginev1.Rename(1, "")},
		"default name":    {enginev1.OrderInvalidName, enginev1.Rename(1, "#1")},
		"control":         {enginev1.OrderInvalidName, enginev1.Rename(1, "a\x1bb")},
		"taken":           {enginev1.OrderNameTaken, create("HAULER", 1, 0, 0, 0, 0)},
		"taken planet":    {enginev1.OrderNameTaken, enginev1.Rename(1, "second")},
		"in use":          {enginev1.OrderTypeInUse, enginev1.RemoveType("Hauler")},
		"in production":   {enginev1.OrderTypeInUse, enginev1.RemoveType("Building")},
		"ship, no name":   {enginev1.OrderInvalidProduct, enginev1.Produce(1, enginev1.ProduceShip, "")},
		"named capital":   {enginev1.OrderInvalidProduct, enginev1.Produce(1, enginev1.ProduceCapital, "Hauler")},
		"science":         {enginev1.OrderNotSupported, enginev1.Produce(1, enginev1.ProduceScience, "Alchemy")},
		"upgrade":         {enginev1.OrderNotSupported, enginev1.Order{Type: enginev1.OrderUpgrade, Group: enginev1.Group(1)}},
		"transfer":        {enginev1.OrderNotSupported, enginev1.Order{Type: enginev1.OrderTransfer}},
		"to an unknown":   {enginev1.OrderUnknownRace, enginev1.Order{Type: enginev1.OrderTransfer, Group: enginev1.Group(1), Race: new("Nobody")}},
		"to a friend":     {enginev1.OrderNotSupported, enginev1.Order{Type: enginev1.OrderTransfer, Group: enginev1.Group(1), Race: new("B")}},
		"join":            {enginev1.OrderNotSupported, enginev1.Order{Type: enginev1.OrderJoinFleet}},
		"fleet":           {enginev1.OrderNotSupported, enginev1.Order{Type: enginev1.OrderSendFleet}},
		"new science":     {enginev1.OrderNotSupported, enginev1.Order{Type: enginev1.OrderCreateSci}},
		"old science":     {enginev1.OrderNotSupported, enginev1.Order{Type: enginev1.OrderRemoveSci}},
	}
}

func TestARefusedOrderHasItsCodeAndChangesNothing(t *testing.T) {
	t.Parallel()
	for name, c := range refusals() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newOrderFixture(t)
			before := f.state.Clone()
			results := f.runOrders(0, c.order)
			require.Equal(t, enginev1.ResultError, results[0].Status)
			require.Equal(t, c.want, results[0].Code)
			require.NotEmpty(t, results[0].Message)
			require.Equal(t, before, f.state)
		})
	}
}

func TestEveryOrderCodeOfTheContractIsReachable(t *testing.T) {
	t.Parallel()
	reached := map[enginev1.OrderCode]bool{}
	for _, c := range refusals() {
		reached[c.want] = true
	}
	for _, code := range enginev1.OrderCodes() {
		require.True(t, reached[code], code)
	}
	require.Len(t, reached, len(enginev1.OrderCodes()))
}

// newOrderFixture has a home of race A with ships of every kind, and a distant planet.
func newOrderFixture(t *testing.T) *fixture {
	second := home(0, 5)
	second.Name = "Second"
	f := newFixture(t, 2, home(0, 0), free(20, 500), home(1, 30), free(100, 500), second)
	f.state.Planets[0].Colonists, f.state.Planets[0].Capital = 10, 10
	f.addGroup(0, 1, 10, "Hauler", hauler())
	f.loadGroup(0, f.addGroup(0, 1, 2, "Hauler", hauler()), enginev1.Colonists, 2.1)
	away := f.findGroup(0, f.addGroup(0, 1, 1, "Hauler", hauler()))
	away.To, away.Left, away.Space = 2, 10, true
	launched := f.findGroup(0, f.addGroup(0, 1, 2, "Hauler", hauler()))
	launched.To, launched.Left = 2, 20
	f.addGroup(0, 1, 1, "Fort", fort())
	f.loadGroup(0, f.addGroup(0, 3, 1, "Hauler", hauler()), enginev1.Colonists, 1)
	for range 7 {
		f.addGroup(1, 3, 1, "Theirs", scout())
	}
	f.state.Planets[4].Product = Product{Kind: enginev1.ProduceShip, Type: f.addShipType(0, "Building", scout())}
	return f
}

func TestSplitGivesTheNextNumberAndShareOfTheLoad(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1, home(0, 0))
	f.loadGroup(0, f.addGroup(0, 1, 10, "Hauler", hauler()), enginev1.Colonists, 9)
	results := f.runOrders(0, enginev1.Split(enginev1.Group(1), 4).Named("$a"), enginev1.Split(enginev1.Alias("$a"), 4))
	require.Equal(t, 2, results[0].Group)
	require.Equal(t, 2, results[1].Group, "all ships are the group itself")
	require.Equal(t, 6, f.findGroup(0, 1).Ships)
	require.InDelta(t, 3.6, f.findGroup(0, 2).Load, 1e-9)
	require.InDelta(t, 5.4, f.findGroup(0, 1).Load, 1e-9)
}

func TestMergeJoinsEqualGroups(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1, home(0, 0), free(10, 100))
	for range 3 {
		f.addGroup(0, 1, 2, "Hauler", hauler())
	}
	f.addGroup(0, 2, 2, "Hauler", hauler())
	f.addGroup(0, 1, 2, "Scout", scout())
	f.loadGroup(0, 3, enginev1.Colonists, 1)
	require.Empty(t, codes(f.runOrders(0, enginev1.Merge()))[0])
	require.Equal(t, 4, f.findGroup(0, 1).Ships)
	require.False(t, f.hasGroup(0, 2))
	require.Equal(t, 2, f.findGroup(0, 3).Ships, "another load")
	require.True(t, f.hasGroup(0, 4) && f.hasGroup(0, 5))
}

func TestLoadTakesWhatFitsAndIsThere(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1, home(0, 0))
	f.state.Planets[0].Colonists, f.state.Planets[0].Capital = 5, 100
	f.addGroup(0, 1, 10, "Hauler", hauler())
	results := f.runOrders(0,
		enginev1.Load(enginev1.Group(1), enginev1.Colonists).OnlyShips(4).Named("$col"), // room 4.2
		enginev1.Load(enginev1.Group(1), enginev1.Capital).OnlyAmount(2),
		enginev1.Load(enginev1.Group(1), enginev1.Capital).OnlyAmount(50), // room for 4.3 more
	)
	require.Equal(t, 2, results[0].Group)
	require.Equal(t, enginev1.ResultOK, results[1].Status)
	require.Equal(t, enginev1.ResultWarning, results[2].Status)
	require.Equal(t, enginev1.OrderNotEnoughCargo, results[2].Code)
	require.InDelta(t, 4.2, f.findGroup(0, 2).Load, 1e-9)
	require.InDelta(t, 0.8, f.state.Planets[0].Colonists, 1e-9)
	require.InDelta(t, 6.3, f.findGroup(0, 1).Load, 1e-9)
	require.InDelta(t, 93.7, f.state.Planets[0].Capital, 1e-9)
	require.Empty(t, codes(f.runOrders(0, enginev1.Unload(enginev1.Group(1)).OnlyAmount(1)))[0])
	require.InDelta(t, 5.3, f.findGroup(0, 1).Load, 1e-9)
	require.Equal(t, enginev1.ResultWarning, f.runOrders(0, enginev1.Unload(enginev1.Group(1)).OnlyAmount(9))[0].Status)
	require.Empty(t, f.findGroup(0, 1).Cargo)
}

func TestUnloadedColonistsClaimAndSettleAFreePlanet(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1, home(0, 0), free(10, 500), free(12, 0))
	f.loadGroup(0, f.addGroup(0, 2, 2, "Hauler", hauler()), enginev1.Colonists, 2)
	f.loadGroup(0, f.addGroup(0, 3, 2, "Hauler", hauler()), enginev1.Colonists, 2)
	require.Equal(t, []enginev1.OrderCode{"", enginev1.OrderColonistsNotAllowed},
		codes(f.runOrders(0, enginev1.Unload(enginev1.Group(1)), enginev1.Unload(enginev1.Group(2)))), "an asteroid has no room")
	require.Equal(t, 0, f.state.Planets[1].Owner)
	require.InDelta(t, 16, f.state.Planets[1].Population, 1e-9)
	require.Zero(t, f.state.Planets[1].Colonists)
}

func TestCapitalAndMaterialsCanBeLeftAnywhere(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 2, home(0, 0), home(1, 20), free(10, 0))
	f.state.Planets[1].Industry = 10
	f.loadGroup(0, f.addGroup(0, 2, 2, "Hauler", hauler()), enginev1.Capital, 2)
	f.loadGroup(0, f.addGroup(0, 3, 2, "Hauler", hauler()), enginev1.Materials, 2)
	require.Equal(t, []enginev1.OrderCode{"", ""}, codes(f.runOrders(0, enginev1.Unload(enginev1.Group(1)), enginev1.Unload(enginev1.Group(2)))))
	require.InDelta(t, 12, f.state.Planets[1].Industry, 1e-9)
	require.InDelta(t, 2, f.state.Planets[2].Materials, 1e-9)
}

func TestScrapTurnsMassIntoMaterials(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1, home(0, 0))
	f.loadGroup(0, f.addGroup(0, 1, 10, "Hauler", hauler()), enginev1.Capital, 5)
	results := f.runOrders(0, enginev1.Scrap(enginev1.Group(1)).OnlyShips(4), enginev1.Scrap(enginev1.Group(1)), enginev1.Scrap(enginev1.Group(1)))
	require.Equal(t, []enginev1.OrderCode{"", "", enginev1.OrderUnknownGroup}, codes(results))
	require.InDelta(t, 30, f.state.Planets[0].Materials, 1e-9)
	require.InDelta(t, 5, f.state.Planets[0].Capital, 1e-9)
	require.Empty(t, f.state.Groups)
}

func TestSendTellsTheFlightAndOwnOrbitCancels(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1, home(0, 0), free(12.73, 100))
	f.addGroup(0, 1, 12, "Hauler", hauler())
	results := f.runOrders(0, enginev1.Send(enginev1.Group(1), 2).OnlyShips(8).Named("$a"))
	require.Equal(t, enginev1.OrderResult{Index: 0, Status: "ok", Group: 2, Distance: 12.73, Speed: 13.33, Turns: 1}, results[0])
	require.Equal(t, 2, f.findGroup(0, 2).To)
	require.Equal(t, 4, f.findGroup(0, 1).Ships)
	require.Empty(t, codes(f.runOrders(0, enginev1.Send(enginev1.Group(2), 1)))[0])
	require.Zero(t, f.findGroup(0, 2).To)
}

func TestChangingTheProductSalvagesProgress(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1, home(0, 0))
	f.addShipType(0, "Hauler", hauler())
	f.state.Planets[0].Progress = 202
	f.state.Planets[0].Product = Product{Kind: enginev1.ProduceShip, Type: 1}
	f.runOrders(0, enginev1.Produce(1, enginev1.ProduceShip, "Hauler"))
	require.InDelta(t, 202, f.state.Planets[0].Progress, 1e-9, "the same product goes on")
	f.runOrders(0, enginev1.Produce(1, enginev1.ProduceDrive, ""))
	require.Zero(t, f.state.Planets[0].Progress)
	require.InDelta(t, 20, f.state.Planets[0].Materials, 1e-9)
}

func TestTypesCanBeRemovedAndTheirNamesUsedAgain(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1, home(0, 0))
	results := f.runOrders(0, create("X", 1, 0, 0, 0, 0), enginev1.RemoveType("X"), create("X", 2, 0, 0, 0, 0))
	require.Equal(t, []enginev1.OrderCode{"", "", ""}, codes(results))
	require.Equal(t, []ShipType{{ID: 2, Name: "X", Design: rules.Design{Drive: 2}}}, f.state.Races[0].Types)
}

func TestATypeCanBeRemovedWhileOthersAreBuiltAndFly(t *testing.T) {
	t.Parallel()
	f := newOrderFixture(t)
	f.addShipType(1, "Spare", fort())
	f.addShipType(0, "Spare", fort())
	require.Empty(t, codes(f.runOrders(0, enginev1.RemoveType("Spare")))[0])
	require.NotNil(t, f.state.Races[1].typeNamed("Spare"), "another race's type of that name stays")
}

func TestPreviewDoesNotChangeTheState(t *testing.T) {
	t.Parallel()
	f := newOrderFixture(t)
	before := f.state.Clone()
	results := Preview(f.config, f.state, 0, []enginev1.Order{enginev1.Scrap(enginev1.Group(1)), enginev1.Rename(1, "Home"), enginev1.Scrap(enginev1.Group(1))})
	require.Equal(t, []enginev1.OrderCode{"", "", enginev1.OrderUnknownGroup}, codes(results))
	require.Equal(t, before, f.state)
}
