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
func (l *lounge) private(p parties) ids {
	l.Helper()
	g, link := l.opened(by(p.owner)), l.opened(by(p.owner), application)
	l.sit(g, p.member, raceOf(p.member))
	i, _, err := l.Invite(l.Context(), p.owner, Invitation{Game: g.ID, UserID: p.guest}, "")
	require.NoError(l, err)
	a, err := l.apply(link, p.guest, raceOf(p.guest))
	require.NoError(l, err)
	return ids{g.ID, i.ID, a.ID, p.member}
}

// Every user route of the domain, whoever calls it. To strangers an object of
// others answers exactly as one that does not exist.
func TestWhoMayCallWhat(t *testing.T) {
	t.Parallel()
	l := open(t)
	all := l.persons(6)
	p := parties{all[0], all[1], all[2], all[3], all[4], all[5]}
	l.people.barred = map[uuid.UUID]error{p.blocked: user.ErrBlocked, p.deleted: user.ErrUserUnknown}
	known := doors(p.member)
	for _, u := range all {
		l.people.set(u, func(s *user.Snapshot) {
			s.Limits = user.Limits{OwnedPrivateGames: 1000, ActiveMemberships: 1000, PendingApplications: 1000}
		})
	}
	for _, r := range l.userRoutes() {
		d, ok := known[r.Op]
		require.True(t, ok, "who may call %s?", r.Op)
		delete(known, r.Op)
		t.Run(r.Op, func(t *testing.T) { l.tries(t, r, d, p) })
	}
	require.Empty(t, known, "there are no such routes")
}

func (l *lounge) tries(t *testing.T, r httpx.Route, d door, p parties) {
	there := l.private(p)
	absent := ids{uuid.New(), uuid.New(), uuid.New(), uuid.New()}
	call := func(who uuid.UUID, what ids) testkit.Reply {
		api := l.api.In(t).User(who)
		if d.body == nil {
			return api.Call(r.Method, what.in(r.Path), nil)
		}
		return api.Call(r.Method, what.in(r.Path), d.body)
	}
	before := l.fingerprint()
	call(p.deleted, there).Refused(401, "user_unknown")
	call(p.blocked, there).Refused(403, "account_blocked")
	if d.own {
		return
	}
	seen, unseen := call(p.stranger, there).Refused(404, "not_found"), call(p.stranger, absent).Refused(404, "not_found")
	require.Equal(t, withoutRequestID(unseen.Body), withoutRequestID(seen.Body))
	require.Equal(t, before, l.fingerprint(), "who is refused changes nothing")
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
