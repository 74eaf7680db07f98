package httpx_test

import (
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"galaxy/backend/platform/httpx"
)

func TestAnIDHasOneSpelling(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, id := range []string{
		"..%2f..%2fetc%2fpasswd", "%00", goodID + "%2F", "1%2F", strings.ToUpper(goodID), "urn:uuid:" + goodID,
		"{" + goodID + "}", "x" + goodID[1:35] + "x", strings.ReplaceAll(goodID, "-", ""), "00000000-0000-0000-0000-000000000000", "%ff",
	} {
		conn := f.raw(t, "GET /api/v1/user/ships/"+id+" HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-User-ID: "+goodID+"\r\n\r\n")
		require.Contains(t, conn, "400 Bad Request", id)
		require.Contains(t, conn, `{"name":"ship_id","code":"invalid_`, id)
	}
	for _, path := range []string{"../..", goodID + "/", "1/"} { // other routes lie below: a slash ends the id
		require.Equal(t, "not_found", f.user(t, http.MethodGet, "/api/v1/user/ships/"+path, "").code(t), path)
	}
	require.Equal(t, "ship_unknown", f.user(t, http.MethodGet, "/api/v1/user/ships/"+goodID, "").code(t))
}

func TestATextInThePathIsDecodedOnceAndPrintable(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for given, want := range map[string]string{"Zorg": "Zorg", "Zo%20rg": "Zo rg", "%C5%BDi%C5%BEka": "Žižka", "a%252Fb": "a%2Fb"} {
		require.Equal(t, http.StatusOK, f.user(t, http.MethodGet, "/api/v1/user/names/"+given, "").StatusCode, given)
		require.Equal(t, struct {
			Name string `path:"name"`
		}{want}, f.last)
	}
	for given, code := range map[string]string{
		"a%00b": "invalid_encoding", "a%2Fb": "invalid_encoding", "a/b": "invalid_encoding", "a%0Ab": "invalid_encoding",
		"%ff%fe": "invalid_encoding", "a": "too_short", strings.Repeat("a", 21): "too_long",
	} {
		require.Equal(t, []string{"name " + code}, f.user(t, http.MethodGet, "/api/v1/user/names/"+given, "").fields(t), given)
	}
}

func TestQueriesAreHeldAgainstTheDocument(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for query, want := range map[string]string{
		"limit=0": "limit out_of_range", "limit=-1": "limit out_of_range", "limit=101": "limit out_of_range",
		"limit=1000000000": "limit out_of_range", "limit=abc": "limit wrong_type", "limit=": "limit wrong_type",
		"limit=1e1": "limit wrong_type", "limit=1.5": "limit wrong_type", "limit=1&limit=2": "limit repeated",
		"limit=99999999999999999999": "limit out_of_range", "limit=NaN": "limit wrong_type", "limit=0x10": "limit wrong_type",
		"limt=1": "limt unknown_parameter", "cursor=": "cursor too_short", "cursor=a%00": "cursor invalid_encoding",
		"cursor=" + strings.Repeat("x", 1025): "cursor too_long", "open=1": "open wrong_type", "open=TRUE": "open wrong_type",
		"status=sunk": "status unknown_value", "status=docked&status=flying&status=docked": "status too_many",
		"since=today": "since invalid_format", "since=2026-13-01T00:00:00Z": "since invalid_format", "at=10.0.0": "at invalid_format",
		"%zz=1": "", "a;b=1": "",
	} {
		r := f.user(t, http.MethodGet, "/api/v1/user/ships?"+query, "")
		require.Equal(t, http.StatusBadRequest, r.StatusCode, query)
		require.Equal(t, "invalid_request", r.code(t))
		if want != "" {
			require.Equal(t, []string{want}, r.fields(t), query)
		}
	}
	require.Equal(t, []string{"x unknown_parameter"}, f.user(t, http.MethodGet, "/api/v1/user/account?x=1", "").fields(t))
}

func TestQueriesReachTheHandlerWithTheirDefaults(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	r := f.user(t, http.MethodGet, "/api/v1/user/ships", "")
	require.JSONEq(t, `{"items":[],"next_cursor":null}`, r.text)
	require.Equal(t, listShips{Page: httpx.Page{Limit: 50}}, f.last)

	yes := true
	f.user(t, http.MethodGet, "/api/v1/user/ships?limit=100&cursor=abc&status=docked&status=flying&open=true&since=2026-01-02T05:04:05%2B02:00&at=2001:db8::1", "")
	require.Equal(t, listShips{
		Page: httpx.Page{Limit: 100, Cursor: "abc"}, Status: []string{"docked", "flying"}, Open: &yes,
		Since: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), At: netip.MustParseAddr("2001:db8::1"),
	}, f.last)
}

func TestACursorComesBackOnlyToItsList(t *testing.T) {
	t.Parallel()
	for _, parts := range [][]string{{}, {""}, {"2026-01-02T03:04:05.000001Z", goodID}, {"a\x00b", "ž", `"],["`}} {
		c := httpx.EncodeCursor("ships", parts...)
		require.Equal(t, c, url.QueryEscape(c), "needs no escaping")
		got, err := httpx.DecodeCursor("ships", c, len(parts))
		require.NoError(t, err)
		require.ElementsMatch(t, parts, got)
		_, err = httpx.DecodeCursor("games", c, len(parts))
		require.ErrorIs(t, err, httpx.ErrInvalid)
		_, err = httpx.DecodeCursor("ships", c, len(parts)+1)
		require.ErrorIs(t, err, httpx.ErrInvalid)
	}
	parts, err := httpx.DecodeCursor("ships", "", 2)
	require.NoError(t, err)
	require.Nil(t, parts)
}

func TestAPageEndsWhereTheNextBegins(t *testing.T) {
	t.Parallel()
	page := func(rows ...int) httpx.List[int] {
		return httpx.PageOf(rows, 2, func(r int) int { return r * 10 }, func(int) string { return httpx.EncodeCursor("ships", goodID) })
	}
	require.Equal(t, httpx.List[int]{Items: []int{}}, page())
	require.Equal(t, httpx.List[int]{Items: []int{10, 20}}, page(1, 2))
	more := page(1, 2, 3)
	require.Equal(t, []int{10, 20}, more.Items)
	id, err := httpx.IDCursor("ships", *more.NextCursor)
	require.NoError(t, err)
	require.Equal(t, goodID, id.String())
	id, err = httpx.IDCursor("ships", "")
	require.NoError(t, err)
	require.Zero(t, id)
	_, err = httpx.IDCursor("ships", httpx.EncodeCursor("ships", "42"))
	require.ErrorIs(t, err, httpx.ErrInvalid)
}

func FuzzCursor(f *testing.F) {
	f.Add(httpx.EncodeCursor("ships", "a", "b"))
	f.Add("AAAA")
	f.Add(strings.Repeat("A", 2000))
	f.Fuzz(func(t *testing.T, text string) {
		parts, err := httpx.DecodeCursor("ships", text, 2)
		if err != nil || text == "" {
			return
		}
		if again := httpx.EncodeCursor("ships", parts...); again != text {
			// Another spelling of the same JSON carries another checksum, which
			// whoever forges it may compute: a cursor only chooses a place.
			if len(parts) != 2 {
				t.Fatalf("%q has %d parts", text, len(parts))
			}
		}
	})
}

func TestTheClientsAddressComesFromTrustedProxiesOnly(t *testing.T) {
	t.Parallel()
	trusting := newFixture(t, func(s *setup) {
		require.NoError(t, s.config.TrustedProxies.UnmarshalText([]byte("127.0.0.0/8, 10.1.2.3")))
	})
	direct := newFixture(t)
	for name, c := range map[string]struct {
		f         *fixture
		forwarded []string
		want      string
	}{
		"no header":           {trusting, nil, "127.0.0.1"},
		"one":                 {trusting, []string{"203.0.113.9"}, "203.0.113.9"},
		"spoofed left":        {trusting, []string{"8.8.8.8, 203.0.113.9"}, "203.0.113.9"},
		"through proxies":     {trusting, []string{"203.0.113.9, 10.1.2.3"}, "203.0.113.9"},
		"two headers":         {trusting, []string{"8.8.8.8", "203.0.113.9"}, "203.0.113.9"},
		"IPv6":                {trusting, []string{"2001:db8::1"}, "2001:db8::1"},
		"mapped":              {trusting, []string{"::ffff:203.0.113.9"}, "203.0.113.9"},
		"private":             {trusting, []string{"192.168.0.7"}, "192.168.0.7"},
		"only proxies":        {trusting, []string{"10.1.2.3"}, "10.1.2.3"},
		"garbage":             {trusting, []string{"unknown"}, ""},
		"garbage on the left": {trusting, []string{"unknown, 203.0.113.9"}, "203.0.113.9"},
		"zone":                {trusting, []string{"fe80::1%eth0"}, ""},
		"empty":               {trusting, []string{""}, "127.0.0.1"},
		"with a port":         {trusting, []string{"203.0.113.9:80"}, ""},
		"too long":            {trusting, []string{strings.Repeat("203.0.113.9,", 100)}, ""},
		"nobody trusted":      {direct, []string{"203.0.113.9"}, "127.0.0.1"},
	} {
		var headers []string
		for _, f := range c.forwarded {
			headers = append(headers, "X-Forwarded-For", f)
		}
		require.Equal(t, http.StatusOK, c.f.user(t, http.MethodGet, "/api/v1/user/account", "", headers...).StatusCode, name)
		want, _ := netip.ParseAddr(c.want)
		require.Equal(t, want, httpx.ClientIP(c.f.lastCtx), name)
		require.Equal(t, want, c.f.seen[len(c.f.seen)-1], name)
	}
}

func TestTrustedProxiesAreAddressesOrNetworks(t *testing.T) {
	t.Parallel()
	var p httpx.Proxies
	require.NoError(t, p.UnmarshalText([]byte(" 10.0.0.7/8 ,, ::1 ")))
	text, err := p.MarshalText()
	require.NoError(t, err)
	require.Equal(t, "10.0.0.0/8,::1/128", string(text))
	require.ErrorContains(t, p.UnmarshalText([]byte("gateway")), "neither an address nor a CIDR")
}

func TestARequestIDIsTakenOnlyWhenSane(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, id := range []string{"abc", "01934f4c-7d1c-7c62-9f6c-3a2b1c0d9e8f", strings.Repeat("x", 128), "a/b+c=:.-_"} {
		require.Equal(t, id, f.do(t, http.MethodGet, "/healthz", "", "X-Request-ID", id).Header.Get("X-Request-ID"))
	}
	for _, ids := range [][]string{{""}, {strings.Repeat("x", 129)}, {"a b"}, {"<script>"}, {"é"}, {"a", "b"}, {`{"level":"fake"}`}} {
		var headers []string
		for _, id := range ids {
			headers = append(headers, "X-Request-ID", id)
		}
		for _, path := range []string{"/healthz", "/nowhere"} {
			got := f.do(t, http.MethodGet, path, "", headers...).Header.Values("X-Request-ID")
			require.Len(t, got, 1)
			require.Regexp(t, `^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`, got[0])
		}
	}
}
