package conformance_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"galaxy/backend/cmd/engine/conformance"
	enginev1 "galaxy/backend/proto/engine/v1"
)

func (f *fixture) badRequests(t *testing.T) {
	c := f.For(t)
	for _, body := range []string{
		"", "[]", "null", `{"turn":1`, `{"turn":1}{}`, `{"turn":"1"}`, `{"turn":1,"x":1}`, `{"turn":1.5}`, `{"turn":null}`,
		`{"turn":1,"turn":1}`, `{"Turn":1}`, `{"turn":1e400}`, "{\"turn\xff\":1}",
	} {
		c.Put(enginev1.PathTurn, body).Refused(400, enginev1.CodeInvalidRequest)
	}
	c.Put(enginev1.PathTurn, `{"turn":0}`).Refused(422, enginev1.CodeValidationFailed)
	c.Put(enginev1.PathTurn, `{}`).Refused(422, enginev1.CodeValidationFailed)
	for path, limit := range map[string]int{
		enginev1.PathTurn: enginev1.MaxBody, enginev1.PathCommand: enginev1.MaxBody, enginev1.PathOrder: enginev1.MaxOrderBody,
	} {
		c.Put(path, "{"+strings.Repeat(" ", limit)+"}").Refused(413, enginev1.CodeBodyTooLarge)
		c.With("Content-Type", "text/plain").Put(path, `{"turn":1}`).Refused(415, enginev1.CodeUnsupportedMediaType)
		c.Call("DELETE", path, nil).Refused(405, enginev1.CodeMethodNotAllowed)
	}
	c.Post(enginev1.PathBanish, "{"+strings.Repeat(" ", enginev1.MaxBody)+"}").Refused(413, enginev1.CodeBodyTooLarge)
	c.Post(enginev1.PathBanish, `{}`).Refused(422, enginev1.CodeValidationFailed)
	c.Post(enginev1.PathBanish, `{"race_name":"Ant","by":"me"}`).Refused(400, enginev1.CodeInvalidRequest)
	c.With("Accept", "image/png").Get(conformance.ReportPath(ant)).Refused(406, enginev1.CodeNotAcceptable)
	c.Call("DELETE", enginev1.PathStatus, nil).Refused(405, enginev1.CodeMethodNotAllowed)
	c.Get("/api/v1/nothing").Refused(404, enginev1.CodeNotFound)
	c.Get(conformance.ReportPath("Eel")).Refused(404, enginev1.CodeRaceNotFound)
	c.Get(conformance.ReportPath(ant)+"&turn=9").Refused(404, enginev1.CodeTurnNotFound)
	c.Get(conformance.ReportPath(ant)+"&turn=x").Refused(400, enginev1.CodeInvalidRequest)
	c.Get(enginev1.PathReport).Refused(422, enginev1.CodeValidationFailed)
	require.Equal(t, 0, f.status(t).At())
}

// badOrders: a list is refused as a whole for its form, and nothing of it is kept.
func (f *fixture) badOrders(t *testing.T) {
	c := f.For(t)
	const create = `{"type":"ship_type.create","name":"X","drive":%s,"armament":%s,"weapons":0,"shields":0,"cargo":%s}`
	list := func(orders string) string {
		return `{"race_name":"Ant","turn":0,"orders":[{"type":"group.merge"},` + orders + `]}`
	}
	for _, order := range []string{
		"null", "1", `{"type":1}`, `{"type":"group.merge","speed":1}`, `{"type":"group.unload","group":{}}`,
		`{"type":"group.unload","group":1,"amount":NaN}`, `{"type":"group.unload","group":1,"amount":1e400}`,
		`{"type":"group.unload","group":null}`, `{"type":"group.split","group":1,"ships":1.5}`, `{"type":"group.split","group":1,"ships":"2"}`,
		`{"type":"planet.production","planet":1,"product":"capital"}`, fmt.Sprintf(create, `"1"`, "0", "0"), fmt.Sprintf(create, "1", "0", `""`),
	} {
		c.Put(enginev1.PathOrder, list(order)).Refused(400, enginev1.CodeInvalidRequest)
	}
	for _, order := range []string{
		"{}", `{"type":"group.dance"}`, `{"type":"group.merge","ships":1}`, `{"type":"group.send","group":1}`, `{"type":"group.send","planet":1}`,
		`{"type":"group.send","group":1,"planet":0}`, `{"type":"group.send","group":0,"planet":1}`, `{"type":"group.send","group":"a","planet":1}`,
		`{"type":"group.split","group":1,"ships":0}`, `{"type":"group.split","group":1,"ships":1,"as":"A"}`, `{"type":"group.load","group":1,"cargo":"GLD"}`,
		`{"type":"group.load","group":1,"cargo":7}`, `{"type":"group.unload","group":1,"amount":0}`, `{"type":"planet.route","planet":1,"cargo":"COL"}`,
		`{"type":"planet.rename","planet":1,"name":"` + strings.Repeat("x", 21) + `"}`, `{"type":"planet.production","planet":1,"product":{"kind":"gold"}}`,
		fmt.Sprintf(create, "-1", "0", "0"), fmt.Sprintf(create, "1e9", "0", "0"), fmt.Sprintf(create, "1", "1001", "0"), fmt.Sprintf(create, "1", "0", `"COL"`),
	} {
		refused := c.Put(enginev1.PathOrder, list(order)).Refused(422, enginev1.CodeValidationFailed)
		require.NotEmpty(t, refused.Details[enginev1.DetailFields], order)
	}
	for _, body := range []string{
		`{"race_name":"Ant","turn":0}`, `{"race_name":"Ant","orders":[]}`, `{"turn":0,"orders":[]}`, `{"race_name":"","turn":0,"orders":[]}`,
		`{"race_name":"Ant","turn":-1,"orders":[]}`, `{"race_name":"Ant","turn":0,"mode":"hard","orders":[]}`,
	} {
		c.Put(enginev1.PathOrder, body).Refused(422, enginev1.CodeValidationFailed)
	}
	long := make([]enginev1.Order, enginev1.MaxOrders+1)
	for i := range long {
		long[i] = enginev1.Merge()
	}
	c.Put(enginev1.PathOrder, f.list(ant, long...)).Refused(422, enginev1.CodeValidationFailed)
	c.Put(enginev1.PathOrder, f.list("Eel")).Refused(404, enginev1.CodeRaceNotFound)
	require.False(t, f.race(t, ant).HasOrders)
}

func (f *fixture) badCommands(t *testing.T) {
	c := f.For(t)
	body := func(command string) string {
		return `{"race_name":"Ant","turn":0,"command_id":"0197a3c2-bbbb-7c3a-9f51-000000000001","command":` + command + `}`
	}
	for _, command := range []string{
		"null", `"quit"`, "[]", `{"type":"race.quit","confirm":"Ant","loudly":true}`, `{"type":"race.quit","confirm":1}`,
		`{"type":"message.send","to":"Cat","text":"x"}`, `{"type":"message.send","to":[null],"text":"x"}`,
	} {
		c.Put(enginev1.PathCommand, body(command)).Refused(400, enginev1.CodeInvalidRequest)
	}
	for _, command := range []string{
		"{}", `{"type":"race.dance"}`, `{"type":"race.quit"}`, `{"type":"race.quit","confirm":"ant"}`, `{"type":"race.quit","confirm":"Ant","text":""}`,
		`{"type":"relation.set","race":"Cat"}`, `{"type":"relation.set","race":"Eel","relation":"war"}`, `{"type":"relation.set","race":"Ant","relation":"war"}`,
		`{"type":"relation.set","race":"Cat","relation":"love"}`, `{"type":"message.send","to":[],"text":"x"}`, `{"type":"message.send","to":["Eel"],"text":"x"}`,
		`{"type":"message.send","to":["Cat"],"text":""}`, `{"type":"message.send","to":["Cat"],"text":"` + strings.Repeat("x", 4001) + `"}`,
	} {
		c.Put(enginev1.PathCommand, body(command)).Refused(422, enginev1.CodeValidationFailed)
	}
	nameless := f.command(ant, enginev1.QuitGame(ant))
	nameless.CommandID = "1"
	c.Put(enginev1.PathCommand, nameless).Refused(422, enginev1.CodeValidationFailed)
	c.Put(enginev1.PathCommand, f.command("Eel", enginev1.QuitGame("Eel"))).Refused(404, enginev1.CodeRaceNotFound)
	require.Equal(t, enginev1.RaceActive, f.race(t, ant).State)
}
