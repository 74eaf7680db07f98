package enginev1_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"reflect"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"

	enginev1 "galaxy/backend/proto/engine/v1"
)

func load(t *testing.T) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(enginev1.OpenAPI())
	require.NoError(t, err)
	require.NoError(t, doc.Validate(t.Context()))
	return doc
}

func TestEveryExampleOfTheContractSurvivesTheGoTypes(t *testing.T) {
	t.Parallel()
	doc := load(t)
	requests := []struct {
		path, method string
		into         any
	}{
		{enginev1.PathInit, http.MethodPost, new(enginev1.InitRequest)},
		{enginev1.PathTurn, http.MethodPut, new(enginev1.TurnRequest)},
		{enginev1.PathBanish, http.MethodPost, new(enginev1.BanishRequest)},
		{enginev1.PathCommand, http.MethodPut, new(enginev1.CommandRequest)},
		{enginev1.PathOrder, http.MethodPut, new(enginev1.OrderRequest)},
	}
	for _, r := range requests {
		body := doc.Paths.Value(r.path).GetOperation(r.method).RequestBody.Value
		roundTrip(t, body.Content.Get("application/json"), r.into)
	}
	responses := []struct {
		path, method string
		status       int
		into         any
	}{
		{enginev1.PathHealthz, http.MethodGet, 200, new(enginev1.Health)},
		{enginev1.PathHealthz, http.MethodGet, 503, new(enginev1.Health)},
		{enginev1.PathInit, http.MethodPost, 201, new(enginev1.Status)},
		{enginev1.PathTurn, http.MethodPut, 200, new(enginev1.TurnResponse)},
		{enginev1.PathBanish, http.MethodPost, 200, new(enginev1.BanishResponse)},
		{enginev1.PathCommand, http.MethodPut, 200, new(enginev1.CommandResponse)},
		{enginev1.PathOrder, http.MethodPut, 200, new(enginev1.OrderResponse)},
		{enginev1.PathReport, http.MethodGet, 200, new(enginev1.Report)},
	}
	for _, r := range responses {
		answer := doc.Paths.Value(r.path).GetOperation(r.method).Responses.Status(r.status).Value
		roundTrip(t, answer.Content.Get("application/json"), r.into)
	}
	roundTrip(t, doc.Components.Responses["Error"].Value.Content.Get("application/json"), new(enginev1.ErrorResponse))
}

// roundTrip decodes the example strictly and validates the re-encoded value against
// the schema and, for the fields that it has, against the example.
func roundTrip(t *testing.T, media *openapi3.MediaType, into any) {
	t.Helper()
	raw, err := json.Marshal(media.Example)
	require.NoError(t, err)
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	require.NoError(t, decoder.Decode(into), "%T", into)
	again, err := json.Marshal(into)
	require.NoError(t, err)
	var value, example any
	require.NoError(t, json.Unmarshal(again, &value))
	require.NoError(t, json.Unmarshal(raw, &example))
	require.NoError(t, media.Schema.Value.VisitJSON(value), "%T", into)
	contains(t, reflect.TypeOf(into).String(), value, example)
}

// contains checks that value has everything that example has.
func contains(t *testing.T, at string, value, example any) {
	t.Helper()
	switch want := example.(type) {
	case map[string]any:
		got, ok := value.(map[string]any)
		require.True(t, ok, at)
		for key, part := range want {
			if part != nil && !isZero(part) {
				contains(t, at+"."+key, got[key], part)
			}
		}
	case []any:
		got, ok := value.([]any)
		require.True(t, ok, at)
		require.Len(t, got, len(want), at)
		for i := range want {
			contains(t, at, got[i], want[i])
		}
	default:
		require.Equal(t, example, value, at)
	}
}

func isZero(v any) bool { return v == false || v == float64(0) || v == "" }

func TestErrorCodesAreThoseOfTheDocument(t *testing.T) {
	t.Parallel()
	enum := load(t).Components.Schemas["Error"].Value.Properties["error"].Value.Properties["code"].Value.Enum
	var got []any
	for _, code := range enginev1.ErrorCodes() {
		got = append(got, string(code))
	}
	require.ElementsMatch(t, enum, got)
}

func TestOrderConstructorsAreValidOrders(t *testing.T) {
	t.Parallel()
	schema := load(t).Components.Schemas["Order"].Value
	for _, order := range []enginev1.Order{
		enginev1.CreateType("Hauler", 2, 0, 0, 0, 1), enginev1.RemoveType("Hauler"),
		enginev1.Produce(1, enginev1.ProduceShip, "Hauler"), enginev1.Produce(1, enginev1.ProduceCapital, ""),
		enginev1.Rename(1, "Home"), enginev1.Route(1, enginev1.Empty, 2), enginev1.Route(1, enginev1.Capital, 0),
		enginev1.Split(enginev1.Group(3), 2).Named("$a"), enginev1.Merge(),
		enginev1.Load(enginev1.Alias("$a"), enginev1.Colonists).OnlyAmount(2.5),
		enginev1.Unload(enginev1.Group(3)).OnlyShips(1), enginev1.Send(enginev1.Group(3), 4),
		enginev1.Scrap(enginev1.Group(3)),
	} {
		raw, err := json.Marshal(order)
		require.NoError(t, err)
		var value any
		require.NoError(t, json.Unmarshal(raw, &value))
		require.NoError(t, schema.VisitJSON(value), "%s", raw)
		var back enginev1.Order
		require.NoError(t, json.Unmarshal(raw, &back))
		require.Equal(t, order, back)
	}
}

func TestStatusBeforeInitHasNoGameFields(t *testing.T) {
	t.Parallel()
	raw, err := json.Marshal(enginev1.Status{ContractVersion: 1, EngineVersion: "0.1.0", State: enginev1.StateUninitialized})
	require.NoError(t, err)
	require.JSONEq(t, `{"contract_version":1,"engine_version":"0.1.0","state":"uninitialized"}`, string(raw))
}

func TestCargoIsANumberOrAKind(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]enginev1.CargoField{
		`0`: enginev1.CargoMass(0), `2.5`: enginev1.CargoMass(2.5), `"COL"`: enginev1.CargoKind(enginev1.Colonists),
	} {
		var got enginev1.CargoField
		require.NoError(t, json.Unmarshal([]byte(text), &got), text)
		require.Equal(t, want, got)
	}
	for _, text := range []string{`""`, `null`, `true`, `[1]`, `{}`} {
		var got struct {
			Cargo enginev1.CargoField `json:"cargo"`
		}
		require.Error(t, json.Unmarshal([]byte(`{"cargo":`+text+`}`), &got), text)
	}
}

func TestDestinationTellsAbsentNullAndPlanetApart(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]enginev1.Destination{
		`{"type":"x"}`:                    {},
		`{"type":"x","destination":null}`: {Present: true},
		`{"type":"x","destination":7}`:    {Present: true, Planet: 7},
		`{"type":"x","destination":0}`:    {Present: true, Planet: -1},
	} {
		var order enginev1.Order
		require.NoError(t, json.Unmarshal([]byte(text), &order))
		require.Equal(t, want, order.Destination, text)
	}
}
