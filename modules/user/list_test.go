package user_test

import (
	"fmt"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"galaxy/backend/platform/testkit"
)

type userList struct {
	Items []struct {
		Email string `json:"email"`
		Plan  string `json:"plan"`
	} `json:"items"`
	Next *string `json:"next_cursor"`
}

func (f *fixture) list(query string) []string {
	f.Helper()
	var out []string
	for _, item := range testkit.Into[userList](f.admin().Get("/api/v1/admin/users" + query).Want(200)).Items {
		out = append(out, item.Email)
	}
	return out
}

func TestUsersAreFoundByWhatOperatorsKnow(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ada, bob, eve := f.register("Ada@example.org"), f.register("bob@example.org"), f.register("eve_%@example.net")
	f.api.User(ada.ID).Patch(account, map[string]any{"display_name": "Countess"}).Want(200)
	f.admin().Post(userPath(bob.ID, "/entitlements"), map[string]any{"plan": "monthly", "reason": "x"}).Want(201)
	f.admin().Post(userPath(bob.ID, "/sanctions"), map[string]any{"kind": "login_block", "reason": "x", "expires_at": noon.Add(time.Hour)}).Want(201)
	f.admin().Post(userPath(eve.ID, "/soft-delete"), nil).Want(200)
	for query, want := range map[string][]string{
		"":                              {"eve_%@example.net", "bob@example.org", "Ada@example.org"},
		"?q=countess":                   {"Ada@example.org"},
		"?q=EXAMPLE.org":                {"bob@example.org", "Ada@example.org"},
		"?q=" + url.QueryEscape("_%"):   {"eve_%@example.net"},
		"?email=ADA@example.org":        {"Ada@example.org"},
		"?email=nonsense":               nil,
		"?user_name=" + bob.UserName:    {"bob@example.org"},
		"?plan=monthly":                 {"bob@example.org"},
		"?plan=free":                    {"eve_%@example.net", "Ada@example.org"},
		"?sanction=login_block":         {"bob@example.org"},
		"?sanction=permanent_block":     nil,
		"?deleted=true":                 {"eve_%@example.net"},
		"?deleted=false&q=example.org":  {"bob@example.org", "Ada@example.org"},
		"?deleted=false&plan=permanent": nil,
	} {
		require.Equal(t, want, f.list(query), query)
	}
	f.clock.Set(noon.AddDate(0, 1, 0))
	require.Empty(t, f.list("?plan=monthly"), "ended, whether or not the sweeper has come")
	require.Empty(t, f.list("?sanction=login_block"))
	f.admin().Lenient().Get("/api/v1/admin/users?plan=gold").Refused(400, "invalid_request")
	f.api.Lenient().Get("/api/v1/admin/users").Want(401)
}

func TestListsArePagedFromTheNewest(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for i := range 5 {
		f.register(fmt.Sprintf("u%d@example.org", i))
	}
	var seen []string
	query := "?limit=2"
	for query != "" {
		page := testkit.Into[userList](f.admin().Get("/api/v1/admin/users" + query).Want(200))
		for _, item := range page.Items {
			seen = append(seen, item.Email)
		}
		query = ""
		if page.Next != nil {
			query = "?limit=2&cursor=" + *page.Next
		}
	}
	require.Equal(t, []string{"u4@example.org", "u3@example.org", "u2@example.org", "u1@example.org", "u0@example.org"}, seen)
	a := f.register("ada@example.org")
	for i := range 3 {
		f.admin().Post(userPath(a.ID, "/notes"), map[string]any{"text": fmt.Sprint("note ", i)}).Want(201)
	}
	type notes struct {
		Items []struct{ Text string }
		Next  *string `json:"next_cursor"`
	}
	page := testkit.Into[notes](f.admin().Get(userPath(a.ID, "/notes?limit=2")).Want(200))
	require.Equal(t, "note 2", page.Items[0].Text)
	page = testkit.Into[notes](f.admin().Get(userPath(a.ID, "/notes?limit=2&cursor="+*page.Next)).Want(200))
	require.Equal(t, "note 0", page.Items[0].Text)
	require.Nil(t, page.Next)
	f.admin().Get(userPath(a.ID, "/sanctions?cursor=nonsense")).Refused(400, "invalid_request")
}

func TestAnExportHoldsEverythingButTheOperatorsOwn(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.register("ada@example.org")
	f.admin().Post(userPath(a.ID, "/sanctions"), map[string]any{"kind": "game_join_block", "reason": "three abandoned games", "internal_note": "ticket 12"}).Want(201)
	f.admin().Post(userPath(a.ID, "/notes"), map[string]any{"text": "difficult"}).Want(201)
	f.admin().Put(userPath(a.ID, "/limits/active_memberships"), map[string]any{"value": 7, "reason": "tournament"}).Want(200)
	for _, reply := range []testkit.Reply{f.api.User(a.ID).Get(account + "/export").Want(200), f.admin().Get(userPath(a.ID, "/export")).Want(200)} {
		text := string(reply.Body)
		for _, part := range []string{"ada@example.org", "three abandoned games", `"arc":{"of":"arc"}`, `"zoo":{"of":"zoo"}`, `"source":"registration"`, "tournament", `"recipient":"ada@example.org","template":"auth.login_code"`} {
			require.Contains(t, text, part)
		}
		for _, part := range []string{"ticket 12", "difficult", operator} {
			require.NotContains(t, text, part)
		}
	}
}
