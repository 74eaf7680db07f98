package lobby

import (
	"fmt"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/platform/testkit"
)

const (
	userGames        = "/api/v1/user/lobby/games"
	userApplications = "/api/v1/user/lobby/applications/"
	userInvites      = "/api/v1/user/lobby/invites/"
	myApplications   = "/api/v1/user/lobby/my/applications"
	myInvites        = "/api/v1/user/lobby/my/invites"
)

type object = map[string]any

func field(r testkit.Reply, name string) string { return testkit.Into[object](r)[name].(string) }

func items(r testkit.Reply) []object {
	return testkit.Into[struct{ Items []object }](r.Want(200)).Items
}

func TestInvitesOverHTTP(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	p := f.addUsers(4)
	ada, bob, eve := f.api.User(p[0]), f.api.User(p[1]), f.api.User(p[2])
	g := f.opened(by(p[0]))
	at := userGames + "/" + g.ID.String()
	keyed := ada.With("Idempotency-Key", "k1")
	body := object{"user_name": f.userName(p[1]), "message": "come"}
	made := keyed.Post(at+"/invites", body).Want(201)
	require.Equal(t, at+"/invites", made.Header.Get("Location"))
	require.Equal(t, made.Body, keyed.Post(at+"/invites", body).Want(200).Body)
	keyed.Post(at+"/invites", object{"user_id": p[2]}).Refused(409, "idempotency_conflict")
	ada.Post(at+"/invites", object{}).Refused(422, "validation_failed")
	ada.Post(at+"/invites", object{"user_id": p[1], "user_name": "x"}).Refused(422, "validation_failed")
	require.Len(t, items(bob.Get(myInvites)), 1)
	require.Len(t, items(ada.Get(at+"/invites")), 1)
	bob.Get(at+"/invites").Refused(403, "not_owner")

	ada.Post(at+"/join", object{"race_name": "Zorg"}).Want(201)
	redeem := userInvites + field(made, "invite_id") + "/redeem"
	bob.Post(redeem, object{"race_name": "zorg"}).Refused(409, "race_name_taken")
	bob.Post(redeem, object{"race_name": "!"}).Refused(422, "invalid_race_name")
	seat := bob.Post(redeem, object{"race_name": "Vogon"}).Want(201)
	require.Equal(t, at+"/memberships", seat.Header.Get("Location"))
	require.Equal(t, seat.Body, bob.Post(redeem, object{"race_name": "Vogon"}).Want(200).Body)
	eve.Post(redeem, object{"race_name": "Vogon"}).Refused(404, "not_found")

	invited := field(ada.Post(at+"/invites", object{"user_id": p[2]}).Want(201), "invite_id")
	reply := eve.Post(userInvites+invited+"/decline", object{"reason": "no time"}).Want(200)
	require.Equal(t, []string{declined, "no time"}, []string{field(reply, "state"), field(reply, "reason")})
	invited = field(ada.Post(at+"/invites", object{"user_id": p[3]}).Want(201), "invite_id")
	reply = ada.Post(userInvites+invited+"/revoke", nil).Want(200)
	require.Equal(t, revoked, field(reply, "state"))
}

func TestApplicationsOverHTTP(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	p := f.addUsers(5)
	ada := f.api.User(p[0])
	g := f.opened(by(p[0]), byApplying)
	at := userGames + "/" + g.ID.String()
	var ids []string
	for i, u := range p[1:] {
		body := object{"race_name": fmt.Sprint("Zorg ", i), "message": "hi"}
		made := f.api.User(u).Post(at+"/applications", body).Want(201)
		require.Equal(t, myApplications, made.Header.Get("Location"))
		require.Equal(t, made.Body, f.api.User(u).Post(at+"/applications", body).Want(200).Body)
		ids = append(ids, field(made, "application_id"))
	}
	bob := f.api.User(p[1])
	bob.Post(at+"/applications", object{"race_name": "Other"}).Refused(409, "application_pending")
	bob.Get(at+"/applications").Refused(403, "not_owner")
	require.Len(t, items(bob.Get(myApplications)), 1)
	require.Len(t, items(ada.Get(at+"/applications")), 4)
	require.Len(t, items(ada.Get(at+"/applications?limit=1")), 1)
	bob.Post(userApplications+ids[1]+"/approve", nil).Refused(404, "not_found")
	bob.Post(userApplications+ids[1]+"/reject", nil).Refused(404, "not_found")

	reply := ada.Post(userApplications+ids[0]+"/approve", nil).Want(200)
	require.Equal(t, approved, field(reply, "state"))
	reply = ada.Post(userApplications+ids[1]+"/reject", object{"reason": "full"}).Want(200)
	require.Equal(t, []string{rejected, "full"}, []string{field(reply, "state"), field(reply, "reason")})
	reply = f.api.User(p[3]).Post(userApplications+ids[2]+"/withdraw", nil).Want(200)
	require.Equal(t, withdrawn, field(reply, "state"))
	ada.Post(userApplications+ids[2]+"/approve", nil).Refused(409, "application_decided")
}

func TestSeatsOverHTTP(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	p := f.addUsers(4)
	ada, eve, stranger := f.api.User(p[0]), f.api.User(p[2]), f.api.User(p[3])
	g, races := f.running(by(p[0]), p[0], p[1])
	at := userGames + "/" + g.ID.String()
	ada.Post(at+"/join", object{"race_name": races[0]}).Want(200) // is in the game already
	ada.Post(at+"/seats/"+races[1]+"/offer", nil).Refused(409, "seat_not_free")
	require.NoError(t, f.games.Leave(t.Context(), p[1], g.ID))
	ada.Post(at+"/seats/"+races[1]+"/offer", nil).Want(200)
	ada.Post(at+"/invites", object{"user_id": p[2]}).Want(201)
	stranger.Post(at+"/seats/"+races[1]+"/take", nil).Refused(404, "not_found")
	taken := eve.Post(at+"/seats/"+races[1]+"/take", nil).Want(201)
	require.Equal(t, at+"/memberships", taken.Header.Get("Location"))
	require.Equal(t, taken.Body, eve.Post(at+"/seats/"+races[1]+"/take", nil).Want(200).Body)
}

func TestAMalformedQueryIsRefused(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ada := f.api.User(f.addUser())
	for _, query := range []string{
		"limit=0", "limit=-1", "limit=1000000000", "limit=abc", "cursor=forged", "status=odd", "sort=name",
		"open=perhaps",
	} {
		ada.Lenient().Get(userGames+"?"+query).Refused(400, "invalid_request")
	}
}

func TestWhatDoesNotExistIsNotFound(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ada := f.api.User(f.addUser())
	for _, path := range []string{
		userApplications + uuid.NewString() + "/approve",
		userApplications + uuid.NewString() + "/withdraw",
		userInvites + uuid.NewString() + "/decline",
		userInvites + uuid.NewString() + "/revoke",
		userGames + "/" + uuid.NewString() + "/seats/Zorg/offer",
		userGames + "/" + uuid.NewString() + "/seats/Zorg/take",
	} {
		ada.Post(path, nil).Refused(404, "not_found")
	}
}
