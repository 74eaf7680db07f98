package strict_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"galaxy/backend/platform/httpx/strict"
)

func TestWhatOtherDecodersLetThroughIsRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ text, path, code string }{
		"nothing":               {"", "", "syntax"},
		"only space":            {" \n", "", "syntax"},
		"truncated object":      {`{"a":1`, "", "syntax"},
		"truncated string":      {`{"a":"x`, "a", "syntax"},
		"truncated escape":      {`"\u12`, "", "syntax"},
		"truncated backslash":   {`"\`, "", "syntax"},
		"no value":              {`{"a":}`, "a", "syntax"},
		"no colon":              {`{"a" 1}`, "", "syntax"},
		"no name":               {`{1:2}`, "", "syntax"},
		"trailing comma":        {`{"a":1,}`, "", "syntax"},
		"trailing comma, array": {`[1,]`, "1", "syntax"},
		"leading comma":         {`[,1]`, "0", "syntax"},
		"missing comma":         {`[1 2]`, "", "syntax"},
		"second value":          {`{}{}`, "", "syntax"},
		"second value, spaced":  {"{}\n[]", "", "syntax"},
		"comment":               {`{} // x`, "", "syntax"},
		"bare word":             {`yes`, "", "syntax"},
		"half a word":           {`tru`, "", "syntax"},
		"NaN":                   {`NaN`, "", "syntax"},
		"leading zero":          {`01`, "", "syntax"},
		"leading plus":          {`+1`, "", "syntax"},
		"two dots":              {`1.2.3`, "", "syntax"},
		"hexadecimal":           {`0x1f`, "", "syntax"},
		"raw newline":           {"\"a\nb\"", "", "syntax"},
		"raw newline, escaped":  {"\"\\t\n\"", "", "syntax"},
		"raw NUL":               {"\"a\x00b\"", "", "syntax"},
		"NUL instead of value":  {"\x00", "", "syntax"},
		"unknown escape":        {`"\x41"`, "", "syntax"},
		"signed escape":         {`"\u+123"`, "", "syntax"},
		"duplicate key":         {`{"a":1,"a":1}`, "a", "duplicate_field"},
		"duplicate, escaped":    {`{"a":1,"\u0061":1}`, "a", "duplicate_field"},
		"duplicate, nested":     {`{"a":[{"b":1,"b":2}]}`, "a.0.b", "duplicate_field"},
		"byte order mark":       {"\xef\xbb\xbf{}", "", "invalid_encoding"},
		"invalid UTF-8":         {"{\"a\":\"\xff\"}", "a", "invalid_encoding"},
		"invalid UTF-8, escape": {"\"\\n\xc3\"", "", "invalid_encoding"},
		"invalid UTF-8, key":    {"{\"\xff\":1}", "", "invalid_encoding"},
		"overlong UTF-8":        {"\"\xc0\x80\"", "", "invalid_encoding"},
		"raw surrogate":         {"\"\xed\xa0\x80\"", "", "invalid_encoding"},
		"lone high surrogate":   {`"\ud800"`, "", "invalid_encoding"},
		"lone low surrogate":    {`"\udc00"`, "", "invalid_encoding"},
		"high and high":         {`"\ud800\ud800"`, "", "invalid_encoding"},
		"high and letter":       {`"\ud800x"`, "", "invalid_encoding"},
		"high and short":        {`"\ud800\u00"`, "", "syntax"},
		"escaped NUL":           {`{"a":"\u0000"}`, "a", "invalid_encoding"},
		"too deep":              {strings.Repeat("[", 10_000), "", "too_deep"},
		"endless number":        {strings.Repeat("1", 1_000_000), "", "out_of_range"},
		"huge exponent":         {`1e400`, "", "out_of_range"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := strict.Parse([]byte(c.text))
			var refused *strict.Error
			require.ErrorAs(t, err, &refused)
			require.Equal(t, c.code, refused.Code, err)
			if c.code != "too_deep" {
				require.Equal(t, c.path, refused.Path, err)
			}
			require.NotEmpty(t, err.Error())
		})
	}
}

func TestWhatIsJSONIsRead(t *testing.T) {
	t.Parallel()
	got, err := strict.Parse([]byte(" {\"a\": [1, -0, 1.5e3, true, false, null, {}], \"\\u00e9\\ud83d\\ude00\\n\\/\": \"ж\\\"\"}\n"))
	require.NoError(t, err)
	require.Equal(t, map[string]any{
		"a":     []any{json.Number("1"), json.Number("-0"), json.Number("1.5e3"), true, false, nil, map[string]any{}},
		"é😀\n/": `ж"`,
	}, got)
	deep := strings.Repeat("[", strict.MaxDepth) + strings.Repeat("]", strict.MaxDepth)
	_, err = strict.Parse([]byte(deep))
	require.NoError(t, err)
}

// FuzzDecode holds the parser against encoding/json: it never accepts more,
// and what it accepts it reads alike.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{`{"a":1}`, `[1,2,{"b":"\ud83d\ude00"}]`, `"\u0000"`, `{"a":1,"a":2}`, `1e400`, "\xef\xbb\xbf1", `{}{}`, `-0`, `[[[[`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := strict.Parse(data)
		if err != nil {
			var refused *strict.Error
			if !errors.As(err, &refused) || refused.Code == "" {
				t.Fatalf("an error without a code: %v", err)
			}
			return
		}
		decoder := json.NewDecoder(strings.NewReader(string(data)))
		decoder.UseNumber()
		var want any
		if err := decoder.Decode(&want); err != nil {
			t.Fatalf("accepted what encoding/json refuses: %v", err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("got %#v, want %#v", got, want)
		}
	})
}
