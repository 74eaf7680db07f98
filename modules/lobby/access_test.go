package lobby

import (
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/game"
	"galaxy/backend/modules/user"
	"galaxy/backend/platform/httpx"
	"galaxy/backend/platform/testkit"
)

// routeAccess says whom a route lets through. A text is empty when it lets the
// caller through to what it does, else the status and code of the refusal. Who
// has nothing to do with the game, is blocked or deleted gets the same answer
// from every route.
type routeAccess struct {
	anyone bool // names no object: whoever may use the surface at all may call it
	body   object
	owner  string
	member string
	guest  string // who is invited to the game, or applied to it
}

const (
	notFound404 = "404 not_found"
	notOwner403 = "403 not_owner"
)

// routeAccesses is the table of who may do what. A route that is not in it fails
// the test.
func routeAccesses(member uuid.UUID) map[string]routeAccess {
	raceName := object{"race_name": "Vogon"}
	ownersOnly := func(body object) routeAccess {
		return routeAccess{body: body, member: notOwner403, guest: notOwner403}
	}
	return map[string]routeAccess{
		"listGames": {anyone: true}, "listMyApplications": {anyone: true}, "listMyInvites": {anyone: true},

		"listApplications":  ownersOnly(nil),
		"createInvite":      ownersOnly(object{"user_id": member}),
		"listInvites":       ownersOnly(nil),
		"joinGame":          ownersOnly(raceName),
		"offerSeat":         ownersOnly(nil),
		"createApplication": {body: raceName},
		"takeSeat":          {},

		"approveApplication":  {member: notFound404, guest: notFound404},
		"rejectApplication":   {member: notFound404, guest: notFound404},
		"withdrawApplication": {owner: notFound404, member: notFound404},
		"redeemInvite":        {body: raceName, owner: notFound404, member: notFound404},
		"declineInvite":       {owner: notFound404, member: notFound404},
		"revokeInvite":        {member: notFound404, guest: notFound404},
	}
}

// callers are users by what they are to one private game.
type callers struct{ owner, member, guest, stranger, blocked, deleted uuid.UUID }

// ids are what the paths name.
type ids struct{ gameID, invite, application uuid.UUID }

func (i ids) in(path string) string {
	return "/api/v1/user" + strings.NewReplacer("{game_id}", i.gameID.String(), "{invite_id}", i.invite.String(),
		"{application_id}", i.application.String(), "{race_name}", "Zorg").Replace(path)
}

// newPrivateGame makes a game that takes members by invite, with one of everything. The
// application is of another game, which takes them.
func (f *fixture) newPrivateGame(p callers) ids {
	f.Helper()
	g, other := f.opened(by(p.owner)), f.opened(by(p.owner), byApplying)
	f.enroll(g, p.member, raceOf(p.member))
	i := f.invite(g, p.guest)
	a, err := f.apply(other, p.guest, raceOf(p.guest))
	require.NoError(f, err)
	return ids{g.ID, i.ID, a.ID}
}

// Every user route of the domain, whoever calls it. To strangers an object of
// others answers exactly as one that does not exist.
func TestWhoMayCallWhichUserRoute(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	all := f.addUsers(6)
	p := callers{all[0], all[1], all[2], all[3], all[4], all[5]}
	f.users.Sanction(p.blocked, user.PermanentBlock, "spam", nil)
	f.users.Delete(p.deleted)
	known := routeAccesses(p.member)
	for _, u := range []uuid.UUID{p.owner, p.member, p.guest, p.stranger} {
		for _, name := range user.LimitNames {
			f.users.SetLimit(u, name, 1000, nil)
		}
	}
	for _, r := range f.userRoutes() {
		want, ok := known[r.Op]
		require.True(t, ok, "who may call %s?", r.Op)
		delete(known, r.Op)
		t.Run(r.Op, func(t *testing.T) { f.checkAnswers(t, r, want, p) })
	}
	require.Empty(t, known, "there are no such routes")
}

func (f *fixture) checkAnswers(t *testing.T, r httpx.Route, want routeAccess, p callers) {
	there := f.newPrivateGame(p)
	absent := ids{uuid.New(), uuid.New(), uuid.New()}
	call := func(who uuid.UUID, what ids) testkit.Reply {
		api := f.api.In(t).User(who)
		if want.body == nil {
			return api.Call(r.Method, what.in(r.Path), nil)
		}
		return api.Call(r.Method, what.in(r.Path), want.body)
	}
	before := f.fingerprint()
	call(p.deleted, there).Refused(401, "user_unknown")
	call(p.blocked, there).Refused(403, "account_blocked")
	if want.anyone {
		return
	}
	hidden := call(p.stranger, there).Refused(404, "not_found")
	missing := call(p.stranger, absent).Refused(404, "not_found")
	require.Equal(t, withoutRequestID(missing.Body), withoutRequestID(hidden.Body))
	require.Equal(t, before, f.fingerprint(), "who is refused changes nothing")
	for _, c := range []struct {
		who  uuid.UUID
		want string
	}{{p.member, want.member}, {p.guest, want.guest}, {p.owner, want.owner}} {
		reply := call(c.who, there)
		if status, code, refused := strings.Cut(c.want, " "); refused {
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

func TestWhoWasInvitedOrAppliedMaySeeAPrivateGame(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	p := f.addUsers(4)
	ada, invited, applied, stranger := p[0], p[1], p[2], p[3]
	private, settled := f.opened(by(ada)), f.opened(by(ada), byApplying)
	_, _, err := f.s.Invite(t.Context(), ada, Invitation{Game: private.ID, UserID: invited}, "")
	require.NoError(t, err)
	_, err = f.apply(settled, applied, "Zorg")
	require.NoError(t, err)
	f.move(by(ada), settled.ID, game.Cancel)
	for name, c := range map[string]struct {
		game game.Game
		who  uuid.UUID
		seen bool
	}{
		"invited": {private, invited, true}, "stranger": {private, stranger, false},
		"applied once": {settled, applied, true}, "link of a closed game": {settled, stranger, false},
	} {
		_, err := f.games.Show(t.Context(), c.who, c.game.ID)
		require.Equal(t, c.seen, err == nil, "%s: %v", name, err)
	}
}
