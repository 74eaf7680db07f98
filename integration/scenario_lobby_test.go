//go:build integration

package integration

import (
	"net/http"
	"net/url"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/platform/testkit"
)

type game struct {
	ID            uuid.UUID  `json:"game_id"`
	Owner         *uuid.UUID `json:"owner_user_id"`
	Name          string     `json:"name"`
	State         string     `json:"state"`
	PauseReason   *string    `json:"pause_reason"`
	LastError     *string    `json:"last_error"`
	Players       int        `json:"players"`
	Policy        string     `json:"join_policy"`
	Turn          int        `json:"current_turn"`
	NextTurn      *time.Time `json:"next_turn_at"`
	RuntimeStatus *string    `json:"runtime_status"`
	Turns         struct {
		Mode string `json:"mode"`
	} `json:"turns"`
	Result   *struct{ Reason string } `json:"result"`
	Expected *struct{ Submitted, Ready bool }
}

type seat struct {
	User      uuid.UUID  `json:"user_id"`
	Race      string     `json:"race_name"`
	Status    string     `json:"status"`
	Reason    string     `json:"reason"`
	Successor bool       `json:"successor"`
	OfferedAt *time.Time `json:"offered_at"`
}

type application struct {
	ID     uuid.UUID `json:"application_id"`
	User   uuid.UUID `json:"user_id"`
	State  string    `json:"state"`
	Reason string    `json:"reason"`
}

type invite struct {
	ID     uuid.UUID `json:"invite_id"`
	State  string    `json:"state"`
	Reason string    `json:"reason"`
}

type raceName struct {
	Name         string `json:"race_name"`
	State        string `json:"state"`
	Availability string `json:"availability"`
}

// privateGame is a game with a long turn interval that is shortened when all
// players are ready.
func privateGame(name string) object {
	return object{"name": name, "min_players": 2, "max_players": 4,
		"turns": object{"mode": "interval", "interval_seconds": 3600, "early_when_ready": true, "max_extend_seconds": 86400}}
}

// lobbyGamePath is a path below a game, as its users see it.
func lobbyGamePath(game uuid.UUID, rest string) string {
	return lobbyAPI + "/games/" + game.String() + rest
}

// adminGamePath is a path below a game, as operators see it.
func adminGamePath(game uuid.UUID, rest string) string {
	return adminAPI + "/games/" + game.String() + rest
}

func (s *scenario) apply(p *user, to uuid.UUID, race string) application {
	s.Helper()
	return created[application](p.Post(lobbyGamePath(to, "/applications"), object{"race_name": race, "message": "let me in"}))
}

func (s *scenario) invite(owner, guest *user, to uuid.UUID) invite {
	s.Helper()
	return created[invite](owner.Post(lobbyGamePath(to, "/invites"), object{"user_name": guest.name, "message": time.Now().String()}))
}

func (s *scenario) redeem(guest *user, i invite, race string) {
	s.Helper()
	require.Equal(s, race, created[seat](guest.Post(lobbyAPI+"/invites/"+i.ID.String()+"/redeem", object{"race_name": race})).Race)
}

// newGameWithMembers creates a private game of the owner with its members, by race.
func (s *scenario) newGameWithMembers(in object, owner *user, race string, guests map[string]*user) uuid.UUID {
	s.Helper()
	id := created[game](owner.Post(lobbyAPI+"/games", in)).ID
	owner.Post(lobbyGamePath(id, "/open"), nil).Want(200)
	owner.Post(lobbyGamePath(id, "/join"), object{"race_name": race}).Want(201)
	for name, guest := range guests {
		s.redeem(guest, s.invite(owner, guest, id), name)
	}
	return id
}

// startGame closes the enrollment of a game and starts it as its owner.
func (s *scenario) startGame(owner *user, id uuid.UUID, players int) {
	s.Helper()
	g := got[game](owner.Post(lobbyGamePath(id, "/close"), nil))
	require.Equal(s, "ready_to_start", g.State)
	require.Equal(s, players, g.Players)
	require.Equal(s, "starting", accepted[game](owner.Post(lobbyGamePath(id, "/start"), nil)).State)
}

// awaitState waits for a state of a game.
func (s *scenario) awaitState(id uuid.UUID, state string) game {
	s.Helper()
	var g game
	s.eventually(state+" of a game", func() bool {
		g = got[game](s.root.Get(adminGamePath(id, "")))
		return g.State == state
	})
	return g
}

// membershipOf finds a user's seat in a list of memberships.
func (s *scenario) membershipOf(list testkit.Reply, p *user) seat {
	s.Helper()
	for _, m := range got[page[seat]](list).Items {
		if m.User == p.id {
			return m
		}
	}
	s.Fatalf("%s has no seat in %s", p.email, list.Body)
	return seat{}
}

func (s *scenario) availability(p *user, name string) string {
	s.Helper()
	return got[raceName](p.Get(lobbyAPI + "/race-names/" + url.PathEscape(name))).Availability
}

// publicGameFailsToStart forces a public game to start with an engine image that
// does not exist. The start fails while later steps run.
func (s *scenario) publicGameFailsToStart() {
	s.root.Post(adminAPI+"/engine-versions", object{"version": missingImageVersion, "image_ref": "127.0.0.1:1/galaxy-engine:0.2.0"}).Want(201)
	in := privateGame("Open skies")
	in["engine_version"], in["join_policy"] = missingImageVersion, "application"
	g := created[game](s.root.Post(adminAPI+"/games", in))
	require.Nil(s, g.Owner)
	s.publicGame = g.ID
	require.Equal(s, "Open sky", got[game](s.root.Patch(adminGamePath(g.ID, ""), object{"name": "Open sky"})).Name)
	require.Equal(s, "enrollment_open", got[game](s.root.Post(adminGamePath(g.ID, "/open"), nil)).State)
	require.Equal(s, "Open sky", got[game](s.root.Get(adminGamePath(g.ID, ""))).Name)
	require.Len(s, got[page[game]](s.root.Get(adminAPI+"/games?visibility=public")).Items, 1)
	require.Equal(s, g.ID, got[page[game]](s.cyd.Get(lobbyAPI + "/games?open=true")).Items[0].ID)

	bob, cyd, dan := s.apply(s.bob, g.ID, "Mizar"), s.apply(s.cyd, g.ID, "Alcor"), s.apply(s.dan, g.ID, "Dubhe")
	require.Len(s, got[page[application]](s.root.Get(adminGamePath(g.ID, "/applications"))).Items, 3)
	decide := func(a application, how string, body any) application {
		return got[application](s.root.Post(adminAPI+"/applications/"+a.ID.String()+how, body))
	}
	require.Equal(s, "approved", decide(bob, "/approve", nil).State)
	require.Equal(s, "approved", decide(cyd, "/approve", nil).State)
	require.Equal(s, "not this time", decide(dan, "/reject", object{"reason": "not this time"}).Reason)

	at := adminGamePath(g.ID, "/memberships")
	require.Equal(s, "blocked", got[seat](s.root.Post(at+"/"+s.cyd.id.String()+"/ban", nil)).Status)
	s.cyd.Post(lobbyGamePath(g.ID, "/applications"), object{"race_name": "Alcor"}).Refused(http.StatusConflict, "member_blocked")
	s.root.Post(at+"/"+s.cyd.id.String()+"/unban", nil).Want(204)
	decide(s.apply(s.cyd, g.ID, "Alcor"), "/approve", nil)
	require.Equal(s, "active", s.membershipOf(s.root.Get(at), s.cyd).Status)
	require.Equal(s, "Alcor", got[page[seat]](s.root.Get(adminAPI + "/users/" + s.cyd.id.String() + "/memberships")).Items[0].Race)

	require.Equal(s, "ready_to_start", got[game](s.root.Post(adminGamePath(g.ID, "/close"), nil)).State)
	require.Equal(s, "starting", accepted[game](s.root.Post(adminGamePath(g.ID, "/force-start"), nil)).State)
}

// privateGameFillsAndEnds covers everything that can happen before a game starts.
func (s *scenario) privateGameFillsAndEnds() {
	once := s.ada.With("Idempotency-Key", "council")
	draft := once.Post(lobbyAPI+"/games", privateGame("Council"))
	g := created[game](draft)
	require.Equal(s, g.ID, got[game](once.Post(lobbyAPI+"/games", privateGame("Council"))).ID, "a repeat makes no second game")
	patched := s.ada.With("If-Match", draft.Header.Get("ETag")).Patch(lobbyGamePath(g.ID, ""), object{"join_policy": "application"})
	require.Equal(s, "application", got[game](patched).Policy)
	require.Equal(s, "enrollment_open", got[game](s.ada.Post(lobbyGamePath(g.ID, "/open"), nil)).State)
	require.Equal(s, "Council", got[game](s.bob.Get(lobbyGamePath(g.ID, ""))).Name)
	require.Equal(s, "Zaurak", created[seat](s.ada.Post(lobbyGamePath(g.ID, "/join"), object{"race_name": "Zaurak"})).Race)
	s.applicationsAreDecided(g.ID)
	s.invitesAreAnswered(g.ID)
	s.membersLeave(g.ID)
	require.Equal(s, "cancelled", got[game](s.bob.Post(lobbyGamePath(g.ID, "/cancel"), nil)).State)
	require.Equal(s, "available", s.availability(s.eve, "Kochab"), "a finished game reserves no names")
}

func (s *scenario) applicationsAreDecided(id uuid.UUID) {
	bob, cyd, dan := s.apply(s.bob, id, "Kochab"), s.apply(s.cyd, id, "Sadr"), s.apply(s.dan, id, "Nihal")
	require.Len(s, got[page[application]](s.ada.Get(lobbyGamePath(id, "/applications"))).Items, 3)
	s.awaitEvent(s.ada, "lobby.application.submitted")
	const at = lobbyAPI + "/applications/"
	require.Equal(s, "approved", got[application](s.ada.Post(at+bob.ID.String()+"/approve", nil)).State)
	s.awaitEvent(s.bob, "lobby.application.approved")
	require.Equal(s, "full of friends", got[application](s.ada.Post(at+cyd.ID.String()+"/reject", object{"reason": "full of friends"})).Reason)
	require.Equal(s, "withdrawn", got[application](s.dan.Post(at+dan.ID.String()+"/withdraw", nil)).State)
	require.Equal(s, "rejected", got[page[application]](s.cyd.Get(lobbyAPI + "/my/applications")).Items[0].State)

	require.Equal(s, "yours", s.availability(s.bob, "kochab"))
	require.Equal(s, "taken", s.availability(s.eve, "Kochab"))
	require.Equal(s, "available", s.availability(s.eve, "Sadr"))
	require.Contains(s, got[page[raceName]](s.bob.Get(lobbyAPI+"/my/race-names")).Items, raceName{Name: "Kochab", State: "reserved"})
}

func (s *scenario) invitesAreAnswered(id uuid.UUID) {
	const at = lobbyAPI + "/invites/"
	first := s.invite(s.ada, s.cyd, id)
	require.Equal(s, first.ID, got[page[invite]](s.cyd.Get(lobbyAPI + "/my/invites")).Items[0].ID)
	require.Equal(s, "no time", got[invite](s.cyd.Post(at+first.ID.String()+"/decline", object{"reason": "no time"})).Reason)
	second := s.invite(s.ada, s.dan, id)
	require.Equal(s, "revoked", got[invite](s.ada.Post(at+second.ID.String()+"/revoke", nil)).State)
	s.awaitEvent(s.dan, "lobby.invite.revoked")
	s.redeem(s.dan, s.invite(s.ada, s.dan, id), "Nihal")
	s.redeem(s.eve, s.invite(s.ada, s.eve, id), "Tania")
	var states []string
	for _, i := range got[page[invite]](s.ada.Get(lobbyGamePath(id, "/invites"))).Items {
		states = append(states, i.State)
	}
	require.Equal(s, []string{"redeemed", "redeemed", "revoked", "declined"}, states)
}

func (s *scenario) membersLeave(id uuid.UUID) {
	at := lobbyGamePath(id, "/memberships")
	require.Equal(s, "removed", got[seat](s.ada.Post(at+"/"+s.dan.id.String()+"/remove", nil)).Status)
	require.Equal(s, "available", s.availability(s.eve, "Nihal"), "a removal before the start releases the name")
	require.Equal(s, "blocked", got[seat](s.ada.Post(at+"/"+s.eve.id.String()+"/block", nil)).Status)
	s.eve.Post(lobbyGamePath(id, "/applications"), object{"race_name": "Tania"}).Refused(http.StatusConflict, "member_blocked")
	require.Equal(s, s.bob.id, *got[game](s.ada.Post(lobbyGamePath(id, "/transfer"), object{"user_id": s.bob.id})).Owner)
	s.ada.Post(lobbyGamePath(id, "/leave"), nil).Want(204)
	require.Equal(s, "removed", s.membershipOf(s.bob.Get(at), s.ada).Status)
	require.Equal(s, "active", s.membershipOf(s.bob.Get(at), s.bob).Status)
}
