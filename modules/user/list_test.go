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
	f.api.User(ada.ID).Patch(account, object{"display_name": "Countess"}).Want(200)
	f.grant(bob.ID, object{"plan": "monthly", "reason": "x"}).Want(201)
	f.sanction(bob.ID, object{"kind": "login_block", "reason": "x", "expires_at": noon.Add(time.Hour)}).Want(201)
	f.softDelete(eve.ID).Want(200)
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
	require.Equal(t, []string{"u4@example.org", "u3@example.org", "u2@example.org", "u1@example.org", "u0@example.org"},
		seen)
	a := f.register("ada@example.org")
	for i := range 3 {
		f.admin().Post(userPath(a.ID, "/notes"), object{"text": fmt.Sprint("note ", i)}).Want(201)
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

// page is any list of these routes, with what its rows have in common.
type page struct {
	Items []object `json:"items"`
	Next  *string  `json:"next_cursor"`
}

// pages reads a list to its end and returns one field of every row.
func (f *fixture) pages(path, field string, limit int) []any {
	f.Helper()
	var out []any
	for query := fmt.Sprintf("?limit=%d", limit); ; {
		p := testkit.Into[page](f.admin().Get(path + query).Want(200))
		for _, item := range p.Items {
			out = append(out, item[field])
		}
		if p.Next == nil {
			return out
		}
		require.Len(f, p.Items, limit, "only the last page is short")
		query = fmt.Sprintf("?limit=%d&cursor=%s", limit, *p.Next)
	}
}

func TestAUsersHistoryIsPagedFromTheNewest(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a, other := f.register("ada@example.org"), f.register("bob@example.org")
	var reasons []any
	for i := range 5 {
		reason := fmt.Sprint("reason ", i)
		reasons = append([]any{reason}, reasons...)
		f.clock.Advance(time.Minute)
		f.grant(a.ID, object{"plan": "yearly", "reason": reason}).Want(201)
		x := testkit.Into[object](f.sanction(a.ID, object{"kind": "login_block", "reason": reason}).Want(201))
		f.admin().Delete(userPath(a.ID, "/sanctions/"+x["sanction_id"].(string))).Want(204)
		f.note(a.ID, reason).Want(201)
		f.admin().Post(userPath(other.ID, "/notes"), object{"text": "another user's"}).Want(201)
	}
	for _, limit := range []int{1, 2, 5, 200} {
		require.Equal(t, append(reasons[:5:5], ""), f.pages(userPath(a.ID, "/entitlements"), "reason", limit),
			"and the registration")
		require.Equal(t, reasons, f.pages(userPath(a.ID, "/sanctions"), "reason", limit))
		require.Equal(t, reasons, f.pages(userPath(a.ID, "/notes"), "text", limit))
	}
}

func TestACursorBelongsToItsList(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.register("ada@example.org")
	f.register("bob@example.org")
	for range 2 {
		f.note(a.ID, "x").Want(201)
	}
	cursor := func(path string) string {
		return *testkit.Into[page](f.admin().Get(path + "?limit=1").Want(200)).Next
	}
	users, notes := cursor("/api/v1/admin/users"), cursor(userPath(a.ID, "/notes"))
	lists := map[string][]string{
		"/api/v1/admin/users":           {notes, "nonsense", users + "x"},
		userPath(a.ID, "/notes"):        {users, "nonsense"},
		userPath(a.ID, "/entitlements"): {users, notes},
		userPath(a.ID, "/sanctions"):    {users, notes},
	}
	for path, foreign := range lists {
		for _, c := range foreign {
			f.admin().Get(path+"?cursor="+c).Refused(400, "invalid_request")
		}
		for _, limit := range []string{"0", "201", "-1", "many"} {
			f.admin().Lenient().Get(path+"?limit="+limit).Refused(400, "invalid_request")
		}
	}
}

// Users who register while an operator reads do not move the pages.
func TestANewUserMovesNoPage(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, name := range []string{"a", "b", "c"} {
		f.register(name + "@example.org")
	}
	first := testkit.Into[page](f.admin().Get("/api/v1/admin/users?limit=2").Want(200))
	f.register("d@example.org")
	second := testkit.Into[page](f.admin().Get("/api/v1/admin/users?limit=2&cursor=" + *first.Next).Want(200))
	require.Equal(t, "a@example.org", second.Items[0]["email"])
	require.Len(t, second.Items, 1)
	require.Nil(t, second.Next)
}

func TestAListShowsWhetherAUserIsBlockedDeletedOrErased(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	erased := f.register("erased@example.org")
	f.softDelete(erased.ID).Want(200)
	f.sweep(grace)
	blocked, deleted := f.register("blocked@example.org"), f.register("deleted@example.org")
	f.admin().Post(userPath(blocked.ID, "/sanctions"),
		object{"kind": "permanent_block", "reason": "x", "expires_at": f.clock.Now().Add(30 * time.Second)}).Want(201)
	f.softDelete(deleted.ID).Want(200)
	items := testkit.Into[page](f.admin().Get("/api/v1/admin/users").Want(200)).Items
	require.Len(t, items, 3)
	for i, want := range []struct {
		email           string
		blocked         bool
		deleted, erased bool
	}{{"deleted@example.org", false, true, false}, {"blocked@example.org", true, false, false}, {"", false, true, true}} {
		require.Equal(t, want.email, items[i]["email"])
		require.Equal(t, want.blocked, items[i]["blocked"])
		require.Equal(t, want.deleted, items[i]["deleted_at"] != nil)
		require.Equal(t, want.erased, items[i]["erased_at"] != nil)
	}
	f.clock.Advance(30 * time.Second)
	require.Equal(t, []string{"blocked@example.org"}, f.list("?email=blocked@example.org"))
	items = testkit.Into[page](f.admin().Get("/api/v1/admin/users?q=blocked").Want(200)).Items
	require.Equal(t, false, items[0]["blocked"], "the block has ended")
}

func TestAnAddressFindsEveryAccountThatHasIt(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	old := f.register("Ada@example.org")
	f.softDelete(old.ID).Want(200)
	f.register("ada@example.org")
	require.Equal(t, []string{"ada@example.org", "Ada@example.org"}, f.list("?email=ADA@example.org"))
	require.Equal(t, []string{"ada@example.org"}, f.list("?email=ADA@example.org&deleted=false"))
	require.Empty(t, f.list("?email=da@example.org"), "the whole address, not a part")
	require.Equal(t, []string{"ada@example.org", "Ada@example.org"}, f.list("?q=DA@exam"))
}
