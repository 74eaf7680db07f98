package game

import (
	"encoding/json"
	"testing"

	"galaxy/backend/cmd/engine/internal/validation"
	enginev1 "galaxy/backend/proto/engine/v1"
)

// FuzzOrders feeds any text through decoder, check, preview and turn: no list
// may panic or break an invariant.
func FuzzOrders(f *testing.F) {
	for _, seed := range []string{
		`[]`, `[{"type":"group.merge"}]`,
		`[{"type":"ship_type.create","name":"X","drive":1,"armament":0,"weapons":0,"shields":0,"cargo":1}]`,
		`[{"type":"group.load","group":1,"cargo":"COL","ships":3,"as":"$a"},{"type":"group.send","group":"$a","planet":6}]`,
		`[{"type":"planet.route","planet":1,"cargo":"EMP","destination":null},{"type":"planet.route","planet":1,"cargo":"COL","destination":6}]`,
		`[{"type":"planet.production","planet":1,"product":{"kind":"ship","name":"Hauler"}},{"type":"ship_type.remove","name":"Hauler"}]`,
		`[{"type":"group.scrap","group":3},{"type":"group.unload","group":9,"amount":1e300},{"type":"group.split","group":1,"ships":9223372036854775807}]`,
		`[{"type":"ship_type.create","name":"X","drive":1e-9,"armament":1,"weapons":-0,"shields":0,"cargo":10000}]`,
		`[{"type":"group.upgrade","group":1,"technology":"all","level":1e308}]`,
		`[{"type":"group.send","group":18446744073709551616,"planet":2}]`,
		`[{"type":"group.send","group":null,"planet":2}]`, `null`, `{}`, `[null]`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var orders []enginev1.Order
		if json.Unmarshal(raw, &orders) != nil || len(validation.Orders(orders)) > 0 {
			return
		}
		f := newCrowdedFixture(t)
		for i, result := range Preview(f.config, f.state, 0, orders) {
			if result.Index != i || result.Status == "" {
				t.Fatalf("result %d: %+v", i, result)
			}
		}
		Advance(f.config, f.state, Lists{orders}) // panics when an invariant breaks
	})
}

// FuzzInit checks that every valid init document gives a playable game.
func FuzzInit(f *testing.F) {
	for _, seed := range []string{
		`{"contract_version":1,"game_id":"0197a3c2-5f0e-7c3a-9f51-0d6a1e2b3c4d","races":[{"user_id":"a","race_name":"A"}]}`,
		`{"contract_version":1,"game_id":"0197a3c2-5f0e-7c3a-9f51-0d6a1e2b3c4d","seed":"18446744073709551615","map":{"size":40,"planets_per_race":3},"races":[{"user_id":"a","race_name":"A"},{"user_id":"b","race_name":"B"}],"options":{"home_worlds":[1,2500,7.5],"vote_share":0.5,"last_race_wins":false}}`,
		`{"contract_version":2,"races":[]}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var request enginev1.InitRequest
		if json.Unmarshal(raw, &request) != nil || len(validation.Init(request)) > 0 {
			return
		}
		if len(request.Races) > 4 || request.Map != nil && request.Map.Size > 0 && request.Map.Size < 40 {
			return // crowded galaxies are slow, and tested elsewhere
		}
		c := NewConfig(request, func() uint64 { return 1 })
		Advance(&c, InitialTurn(&c).State, nil)
	})
}
