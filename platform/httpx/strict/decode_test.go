package strict_test

import (
	"encoding/json"
	"errors"
	"net/netip"
	"reflect"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/platform/httpx/strict"
)

// Crew is embedded in cargo, as bodies that several operations share are.
type Crew struct {
	Captain string `json:"captain"`
}

// flag reads JSON of its own: a number or a word.
type flag struct{ text string }

func (f *flag) UnmarshalJSON(text []byte) error {
	if string(text) == `"broken"` {
		return errors.New("broken")
	}
	f.text = string(text)
	return nil
}

type cargo struct {
	Crew
	Name     string             `json:"name"`
	Mass     int8               `json:"mass"`
	Count    uint16             `json:"count"`
	Share    float32            `json:"share"`
	Sunk     *bool              `json:"sunk"`
	Owner    uuid.UUID          `json:"owner"`
	Built    *time.Time         `json:"built"`
	From     netip.Addr         `json:"from"`
	Tags     []string           `json:"tags"`
	Places   map[string]float64 `json:"places"`
	Parts    []Crew             `json:"parts"`
	Any      any                `json:"any"`
	Raw      json.RawMessage    `json:"raw"`
	Flag     flag               `json:"flag"`
	Untagged string
	Hidden   string `json:"-"`
	private  string
}

func decode(t testing.TB, text string, into any) error {
	t.Helper()
	value, err := strict.Parse([]byte(text))
	require.NoError(t, err)
	v := reflect.ValueOf(into).Elem()
	fill, err := strict.DecoderOf(v.Type())
	require.NoError(t, err)
	return fill(v, value)
}

func TestAValueIsDecodedAsEncodingJSONDoes(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		`{}`, `null`, `{"name":"x","mass":-128,"count":65535,"share":1.5e3}`,
		`{"captain":"K","sunk":true,"owner":"01934f4c-7d1c-7c62-9f6c-3a2b1c0d9e8f","built":"2026-01-02T03:04:05.6Z","from":"2001:db8::1"}`,
		`{"tags":[],"places":{},"parts":[{"captain":"A"},{}]}`, `{"tags":["a","b"],"places":{"x":1,"y":-0.5}}`,
		`{"name":null,"mass":null,"sunk":null,"owner":null,"built":null,"from":null,"tags":null,"places":null,"parts":null,"any":null,"raw":null,"flag":null}`,
		`{"any":{"a":[1,"x",null,true,{"b":2.5}]},"raw":{"a":[1.50,"<&>"]},"flag":1e2}`,
		`{"Untagged":"x","Hidden":"x","private":"x","-":"x"}`,
	} {
		var got, want cargo
		require.NoError(t, decode(t, text, &got), text)
		require.NoError(t, json.Unmarshal([]byte(text), &want), text)
		require.JSONEq(t, jsonOf(want.Raw), jsonOf(got.Raw), text)
		got.Raw, want.Raw = nil, nil
		require.Equal(t, want, got, text)
		require.Empty(t, got.private+got.Hidden)
	}
}

func jsonOf(raw json.RawMessage) string {
	if raw == nil {
		return "null"
	}
	return string(raw)
}

func TestAValueOfAnotherTypeIsNamedByItsPath(t *testing.T) {
	t.Parallel()
	for text, path := range map[string]string{
		`1`: "", `{"name":1}`: "name", `{"name":{}}`: "name", `{"mass":"1"}`: "mass", `{"mass":1.0}`: "mass", `{"mass":128}`: "mass",
		`{"count":-1}`: "count", `{"share":1e300}`: "share", `{"sunk":"yes"}`: "sunk", `{"owner":7}`: "owner", `{"tags":{}}`: "tags",
		`{"tags":["a",7]}`: "tags.1", `{"places":[]}`: "places", `{"places":{"x":"y"}}`: "places.x", `{"parts":[{},{"captain":false}]}`: "parts.1.captain",
		`{"captain":[]}`: "captain",
	} {
		var got *strict.Error
		require.ErrorAs(t, decode(t, text, &cargo{}), &got, text)
		require.Equal(t, "wrong_type", got.Code, text)
		require.Equal(t, path, got.Path, text)
		require.Error(t, json.Unmarshal([]byte(text), &cargo{}), text)
	}
}

func TestWhatATypeSaysAboutItsTextIsPassedOn(t *testing.T) {
	t.Parallel()
	for _, text := range []string{`{"owner":"nobody"}`, `{"built":"yesterday"}`, `{"from":"10.0.0"}`, `{"flag":"broken"}`} {
		require.Error(t, decode(t, text, &cargo{}), text)
	}
}

func TestANameHasOneSpelling(t *testing.T) {
	t.Parallel()
	var got cargo
	require.NoError(t, decode(t, `{"NAME":"x","Name":"y"}`, &got))
	require.Empty(t, got.Name)
}

func TestOnlyTaggedFieldsTakePart(t *testing.T) {
	t.Parallel()
	var in struct {
		ID   string `path:"id"`
		Name string `json:"name"`
	}
	v := reflect.ValueOf(&in).Elem()
	fill, err := strict.TaggedDecoderOf(v.Type())
	require.NoError(t, err)
	require.NoError(t, fill(v, map[string]any{"ID": "x", "id": "x", "name": "y"}))
	require.Empty(t, in.ID)
	require.Equal(t, "y", in.Name)
}

func TestATypeThatJSONCannotFillIsRefused(t *testing.T) {
	t.Parallel()
	for want, of := range map[string]reflect.Type{
		"cannot fill a chan int":             reflect.TypeFor[chan int](),
		"field C: JSON cannot fill a func()": reflect.TypeFor[struct{ C func() }](),
		"cannot fill a []uint8":              reflect.TypeFor[[]*[]byte](),
		"cannot fill a map[int]string":       reflect.TypeFor[map[int]string](),
		"cannot fill a map[uuid.UUID]string": reflect.TypeFor[map[uuid.UUID]string](),
		"cannot fill a complex128":           reflect.TypeFor[map[string]complex128](),
		"cannot fill a error":                reflect.TypeFor[error](),
		`two fields are called "captain"`: reflect.TypeFor[struct {
			Crew
			Captain string `json:"captain"`
		}](),
		"field Inner: struct { C func() }: field C: JSON": reflect.TypeFor[struct{ Inner struct{ C func() } }](),
	} {
		_, err := strict.DecoderOf(of)
		require.ErrorContains(t, err, want)
	}
}

// FuzzDecoder holds the decoder against encoding/json: both accept a text or
// both refuse it, and what is accepted reads alike.
func FuzzDecoder(f *testing.F) {
	type target struct {
		Name string     `json:"name"`
		Mass int        `json:"mass"`
		Tags []string   `json:"tags"`
		Crew *Crew      `json:"crew"`
		Any  any        `json:"any"`
		At   *time.Time `json:"at"`
	}
	for _, seed := range []string{`{"name":"x","mass":1}`, `{"tags":[null,"a"]}`, `{"crew":{"captain":"é"}}`, `{"any":[1,{"a":null}]}`, `{"mass":1e2}`, `{"at":"2026-01-02T03:04:05Z"}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		value, err := strict.Parse(data)
		if err != nil {
			return
		}
		if members, ok := value.(map[string]any); ok {
			for name := range members { // another spelling of a name is the one difference
				switch name {
				case "name", "mass", "tags", "crew", "any", "at":
				default:
					return
				}
			}
			if crew, ok := members["crew"].(map[string]any); ok && len(crew) != 1 {
				return
			}
		}
		var got, want target
		gotErr, wantErr := decode(t, string(data), &got), json.Unmarshal(data, &want)
		if (gotErr == nil) != (wantErr == nil) {
			t.Fatalf("got %v, want %v", gotErr, wantErr)
		}
		if gotErr == nil && !reflect.DeepEqual(got, want) {
			t.Fatalf("got %#v, want %#v", got, want)
		}
	})
}
