package geo

import (
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/platform/testkit"
)

func TestOperatorsLookAddressesUp(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	api := f.serve().Admin("viewer", password)
	type view struct {
		IP      string  `json:"ip"`
		Country *string `json:"country"`
	}
	de, se := "DE", "SE"
	for ip, want := range map[string]view{
		"203.0.113.7": {"203.0.113.7", &de},
		"2001:db8::1": {"2001:db8::1", &se},
		"2001:0db8:0000:0000:0000:0000:0000:0001": {"2001:db8::1", &se}, // spelt in full
		"10.0.0.1": {"10.0.0.1", nil},
	} {
		require.Equal(t, want, testkit.Into[view](api.Get("/api/v1/admin/geo/lookup?ip="+ip).Want(200)), ip)
	}
	for _, ip := range []string{"nonsense", "203.0.113", "203.0.113.7/24", "203.0.113.7:80", "fe80::1%25eth0",
		"256.0.0.1"} {
		reply := api.Get("/api/v1/admin/geo/lookup?ip="+ip).Refused(400, "invalid_request")
		require.Contains(t, string(reply.Body), `"name":"ip"`, ip)
	}
	api.Lenient().Get("/api/v1/admin/geo/lookup").Refused(400, "invalid_request")
}

func TestOperatorsSeeWhichDatabaseIsLoaded(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	api := f.serve().Admin("viewer", password)
	type view struct {
		Type     string    `json:"type"`
		BuiltAt  time.Time `json:"built_at"`
		LoadedAt time.Time `json:"loaded_at"`
		Nodes    int       `json:"nodes"`
	}
	get := func() view { return testkit.Into[view](api.Get("/api/v1/admin/geo/database").Want(200)) }
	first := get()
	require.Equal(t, "GeoLite2-Country", first.Type)
	require.Equal(t, time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), first.BuiltAt)
	require.Equal(t, noon, first.LoadedAt)
	require.Positive(t, first.Nodes)
	f.clock.BlockUntil(2)
	f.replace("AT")
	f.clock.Advance(watchInterval)
	f.clock.BlockUntil(2)
	require.Equal(t, noon.Add(watchInterval), get().LoadedAt)
}

func TestTheDatabaseIsUnavailableBeforeItIsLoaded(t *testing.T) {
	t.Parallel()
	_, err := adminRoutes{service: NewService(nil, nil, nil, Config{})}.database(t.Context(), struct{}{})
	require.ErrorIs(t, err, errNoDatabase)
}

func TestOperatorsSeeWhereAUserWasSeenMostOftenFirst(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	api := f.serve().Admin("viewer", password)
	ids := f.users.AddMany(3)
	for range 2 {
		f.service.Seen(ids[0], germany)
		f.service.Seen(ids[0], france)
		f.service.Seen(ids[0], france)
	}
	f.flush()
	f.users.Delete(ids[1])
	type list struct {
		Items []struct {
			Country string    `json:"country"`
			Count   int       `json:"count"`
			First   time.Time `json:"first_seen_at"`
		} `json:"items"`
		Next *string `json:"next_cursor"`
	}
	path := func(id uuid.UUID) string { return "/api/v1/admin/users/" + id.String() + "/country-counters" }
	got := testkit.Into[list](api.Get(path(ids[0])).Want(200))
	require.Len(t, got.Items, 2)
	require.Equal(t, []any{"FR", 4, noon}, []any{got.Items[0].Country, got.Items[0].Count, got.Items[0].First})
	require.Equal(t, []any{"DE", 2, noon}, []any{got.Items[1].Country, got.Items[1].Count, got.Items[1].First})
	require.Nil(t, got.Next)
	require.JSONEq(t, `{"items": [], "next_cursor": null}`, string(api.Get(path(ids[1])).Want(200).Body),
		"deleted, but there")
	api.Get(path(uuid.New())).Refused(404, "not_found")
	f.users.Fail(errors.New("down"))
	api.Get(path(ids[0])).Refused(500, "internal_error")
}

func TestTheRoutesAreForOperatorsAlone(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	api := f.serve()
	for _, path := range []string{"/geo/lookup?ip=203.0.113.7", "/geo/database",
		"/users/" + uuid.NewString() + "/country-counters"} {
		api.Lenient().Get("/api/v1/admin"+path).Refused(401, "unauthenticated")
		api.Admin("viewer", "wrong").Get("/api/v1/admin"+path).Refused(401, "unauthenticated")
	}
}
