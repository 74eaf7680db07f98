package racename

import (
	"net/url"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/user"
	"galaxy/backend/platform/testkit"
)

const (
	namePath     = "/api/v1/user/lobby/race-names/"
	registerPath = namePath + "register"
	myNames      = "/api/v1/user/lobby/my/race-names"
)

type object = map[string]any

func TestAvailabilityOverHTTP(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ada, bob := f.addUser(2), f.addUser(2)
	f.reserve(ada, "Klingon")
	for _, c := range []struct {
		who                uuid.UUID
		text, name, answer string
	}{
		{ada, "Kling.on", "Kling.on", "yours"}, {bob, "KLINGON", "KLINGON", "taken"},
		{bob, "Der Andere", "Der Andere", "available"}, {bob, "Ｚorg", "Zorg", "available"},
	} {
		got := testkit.Into[object](f.api.User(c.who).Get(namePath + url.PathEscape(c.text)).Want(200))
		require.Equal(t, object{"race_name": c.name, "availability": c.answer}, got)
	}
}

func TestWhatIsNoRaceNameIsRefusedAtTheEdge(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	api := f.api.User(f.addUser(2)).Lenient()
	for _, text := range []string{"admin", "Z", "Zo--rg", "Zorg!", "Zоrg"} {
		api.Get(namePath+url.PathEscape(text)).Refused(400, "invalid_request")
		api.Post(registerPath, object{"race_name": text}).Refused(422, "invalid_race_name")
	}
	for name, body := range map[string]object{"no name": {}, "a number": {"race_name": 7}} {
		require.Equal(t, 422, api.Post(registerPath, body).Status, name)
	}
	api.Post(registerPath, object{"race_name": "Zorg", "state": "registered"}).Refused(400, "invalid_request")
}

func TestRegisteringOverHTTP(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ada := f.addUser(1)
	api := f.api.User(ada)
	register := func(text string) testkit.Reply { return api.Post(registerPath, object{"race_name": text}) }
	register("Zorg").Refused(404, "not_found")
	g := f.earn(ada, "Zorg")
	f.earn(ada, "Vogon")
	first := register("zorg").Want(200)
	require.Equal(t, object{"race_name": "Zorg", "state": "registered", "game_id": nil, "source_game_id": g.String(),
		"expires_at": nil, "registered_at": "2026-03-01T12:00:00Z", "created_at": "2026-03-01T12:00:00Z"},
		testkit.Into[object](first))
	require.Equal(t, first.Body, register("zorg").Want(200).Body)
	register("Vogon").Refused(409, "race_name_limit_reached")
	f.clock.Advance(ttl)
	register("Vogon").Refused(409, "race_name_expired")
}

func TestMyNamesAreReadPageByPage(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ada := f.addUser(2)
	f.everyState(ada)
	type page struct {
		Items []struct {
			Name  string `json:"race_name"`
			State string `json:"state"`
		}
		Next *string `json:"next_cursor"`
	}
	api := f.api.User(ada)
	first := testkit.Into[page](api.Get(myNames + "?limit=2").Want(200))
	require.Equal(t, []string{"Klingon", "Vogon"}, []string{first.Items[0].Name, first.Items[1].Name})
	second := testkit.Into[page](api.Get(myNames + "?limit=2&cursor=" + *first.Next).Want(200))
	require.Len(t, second.Items, 1)
	require.Equal(t, Registered, second.Items[0].State)
	require.Nil(t, second.Next)
	api.Lenient().Get(myNames+"?cursor=forged").Refused(400, "invalid_request")
	api.Lenient().Get(myNames+"?limit=0").Refused(400, "invalid_request")
	require.Empty(t, testkit.Into[page](f.api.User(f.addUser(2)).Get(myNames).Want(200)).Items)
}

func TestWhoeverIsGoneOrBlockedMayCallNothing(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	deleted, blocked := f.addUser(2), f.addUser(2)
	f.users.Delete(deleted)
	f.users.Sanction(blocked, user.PermanentBlock, "fraud", nil)
	for who, want := range map[uuid.UUID]struct {
		status int
		code   string
	}{deleted: {401, "user_unknown"}, blocked: {403, "account_blocked"}} {
		api := f.api.User(who)
		api.Get(myNames).Refused(want.status, want.code)
		api.Get(namePath+"Zorg").Refused(want.status, want.code)
		api.Post(registerPath, object{"race_name": "Zorg"}).Refused(want.status, want.code)
	}
}
