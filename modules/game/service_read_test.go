package game

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

func TestWhoMaySeeAGame(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	p := f.addUsers(5)
	ada, bob, former, stranger, admitted := p[0], p[1], p[2], p[3], p[4]
	asking := func(n *NewGame) { n.JoinPolicy = PolicyApplication }
	private := f.opened(by(ada))
	f.enrollAll(private, bob, former)
	require.NoError(t, f.s.Leave(t.Context(), former, private.ID))
	f.access.allow(private.ID, admitted)
	publicDraft, public := f.draft(root), f.opened(root)
	f.access.allow(publicDraft.ID, admitted)
	shared, closed := f.opened(by(ada), asking), f.opened(by(ada), asking)
	f.move(by(ada), closed.ID, Cancel)
	for name, c := range map[string]struct {
		game Game
		who  uuid.UUID
		seen bool
	}{
		"owner": {private, ada, true}, "member": {private, bob, true}, "former member": {private, former, true},
		"whom a hook names": {private, admitted, true}, "stranger": {private, stranger, false},
		"with the link": {shared, stranger, true}, "with the link of a closed game": {closed, stranger, false},
		"draft with applications": {f.draft(by(ada), asking), stranger, false},
		"public":                  {public, stranger, true}, "public draft": {publicDraft, stranger, false},
		"public draft, whom a hook names": {publicDraft, admitted, false},
	} {
		_, err := f.s.Show(t.Context(), c.who, c.game.ID)
		require.Equal(t, c.seen, err == nil, "%s: %v", name, err)
		if c.game.OwnedBy(c.who) {
			continue
		}
		want := ErrNotFound
		if c.seen {
			want = ErrNotOwner
		}
		_, err = f.s.Move(t.Context(), by(c.who), c.game.ID, Cancel)
		require.ErrorIs(t, err, want, name)
	}
	_, err := f.s.Show(t.Context(), ada, uuid.New())
	require.ErrorIs(t, err, ErrNotFound)
}

func TestAHookThatFailsIsNotTakenForARefusal(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ada, bob := f.addUser(), f.addUser()
	g := f.opened(by(ada))
	f.enrollAll(g, bob)
	f.access.failWith(errBroken)
	_, err := f.s.Show(t.Context(), f.addUser(), g.ID)
	require.ErrorIs(t, err, errBroken)
	_, err = f.s.Show(t.Context(), bob, g.ID)
	require.NoError(t, err, "a member is known without the hook")
}

func TestAnOperatorManagesEveryGameAndAUserTheirOwn(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ada, bob := f.addUser(), f.addUser()
	g := f.draft(by(ada))
	require.NoError(t, f.s.CheckManager(t.Context(), f.db, root, g))
	require.NoError(t, f.s.CheckManager(t.Context(), f.db, by(ada), g))
	require.ErrorIs(t, f.s.CheckManager(t.Context(), f.db, by(bob), g), ErrNotFound)
	require.ErrorIs(t, f.s.CheckManager(t.Context(), f.db, by(bob), f.opened(root)), ErrNotOwner)
}

// listed are the names of the games that an operator finds.
func (f *fixture) listed(filter Filter) []string {
	f.Helper()
	filter.Before, filter.Limit = uuid.Max, 50
	games, err := f.s.List(f.Context(), filter)
	require.NoError(f, err)
	out := []string{}
	for _, g := range games {
		out = append(out, g.Name)
	}
	return out
}

func named(name string) func(*NewGame) {
	return func(n *NewGame) { n.Name, n.MaxPlayers = name, 2 }
}

func numbered(format string, n int) func(*NewGame) {
	return func(in *NewGame) { in.Name = fmt.Sprintf(format, n) }
}

func TestOperatorsFindGamesByStateVisibilityAndName(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ada, bob := f.addUser(), f.addUser()
	f.opened(root, named("Open war"))
	f.enrollAll(f.opened(root, named("Full house")), ada, bob)
	f.opened(by(ada), named("Ada's"))
	f.draft(root, named("Not yet"))
	over := f.opened(by(ada), named("Over"))
	f.move(by(ada), over.ID, Cancel)
	for name, c := range map[string]struct {
		filter Filter
		want   []string
	}{
		"all, newest first": {Filter{}, []string{"Over", "Not yet", "Ada's", "Full house", "Open war"}},
		"state":             {Filter{Status: Draft}, []string{"Not yet"}},
		"visibility":        {Filter{Visibility: Private}, []string{"Over", "Ada's"}},
		"both":              {Filter{Visibility: Private, Status: EnrollmentOpen}, []string{"Ada's"}},
		"name":              {Filter{Query: "WAR"}, []string{"Open war"}},
		"takes members":     {Filter{Open: true}, []string{"Ada's", "Open war"}},
		"open of one state": {Filter{Open: true, Status: EnrollmentOpen}, []string{"Ada's", "Open war"}},
		"open and public":   {Filter{Open: true, Visibility: Public}, []string{"Open war"}},
		"open and running":  {Filter{Open: true, Status: Running}, []string{}},
		"nothing":           {Filter{Query: "peace"}, []string{}},
	} {
		require.Equal(t, c.want, f.listed(c.filter), name)
	}
}

func TestAGameIsOpenUntilItsDeadlineSweptOrNot(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	soon := noon.Add(time.Hour)
	f.opened(root, func(n *NewGame) { n.EnrollmentEndsAt = &soon })
	f.clock.Set(soon.Add(-time.Microsecond))
	require.Len(t, f.listed(Filter{Open: true}), 1)
	f.clock.Set(soon)
	require.Empty(t, f.listed(Filter{Open: true}))
	require.Len(t, f.listed(Filter{Status: EnrollmentOpen}), 1)
}

func TestAQueryIsTextAndNotAPattern(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.opened(root, named("50% off_\\war"))
	f.opened(root, named("Plain"))
	for query, want := range map[string]int{
		"%": 1, "_": 1, "\\": 1, "50% off_\\w": 1, "'; DROP TABLE games; --": 0, "5_%": 0, "": 2,
	} {
		require.Len(t, f.listed(Filter{Query: query}), want, query)
	}
}

func TestMyGamesAreThoseThatIOwnOrPlay(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ada, bob := f.addUser(), f.addUser()
	own, plays, left := f.draft(by(ada)), f.opened(root), f.opened(root)
	f.draft(by(bob))
	f.enrollAll(plays, ada)
	f.enrollAll(left, ada)
	require.NoError(t, f.s.Leave(t.Context(), ada, left.ID))
	games, expected, err := f.s.GamesOf(t.Context(), ada, uuid.Max, 10)
	require.NoError(t, err)
	require.Empty(t, expected)
	require.Equal(t, []uuid.UUID{plays.ID, own.ID}, idsOf(games))
	games, _, err = f.s.GamesOf(t.Context(), ada, plays.ID, 10)
	require.NoError(t, err)
	require.Equal(t, []uuid.UUID{own.ID}, idsOf(games), "below the cursor")
	games, _, err = f.s.GamesOf(t.Context(), ada, uuid.Max, 1)
	require.NoError(t, err)
	require.Equal(t, []uuid.UUID{plays.ID}, idsOf(games))
}

func idsOf(games []Game) (ids []uuid.UUID) {
	for _, g := range games {
		ids = append(ids, g.ID)
	}
	return ids
}

func TestOnlyGamesInPlayExpectAnythingOfTheirMembers(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	p := f.addUsers(2)
	f.opened(by(p[0]))
	playing, _ := f.running(by(p[0]), p...)
	paused, _ := f.running(by(p[0]), p...)
	f.move(by(p[0]), paused.ID, Pause)
	deadline := noon.Add(time.Hour)
	f.expectation.set(playing.ID, Expect{Submitted: true, Deadline: &deadline})
	_, expected, err := f.s.GamesOf(t.Context(), p[0], uuid.Max, 10)
	require.NoError(t, err)
	require.Equal(t, map[uuid.UUID]Expect{playing.ID: {Submitted: true, Deadline: &deadline}}, expected)
	require.Equal(t, [][]uuid.UUID{{paused.ID, playing.ID}}, f.expectation.asked, "once, for all of them")
	f.expectation.err = errBroken
	_, _, err = f.s.GamesOf(t.Context(), p[0], uuid.Max, 10)
	require.ErrorIs(t, err, errBroken)
}

// reasons are why members left, as a viewer is told, by user.
func (f *fixture) reasons(viewer uuid.UUID, g Game) map[uuid.UUID]string {
	f.Helper()
	out := map[uuid.UUID]string{}
	members, err := f.s.Members(f.Context(), viewer, g.ID)
	require.NoError(f, err)
	for _, m := range members {
		out[m.UserID] = m.Reason
	}
	return out
}

func TestAStrangerSeesWhoPlaysAndNobodyWhyOthersLeft(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	p := f.addUsers(5)
	g, _ := f.running(root, p[:4]...)
	require.NoError(t, f.s.Leave(t.Context(), p[1], g.ID))
	require.NoError(t, f.s.Leave(t.Context(), p[2], g.ID))
	f.offer(g, p[2])
	_, err := f.s.Block(t.Context(), root, g.ID, p[3])
	require.NoError(t, err)
	require.Equal(t, map[uuid.UUID]string{p[0]: "", p[2]: ""}, f.reasons(p[4], g), "who plays, and what is on offer")
	require.Equal(t, map[uuid.UUID]string{p[0]: "", p[1]: ReasonLeft, p[2]: "", p[3]: ""}, f.reasons(p[1], g))
	require.Equal(t, ReasonBanned, f.membership(g, p[3]).Reason, "what is kept is not changed")
}

func TestTheOwnerSeesWhyEverybodyLeft(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	p := f.addUsers(3)
	g := f.opened(by(p[0]))
	f.enrollAll(g, p[1], p[2])
	require.NoError(t, f.s.Leave(t.Context(), p[1], g.ID))
	_, err := f.s.Remove(t.Context(), by(p[0]), g.ID, p[2])
	require.NoError(t, err)
	require.Equal(t, map[uuid.UUID]string{p[1]: ReasonLeft, p[2]: ReasonRemoved}, f.reasons(p[0], g))
	_, err = f.s.Members(t.Context(), f.addUser(), g.ID)
	require.ErrorIs(t, err, ErrNotFound)
}

func TestMembershipsOfAUserAreReadPageByPage(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ada := f.addUser()
	var games []uuid.UUID
	for range 3 {
		g := f.opened(root)
		f.enrollAll(g, ada)
		games = append(games, g.ID)
	}
	require.NoError(t, f.s.Leave(t.Context(), ada, games[2]))
	first, err := f.s.MembershipsOf(t.Context(), ada, uuid.Max, 2)
	require.NoError(t, err)
	require.Equal(t, []uuid.UUID{games[2], games[1]}, []uuid.UUID{first[0].GameID, first[1].GameID})
	require.Equal(t, Removed, first[0].Status, "one that has ended is listed too")
	second, err := f.s.MembershipsOf(t.Context(), ada, first[1].GameID, 2)
	require.NoError(t, err)
	require.Len(t, second, 1)
	require.Equal(t, games[0], second[0].GameID)
}
