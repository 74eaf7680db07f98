package api_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	enginev1 "galaxy/backend/proto/engine/v1"
)

// object is a JSON object whose values are texts, so that they may be nonsense.
type object map[string]string

func (o object) String() string {
	var fields []string
	for _, key := range slices.Sorted(maps.Keys(o)) {
		fields = append(fields, fmt.Sprintf("%q:%s", key, o[key]))
	}
	return "{" + strings.Join(fields, ",") + "}"
}

// with is the object with another value for a key; "" takes the key away.
func (o object) with(key, value string) object {
	other := maps.Clone(o)
	other[key] = value
	if value == "" {
		delete(other, key)
	}
	return other
}

func text(s string) string { return fmt.Sprintf("%q", s) }

// Values that no request may have, by what the field is.
var (
	notANumber = []string{"null", "true", `"1"`, "[]", "{}", "NaN", "Infinity", "-Infinity", "1e400", "01", "0x1", "+1", "1.", "--1"}
	notWhole   = append([]string{"1.5", "9223372036854775808", "-9223372036854775809"}, notANumber...)
	notAText   = []string{"null", "true", "1", "[]", "{}", `"\ud800"`, "\"\xff\"", `"\u0000"`, `"a`, "'a'"}
	notAFlag   = []string{"null", "0", "1", `"true"`, "[]", "{}", "TRUE"}
	notAList   = []string{"null", "true", "1", `"a"`, "{}", "[,]", "[1"}

	badBlock       = append([]string{"-1", "-0.01", "10000.01", "1e308"}, notANumber...)
	badArmament    = append([]string{"-1", "1001"}, notWhole...)
	badNumber      = append([]string{"0", "-1"}, notWhole...)
	badDestination = slices.DeleteFunc(slices.Clone(badNumber), func(v string) bool { return v == "null" }) // null clears a route
	badAmount      = append([]string{"0", "-1", "0.009", "-1e308"}, notANumber...)
	badAlias       = append([]string{`""`, `"a"`, `"$"`, `"$A"`, `"$a b"`, text("$" + strings.Repeat("a", 17))}, notAText...)
	badGroup       = []string{"0", "-1", "1.5", "1e400", "NaN", "null", "true", "[1]", "{}", `""`, `"1"`, `"a"`, `"$A"`, `"$"`, "9223372036854775808"}
	badName        = append([]string{text(strings.Repeat("x", 21))}, notAText...)
	badCargoBay    = append([]string{`""`, `"COL"`}, badBlock...)
	badCargo       = []string{"0", "1", "-1", "null", "true", "[]", "{}", `""`, `"col"`, `"GLD"`, `"COL "`}
	badProduct     = []string{"null", "true", "1", `"capital"`, "[]", "{}", `{"kind":null}`, `{"kind":1}`, `{"kind":""}`, `{"kind":"gold"}`,
		`{"kind":"Capital"}`, `{"kind":"ship","name":1}`, `{"kind":"ship","colour":"red"}`, `{"name":"X"}`, `{"kind":"ship","name":` + text(strings.Repeat("x", 21)) + `}`}
	badType = append([]string{`""`, `"planet.explode"`, `"GROUP.MERGE"`, `"group.merge "`}, notAText...)
)

// fieldCases is what a field of an order means: a good value and the bad ones.
type fieldCases struct {
	good string
	bad  []string
}

// orderFields are the fields of section "orders" of the documentation, by type;
// those that start with "?" may be left out.
func orderFields() map[string]map[string]fieldCases {
	block, group, planet := fieldCases{"1", badBlock}, fieldCases{"1", badGroup}, fieldCases{"1", badNumber}
	name, cargo := fieldCases{`"X"`, badName}, fieldCases{`"COL"`, badCargo}
	ships, amount, as := fieldCases{"1", badNumber}, fieldCases{"1.5", badAmount}, fieldCases{`"$a"`, badAlias}
	return map[string]map[string]fieldCases{
		"ship_type.create": {
			"name": name, "drive": block, "armament": {"0", badArmament}, "weapons": {"0", badBlock}, "shields": block, "cargo": {"1", badCargoBay},
		},
		"ship_type.remove":  {"name": name},
		"planet.production": {"planet": planet, "product": {`{"kind":"capital"}`, badProduct}},
		"planet.rename":     {"planet": planet, "name": name},
		"planet.route":      {"planet": planet, "cargo": cargo, "destination": {"null", badDestination}},
		"group.split":       {"group": group, "ships": ships, "?as": as},
		"group.merge":       {},
		"group.load":        {"group": group, "cargo": cargo, "?ships": ships, "?amount": amount, "?as": as},
		"group.unload":      {"group": group, "?ships": ships, "?amount": amount, "?as": as},
		"group.send":        {"group": group, "planet": planet, "?ships": ships, "?as": as},
		"group.scrap":       {"group": group, "?ships": ships},
	}
}

// requireRefused sends a body that must be refused for its form.
func (f *fixture) requireRefused(t *testing.T, method, path, body, about string) {
	t.Helper()
	answer := f.For(t).Call(method, path, body)
	switch answer.Status {
	case 400:
		answer.Refused(400, enginev1.CodeInvalidRequest)
	default:
		refused := answer.Refused(422, enginev1.CodeValidationFailed)
		require.NotEmpty(t, refused.Details[enginev1.DetailFields], about)
	}
}

func (f *fixture) requireOrderRefused(t *testing.T, order object) {
	t.Helper()
	body := object{"race_name": `"Zorg"`, "turn": "0", "orders": "[" + `{"type":"group.merge"},` + order.String() + "]"}
	f.requireRefused(t, "PUT", enginev1.PathOrder, body.String(), order.String())
}

// One entry without a proper form refuses the whole list: nothing of it is
// stored, whatever the field and whatever is wrong with it.
func TestEveryOrderTypeRefusesEveryBadField(t *testing.T) {
	t.Parallel()
	f := newGameFixture(t)
	kept := f.order("Zorg", 0, enginev1.Merge())
	all := map[string]string{"technology": `"all"`, "level": "1", "race": `"Vogons"`, "fleet": `"F"`}
	for _, fields := range orderFields() {
		for key, field := range fields {
			all[strings.TrimPrefix(key, "?")] = field.good
		}
	}
	for kind, fields := range orderFields() {
		t.Run(kind, func(t *testing.T) {
			good := object{"type": text(kind)}
			for key, field := range fields {
				good[strings.TrimPrefix(key, "?")] = field.good
			}
			body := object{"race_name": `"Zorg"`, "turn": "0", "orders": "[" + good.String() + "]"}
			require.Equal(t, 200, f.For(t).Put(enginev1.PathOrder, body.String()).Status, good)
			for key, field := range fields {
				name, optional := strings.CutPrefix(key, "?")
				if !optional {
					f.requireOrderRefused(t, good.with(name, ""))
				}
				for _, value := range field.bad {
					f.requireOrderRefused(t, good.with(name, value))
				}
				f.requireOrderRefused(t, good.with(name, "").with(strings.ToUpper(name), field.good))
			}
			for name, value := range all {
				if _, known := good[name]; !known {
					f.requireOrderRefused(t, good.with(name, value))
				}
			}
			for _, value := range badType {
				f.requireOrderRefused(t, good.with("type", value))
			}
			f.requireOrderRefused(t, good.with("type", ""))
			f.requireOrderRefused(t, good.with("speed", "1"))
		})
	}
	again := f.order("Zorg", 0, enginev1.Merge())
	require.Equal(t, kept.OrderHash, again.OrderHash)
	require.Equal(t, 0, f.status().At())
}

// commandFields are the fields of every command, as orderFields.
func commandFields() map[string]map[string]fieldCases {
	const nobody = `"Nobody"`
	return map[string]map[string]fieldCases{
		"relation.set": {
			"race":     {`"Vogons"`, append([]string{`""`, nobody, `"Zorg"`, `"vogons"`}, notAText...)},
			"relation": {`"peace"`, append([]string{`""`, `"love"`, `"self"`, `"War"`}, notAText...)},
		},
		"message.send": {
			"to": {`["Vogons"]`, append([]string{
				"[]", "[null]", "[1]", `[""]`, "[" + nobody + "]", `["Zorg"]`, `["*","Vogons"]`, `["Vogons",null]`,
				"[" + strings.Repeat(`"Vogons",`, 100) + `"Vogons"]`,
			}, notAList...)},
			"text":       {`"hello"`, append([]string{`""`, text(strings.Repeat("ж", 4001))}, notAText...)},
			"?anonymous": {"true", notAFlag},
		},
		"race.quit": {
			"confirm": {`"Zorg"`, append([]string{`""`, `"zorg"`, `"Vogons"`}, notAText...)},
			"?cancel": {"true", notAFlag},
		},
	}
}

func (f *fixture) requireCommandRefused(t *testing.T, command object) {
	t.Helper()
	body := object{"race_name": `"Zorg"`, "turn": "0", "command_id": text(commandID(1)), "command": command.String()}
	f.requireRefused(t, "PUT", enginev1.PathCommand, body.String(), command.String())
}

func TestEveryCommandRefusesEveryBadField(t *testing.T) {
	t.Parallel()
	f := newGameFixture(t)
	before := f.status()
	for kind, fields := range commandFields() {
		good := object{"type": text(kind)}
		for key, field := range fields {
			good[strings.TrimPrefix(key, "?")] = field.good
		}
		for key, field := range fields {
			name, optional := strings.CutPrefix(key, "?")
			if !optional {
				f.requireCommandRefused(t, good.with(name, ""))
			}
			for _, value := range field.bad {
				f.requireCommandRefused(t, good.with(name, value))
			}
		}
		for other, fields := range commandFields() {
			for key, field := range fields {
				if name := strings.TrimPrefix(key, "?"); other != kind && good[name] == "" {
					f.requireCommandRefused(t, good.with(name, field.good))
				}
			}
		}
		for _, value := range badType {
			f.requireCommandRefused(t, good.with("type", value))
		}
		f.requireCommandRefused(t, good.with("loudly", "true"))
	}
	f.requireCommandRefused(t, object{"type": `"vote.set"`, "race": `"Vogons"`})
	require.Equal(t, before, f.status(), "none of them has been carried out")
	require.Empty(t, f.report("Vogons").Messages)
	require.Equal(t, enginev1.War, f.report("Zorg").Races[1].Relation)
}

// The fields around orders and commands are validated, too.
func TestEveryRequestRefusesEveryBadField(t *testing.T) {
	t.Parallel()
	f := newGameFixture(t)
	before := f.status()
	badRace := append([]string{`""`, text(strings.Repeat("x", 31))}, notAText...)
	badTurn := append([]string{"-1"}, notWhole...)
	badID := append([]string{`""`, `"1"`, text(strings.Repeat("a", 36))}, notAText...)
	for _, c := range []struct {
		method, path string
		fields       map[string]fieldCases
	}{
		{"PUT", enginev1.PathTurn, map[string]fieldCases{"turn": {"1", badNumber}}},
		{"PUT", enginev1.PathOrder, map[string]fieldCases{
			"race_name": {`"Zorg"`, badRace}, "turn": {"0", badTurn},
			"?mode":  {`"strict"`, append([]string{`""`, `"Strict"`, `"hard"`}, notAText...)},
			"orders": {"[]", append([]string{"[null]", "[1]", `["group.merge"]`, "[[]]", "[{}]"}, notAList...)},
		}},
		{"PUT", enginev1.PathCommand, map[string]fieldCases{
			"race_name": {`"Zorg"`, badRace}, "turn": {"0", badTurn}, "command_id": {text(commandID(1)), badID},
			"command": {`{"type":"race.quit","confirm":"Zorg"}`, []string{"null", "true", "1", `"quit"`, "[]", "{}"}},
		}},
		{"POST", enginev1.PathBanish, map[string]fieldCases{
			"race_name": {`"Zorg"`, badRace}, "?reason": {`"x"`, append([]string{text(strings.Repeat("x", 201))}, notAText...)},
		}},
		{"POST", enginev1.PathInit, initFields()},
	} {
		good := object{}
		for key, field := range c.fields {
			good[strings.TrimPrefix(key, "?")] = field.good
		}
		for key, field := range c.fields {
			name, optional := strings.CutPrefix(key, "?")
			if !optional {
				f.requireRefused(t, c.method, c.path, good.with(name, "").String(), name)
			}
			for _, value := range field.bad {
				f.requireRefused(t, c.method, c.path, good.with(name, value).String(), name+" "+value)
			}
		}
		f.requireRefused(t, c.method, c.path, good.with("extra", "1").String(), "extra")
	}
	require.Equal(t, before, f.status())
}

// initFields are the fields of an init document, as orderFields.
func initFields() map[string]fieldCases {
	races := []string{"[null]", "[1]", "[{}]", "[]", "[" + strings.Repeat(`{"user_id":"u","race_name":"A"},`, 2) + `{"user_id":"u","race_name":"B"}]`}
	for field, values := range map[string][]string{
		"user_id": append([]string{`""`, text(strings.Repeat("x", 65))}, notAText...), "race_name": append([]string{`""`, `"*"`, `"a\tb"`, text(strings.Repeat("x", 31))}, notAText...),
		"user_name": append([]string{text(strings.Repeat("x", 65))}, notAText...), "role": {`"admin"`},
	} {
		for _, value := range values {
			races = append(races, "["+object{"user_id": `"u"`, "race_name": `"A"`}.with(field, value).String()+"]")
		}
	}
	return map[string]fieldCases{
		"contract_version": {"1", append([]string{"2"}, badNumber...)},
		"game_id":          {text(gameID), append([]string{`""`, `"1"`}, notAText...)},
		"?seed":            {`"1"`, append([]string{`""`, `"-1"`, `"x"`, `"000000000000000000001"`, `"1.5"`, `"18446744073709551616"`}, notAText...)},
		"races":            {`[{"user_id":"u","race_name":"A"}]`, append(races, notAList...)},
		"?map": {"{}", nested([]string{"null", "true", "1", `"torus"`, "[]", `{"depth":3}`}, map[string][]string{
			"topology": append([]string{`""`, `"flat"`}, notAText...), "size": append([]string{"-1", "5000.5", "1e308"}, notANumber...),
			"planets_per_race": append([]string{"2", "41"}, badNumber...),
		})},
		"?options": {"{}", nested([]string{"null", "true", "1", `"plus-1"`, "[]", `{"cheat":true}`}, map[string][]string{
			"ruleset":           append([]string{`""`, `"plus-2"`}, notAText...),
			"home_worlds":       append([]string{"[]", "[0]", "[-1]", "[2501]", "[1e400]", "[null]", `["1"]`, "[1,1,1,1,1,1]"}, notAList...),
			"max_turns":         append([]string{"-1", "10001"}, notWhole...),
			"idle_turn_limit":   append([]string{"-1", "1001"}, notWhole...),
			"vote_share":        append([]string{"0", "-1", "0.49", "1.01", "66.7"}, notANumber...),
			"last_race_wins":    notAFlag,
			"battle_log":        append([]string{`""`, `"film"`}, notAText...),
			"battle_shot_limit": append([]string{"999", "50000001"}, badNumber...),
		})},
	}
}

// nested adds objects with one field each.
func nested(values []string, fields map[string][]string) []string {
	for name, bad := range fields {
		for _, value := range bad {
			values = append(values, object{name: value}.String())
		}
	}
	return values
}
