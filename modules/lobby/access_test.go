package lobby

import (
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/user"
	"galaxy/backend/platform/httpx"
	"galaxy/backend/platform/testkit"
)

// door says to whom a route opens. An answer is empty when the route lets the
// caller through to what it does, else the status and code of the refusal.
// Strangers, the blocked and the deleted get the same answer everywhere.
type door struct {
	own    bool // names no object: whoever may use the surface at all may call it
	body   object
	owner  string
	member string
	guest  string // who is invited to the game, or applied to it
}

const (
	hidden  = "404 not_found"
	another = "403 not_owner"
)

// doors is the table of who may do what. A route that is not in it fails the
// test.
func doors(member uuid.UUID) map[string]door {
	raced := object{"race_name": "Vogon"}
	owners := func(body object) door { return door{body: body, member: another, guest: another} }
	return map[string]door{
		"listGames": {own: true}, "listMyApplications": {own: true}, "listMyInvites": {own: true},

		"listApplications": owners(nil), "createInvite": owners(object{"user_id": member}), "listInvites": owners(nil),
		"joinGame": owners(raced), "offerSeat": owners(nil), "createApplication": {body: raced}, "takeSeat": {},

		"approveApplication": {member: hidden, guest: hidden}, "rejectApplication": {member: hidden, guest: hidden},
		"withdrawApplication": {owner: hidden, member: hidden},
		"redeemInvite":        {body: raced, owner: hidden, member: hidden}, "declineInvite": {owner: hidden, member: hidden},
		"revokeInvite": {member: hidden, guest: hidden},
	}
}

// parties are users by what they are to one private game.
type parties struct{ owner, member, guest, stranger, blocked, deleted uuid.UUID }

// ids are what the paths name.
type ids struct{ gameID, invite, application, member uuid.UUID }

func (i ids) in(path string) string {
	return "/api/v1/user" + strings.NewReplacer("{game_id}", i.gameID.String(), "{invite_id}", i.invite.String(), "{application_id}", i.application.String(),
		"{user_id}", i.member.String(), "{race_name}", "Zorg", "{name}", "Zorg").Replace(path)
}

// private makes a game that takes members by invite, with one of everything. The
// application is of another game, which takes them.
func (f *fixture) newPrivateGame(p parties) ids {
	f.Helper()
	g, link := f.opened(by(p.owner)), f.opened(by(p.owner), byApplying)
	f.enroll(g, p.member, raceOf(p.member))
	i, _, err := f.s.Invite(f.Context(), p.owner, Invitation{Game: g.ID, UserID: p.guest}, "")
	require.NoError(f, err)
	a, err := f.apply(link, p.guest, raceOf(p.guest))
	require.NoError(f, err)
	return ids{g.ID, i.ID, a.ID, p.member}
}

// Every user route of the domain, whoever calls it. To strangers an object of
// others answers exactly as one that does not exist.
func TestWhoMayCallWhat(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	all := f.addUsers(6)
	p := parties{all[0], all[1], all[2], all[3], all[4], all[5]}
	f.users.Sanction(p.blocked, user.PermanentBlock, "spam", nil)
	f.users.Delete(p.deleted)
	known := doors(p.member)
	for _, u := range []uuid.UUID{p.owner, p.member, p.guest, p.stranger} {
		for _, name := range []user.LimitName{user.OwnedPrivateGames, user.ActiveMemberships, user.PendingApplications} {
			f.users.SetLimit(u, name, 1000, nil)
		}
	}
	for _, r := range f.userRoutes() {
		d, ok := known[r.Op]
		require.True(t, ok, "who may call %s?", r.Op)
		delete(known, r.Op)
		t.Run(r.Op, func(t *testing.T) { f.checkAnswers(t, r, d, p) })
	}
	require.Empty(t, known, "there are no such routes")
}

func (f *fixture) checkAnswers(t *testing.T, r httpx.Route, d door, p parties) {
	there := f.newPrivateGame(p)
	absent := ids{uuid.New(), uuid.New(), uuid.New(), uuid.New()}
	call := func(who uuid.UUID, what ids) testkit.Reply {
		api := f.api.In(t).User(who)
		if d.body == nil {
			return api.Call(r.Method, what.in(r.Path), nil)
		}
		return api.Call(r.Method, what.in(r.Path), d.body)
	}
	before := f.fingerprint()
	call(p.deleted, there).Refused(401, "user_unknown")
	call(p.blocked, there).Refused(403, "account_blocked")
	if d.own {
		return
	}
	seen, unseen := call(p.stranger, there).Refused(404, "not_found"), call(p.stranger, absent).Refused(404, "not_found")
	require.Equal(t, withoutRequestID(unseen.Body), withoutRequestID(seen.Body))
	require.Equal(t, before, f.fingerprint(), "who is refused changes nothing")
	for _, one := range []struct {
		who  uuid.UUID
		want string
	}{{p.member, d.member}, {p.guest, d.guest}, {p.owner, d.owner}} {
		reply := call(one.who, there)
		if status, code, refused := strings.Cut(one.want, " "); refused {
			reply.Refused(map[string]int{"403": 403, "404": 404}[status], code)
			continue
		}
		require.NotContains(t, []int{401, 403, 404}, reply.Status, "%s", reply.Body)
	}
}

func withoutRequestID(body []byte) string {
	text, _, _ := strings.Cut(string(body), `"request_id"`)
	return text
}
