package header_test

import (
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/platform/httpx/header"
)

func TestARequestIDIsKeptWhenItIsValid(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"a", strings.Repeat("x", 128), "A-Z_a.z:0/9+="} {
		require.Equal(t, id, header.RequestID([]string{id}))
	}
	seen := map[string]bool{}
	for _, given := range [][]string{nil, {""}, {"a", "a"}, {strings.Repeat("x", 129)}, {"a\n"}, {"é"}, {"a b"}, {`"`}} {
		id := header.RequestID(given)
		made, err := uuid.Parse(id)
		require.NoError(t, err, given)
		require.Equal(t, uuid.Version(7), made.Version())
		require.Equal(t, uuid.RFC4122, made.Variant())
		at := time.Unix(made.Time().UnixTime())
		require.WithinDuration(t, time.Now(), at, time.Minute, "sorted by time in logs and rows")
		require.False(t, seen[id])
		seen[id] = true
	}
}

func TestVisibleASCIIHasNoSpaceAndAnEnd(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"a": true, "!~": true, "12345": true, "": false, "123456": false, "a b": false, "\t": false, "\x7f": false, "é": false, "a\x00": false,
	} {
		require.Equal(t, want, header.VisibleASCII(text, 5), "%q", text)
	}
}

func TestAUserAgentIsCutToValidText(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"":                              "",
		"gateway/1.0":                   "gateway/1.0",
		"a\xffb":                        "ab",
		strings.Repeat("x", 300):        strings.Repeat("x", 256),
		strings.Repeat("x", 255) + "éé": strings.Repeat("x", 255), // never half a letter
	} {
		got := header.UserAgent(http.Header{"User-Agent": {given}})
		require.Equal(t, want, got)
		require.True(t, utf8.ValidString(got))
	}
	require.Empty(t, header.UserAgent(nil))
}
