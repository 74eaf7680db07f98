package game

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/runtime"
	"galaxy/backend/modules/user"
	"galaxy/backend/platform/httpx"
	"galaxy/backend/platform/testkit"
)

const (
	userGames = "/api/v1/user/lobby/games"
	myGames   = "/api/v1/user/lobby/my/games"
)

type object = map[string]any

func gameBody(change ...func(object)) object {
	in := object{"name": "The long war", "description": "Two turns a day", "min_players": 2, "max_players": 4,
		"turns": object{"mode": "interval", "interval_seconds": 3600, "early_when_ready": true}}
	for _, fn := range change {
		fn(in)
	}
	return in
}

func with(field string, value any) func(object) { return func(o object) { o[field] = value } }

func without(field string) func(object) { return func(o object) { delete(o, field) } }

func items(r testkit.Reply) []object {
	return testkit.Into[struct{ Items []object }](r.Want(200)).Items
}

func TestAPrivateGameOverHTTP(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	p := f.addUsers(3)
	ada, bob := f.api.User(p[0]), f.api.User(p[1])
	keyed := ada.With("Idempotency-Key", "k1")
	made := keyed.Post(userGames, gameBody()).Want(201)
	id := uuid.MustParse(testkit.Into[object](made)["game_id"].(string))
	at := made.Header.Get("Location")
	require.Equal(t, userGames+"/"+id.String(), at)
	require.Equal(t, made.Body, keyed.Post(userGames, gameBody()).Want(200).Body)
	keyed.Post(userGames, gameBody(with("name", "x"))).Refused(409, "idempotency_conflict")
	etag := ada.Get(at).Want(200).Header.Get("ETag")
	require.Equal(t, f.game(id).ETag(), etag)
	ada.With("If-Match", etag).Patch(at, object{"name": "Renamed", "enrollment_ends_at": nil}).Want(200)
	ada.With("If-Match", etag).Patch(at, object{"name": "Lost update"}).Refused(412, "version_mismatch")
	bob.Get(at).Refused(404, "not_found")
	ada.Post(at+"/open", nil).Want(200)
	ada.Post(at+"/open", nil).Refused(409, "game_state_conflict")
	ada.Post(at+"/close", nil).Refused(409, "not_enough_players")
	races := f.enrollAll(f.game(id), p...)
	ada.Post(at+"/close", nil).Want(200)
	ada.Post(at+"/start", nil).Want(202)
	f.observe(id, runtime.StartFailed)
	ada.Post(at+"/retry", nil).Want(202)
	f.observe(id, runtime.Running, withStatus(races...))
	ada.Post(at+"/pause", nil).Want(200)
	ada.Post(at+"/resume", nil).Want(200)
	ada.Post(at+"/cancel", nil).Refused(409, "game_state_conflict")
	ada.Post(at+"/transfer", object{"user_id": uuid.New()}).Refused(409, "not_a_member")
	ada.Post(at+"/transfer", object{"user_id": p[1]}).Want(200)
	bob.Post(at+"/memberships/"+p[0].String()+"/remove", nil).Want(200)
	bob.Post(at+"/memberships/"+p[2].String()+"/block", nil).Want(200)
	bob.Post(at+"/memberships/"+p[2].String()+"/remove", nil).Refused(409, "membership_ended")
	require.Len(t, items(bob.Get(at+"/memberships")), 3)
	bob.Post(at+"/leave", nil).Want(204)
	bob.Post(at+"/leave", nil).Want(204)
}

func TestMyGamesSayWhatIsExpectedOfMe(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	p := f.addUsers(2)
	f.opened(by(p[0]))
	g, _ := f.running(root, p...)
	f.expectation.set(g.ID, Expect{Submitted: true, Deadline: &noon})
	mine := items(f.api.User(p[0]).Get(myGames))
	require.Len(t, mine, 2)
	require.Equal(t, object{"submitted": true, "ready": false, "deadline": "2026-03-01T12:00:00Z"}, mine[0]["expected"])
	require.Nil(t, mine[1]["expected"], "a game that is not in play expects nothing")
}

func TestMyGamesAreReadPageByPage(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ada := f.addUser()
	for i := range 7 {
		f.draft(by(ada), numbered("game %d", i))
	}
	type page struct {
		Items []struct{ Name string }
		Next  *string `json:"next_cursor"`
	}
	seen, cursor := map[string]bool{}, ""
	for pages := 1; ; pages++ {
		p := testkit.Into[page](f.api.User(ada).Get(myGames + "?limit=3" + cursor).Want(200))
		for _, g := range p.Items {
			require.False(t, seen[g.Name])
			seen[g.Name] = true
		}
		if p.Next == nil {
			require.Equal(t, 3, pages)
			break
		}
		cursor = "&cursor=" + *p.Next
	}
	require.Len(t, seen, 7)
	f.api.User(ada).Lenient().Get(myGames+"?cursor=forged").Refused(400, "invalid_request")
	f.api.Admin("viewer", "x").Get(adminGames+"?"+cursor[1:]).Refused(400, "invalid_request") // a cursor of another list
}

// access says to whom a route of a private game answers: empty, or the status and
// code of the refusal.
type routeAccess struct {
	anybody       bool // names no game: whoever has an account may call it
	body          object
	owner, member string
}

const (
	hidden   = "404 not_found"
	notOwner = "403 not_owner"
)

func routeAccesses(member uuid.UUID) map[string]routeAccess {
	return map[string]routeAccess{
		"createGame": {anybody: true, body: gameBody()}, "listMyGames": {anybody: true},
		"getGame": {}, "listMemberships": {}, "leaveGame": {owner: hidden},
		"patchGame": {body: object{"name": "Renamed"}, member: notOwner},
		"openGame":  {member: notOwner}, "closeGame": {member: notOwner}, "startGame": {member: notOwner},
		"retryGame": {member: notOwner}, "pauseGame": {member: notOwner}, "resumeGame": {member: notOwner},
		"cancelGame": {member: notOwner}, "transferGame": {body: object{"user_id": member}, member: notOwner},
		"removeMember": {member: notOwner}, "blockMember": {member: notOwner},
	}
}

func (f *fixture) userRoutes() (routes []httpx.Route) {
	for _, table := range f.hooks.Tables {
		if table.Surface == httpx.SurfaceUser && table.Module == "game" {
			routes = append(routes, table.Routes...)
		}
	}
	return routes
}

// To strangers a game of others answers exactly as one that does not exist.
func TestWhoMayCallWhichUserRoute(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	p := f.addUsers(5)
	ada, member, stranger, blocked, deleted := p[0], p[1], p[2], p[3], p[4]
	f.users.SetLimit(ada, user.OwnedPrivateGames, 1000, nil)
	f.users.Sanction(blocked, user.PermanentBlock, "fraud", nil)
	f.users.Delete(deleted)
	known := routeAccesses(member)
	for _, r := range f.userRoutes() {
		access, ok := known[r.Op]
		require.True(t, ok, "who may call %s?", r.Op)
		delete(known, r.Op)
		g := f.opened(by(ada))
		f.enrollAll(g, member)
		call := func(who, game uuid.UUID) testkit.Reply {
			path := strings.NewReplacer("{game_id}", game.String(), "{user_id}", member.String()).Replace(r.Path)
			if access.body == nil {
				return f.api.User(who).Call(r.Method, "/api/v1/user"+path, nil)
			}
			return f.api.User(who).Call(r.Method, "/api/v1/user"+path, access.body)
		}
		before := f.fingerprint()
		call(deleted, g.ID).Refused(401, "user_unknown")
		call(blocked, g.ID).Refused(403, "account_blocked")
		if access.anybody {
			continue
		}
		there, absent := call(stranger, g.ID).Refused(404, "not_found"), call(stranger, unknownGame).Refused(404, "not_found")
		require.Equal(t, withoutRequestID(absent), withoutRequestID(there), r.Op)
		require.Equal(t, before, f.fingerprint(), "%s changed something for whom it refused", r.Op)
		for _, c := range []struct {
			who  uuid.UUID
			want string
		}{{member, access.member}, {ada, access.owner}} { // the owner last, who may make the member the owner
			reply := call(c.who, g.ID)
			if status, code, refused := strings.Cut(c.want, " "); refused {
				reply.Refused(map[string]int{"403": 403, "404": 404}[status], code)
				continue
			}
			require.NotContains(t, []int{401, 403, 404}, reply.Status, "%s: %s", r.Op, reply.Body)
		}
	}
	require.Empty(t, known, "there are no such routes")
}

func withoutRequestID(r testkit.Reply) string {
	text, _, _ := strings.Cut(string(r.Body), `"request_id"`)
	return text
}

func TestAGameThatCannotBeIsRefusedBeforeItIsMade(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ada := f.api.User(f.addUser())
	turns := func(in object) func(object) { return with("turns", in) }
	for name, body := range map[string]object{
		"no name": gameBody(without("name")), "blank name": gameBody(with("name", "  ")),
		"long name":         gameBody(with("name", strings.Repeat("x", 65))),
		"no players":        gameBody(with("max_players", 0)),
		"a billion players": gameBody(with("max_players", 1_000_000_000)),
		"every second":      gameBody(turns(object{"mode": "interval", "interval_seconds": 1})),
		"ten years":         gameBody(turns(object{"mode": "interval", "interval_seconds": 315360000})),
		"every minute":      gameBody(turns(object{"mode": "grid", "cron": "* * * * *"})),
		"no such zone":      gameBody(turns(object{"mode": "grid", "times": []string{"19:00"}, "zone": "../etc"})),
		"past enrollment":   gameBody(with("enrollment_ends_at", "2020-01-01T00:00:00Z")),
		"max below min":     gameBody(with("min_players", 9)),
		"auto is public":    gameBody(with("join_policy", "auto")),
	} {
		require.Equal(t, 422, ada.Lenient().Post(userGames, body).Status, name)
	}
	ada.Lenient().Post(userGames, gameBody(with("state", "running"))).Refused(400, "invalid_request")
	for _, bad := range []string{"..%2f", "1", strings.ToUpper(uuid.NewString()), uuid.Nil.String() + "x"} {
		status := ada.Lenient().Get(userGames + "/" + bad).Status
		require.Contains(t, []int{http.StatusBadRequest, http.StatusNotFound}, status, bad)
	}
	require.Zero(t, f.count(`SELECT count(*) FROM games`))
}
