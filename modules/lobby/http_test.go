package lobby

import (
	"fmt"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/game"
	"galaxy/backend/modules/runtime"
	"galaxy/backend/platform/testkit"
)

const (
	userGames  = "/api/v1/user/lobby/games"
	adminGames = "/api/v1/admin/games"
	mineAt     = "/api/v1/user/lobby/my/"
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

func id(r testkit.Reply, field string) string { return testkit.Into[map[string]any](r)[field].(string) }

func items(r testkit.Reply) []map[string]any {
	return testkit.Into[struct{ Items []map[string]any }](r.Want(200)).Items
}

func TestAPrivateGameOverHTTP(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	p := f.addUsers(4)
	ada, bob, eve := f.api.User(p[0]), f.api.User(p[1]), f.api.User(p[2])
	made := ada.With("Idempotency-Key", "k1").Post(userGames, gameBody()).Want(201)
	at := made.Header.Get("Location")
	require.Equal(t, userGames+"/"+id(made, "game_id"), at)
	require.Equal(t, made.Body, ada.With("Idempotency-Key", "k1").Post(userGames, gameBody()).Want(200).Body)
	ada.With("Idempotency-Key", "k1").Post(userGames, gameBody(func(o object) { o["name"] = "x" })).Refused(409, "idempotency_conflict")
	etag := ada.Get(at).Want(200).Header.Get("ETag")
	require.NotEmpty(t, etag)
	ada.With("If-Match", etag).Patch(at, object{"name": "Renamed", "enrollment_ends_at": nil}).Want(200)
	ada.With("If-Match", etag).Patch(at, object{"name": "Lost update"}).Refused(412, "version_mismatch")
	bob.Get(at).Refused(404, "not_found")
	ada.Post(at+"/open", nil).Want(200)
	ada.Post(at+"/open", nil).Refused(409, "game_state_conflict")
	ada.Post(at+"/join", object{"race_name": "Zorg"}).Want(201)
	ada.Post(at+"/join", object{"race_name": "Zorg"}).Want(200)

	invite := id(ada.Post(at+"/invites", object{"user_name": f.userName(p[1]), "message": "come"}).Want(201), "invite_id")
	ada.Post(at+"/invites", object{}).Refused(422, "validation_failed")
	ada.Post(at+"/invites", object{"user_id": p[1], "user_name": "x"}).Refused(422, "validation_failed")
	require.Len(t, items(bob.Get(mineAt+"invites")), 1)
	require.Len(t, items(ada.Get(at+"/invites")), 1)
	bob.Get(at+"/invites").Refused(403, "not_owner")
	redeem := "/api/v1/user/lobby/invites/" + invite + "/redeem"
	bob.Post(redeem, object{"race_name": "zorg"}).Refused(409, "race_name_taken")
	bob.Post(redeem, object{"race_name": "!"}).Refused(422, "invalid_race_name")
	bob.Post(redeem, object{"race_name": "Vogon"}).Want(201)
	bob.Post(redeem, object{"race_name": "Vogon"}).Want(200)
	eve.Post(redeem, object{"race_name": "Vogon"}).Refused(404, "not_found")
	for user, verb := range map[int]string{2: "decline", 3: "revoke"} {
		invite := id(ada.Post(at+"/invites", object{"user_id": p[user]}).Want(201), "invite_id")
		who := eve
		if verb == "revoke" {
			who = ada
		}
		who.Post("/api/v1/user/lobby/invites/"+invite+"/"+verb, nil).Want(200)
	}
	ada.Post(at+"/close", nil).Want(200)
	ada.Post(at+"/start", nil).Want(202)
	f.observe(uuid.MustParse(id(made, "game_id")), runtime.Running, withStatus("Zorg", "Vogon"))
	f.expectation.set(uuid.MustParse(id(made, "game_id")), game.Expect{Submitted: true, Deadline: &noon})
	mine := items(bob.Get(mineAt + "games"))
	require.Equal(t, object{"submitted": true, "ready": false, "deadline": "2026-03-01T12:00:00Z"}, mine[0]["expected"])
	ada.Post(at+"/pause", nil).Want(200)
	ada.Post(at+"/resume", nil).Want(200)
	ada.Post(at+"/cancel", nil).Refused(409, "game_state_conflict")
	ada.Post(at+"/transfer", object{"user_id": p[1]}).Want(200)
	bob.Post(at+"/memberships/"+p[0].String()+"/remove", nil).Want(200)
	bob.Post(at+"/seats/Zorg/offer", nil).Want(200)
	eve.Post(at+"/seats/Zorg/take", nil).Refused(404, "not_found")
	require.Len(t, items(bob.Get(at+"/memberships")), 2)
	bob.Post(at+"/leave", nil).Want(204)
}

func TestAPublicGameOverHTTP(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	p := f.addUsers(4)
	admin, viewer := f.api.Admin("operator", "x"), f.api.Admin("viewer", "x")
	viewer.Post(adminGames, gameBody()).Refused(403, "forbidden")
	made := admin.Post(adminGames, gameBody(func(o object) { o["join_policy"] = "application" })).Want(201)
	at, gameID := made.Header.Get("Location"), userGames+"/"+id(made, "game_id")
	admin.Patch(at, object{"max_players": 3}).Want(200)
	admin.Post(at+"/open", nil).Want(200)
	var applications []string
	for i, u := range p {
		applications = append(applications, id(f.api.User(u).Post(gameID+"/applications", object{"race_name": fmt.Sprint("Zorg ", i), "message": "hi"}).Want(201), "application_id"))
	}
	f.api.User(p[0]).Post(gameID+"/applications", object{"race_name": "Zorg 0", "message": "hi"}).Want(200)
	f.api.User(p[0]).Post(gameID+"/applications", object{"race_name": "Other"}).Refused(409, "application_pending")
	require.Len(t, items(viewer.Get(at+"/applications")), 4)
	f.api.User(p[0]).Get(gameID+"/applications").Refused(403, "not_owner")
	require.Len(t, items(f.api.User(p[0]).Get(mineAt+"applications")), 1)
	f.api.User(p[0]).Post("/api/v1/user/lobby/applications/"+applications[1]+"/approve", nil).Refused(404, "not_found")
	f.api.User(p[0]).Post("/api/v1/user/lobby/applications/"+applications[1]+"/reject", nil).Refused(404, "not_found")
	for _, a := range applications[:2] {
		admin.Post("/api/v1/admin/applications/"+a+"/approve", nil).Want(200)
	}
	admin.Post("/api/v1/admin/applications/"+applications[2]+"/reject", object{"reason": "full of friends"}).Want(200)
	f.api.User(p[3]).Post("/api/v1/user/lobby/applications/"+applications[3]+"/withdraw", nil).Want(200)
	require.Len(t, items(viewer.Get(at+"/memberships")), 2)
	admin.Post(at+"/close", nil).Want(200)
	admin.Post(at+"/force-start", nil).Want(202)
	gid := uuid.MustParse(id(made, "game_id"))
	f.observe(gid, runtime.StartFailed, func(c *runtime.Change) { c.Error = "no image" })
	require.Equal(t, "no image", testkit.Into[object](viewer.Get(at).Want(200))["last_error"])
	require.Nil(t, testkit.Into[object](f.api.User(p[0]).Get(gameID).Want(200))["last_error"])
	admin.Post(at+"/retry", nil).Want(202)
	f.observe(gid, runtime.Running, withStatus("Zorg 0", "Zorg 1"))
	admin.Post(at+"/pause", nil).Want(200)
	admin.Put(at+"/schedule", object{"turns": object{"mode": "grid", "times": []string{"19:00"}, "zone": "Europe/Berlin"}}).Want(200)
	admin.Post(at+"/resume", nil).Want(200)
	f.api.User(p[0]).Post(gameID+"/leave", nil).Want(204)
	admin.Post(at+"/memberships/"+p[0].String()+"/replace", object{"successor_user_id": p[2]}).Want(200)
	admin.Post(at+"/memberships/"+p[1].String()+"/ban", nil).Want(200)
	admin.Post(at+"/memberships/"+p[1].String()+"/unban", nil).Want(204)
	require.Len(t, items(viewer.Get("/api/v1/admin/users/"+p[1].String()+"/memberships")), 1)
	admin.Post(at+"/force-stop", nil).Want(202)
	other := admin.Post(adminGames, gameBody()).Want(201).Header.Get("Location")
	admin.Post(other+"/cancel", nil).Want(200)
	require.Len(t, items(viewer.Get(adminGames+"?status=cancelled&visibility=public&q=long")), 2)
	viewer.Get(adminGames+"/"+uuid.NewString()).Refused(404, "not_found")
	require.Equal(t, 18, len(f.auditor.Entries()), "every mutation of an operator leaves one audit row")
}

func TestRemainingRoutesOverHTTP(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	p := f.addUsers(3)
	ada, bob := f.api.User(p[0]), f.api.User(p[1])
	g := f.opened(by(p[0]), byApplying)
	at := userGames + "/" + g.ID.String()
	approve := id(bob.Post(at+"/applications", object{"race_name": "Zorg"}).Want(201), "application_id")
	ada.Post("/api/v1/user/lobby/applications/"+approve+"/approve", nil).Want(200)
	reject := id(f.api.User(p[2]).Post(at+"/applications", object{"race_name": "Vogon"}).Want(201), "application_id")
	ada.Post("/api/v1/user/lobby/applications/"+reject+"/reject", object{"reason": "no"}).Want(200)
	require.Len(t, items(ada.Get(at+"/applications?limit=1")), 1)
	ada.Post(at+"/memberships/"+p[1].String()+"/block", nil).Want(200)
	ada.Post(at+"/cancel", nil).Want(200)

	running, races := f.running(root, p[0], p[1])
	bob.Post(userGames+"/"+running.ID.String()+"/leave", nil).Want(204)
	_, err := f.s.Offer(t.Context(), root, running.ID, races[1])
	require.NoError(t, err)
	f.api.User(p[2]).Post(userGames+"/"+running.ID.String()+"/seats/"+races[1]+"/take", nil).Want(201)

	failed := f.opened(by(p[0]))
	f.enrollAll(failed, p[0], p[1])
	f.move(by(p[0]), failed.ID, game.Close, game.Start)
	f.observe(failed.ID, runtime.StartFailed)
	ada.Post(userGames+"/"+failed.ID.String()+"/retry", nil).Want(202)
}

func TestAQueryThatCannotBeIsRefused(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ada := f.api.User(f.addUser())
	for _, query := range []string{"limit=0", "limit=-1", "limit=1000000000", "limit=abc", "cursor=forged", "status=odd", "sort=name", "open=perhaps"} {
		ada.Lenient().Get(userGames+"?"+query).Refused(400, "invalid_request")
	}
}
