package game

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/runtime"
	"galaxy/backend/platform/testkit"
)

const adminGames = "/api/v1/admin/games"

func TestAPublicGameOverHTTP(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	p := f.addUsers(3)
	admin, viewer := f.api.Admin("operator", "x"), f.api.Admin("viewer", "x")
	made := admin.Post(adminGames, gameBody()).Want(201)
	id, at := uuid.MustParse(testkit.Into[object](made)["game_id"].(string)), made.Header.Get("Location")
	require.Equal(t, adminGames+"/"+id.String(), at)
	etag := viewer.Get(at).Want(200).Header.Get("ETag")
	admin.With("If-Match", etag).Patch(at, object{"max_players": 3}).Want(200)
	admin.With("If-Match", etag).Patch(at, object{"max_players": 3}).Refused(412, "version_mismatch")
	admin.Post(at+"/open", nil).Want(200)
	races := f.enrollAll(f.game(id), p[:2]...)
	require.Len(t, items(viewer.Get(at+"/memberships")), 2)
	admin.Post(at+"/close", nil).Want(200)
	admin.Post(at+"/force-start", nil).Want(202)
	f.observe(id, runtime.StartFailed, withError("no image"))
	require.Equal(t, "no image", testkit.Into[object](viewer.Get(at).Want(200))["last_error"])
	require.Nil(t, testkit.Into[object](f.api.User(p[0]).Get(userGames + "/" + id.String()).Want(200))["last_error"])
	admin.Post(at+"/retry", nil).Want(202)
	f.observe(id, runtime.Running, withStatus(races...))
	admin.Post(at+"/pause", nil).Want(200)
	admin.Put(at+"/schedule",
		object{"turns": object{"mode": "grid", "times": []string{"19:00"}, "zone": "Europe/Berlin"}}).Want(200)
	admin.Post(at+"/resume", nil).Want(200)
	admin.Post(at+"/memberships/"+p[1].String()+"/ban", nil).Want(200)
	admin.Post(at+"/memberships/"+p[1].String()+"/unban", nil).Want(204)
	admin.Post(at+"/memberships/"+p[1].String()+"/unban", nil).Refused(409, "membership_ended")
	require.Len(t, items(viewer.Get("/api/v1/admin/users/"+p[1].String()+"/memberships")), 1)
	admin.Post(at+"/force-stop", nil).Want(202)
	admin.Post(at+"/force-stop", nil).Refused(409, "game_state_conflict")
	require.Equal(t, []string{
		"game.create", "game.patch", "game.open", "game.close", "game.force-start", "game.retry", "game.pause",
		"game.schedule", "game.resume", "membership.blocked", "membership.unban", "game.force-stop",
	}, f.auditor.Actions(), "every mutation of an operator leaves one audit row")
	require.Len(t, f.auditor.Refusals(), 3)
}

func TestViewersReadAndChangeNothing(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	viewer := f.api.Admin("viewer", "x")
	g, at := f.opened(root), adminGames
	viewer.Post(at, gameBody()).Refused(403, "forbidden")
	at += "/" + g.ID.String()
	viewer.Patch(at, object{"name": "x"}).Refused(403, "forbidden")
	viewer.Put(at+"/schedule", object{"turns": object{"mode": "manual"}}).Refused(403, "forbidden")
	for _, path := range []string{"/open", "/close", "/force-start", "/force-stop", "/pause", "/resume", "/cancel",
		"/retry", "/memberships/" + uuid.NewString() + "/ban", "/memberships/" + uuid.NewString() + "/unban"} {
		viewer.Post(at+path, nil).Refused(403, "forbidden")
	}
	require.Equal(t, g, f.game(g.ID))
}

func TestOperatorsFindGamesOverHTTP(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ada := f.addUser()
	f.move(root, f.opened(root, named("The long war")).ID, Cancel)
	f.move(root, f.opened(root, named("The short war")).ID, Cancel)
	f.opened(root, named("Open war"))
	f.opened(by(ada), named("Ada's"))
	viewer := f.api.Admin("viewer", "x")
	for query, want := range map[string]int{
		"": 4, "?status=cancelled&visibility=public&q=long": 1, "?visibility=private": 1, "?open=true": 2, "?limit=1": 1,
	} {
		require.Len(t, items(viewer.Get(adminGames+query)), want, query)
	}
	for _, query := range []string{"limit=0", "limit=1000000000", "limit=abc", "cursor=forged", "status=odd",
		"sort=name"} {
		viewer.Lenient().Get(adminGames+"?"+query).Refused(400, "invalid_request")
	}
}

func TestWhatDoesNotExistIsNotFoundForOperatorsEither(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	admin, at := f.api.Admin("operator", "x"), adminGames+"/"+unknownGame.String()
	admin.Get(at).Refused(404, "not_found")
	admin.Get(at+"/memberships").Refused(404, "not_found")
	admin.Patch(at, object{"name": "x"}).Refused(404, "not_found")
	admin.Post(at+"/cancel", nil).Refused(404, "not_found")
	admin.Post(at+"/memberships/"+uuid.NewString()+"/ban", nil).Refused(404, "not_found")
	require.Empty(t, items(admin.Get("/api/v1/admin/users/"+uuid.NewString()+"/memberships")))
}
